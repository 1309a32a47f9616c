"""``reluflow verify``: every prediction of the theory beside what was measured."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from reluflow.cli import completion
from reluflow.cli.options import Settings
from reluflow.cli.output import emit, guarded
from reluflow.cli.progress import terminal_width
from reluflow.errors import ExitCode

if TYPE_CHECKING:
    from reluflow.observe.measured import Measured
    from reluflow.store.preset import Preset
    from reluflow.training import Training


@guarded
def verify(
    target: Annotated[
        str,
        typer.Argument(
            metavar="PRESET_OR_RUN",
            help="A preset, which is trained first, or a run directory.",
            autocompletion=completion.preset_names,
        ),
    ],
    settings: Settings = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not show how the training goes.")] = False,
) -> None:
    """Compare what the theory predicts with what the run measures. Exit code 1 when a prediction fails."""
    from reluflow.cli.target import opened
    from reluflow.store.json_text import to_json
    from reluflow.store.preset import Preset
    from reluflow.verification import all_hold, read, table_rows
    from reluflow.verification import verify as judge_all

    found = opened(target, settings or [])
    measured = _trained(found, quiet) if isinstance(found, Preset) else read(found)
    rows = judge_all(measured)
    holds = all_hold(rows)
    if as_json:
        emit(to_json({"target": target, "holds": holds, "rows": [asdict(row) for row in rows]}))
    else:
        emit("".join(f"{line.text}\n" for line in table_rows(rows, terminal_width() - 2)))
    raise typer.Exit(ExitCode.DONE if holds else ExitCode.FAILED)


def _trained(preset: "Preset", quiet: bool) -> "Measured":
    """The preset's run, with its progress on stderr."""
    from reluflow.cli.progress import Progress
    from reluflow.frame import Frame
    from reluflow.verification import train

    shown: list[Progress] = []

    def look(training: "Training") -> None:
        solver = training.solver
        frame = Frame(
            preset, t=solver.t, loss=solver.loss, steps=solver.steps, wall_seconds=training.wall_seconds
        )
        if not shown:
            shown.append(Progress(replace(frame, history=training.recorder.history), quiet))
        shown[0].show(frame)

    try:
        return train(preset, look)
    finally:
        for progress in shown:
            progress.close()
