"""Two spirals that wind around each other."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from reluflow.data.kinds.labelled import Labelled, Streams, blurred, on_circles
from reluflow.network import Array

#: How often each spiral goes around the origin.
TURNS = 1.5


class Spiral(Labelled):
    """Archimedean spirals: radius uniform in [0, 1], angle 3 pi radius, half a turn apart, and noise.

    The noise is N(0, noise^2 I); the arms are 1/3 apart.
    """

    noise = 0.02

    def draw(self, labels: Array, noise: float, values: Mapping[str, Any], streams: Streams) -> Array:
        radii = streams("radii").random(labels.size)
        angles = 2.0 * np.pi * TURNS * radii + np.where(labels > 0.0, 0.0, np.pi)
        return blurred(on_circles(radii, angles), noise, streams)
