"""``reluflow info``: what a run directory holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reluflow.cli.output import emit, guarded
from reluflow.cli.progress import terminal_width
from reluflow.cli.report import wrapped

if TYPE_CHECKING:
    from reluflow.store.run_directory import Run


@guarded
def info(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")],
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
    """Say what a run directory holds."""
    from reluflow.store.json_text import to_json
    from reluflow.store.run_directory import open_run

    opened = open_run(run)
    held = describe(opened)
    if columns is not None:
        from reluflow.store.run_columns import write_columns

        write_columns(opened, columns)
    if as_json:
        emit(to_json(held))
        return
    width = terminal_width() - 2
    lines = [line for name in held for line in wrapped(f"{name:<16} ", _words(held[name]), width)]
    emit("\n".join([*lines, ""]))


def describe(run: "Run") -> dict[str, Any]:
    """Everything about a run that is not an array."""
    problem, saved = run.problem, bool(run.series)
    snapshots = run.snapshots.t.tolist() if saved else []
    return {
        "run": str(run.path),
        "preset": run.preset.name,
        "title": run.preset.title,
        "status": run.status,
        "reason": run.summary.get("reason", ""),
        "resumable": run.unfinished,
        "method": run.summary.get("method"),
        "time": run.summary.get("time"),
        "loss": run.summary.get("loss"),
        "steps": run.summary.get("steps"),
        "wall_seconds": run.summary.get("wall_seconds"),
        "samples": problem.samples,
        "dimension": problem.dimension,
        "width": problem.width,
        "series_columns": list(run.series),
        "series_rows": len(run.t) if saved else 0,
        "snapshots": len(snapshots),
        "snapshot_times": [snapshots[0], snapshots[-1]] if len(snapshots) else [],
        "bytes": sum(file.stat().st_size for file in run.path.iterdir() if file.is_file()),
    }


def _words(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value)) or "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
