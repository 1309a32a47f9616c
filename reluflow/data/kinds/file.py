"""Data read from a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reluflow.data.datasets import Data, DataKind
from reluflow.data.files import read_table
from reluflow.data.tables import resolve


class File(DataKind):
    """The file that ``data.path`` names, with its targets in the column ``data.target``."""

    def build(self, values: Mapping[str, Any], folder: Path) -> Data:
        return from_file(resolve(values["data.path"], folder, "data.path"), values.get("data.target"))


def from_file(path: Path, target: int | str | None = None) -> Data:
    """The samples of a file (see ``reluflow.data.files.read_table``)."""
    table = read_table(path, target)
    return Data(table.inputs, table.targets, table.inputs.shape[1], remarks=table.remarks)
