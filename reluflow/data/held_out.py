"""Points on which a network was not trained, with the targets that its teacher gives them.

As in the code of Chistikov, Englert, Lazic 2023 (arXiv 2306.06479): as many points again from the law of
the inputs, and Gaussian points N(0, I), far outside of it, n/4, n and 4n of them, n samples a teacher. Their
streams are their own, so that the data of a preset do not change with them.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from reluflow.data import DATA_KINDS
from reluflow.data.datasets import Data, answers
from reluflow.data.streams import stream
from reluflow.network import Array


def held_out(values: Mapping[str, Any], data: Data) -> dict[str, tuple[Array, Array]]:
    """(points (k, d), targets (k,)) by name: "test", and "outside_<k>" for each number of Gaussian points.

    ``values`` of the preset, flat, and the ``data`` that it makes; empty where no teacher made the targets,
    or the kind has no law for further points.
    """
    if data.teacher is None or data.teacher_output is None:
        return {}
    alike = DATA_KINDS[values["data.kind"]]().further(values, data.input_dimension)
    if alike is None:
        return {}
    seed, count, found = values.get("data.seed", 0), values["data.samples"], {"test": alike}
    for size in (math.ceil(count / 4), count, 4 * count):
        draws = stream(seed, f"outside {size}").standard_normal((size, data.input_dimension))
        found[f"outside_{size}"] = draws
    return {name: _taught(points, data.teacher, data.teacher_output) for name, points in found.items()}


def _taught(points: Array, teacher: Array, output: Array) -> tuple[Array, Array]:
    """Points with the bias that the teacher has a place for, and its answers."""
    if teacher.shape[1] > points.shape[1]:
        points = np.column_stack([points, np.ones(len(points))])
    return points, answers(points, teacher, output)
