"""The commands under one roof."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Annotated, Any, Final

import typer

from reluflow.cli.output import emit
from reluflow.cli.usage import Commands

#: Where the commands live, by name: "module:function", or the Typer of a group of commands. The command that
#: was entered is imported alone, because all of them take a tenth of the time of a short run.
COMMANDS: Final[Mapping[str, str]] = {
    "run": "reluflow.cli.run:run",
    "resume": "reluflow.cli.resume:resume",
    "new": "reluflow.cli.new:new",
    "presets": "reluflow.cli.presets:app",
    "sweep": "reluflow.cli.sweep:app",
    "verify": "reluflow.cli.verify:verify",
    "directions": "reluflow.cli.directions:directions",
    "diff": "reluflow.cli.diff:diff",
    "edge": "reluflow.cli.edge:edge",
    "info": "reluflow.cli.info:info",
    "plot": "reluflow.cli.plot:plot",
    "export": "reluflow.cli.export:export",
    "tui": "reluflow.cli.tui:tui",
    "help": "reluflow.cli.help:help",
}


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        emit(f"reluflow {version('reluflow')}\n")
        raise typer.Exit


def _about(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """The gradient flow of one-hidden-layer ReLU networks: plateaus, escapes and what the theory says.

    `reluflow presets` lists what there is to run. Exit codes: 0 done, 1 the run failed or stopped short of
    its goal, 2 bad usage, bad preset or damaged files (also where intact ones gave an answer),
    128 plus the number of the signal that ended it, as 130 for Ctrl-C (a run is saved and resumable).
    """


def program(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The command line with some of the commands, or with all."""
    made = typer.Typer(
        cls=Commands,
        no_args_is_help=True,
        rich_markup_mode=None,  # importing rich would double the time of --help
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    made.callback()(_about)
    for name in names:
        module, _, attribute = COMMANDS[name].partition(":")
        command: Any = getattr(import_module(module), attribute)
        if isinstance(command, typer.Typer):
            made.add_typer(command, name=name)
        else:
            made.command(name)(command)
    return made


def __getattr__(name: str) -> Any:
    if name == "app":
        return program()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
