"""Data read from a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reluflow.data.datasets import Data, DataKind
from reluflow.data.tables import read_csv, read_npz, resolve
from reluflow.errors import PresetError


class File(DataKind):
    """The file that ``data.path`` names."""

    def build(self, values: Mapping[str, Any], folder: Path) -> Data:
        return from_file(resolve(values["data.path"], folder, "data.path"))


def from_file(path: Path) -> Data:
    """A .csv whose last column is the target, or a .npz with the arrays ``inputs`` and ``targets``."""
    if path.suffix.lower() == ".csv":
        table = read_csv(path)
        if table.shape[1] < 2:
            raise PresetError(f"{path}: found 1 column; expected inputs and, in the last column, targets")
        return Data(table[:, :-1].copy(), table[:, -1].copy(), table.shape[1] - 1)
    if path.suffix.lower() != ".npz":
        raise PresetError(f"{path}: found the ending {path.suffix!r}; expected .csv or .npz")
    arrays = read_npz(path, {"inputs": (1, 2), "targets": (1,)})
    inputs, targets = arrays["inputs"], arrays["targets"]
    if inputs.shape[0] != targets.size:
        raise PresetError(
            f"{path}: found {targets.size} targets; expected {inputs.shape[0]}, one for each input"
        )
    inputs = inputs.reshape(inputs.shape[0], -1)
    return Data(inputs, targets, inputs.shape[1])
