"""Points as typed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from reluflow.data.datasets import Data, DataKind, typed
from reluflow.errors import PresetError


class Points(DataKind):
    """``data.inputs`` and ``data.targets``."""

    def build(self, values: Mapping[str, Any], folder: Path) -> Data:
        return points(values["data.inputs"], values["data.targets"])

    def complaint(self, values: Mapping[str, Any]) -> str | None:
        samples, targets = len(values["data.inputs"]), len(values["data.targets"])
        if samples == targets:
            return None
        return f"data.targets has {targets} number(s); expected {samples}, one for each of data.inputs"


def points(inputs: npt.ArrayLike, targets: npt.ArrayLike) -> Data:
    """``inputs`` rows of equal length, or plain numbers for one dimension; ``targets`` (n,)."""
    rows = typed("data.inputs", inputs, (1, 2))
    values = typed("data.targets", targets, (1,))
    if rows.shape[0] != values.size:
        raise PresetError(
            f"data.targets: found {values.size} targets; expected {rows.shape[0]}, one for each input"
        )
    rows = rows.reshape(rows.shape[0], -1)
    return Data(rows, values, rows.shape[1])
