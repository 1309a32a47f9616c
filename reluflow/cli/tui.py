"""``reluflow tui``: the terminal app."""

import sys
from importlib import import_module
from typing import Annotated

import typer

from reluflow.cli import completion
from reluflow.cli.output import fail, guarded
from reluflow.errors import ExitCode


@guarded
def tui(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[PRESET]",
            help="A preset's name, a preset file or a run directory.",
            autocompletion=completion.preset_names,
        ),
    ] = None,
) -> None:
    """Watch a training live: loss, neurons, plateaus; play, pause, step, turn the knobs."""
    for name, stream in (("stdin", sys.stdin), ("stdout", sys.stdout)):
        if stream is None or not stream.isatty():
            fail(f"{name} is not a terminal; expected one, which the app fills", ExitCode.USAGE)
    # by name: the two fronts do not know each other, and only this command may load the app
    raise typer.Exit(import_module("reluflow.tui").run(target))
