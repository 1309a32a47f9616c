"""Orthogonal inputs (P1)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from reluflow.data.datasets import Data, DataKind, taught
from reluflow.data.kinds.gaussian import gaussian_points, gaussian_teacher
from reluflow.data.streams import orthonormal_rows, stream
from reluflow.errors import PresetError
from reluflow.network import Array

#: targets are drawn again below this size: tiny ones take very long to be fitted
SMALLEST_TARGET: Final = 0.1


class Orthogonal(DataKind):
    """See ``orthogonal``. A bias is refused: inputs with a constant appended are not orthogonal."""

    def build(self, values: Mapping[str, Any], folder: Path) -> Data:
        if values.get("data.bias", False):
            raise PresetError(
                "data.bias: found true with data.kind = 'orthogonal'; expected false, for inputs with a "
                "constant 1 appended are no longer orthogonal"
            )
        return orthogonal(
            values["data.samples"],
            values["data.dimension"],
            values.get("data.seed", 0),
            values.get("data.norms", (1.0, 1.0)),
            values.get("data.teacher_width", 0),
        )

    def complaint(self, values: Mapping[str, Any]) -> str | None:
        samples, dimension = values["data.samples"], values["data.dimension"]
        if samples > dimension:
            return (
                f"data.samples is {samples}; expected at most data.dimension = {dimension}, "
                "since no more inputs than that can be orthogonal"
            )
        norms = list(values.get("data.norms", (1.0, 1.0)))
        if len(norms) != 2 or norms[0] > norms[1]:
            found = f"is {norms}" if len(norms) == 2 else f"has {len(norms)} number(s)"
            return f"data.norms {found}; expected two numbers, the smaller first"
        if values["data.bias"]:
            return (
                "data.bias is true; expected false where data.kind is orthogonal, "
                "since inputs with a constant appended are not orthogonal"
            )
        return None

    def further(self, values: Mapping[str, Any], dimension: int) -> Array:
        return gaussian_points(values, dimension)


def orthogonal(
    samples: int, dimension: int, seed: int, norms: Sequence[float] = (1.0, 1.0), teacher_width: int = 0
) -> Data:
    """Orthogonal inputs in random directions, |x_k| uniform in ``norms``.

    Targets are standard normal, drawn again below 0.1 in size, or those of a teacher (see ``gaussian``).
    """
    if samples > dimension:
        raise PresetError(
            f"data.samples: found {samples}; expected at most data.dimension = {dimension}, "
            "for there are no more orthogonal inputs than dimensions"
        )
    low, high = norms
    sizes = low + (high - low) * stream(seed, "norms").random(samples)
    inputs = orthonormal_rows(stream(seed, "inputs"), samples, dimension) * sizes[:, None]
    if teacher_width > 0:
        return taught(inputs, *gaussian_teacher(teacher_width, dimension, seed))
    return Data(inputs, _targets_away_from_zero(samples, seed), dimension)


def _targets_away_from_zero(samples: int, seed: int) -> Array:
    generator = stream(seed, "targets")
    kept: list[float] = []
    while len(kept) < samples:
        target = float(generator.standard_normal())
        if abs(target) >= SMALLEST_TARGET:
            kept.append(target)
    return np.array(kept)
