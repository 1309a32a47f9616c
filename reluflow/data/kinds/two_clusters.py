"""Two opposite clusters, one a label."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from reluflow.data.kinds.labelled import Labelled, Streams
from reluflow.data.streams import normalised, stream
from reluflow.network import Array


class TwoClusters(Labelled):
    """x = y mu + noise N(0, I)/sqrt(d), mu uniform on the sphere.

    At small noise inputs of the same label are positively correlated and those of different labels
    negatively: the data are orthogonally separable (Min, Mallada, Vidal 2023, arXiv 2307.12851). At a noise
    of 1 and more they are not.
    """

    noise = 0.2

    def draw(self, labels: Array, noise: float, values: Mapping[str, Any], streams: Streams) -> Array:
        dimension = values["data.dimension"]
        # held-out points lie around the same centre
        centre = normalised(stream(values.get("data.seed", 0), "centre").standard_normal(dimension))
        around = streams("noise").standard_normal((labels.size, dimension)) / math.sqrt(dimension)
        points: Array = np.outer(labels, centre) + noise * around
        return points
