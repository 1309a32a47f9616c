"""Points on a piecewise linear curve."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reluflow.data.datasets import Data, DataKind, typed
from reluflow.data.streams import stream
from reluflow.errors import PresetError
from reluflow.network import Array


class Piecewise(DataKind):
    """See ``piecewise``."""

    def build(self, values: Mapping[str, Any], folder: Path) -> Data:
        return piecewise(values["data.knots"], values["data.samples"], values.get("data.seed", 0))

    def complaint(self, values: Mapping[str, Any]) -> str | None:
        knots = values["data.knots"]
        if len(knots) < 2 or len(knots[0]) != 2:
            return (
                f"data.knots has {len(knots)} row(s) of {len(knots[0])} number(s); "
                "expected at least two rows of two numbers, x and y"
            )
        for (left, _), (right, _) in pairwise(knots):
            if right <= left:
                return f"data.knots has x = {right:g} after x = {left:g}; expected x to increase"
        return None

    def held_out(self, values: Mapping[str, Any], data: Data, count: int) -> tuple[Array, Array]:
        return _drawn(
            typed("data.knots", values["data.knots"], (2,)), count, values.get("data.seed", 0), "test"
        )


def piecewise(knots: npt.ArrayLike, samples: int, seed: int) -> Data:
    """One-dimensional inputs uniform between the end knots, targets on the lines from knot to knot."""
    corners = typed("data.knots", knots, (2,))
    if corners.shape[1] != 2 or corners.shape[0] < 2 or np.any(np.diff(corners[:, 0]) <= 0.0):
        raise PresetError(
            "data.knots: expected at least two pairs [x, y] with x increasing from pair to pair"
        )
    return Data(*_drawn(corners, samples, seed, "inputs"), 1)


def _drawn(corners: Array, samples: int, seed: int, name: str) -> tuple[Array, Array]:
    """Inputs (n, 1) from the stream of that name, and their targets (n,)."""
    x, y = corners[:, 0], corners[:, 1]
    inputs = x[0] + (x[-1] - x[0]) * stream(seed, name).random(samples)
    left = np.clip(np.searchsorted(x, inputs, side="right") - 1, 0, x.size - 2)
    share = (inputs - x[left]) / (x[left + 1] - x[left])
    return inputs[:, None], y[left] + share * (y[left + 1] - y[left])
