"""A circle in a larger one."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from reluflow.data.kinds.labelled import Labelled, Streams, blurred, on_circles
from reluflow.network import Array

#: Radii of the circles of label 1 and of label -1.
INNER = 0.5
OUTER = 1.0


class Ring(Labelled):
    """Uniform on a circle of radius 1/2 with label 1, of radius 1 with label -1; noise N(0, noise^2 I)."""

    noise = 0.05

    def draw(self, labels: Array, noise: float, values: Mapping[str, Any], streams: Streams) -> Array:
        angles = 2.0 * np.pi * streams("angles").random(labels.size)
        return blurred(on_circles(np.where(labels > 0.0, INNER, OUTER), angles), noise, streams)
