"""Inputs that come in pairs x and -x, with targets y and -y."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from reluflow.data.datasets import Data, DataKind, taught
from reluflow.data.streams import normalised, orthonormal_rows, stream
from reluflow.errors import PresetError
from reluflow.network import Array


class Symmetric(DataKind):
    """See ``symmetric``. A bias is refused: (x, 1) and (-x, 1) are no pair."""

    def build(self, values: Mapping[str, Any], folder: Path) -> Data:
        complaint = self.complaint(values)
        if complaint is not None:
            raise PresetError(complaint)
        return symmetric(
            values["data.samples"],
            values["data.dimension"],
            values.get("data.seed", 0),
            values.get("data.noise") or 0.0,
            values.get("data.white", False),
        )

    def complaint(self, values: Mapping[str, Any]) -> str | None:
        if values["data.samples"] % 2:
            return (
                f"data.samples is {values['data.samples']}; expected an even number "
                "where data.kind is symmetric, since the samples come in pairs"
            )
        if values.get("data.bias", False):
            return (
                "data.bias is true; expected false where data.kind is symmetric, "
                "since inputs with a constant appended are no pairs x and -x"
            )
        return None

    def held_out(self, values: Mapping[str, Any], data: Data, count: int) -> tuple[Array, Array]:
        """N(0, I) and the linear targets, without noise; a number of points, not of pairs."""
        seed = values.get("data.seed", 0)
        points = stream(seed, "test").standard_normal((count, data.input_dimension))
        return points, _linear(points, seed).targets


def symmetric(samples: int, dimension: int, seed: int, noise: float = 0.0, white: bool = False) -> Data:
    """x ~ N(0, I) beside -x, y = <v, x> + noise N(0, 1) beside -y, v uniform on the sphere.

    ``samples`` counts both of each pair. ``white`` inputs have X'X = n I on their span: either those of
    different pairs are orthogonal, or the columns of all of them are. A linear teacher is two neurons, v and
    -v with output weights 1 and -1; with noise the targets have none.

    References: Zhang, Saxe, Latham 2025 (arXiv 2406.12615).
    """
    pairs = samples // 2
    half = _white(pairs, dimension, seed) if white else _normal(pairs, dimension, seed)
    inputs = np.stack([half, -half], axis=1).reshape(samples, dimension)
    data = _linear(inputs, seed)
    if noise == 0.0:
        return data
    odd = np.repeat(noise * stream(seed, "noise").standard_normal(pairs), 2) * np.tile([1.0, -1.0], pairs)
    return replace(data, targets=data.targets + odd, teacher=None, teacher_output=None)


def _linear(inputs: Array, seed: int) -> Data:
    teacher = normalised(stream(seed, "teacher").standard_normal((1, inputs.shape[1]))[0])
    return taught(inputs, np.array([teacher, -teacher]), np.array([1.0, -1.0]))


def _normal(pairs: int, dimension: int, seed: int) -> Array:
    return stream(seed, "inputs").standard_normal((pairs, dimension))


def _white(pairs: int, dimension: int, seed: int) -> Array:
    """Rows (k, d) whose X'X is k times the projection on their span."""
    generator = stream(seed, "inputs")
    if pairs <= dimension:
        rows = orthonormal_rows(generator, pairs, dimension)
    else:
        rows = orthonormal_rows(generator, dimension, pairs).T
    half: Array = np.sqrt(pairs) * rows
    return half
