"""Gaussian inputs and a random network as teacher (P1, high dimension)."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reluflow.data.datasets import Data, DataKind, taught
from reluflow.data.streams import stream
from reluflow.network import Array


class Gaussian(DataKind):
    """See ``gaussian``."""

    def build(self, values: Mapping[str, Any], folder: Path) -> Data:
        return gaussian(
            values["data.samples"],
            values["data.dimension"],
            values.get("data.seed", 0),
            values["data.teacher_width"],
        )

    def further(self, values: Mapping[str, Any], dimension: int) -> Array:
        return gaussian_points(values, dimension)


def gaussian(samples: int, dimension: int, seed: int, teacher_width: int) -> Data:
    """x ~ N(0, I_d); a teacher of k neurons, w_i ~ N(0, I/(k d)), a_i ~ N(0, 1/k)."""
    inputs = stream(seed, "inputs").standard_normal((samples, dimension))
    return taught(inputs, *gaussian_teacher(teacher_width, dimension, seed))


def gaussian_teacher(width: int, dimension: int, seed: int) -> tuple[Array, Array]:
    """Hidden weights (k, d) and output weights (k,) of a teacher."""
    hidden = stream(seed, "teacher").standard_normal((width, dimension)) / math.sqrt(width * dimension)
    return hidden, stream(seed, "teacher output").standard_normal(width) / math.sqrt(width)


def gaussian_points(values: Mapping[str, Any], dimension: int) -> Array:
    """As many points N(0, I) as there are samples, (n, d), that are not among them."""
    return stream(values.get("data.seed", 0), "test").standard_normal((values["data.samples"], dimension))
