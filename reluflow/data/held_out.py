"""Points on which a network was not trained, with the targets that its teacher gives them.

As in the code of Chistikov, Englert, Lazic 2023 (arXiv 2306.06479): as many points again from the law of
the inputs, and Gaussian points N(0, I), far outside of it, n/4, n and 4n of them, n samples a teacher. Their
streams are their own, so that the data of a preset do not change with them.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from reluflow.data.datasets import UNCENTRED_NOISE, Data
from reluflow.data.streams import dot, normalised, stream
from reluflow.network import Array


def held_out(values: Mapping[str, Any], data: Data) -> dict[str, tuple[Array, Array]]:
    """(points (k, d), targets (k,)) by name: "test", and "outside_<k>" for each number of Gaussian points.

    ``values`` of the preset, flat, and the ``data`` that it makes; empty where no teacher made the targets.
    """
    if data.teacher is None or data.teacher_output is None:
        return {}
    seed, count, d = values.get("data.seed", 0), values["data.samples"], data.input_dimension
    found = {"test": _alike(values, seed, count, d)}
    for size in (math.ceil(count / 4), count, 4 * count):
        found[f"outside_{size}"] = stream(seed, f"outside {size}").standard_normal((size, d))
    return {name: _taught(points, data) for name, points in found.items()}


def _alike(values: Mapping[str, Any], seed: int, count: int, dimension: int) -> Array:
    """Points by the law of the inputs: around the centres, or Gaussian."""
    draws = stream(seed, "test").standard_normal((count * values.get("data.teachers", 1), dimension))
    if values["data.kind"] != "correlated":
        return draws
    centre = normalised(stream(seed, "centre").standard_normal(dimension))
    noise = values.get("data.noise")
    if noise is None:
        noise = 1.0 if values.get("data.centred", True) else UNCENTRED_NOISE
    centres = np.repeat(np.array([centre, -centre])[: values.get("data.teachers", 1)], count, axis=0)
    points: Array = centres + noise * draws / math.sqrt(dimension)
    return points


def _taught(points: Array, data: Data) -> tuple[Array, Array]:
    if data.inputs.shape[1] > data.input_dimension:
        points = np.column_stack([points, np.ones(len(points))])
    targets = np.zeros(len(points))
    assert data.teacher is not None
    assert data.teacher_output is not None
    for neuron, size in zip(data.teacher, data.teacher_output, strict=True):
        targets += size * np.maximum(dot(points, neuron), 0.0)
    return points, targets
