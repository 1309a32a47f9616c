"""``reluflow info``: what a run directory holds."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from reluflow.cli.output import emit, guarded, remark
from reluflow.cli.progress import terminal_width
from reluflow.cli.report import wrapped
from reluflow.errors import ExitCode

if TYPE_CHECKING:
    from reluflow.store.run_directory import Run

#: what run.json says of the network at the end of the run
SIZES: Final = ("variation_norm", "nuclear_norm", "parameter_norm_squared", "rank")


@guarded
def info(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A run directory, or a figure of reluflow plot.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    columns: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv",
            help="Also write a table of every recorded state: the columns that the published code of "
            "arXiv 2306.06479 logs, among them angles, norms, test and out-of-distribution loss.",
        ),
    ] = None,
) -> None:
    """Say what a run directory holds, or what a figure was made by: its command and presets.

    What is damaged is named (exit code 2), and the rest is shown.
    """
    from reluflow.store.json_text import to_json
    from reluflow.store.run_directory import open_run

    if run.suffix.lower() in (".pdf", ".svg", ".png", ".gif", ".mp4") and not run.is_dir():
        from reluflow.figures.metadata import made_by

        made = made_by(run)
        emit(to_json({"figure": run, **made}) if as_json else f"# {made['command']}\n\n{made['presets']}")
        return
    opened = open_run(run)
    held = describe(opened)
    emit(to_json(held) if as_json else _report(held))
    if held["damaged"]:
        for sentence in held["damaged"]:
            remark(sentence)
        raise typer.Exit(ExitCode.USAGE)
    if columns is not None:
        from reluflow.store.run_columns import write_columns

        write_columns(opened, columns)


def _report(held: dict[str, Any]) -> str:
    from reluflow.training.checking import told_in_words

    width = terminal_width() - 2
    told = dict(held)
    with suppress(KeyError, TypeError, ValueError, AttributeError):  # of run.json, which may say anything
        told["check"] = told_in_words(held["check"])
    lines = [line for name in told for line in wrapped(f"{name:<16} ", _words(told[name]), width)]
    return "\n".join([*lines, ""])


def describe(run: "Run") -> dict[str, Any]:
    """Everything about a run that is not an array; None for what is damaged, and a sentence for each file."""
    from reluflow.store.run_check import Intact

    intact = Intact(run)
    problem, preset, times = intact.problem, intact.preset, intact.times
    said = run.summary.get
    return {
        "run": str(run.path),
        "preset": preset and preset.name,
        "title": preset and preset.title,
        "status": run.status,
        "reason": said("reason", ""),
        "resumable": run.unfinished and not intact.damaged,
        "method": said("method"),
        "time": said("time"),
        "loss": said("loss"),
        "steps": said("steps"),
        "wall_seconds": said("wall_seconds"),
        **{name: said(name) for name in SIZES},
        "check": said("check"),
        "escapes": said("escapes", _ends_of(said("saddles") or [])),
        "samples": problem and problem.samples,
        "dimension": problem and problem.dimension,
        "width": problem and problem.width,
        "series_columns": intact.columns,
        "series_rows": intact.rows,
        "snapshots": len(times),
        "snapshot_times": [times[0], times[-1]] if times else [],
        "host": said("host"),
        "process": said("process"),
        "bytes": sum(file.stat().st_size for file in run.path.iterdir() if file.is_file()),
        "damaged": intact.damaged,
    }


def _ends_of(saddles: list[dict[str, Any]]) -> list[float]:
    """The escapes of a run that was stored when they were not told beside its saddles."""
    return [saddle["end"] for saddle in saddles if saddle.get("end") is not None]


def _words(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value)) or "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
