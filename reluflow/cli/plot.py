"""``reluflow plot``: figures of runs for papers and talks."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from reluflow.cli import completion
from reluflow.cli.output import emit, guarded

#: endings of figures that move
_MOVING = (".gif", ".mp4")


@guarded
def plot(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Run directories; several for loss only.")
    ],
    out: Annotated[
        Path,
        typer.Option("-o", "--out", metavar="FILE", help="What to write: .pdf, .svg, .png, .gif or .mp4."),
    ],
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="loss, neurons, directions, function, spectrum, eigen, angles, field or verify; in a .gif "
            "or .mp4 loss, directions, function or field.",
            autocompletion=completion.figure_kinds,
        ),
    ] = "loss",
    style: Annotated[
        str | None, typer.Option(metavar="STYLE", help="A style of matplotlib, by name or file.")
    ] = None,
    time: Annotated[
        str, typer.Option(metavar="AXIS", help="The time axis: linear, log, or scaled by ln(1/init.scale).")
    ] = "linear",
    linear: Annotated[bool, typer.Option("--linear", help="The loss on a linear axis.")] = False,
    at: Annotated[
        float | None,
        typer.Option(
            metavar="TIME",
            help="The flow time of directions, function and field (the end if not given), or of a cursor on "
            "the loss.",
        ),
    ] = None,
    title: Annotated[str, typer.Option(metavar="TEXT", help="Words above the figure; default: none.")] = "",
) -> None:
    """Write a figure of one or several runs, in the size of a column, and print its name.

    The file holds the command that makes it and the presets of its runs: `reluflow info FILE` prints them. It
    needs matplotlib: pip install 'reluflow[figures]'.
    """
    from reluflow.errors import ReluflowError
    from reluflow.store.run_directory import open_run

    clocks = {"linear": "time", "log": "log", "scaled": "scaled"}
    if time not in clocks:
        raise ReluflowError(f"--time {time}: there is no such axis; expected one of {', '.join(clocks)}")
    opened = [open_run(run) for run in runs]
    _require_matplotlib()
    from reluflow.figures.animation import animate
    from reluflow.figures.files import save
    from reluflow.figures.kinds import Choices, figure
    from reluflow.figures.look import look

    choices = Choices(clocks[time], not linear, at, title)  # type: ignore[arg-type]
    command = _command(runs, out, kind, style, time, linear, at, title)
    with look(style):
        if out.suffix.lower() in _MOVING:
            if len(opened) != 1:
                raise ReluflowError(f"{out}: found {len(opened)} runs; expected one for a figure that moves")
            animate(kind, opened[0], out, choices, command)
        else:
            save(figure(kind, opened, choices), out, command, opened)
    emit(f"{out}\n")


def _require_matplotlib() -> None:
    from importlib.util import find_spec

    from reluflow.errors import ReluflowError

    if find_spec("matplotlib") is None:
        raise ReluflowError(
            "figures need matplotlib, which is not installed: pip install 'reluflow[figures]'"
        )


def _command(
    runs: list[str],
    out: Path,
    kind: str,
    style: str | None,
    time: str,
    linear: bool,
    at: float | None,
    title: str,
) -> str:
    words = ["reluflow", "plot", *runs, "-o", str(out), "--kind", kind]
    words += [] if style is None else ["--style", style]
    words += [] if time == "linear" else ["--time", time]
    words += ["--linear"] if linear else []
    words += [] if at is None else ["--at", repr(at)]
    words += ["--title", title] if title else []
    return shlex.join(words)
