"""Two half circles, each with its end in the hollow of the other."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from reluflow.data.kinds.labelled import Labelled, Streams, blurred, on_circles
from reluflow.network import Array

#: Where the centre of the lower half circle is, seen from that of the upper one.
SHIFT = (1.0, 0.5)


class Moons(Labelled):
    """The upper half of a unit circle with label 1, the lower one of a circle around (1, 1/2) with label -1.

    To both noise N(0, noise^2 I) is added.
    """

    noise = 0.1

    def draw(self, labels: Array, noise: float, values: Mapping[str, Any], streams: Streams) -> Array:
        angles = labels * np.pi * streams("angles").random(labels.size)
        below = (labels < 0.0)[:, None] * np.array(SHIFT)
        return blurred(on_circles(1.0, angles) + below, noise, streams)
