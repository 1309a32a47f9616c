"""``reluflow sweep show``, ``status`` and ``merge``: what sweeps have come to."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from reluflow.cli.output import emit, guarded, remark
from reluflow.cli.progress import terminal_width
from reluflow.errors import SweepError

if TYPE_CHECKING:
    from reluflow.sweep.opening import Sweep
    from reluflow.sweep.summary import Groups

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a sweep.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

X = Annotated[str | None, typer.Option("--x", metavar="KEY", help="Draw a curve over this key, or a column.")]
Y = Annotated[str | None, typer.Option("--y", metavar="KEY", help="With --x: draw a map over both instead.")]
Value = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Which number: a column, success, or escape:K for the K-th escape time (escape_times: the "
        "first). Default: loss, and success for a map.",
    ),
]
Where = Annotated[
    str | None,
    typer.Option(
        metavar="CONDITIONS",
        help="Only these rows: NAME OP VALUE with blanks between, such as 'init.scale<1e-3 escape:1>10'; "
        "values of keys as in --over.",
    ),
]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print the grouped table as CSV.")]
AsLatex = Annotated[bool, typer.Option("--latex", help="Print the grouped table for LaTeX.")]

#: Rows of a curve.
_HEIGHT: Final = 20


@guarded
def show(
    folder: Folder,
    x: X = None,
    y: Y = None,
    value: Value = None,
    where: Where = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_latex: AsLatex = False,
) -> None:
    """Group a sweep's rows by the varied keys (all but seeds, or --x and --y), and draw them.

    Of each group: how many runs, quartiles of a number, the share of successes with Wilson's interval, 95 %.
    """
    from reluflow.sweep.summary import chosen, grouped, require_axes, usual_groups

    require_axes(x, y)
    if as_json + as_csv + as_latex > 1:
        raise SweepError("--json, --csv and --latex are three forms of one table; expected one of them")
    sweep = _opened(folder)
    table = chosen(sweep, where)
    for sentence in sweep.troubles:
        remark(sentence)
    by = [name for name in (x, y) if name is not None] or usual_groups(sweep.study.grid.keys)
    groups = grouped(table, by, value or ("success" if y is not None else "loss"), sweep.study.grid)
    nothing = _nothing(groups, where)
    if nothing:
        remark(nothing)
    if as_json:
        _emit_json(sweep, groups, len(table["number"]))
    elif as_csv:
        emit(_csv(groups))
    elif as_latex:
        emit(_latex(groups))
    elif groups.count.size:
        picture = _picture(sweep, groups, table) if not nothing else []
        emit("\n".join([*_lines(groups), *picture, ""]))


def _opened(folder: Path) -> "Sweep":
    from reluflow.sweep.opening import open_sweep

    return open_sweep(folder)


def _nothing(groups: "Groups", where: str | None) -> str:
    """That there is no row, or none with a value, in words; "" where there is one."""
    if not groups.count.size:
        return "there is no row yet" if where is None else f"no row matches --where {where}"
    has_value = groups.value == "success" or any(median == median for median in groups.quartiles[:, 1])
    return "" if has_value else f"no row has a value of {groups.value}"


def _emit_json(sweep: "Sweep", groups: "Groups", rows: int) -> None:
    from reluflow.store.json_text import to_json
    from reluflow.sweep.summary import records

    emit(to_json({
        "sweep": sweep.path, "rows": rows, "missing": sweep.missing, "by": groups.by, "value": groups.value,
        "groups": records(groups),
    }))  # fmt: skip


def _titles(groups: "Groups") -> list[str]:
    names = ["count", f"{groups.value} 25 %", "median", "75 %", "success", "from", "to"]
    return [*groups.by, *names]


def _cells(groups: "Groups", digits: int | None) -> list[list[str]]:
    """The cells of the table; numbers with so many digits, all of them for None."""
    from reluflow.sweep.summary import records

    found = []
    for record in records(groups):
        values = [*(record[name] for name in groups.by), record["count"]]
        values += [record[name] for name in ("lower_quartile", "median", "upper_quartile")]
        values += [record[name] for name in ("success_rate", "success_low", "success_high")]
        found.append([_cell(each, digits) for each in values])
    return found


def _cell(value: Any, digits: int | None) -> str:
    from reluflow.sweep.columns import written_cell

    value = value.item() if hasattr(value, "item") else value
    if digits is None or isinstance(value, str | bool | int) or not hasattr(value, "__float__"):
        return written_cell(value)
    return "-" if value != value else f"{value:.{digits}g}"


def _lines(groups: "Groups") -> list[str]:
    """The table for a person."""
    rows = [_titles(groups), *_cells(groups, 4)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]


def _csv(groups: "Groups") -> str:
    import csv
    import io

    names = [
        "count",
        "lower_quartile",
        "median",
        "upper_quartile",
        "success_rate",
        "success_low",
        "success_high",
    ]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([[*groups.by, *names], *_cells(groups, None)])
    return text.getvalue()


def _latex(groups: "Groups") -> str:
    """A tabular environment."""
    rows = [[_escaped(cell) for cell in row] for row in (_titles(groups), *_cells(groups, 4))]
    body = [" & ".join(row) + r" \\" for row in rows]
    return "\n".join(
        [r"\begin{tabular}{" + "r" * len(rows[0]) + "}", r"\hline", body[0], r"\hline", *body[1:], r"\hline",
         r"\end{tabular}", ""]
    )  # fmt: skip


def _escaped(text: str) -> str:
    return "".join(f"\\{each}" if each in "_%&#$" else each for each in text)


def _picture(sweep: "Sweep", groups: "Groups", table: Mapping[str, Any]) -> list[str]:
    """A curve over one column of numbers, a map over two columns; nothing over none."""
    from reluflow.plot.cells import plain
    from reluflow.plot.glyphs import choose

    glyphs = choose("auto", os.environ, getattr(sys.stdout, "encoding", None))
    width = terminal_width() - 1
    if len(groups.by) == 2:
        rows = _map(sweep, groups, table, width, glyphs)
    elif len(groups.by) == 1 and groups.at[0].dtype.kind in "if" and len(groups.count) > 1:
        rows = _curve(sweep, groups, table, width, glyphs)
    else:
        return []
    return ["", *(plain(row).rstrip() for row in rows)]


def _curve(
    sweep: "Sweep", groups: "Groups", table: Mapping[str, Any], width: int, glyphs: Any
) -> Sequence[Any]:
    from reluflow.plot.sweep import curve_rows
    from reluflow.sweep.curves import curve_of
    from reluflow.sweep.theory_line import theory_line

    line = theory_line(sweep.study, groups, table)
    return curve_rows(curve_of(groups, line), width, _HEIGHT, glyphs)


def _map(
    sweep: "Sweep", groups: "Groups", table: Mapping[str, Any], width: int, glyphs: Any
) -> Sequence[Any]:
    """The map and, where there is a theory, that of the theory, and where the two are furthest apart."""
    from reluflow.plot.cells import Segment
    from reluflow.plot.sweep import map_rows
    from reluflow.sweep.mapping import furthest, laid_out
    from reluflow.sweep.theory_line import theory_line

    laid = laid_out(groups)
    words = [[_cell(value, 3) for value in each] for each in (laid.across, laid.up)]
    names = (groups.by[0], groups.by[1], groups.value)
    rows = map_rows(laid.values, words[0], words[1], names, width, glyphs)
    line = theory_line(sweep.study, groups, table)
    if line is None:
        return rows
    theory = laid.of_groups(line.values)
    names = (groups.by[0], groups.by[1], f"theory of {groups.value}")
    rows += [[], *map_rows(theory, words[0], words[1], names, width, glyphs)]
    told, apart = f"theory: {line.name}", furthest(groups, line.values)
    if apart is not None:
        place, by = apart
        where = ", ".join(
            f"{key} = {_cell(at[place], 3)}" for key, at in zip(groups.by, groups.at, strict=True)
        )
        told += f"; furthest from it, by {by:.2g}{'' if groups.value == 'success' else ' of it'}, at {where}"
    return [*rows, [Segment(told, "dim")]]


@guarded
def status(folder: Folder, as_json: AsJson = False) -> None:
    """Say how far a sweep is, also while other processes solve it."""
    from reluflow.store.json_text import to_json
    from reluflow.sweep.opening import progress_of

    sweep = _opened(folder)
    told = progress_of(sweep)
    for sentence in sweep.troubles:
        remark(sentence)
    if as_json:
        emit(to_json(told))
        return
    lines = [f"{folder}: {told['rows']} of {told['points']} points, {told['missing']} missing"]
    lines += [f"  {name:<16}{count:>8}" for name, count in told["statuses"].items()]
    lines += [f"  {'success':<16}{told['successes']:>8}"]
    lines += [f"  {told['writers']} process(es) write to it"] if told["writers"] else []
    emit("".join(f"{line}\n" for line in lines))


@guarded
def merge(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR DIR...", help="Folders of one study.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The new folder of all their rows.")],
    as_json: AsJson = False,
) -> None:
    """Put the rows of several folders of one study into a new one.

    Of two rows of one point that of the later folder counts.
    """
    from reluflow.store.json_text import to_json
    from reluflow.sweep.merging import merged
    from reluflow.sweep.opening import progress_of

    if len(folders) < 2:
        raise SweepError(f"found {len(folders)} folder(s) to merge; expected at least two")
    sweep = merged(folders, out)
    told = progress_of(sweep)
    emit(to_json(told) if as_json else f"{out}: {told['rows']} of {told['points']} points\n")
