"""``reluflow verify``: every prediction of the theory beside what was measured."""

from dataclasses import asdict
from typing import Annotated

import typer

from reluflow.cli import completion
from reluflow.cli.options import Settings
from reluflow.cli.output import emit, guarded
from reluflow.cli.progress import terminal_width
from reluflow.errors import ExitCode


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
) -> None:
    """Compare what the theory predicts with what the run measures. Exit code 1 when a prediction fails."""
    from reluflow.cli.target import opened
    from reluflow.store.json_text import to_json
    from reluflow.store.preset import Preset
    from reluflow.verification import all_hold, read, table_rows, train
    from reluflow.verification import verify as judge_all

    found = opened(target, settings or [])
    measured = train(found) if isinstance(found, Preset) else read(found)
    rows = judge_all(measured)
    holds = all_hold(rows)
    if as_json:
        emit(to_json({"target": target, "holds": holds, "rows": [asdict(row) for row in rows]}))
    else:
        emit("".join(f"{line.text}\n" for line in table_rows(rows, terminal_width() - 2)))
    raise typer.Exit(ExitCode.DONE if holds else ExitCode.FAILED)
