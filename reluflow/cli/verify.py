"""``reluflow verify``: every prediction of the theory beside what was measured."""

from dataclasses import asdict
from pathlib import Path
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
    from reluflow.cli.overrides import Request
    from reluflow.errors import PresetError
    from reluflow.store.json_text import to_json
    from reluflow.store.preset import load_preset
    from reluflow.store.run_directory import open_run
    from reluflow.verification import all_hold, read, table_rows, train
    from reluflow.verification import verify as judge_all

    request = Request(target, settings or [], None)
    if (Path(target) / "run.json").is_file():
        if request.settings:
            raise PresetError(f"--set {request.settings[0]}: {target} is a run; expected a preset with --set")
        measured = read(open_run(target))
    else:
        measured = train(load_preset(target, request.overrides()))
    rows = judge_all(measured)
    holds = all_hold(rows)
    if as_json:
        emit(to_json({"target": target, "holds": holds, "rows": [asdict(row) for row in rows]}))
    else:
        emit("".join(f"{line.text}\n" for line in table_rows(rows, terminal_width() - 2)))
    raise typer.Exit(ExitCode.DONE if holds else ExitCode.FAILED)
