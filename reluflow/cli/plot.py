"""``reluflow plot``: figures of runs and sweeps for papers and talks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from reluflow.cli import completion
from reluflow.cli.output import emit, guarded
from reluflow.cli.target import opened_run
from reluflow.errors import command_line

#: endings of figures that move
_MOVING: Final = (".gif", ".mp4")


@guarded
def plot(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", help="Run directories (several for loss only) or a sweep."),
    ],
    out: Annotated[
        Path,
        typer.Option("-o", "--out", metavar="FILE", help="What to write: .pdf, .svg, .png, .gif or .mp4."),
    ],
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="loss, neurons, directions, function, spectrum, eigen, angles, field, margins, departure or "
            "verify; in a .gif or .mp4 loss, directions, function or field. Of a sweep: sweep, its default.",
            autocompletion=completion.figure_kinds,
        ),
    ] = None,
    style: Annotated[
        str | None,
        typer.Option(
            metavar="STYLE",
            help="A style of matplotlib, by name or file.",
            autocompletion=completion.styles,
        ),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            metavar="AXIS",
            help="The time axis: linear, log (usual for logistic and exponential losses), or scaled by "
            "ln(1/init.scale).",
            autocompletion=completion.time_axes,
        ),
    ] = None,
    linear: Annotated[bool, typer.Option("--linear", help="The loss on a linear axis.")] = False,
    no_theory: Annotated[
        bool, typer.Option("--no-theory", help="The loss without the escapes that are predicted.")
    ] = False,
    circle: Annotated[
        str | None,
        typer.Option(
            metavar="TWO",
            help="Two of D+, D-, x3 (a sample), pca1 (a principal axis), 3 (a neuron): field is drawn on the "
            "circle through them.",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME|end",
            help="The flow time of directions, function and field (the end if not given), or of a cursor on "
            "the loss.",
        ),
    ] = None,
    x: Annotated[
        str | None, typer.Option("--x", metavar="KEY", help="Of a sweep: a curve over this key, or column.")
    ] = None,
    y: Annotated[
        str | None, typer.Option("--y", metavar="KEY", help="With --x: a map over both instead.")
    ] = None,
    value: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Of a sweep: which number, as for sweep show; several with commas, a curve each.",
        ),
    ] = None,
    where: Annotated[
        str | None, typer.Option(metavar="CONDITIONS", help="Of a sweep: only these rows, as for sweep show.")
    ] = None,
    title: Annotated[str, typer.Option(metavar="TEXT", help="Words above the figure; default: none.")] = "",
    size: Annotated[
        str | None,
        typer.Option(
            metavar="WIDTHxHEIGHT", help="Inches, such as 7x2.6 for both columns; default: one column."
        ),
    ] = None,
) -> None:
    """Write a figure of one or several runs, or of a sweep, in the size of a column, and print its name.

    The file holds the command that makes it and the presets of its runs: `reluflow info FILE` prints them. It
    needs matplotlib: pip install 'reluflow[figures]'.
    """
    from reluflow.errors import ReluflowError
    from reluflow.figures.choices import CLOCKS, MEANT_FOR, read_size
    from reluflow.figures.extra import require_matplotlib

    if time is not None and time not in CLOCKS:
        raise ReluflowError(f"--time {time}: there is no such axis; expected one of {', '.join(CLOCKS)}")
    of_sweep = {"x": x, "y": y, "value": value, "where": where}
    of_runs = {
        "time": time,
        "linear": linear,
        "no-theory": no_theory,
        "circle": circle,
        "at": at,
        "size": size,
    }
    kind = kind or ("sweep" if len(runs) == 1 and _is_sweep(runs[0]) else "loss")
    _refuse({} if kind == "sweep" else of_sweep, f"--kind {kind}")
    _refuse({name: value for name, value in of_runs.items() if kind not in MEANT_FOR[name]}, f"--kind {kind}")
    if out.suffix.lower() in _MOVING:
        _refuse({"at": at}, f"{out.suffix}, which moves")
    require_matplotlib()
    options = {"kind": kind, "style": style, **of_runs, **of_sweep, "title": title}
    command = command_line(["reluflow", "plot", *runs, "-o", str(out), *_words(options)])
    from reluflow.figures.look import look

    with look(style):
        if kind == "sweep":
            _plot_sweep(runs, out, of_sweep, title, read_size(size) if size else None, command)
        else:
            _plot_runs(runs, out, kind, of_runs, title, command)
    emit(f"{out}\n")


def _moment(at: str | None) -> float | None:
    """A flow time, None for the end. Raises ReluflowError for anything else."""
    from reluflow.errors import ReluflowError

    if at is None or at == "end":
        return None
    try:
        return float(at)
    except ValueError:
        raise ReluflowError(f"--at {at}: expected 'end', or a flow time") from None


def _plot_runs(
    runs: list[str], out: Path, kind: str, how: Mapping[str, Any], title: str, command: str
) -> None:
    from reluflow.errors import ReluflowError
    from reluflow.figures.animation import animate
    from reluflow.figures.choices import CLOCKS, Choices, Clock, read_size
    from reluflow.figures.files import save
    from reluflow.figures.kinds import figure
    from reluflow.plot.circles import CircleChoice

    opened = [opened_run(run) for run in runs]
    # losses of labels fall like 1/t for many decades
    usual: Clock = "log" if all(run.problem.of_labels for run in opened) else "time"
    clock = CLOCKS[how["time"]] if how["time"] else usual
    circle = CircleChoice.read(how["circle"] or "")
    size = read_size(how["size"]) if how["size"] else None
    choices = Choices(
        clock, not how["linear"], _moment(how["at"]), not how["no-theory"], circle, title=title, size=size
    )
    if out.suffix.lower() not in _MOVING:
        save(figure(kind, opened, choices), out, command, opened)
        return
    if len(opened) != 1:
        raise ReluflowError(f"{out}: found {len(opened)} runs; expected one for a figure that moves")
    animate(kind, opened[0], out, choices, command)


def _plot_sweep(
    folders: list[str],
    out: Path,
    cut: Mapping[str, str | None],
    title: str,
    size: tuple[float, float] | None,
    command: str,
) -> None:
    from reluflow.cli.output import remark
    from reluflow.errors import ReluflowError
    from reluflow.figures.files import save
    from reluflow.figures.sweeps import Cut, sweep_figure
    from reluflow.sweep.opening import open_sweep

    if len(folders) != 1:
        raise ReluflowError(f"--kind sweep: found {len(folders)} folders; expected one")
    sweep = open_sweep(folders[0])
    made = sweep_figure(sweep, Cut(**cut), title, size)
    for sentence in sweep.troubles:
        remark(sentence)
    save(made, out, command, [sweep])


def _is_sweep(folder: str) -> bool:
    from reluflow.store.locations import expanded

    return (expanded(folder) / "sweep.toml").is_file()


def _refuse(options: Mapping[str, Any], what: str) -> None:
    """Raise ReluflowError for one of the options, which mean nothing for such a figure."""
    from reluflow.errors import ReluflowError

    for name, value in options.items():
        if _is_given(value):
            raise ReluflowError(f"--{name} means nothing for {what}; expected it left out")


def _is_given(value: Any) -> bool:
    """Whether an option is: a time of 0 is one."""
    return value is not None and value is not False and value != ""


def _words(options: Mapping[str, Any]) -> list[str]:
    """The options that are given, as they are written on a command line."""
    found: list[str] = []
    for name, value in options.items():
        if _is_given(value):
            found += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return found
