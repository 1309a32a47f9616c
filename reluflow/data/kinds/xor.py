"""Four clusters around the corners of a square, labelled by the product of their coordinates."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from reluflow.data.kinds.labelled import Labelled, Streams, blurred
from reluflow.network import Array


class Xor(Labelled):
    """x = (s, y s) + noise N(0, I), s = 1 and -1 in turn for the samples of each label y."""

    noise = 0.2

    def draw(self, labels: Array, noise: float, values: Mapping[str, Any], streams: Streams) -> Array:
        side = np.where(np.arange(labels.size) % 4 < 2, 1.0, -1.0)
        return blurred(np.column_stack([side, labels * side]), noise, streams)
