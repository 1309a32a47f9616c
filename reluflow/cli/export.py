"""``reluflow export``: a run as flat data for other tools."""

from pathlib import Path
from typing import Annotated

import typer

from reluflow.cli.output import emit, guarded
from reluflow.cli.target import opened_run


@guarded
def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What to write: .csv, .npz or .nc, in place of one there.")
    ],
) -> None:
    """Write a run as flat data and print the file's name.

    A .csv has the header and the columns that the published code of arXiv 2306.06479 writes; its iterations
    are flow time of mse over 0.01. A .nc (NetCDF 3) has dimensions, units and the preset, an .npz its arrays.
    """
    from reluflow.store.export import export as write

    write(opened_run(run), file)
    emit(f"{file}\n")
