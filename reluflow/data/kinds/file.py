"""Data read from a file."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from reluflow.data.datasets import Data, DataKind
from reluflow.data.files import Table, normalised, read_table
from reluflow.data.streams import stream
from reluflow.data.tables import resolve
from reluflow.errors import PresetError, counted


class File(DataKind):
    """The file that ``data.path`` names, with its targets in the column ``data.target``.

    ``data.held_out`` samples, a share of them or those of another file, are kept from training.
    ``data.normalise`` is learnt on the others and done to both.
    """

    def build(self, values: Mapping[str, Any], folder: Path) -> Data:
        target = values.get("data.target")
        table = read_table(resolve(values["data.path"], folder, "data.path"), target)
        held_out, further = values.get("data.held_out"), None
        if isinstance(held_out, str):
            path = resolve(held_out, folder, "data.held_out")
            further = _alike(path, read_table(path, target), table)
        elif held_out is not None:
            table, further = _parted(table, held_out, values.get("data.seed", 0))
        how = values.get("data.normalise", "none")
        return _data(normalised(table, how, table), further and normalised(further, how, table))


def from_file(path: Path, target: int | str | None = None) -> Data:
    """The samples of a file (see ``reluflow.data.files.read_table``)."""
    return _data(read_table(path, target), None)


def _data(table: Table, further: Table | None) -> Data:
    held_out = None if further is None else (further.inputs, further.targets)
    return Data(table.inputs, table.targets, table.inputs.shape[1], remarks=table.remarks, held_out=held_out)


def _alike(path: Path, further: Table, table: Table) -> Table:
    """The samples of another file, refused where they have other columns than those of the first."""
    found, expected = further.inputs.shape[1], table.inputs.shape[1]
    if found != expected or (all(further.names) and all(table.names) and further.names != table.names):
        columns = [f"{', '.join(each.names)}" if all(each.names) else "" for each in (further, table)]
        told = [
            f"{n} inputs{words and f' ({words})'}"
            for n, words in zip((found, expected), columns, strict=True)
        ]
        raise PresetError(f"{path}: found {told[0]}; expected {told[1]} as in the file that is trained on")
    return further


def _parted(table: Table, share: float, seed: int) -> tuple[Table, Table]:
    """The table without a share of its samples, drawn by the seed, and these.

    Their number is the nearest to that share; refused where either part would be empty.
    """
    samples = table.targets.size
    count = round(share * samples)
    if not 0 < count < samples:
        expected = f"a share of 1 to {samples - 1} of them" if samples > 1 else "a file of 2 or more"
        raise PresetError(
            f"data.held_out: found the share {share!r}, which is {count} of {counted(samples, 'sample')}; "
            f"expected {expected}, so that there are some to hold out and some to train on"
        )
    out = np.zeros(samples, dtype=bool)
    out[np.argsort(stream(seed, "held out").random(samples), kind="stable")[:count]] = True
    inner, outer = (
        replace(table, inputs=table.inputs[mask], targets=table.targets[mask]) for mask in (~out, out)
    )
    told = f"data.held_out: {count} of {samples} samples, drawn by data.seed = {seed}, not trained on"
    return replace(inner, remarks=(*table.remarks, told)), outer
