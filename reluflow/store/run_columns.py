"""The published columns of every recorded state of a run, as a .csv."""

from pathlib import Path

from reluflow.data.held_out import held_out
from reluflow.errors import RunError
from reluflow.flow.base import State
from reluflow.observe.columns import published_columns
from reluflow.store.files import write_text, writing
from reluflow.store.run_directory import Run


def write_columns(run: Run, path: Path) -> None:
    """One line for every snapshot; an existing file is replaced only where it ends in .csv.

    Raises RunError where there is no trajectory yet or the file cannot be written.
    """
    if path.suffix.lower() != ".csv":
        raise RunError(f"{path}: found the ending {path.suffix or 'none'}; expected a file that ends in .csv")
    if not run.series:
        raise RunError(f"{run.path}: no trajectory is recorded yet; expected a run that has begun")
    data = run.data
    points = held_out(run.preset.values, data)
    teacher = None if data.teacher is None else data.teacher[0]
    lines: list[str] = []
    taken = run.snapshots
    for t, weights, outputs in zip(taken.t, taken.weights, taken.output_weights, strict=True):
        row = published_columns(State(float(t), weights, outputs), run.problem, teacher, points)
        lines = lines or [",".join(row)]
        lines.append(",".join(f"{value:.17g}" for value in row.values()))
    with writing(path, RunError):
        write_text(path, "\n".join(lines) + "\n")
