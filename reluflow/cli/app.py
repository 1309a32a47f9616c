"""The commands under one roof."""

from typing import Annotated

import typer

from reluflow.cli import (
    diff,
    directions,
    edge,
    export,
    info,
    new,
    plot,
    presets,
    resume,
    run,
    sweep,
    tui,
    verify,
)
from reluflow.cli.output import emit

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,  # importing rich would double the time of --help
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        emit(f"reluflow {version('reluflow')}\n")
        raise typer.Exit


@app.callback()
def _about(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """The gradient flow of one-hidden-layer ReLU networks: plateaus, escapes and what the theory says.

    `reluflow presets` lists what there is to run. Exit codes: 0 done, 1 the run failed or stopped short of
    its goal, 2 bad usage, bad preset or damaged files, 130, 143 or 129 ended by Ctrl-C, SIGTERM or SIGHUP
    (a run is saved and resumable).
    """


app.command("run")(run.run)
app.command("resume")(resume.resume)
app.command("new")(new.new)
app.add_typer(presets.app, name="presets")
app.add_typer(sweep.app, name="sweep")
app.command("verify")(verify.verify)
app.command("directions")(directions.directions)
app.command("diff")(diff.diff)
app.command("edge")(edge.edge)
app.command("info")(info.info)
app.command("plot")(plot.plot)
app.command("export")(export.export)
app.command("tui")(tui.tui)
