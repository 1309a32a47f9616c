"""Options that several commands share."""

from typing import Annotated

import typer

from reluflow.cli import completion

#: ``--set section.key=value``, as often as wanted; read by ``overrides.Request``.
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="section.key=value",
        help="Change a value of the preset; may be repeated.",
        autocompletion=completion.settings,
    ),
]
