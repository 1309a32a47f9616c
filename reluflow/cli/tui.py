"""``reluflow tui``: the terminal app."""

import sys
from contextlib import ExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from reluflow.cli import completion
from reluflow.cli.output import fail, guarded
from reluflow.errors import ExitCode, ReluflowError

if TYPE_CHECKING:
    from reluflow.store.preset import Preset


@guarded
def tui(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[PRESET]",
            help="A preset's name, a preset file, a run directory, or the folder of a sweep or of runs; "
            "without one, what was open last.",
            autocompletion=completion.preset_names,
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Open the samples of a .csv, .npz or .npy file, without a preset."),
    ] = None,
    marker: Annotated[
        str | None,
        typer.Option(
            metavar="M",
            help="Draw with braille, block or ascii; auto finds out.",
            autocompletion=completion.markers,
        ),
    ] = None,
    fps: Annotated[str | None, typer.Option(metavar="N", help="Frames a second, 1 to 30.")] = None,
    theme: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The colours, such as nord.", autocompletion=completion.themes),
    ] = None,
    no_mouse: Annotated[bool, typer.Option("--no-mouse", help="Leave the mouse to the terminal.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not take up the last session.")] = False,
) -> None:
    """Watch a training live: loss, neurons, plateaus; play, pause, step, turn the knobs.

    A run that is cut off, by a lost connection or otherwise, is offered at the next start.
    """
    for name, stream in (("stdin", sys.stdin), ("stdout", sys.stdout)):
        if stream is None or not stream.isatty():
            fail(f"{name} is not a terminal; expected one, which the app fills", ExitCode.USAGE)
    if target is not None and data is not None:
        fail("found both PRESET and --data; expected one of them", ExitCode.USAGE)
    if data == "-":
        fail("--data -: standard input is the keyboard here; expected a file", ExitCode.USAGE)
    flags = {"marker": marker, "fps": _number(fps), "theme": theme, "mouse": False if no_mouse else None}
    # by name: the two fronts do not know each other, and only this command may load the app
    run = import_module("reluflow.tui").run
    with ExitStack() as while_read:
        given = target if data is None else _preset(data, while_read)
        raise typer.Exit(run(given, fresh=fresh, **flags))


def _preset(data: str, while_read: ExitStack) -> "Preset":
    from reluflow.cli.own_data import data_file
    from reluflow.store.own_data import preset_of_data

    return preset_of_data(while_read.enter_context(data_file(data)), {})


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        raise ReluflowError(f'--fps is "{text}"; expected a number from 1 to 30') from None
