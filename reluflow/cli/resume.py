"""``reluflow resume``: go on with a run from its directory alone."""

from pathlib import Path
from typing import Annotated

import typer

from reluflow.cli.options import Settings
from reluflow.cli.output import guarded


@guarded
def resume(
    run: Annotated[Path, typer.Argument(metavar="DIR", help="A run directory.")],
    settings: Settings = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Narrate nothing but errors.")] = False,
) -> None:
    """Go on with a run to the trajectory that it would have had.

    Only when it stops and what is recorded can be changed with --set: a run that is over goes on where the
    rule that ended it is relaxed.
    """
    from reluflow.cli.overrides import Request
    from reluflow.cli.run import go
    from reluflow.store.run_directory import open_run

    request = Request(None, settings or [], None)
    preset = open_run(run).preset.with_values(request.overrides())
    go(preset, run, True, as_json, quiet, request.resume_command)
