"""``reluflow new``: a preset to start from, made for a file of samples."""

from pathlib import Path
from typing import Annotated

import typer

from reluflow.cli.options import Settings
from reluflow.cli.output import emit, guarded, say


@guarded
def new(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="A .csv, .npz or .npy file of samples, or - for standard input."),
    ],
    settings: Settings = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.toml", help="The preset's file; default: the name of FILE, here."),
    ] = None,
) -> None:
    """Write a preset for a file of samples, with a comment on every key, and print its name.

    What comes from standard input or a pipe is kept beside the preset. A file that exists is never
    overwritten.
    """
    from reluflow.cli.overrides import Request
    from reluflow.cli.own_data import data_file, is_stream, tell_remarks
    from reluflow.store.own_data import name_of, preset_of_data, write_preset

    overrides = Request(None, settings or [], None).overrides()
    with data_file(file) as path:
        preset = preset_of_data(path, overrides)
        tell_remarks(preset)
        place = out or Path(f"{name_of(path)}.toml")
        write_preset(preset, place, keep=is_stream(file))
    say(f"reluflow: run it with: reluflow run {place}")
    emit(f"{place}\n")
