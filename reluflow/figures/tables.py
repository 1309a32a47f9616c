"""What the theory predicts beside what a run measured, as a table to be printed."""

import textwrap

from matplotlib.axes import Axes

from reluflow.store.run_record import RunRecord
from reluflow.verification import Row, read, verify

_TITLES = ("prediction", "predicted", "measured", "")
_PLACES = (0.0, 0.73, 0.83, 0.94)
#: characters of a statement in one line
_LINE = 82


def verification(axes: Axes, run: RunRecord) -> int:
    """The predictions that apply to a run: statement, numbers, whether they agree; and which do not apply.

    Returns how many lines of text it takes, by which a figure is made high enough.
    """
    rows = verify(read(run))
    shown = [row for row in rows if row.state in ("holds", "fails")]
    rest = [row.id for row in rows if row.state not in ("holds", "fails")]
    lines = [_cells(row) for row in shown] or [(["No prediction applies to this run."], "", "", "")]
    notes = textwrap.wrap(f"Not judged: {', '.join(rest)}." if rest else "", 118)
    count = 1 + sum(len(cells[0]) for cells in lines) + len(notes)
    axes.set_axis_off()
    axes.set(xlim=(0.0, 1.0), ylim=(count + 0.5, -0.5))
    for place, title in zip(_PLACES, _TITLES, strict=True):
        axes.text(place, 0.0, title, weight="bold", va="center")
    axes.axhline(0.5, color="black", linewidth=0.8)
    at = 1.0
    for words, *cells in lines:
        for number, line in enumerate(words):
            axes.text(0.0, at + number, line, va="center")
        for place, cell in zip(_PLACES[1:], cells, strict=True):
            axes.text(place, at, cell, va="center", weight="bold" if cell == "fails" else "normal")
        at += len(words)
    axes.axhline(at - 0.5, color="black", linewidth=0.8)
    for number, line in enumerate(notes):
        axes.text(0.0, at + number, line, va="center", style="italic")
    return count


def _cells(row: Row) -> tuple[list[str], str, str, str]:
    statement = textwrap.wrap(row.statement, _LINE) or [row.id]
    return statement, _number(row.predicted), _number(row.measured), row.state


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
