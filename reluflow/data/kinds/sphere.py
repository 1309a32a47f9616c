"""Inputs in uniform directions with targets that have nothing to do with them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from reluflow.data.datasets import Data, DataKind
from reluflow.data.streams import lengths, stream
from reluflow.network import Array

#: Norms of the inputs and sizes of the targets are uniform between these.
SHORTEST: Final = 1.0
LONGEST: Final = 2.0


class Sphere(DataKind):
    """See ``sphere``. Further targets could not be foreseen from these: there are no held-out points."""

    def build(self, values: Mapping[str, Any], folder: Path) -> Data:
        return sphere(values["data.samples"], values["data.dimension"], values.get("data.seed", 0))


def sphere(samples: int, dimension: int, seed: int) -> Data:
    """x uniform in direction, |x| ~ U[1, 2], y = +-U[1, 2] with random signs.

    References: Dana, Bach, Pillaud-Vivien 2025 (arXiv 2502.16977).
    """
    draws = stream(seed, "inputs").standard_normal((samples, dimension))
    inputs = draws * (_sizes(samples, seed, "norms") / lengths(draws))[:, None]
    signs = np.where(stream(seed, "signs").random(samples) < 0.5, -1.0, 1.0)
    return Data(inputs, signs * _sizes(samples, seed, "targets"), dimension)


def _sizes(count: int, seed: int, name: str) -> Array:
    """Numbers (n,) uniform in [1, 2], from the stream of that name."""
    sizes: Array = SHORTEST + (LONGEST - SHORTEST) * stream(seed, name).random(count)
    return sizes
