"""Cubic Hermite interpolation."""

from typing import Any, Final

import numpy as np

from reluflow.network import Array

#: halvings of a step until the root of a cubic is found
HALVINGS: Final = 40


def cubic(share: Any, h: float, y0: Array, f0: Array, y1: Array, f1: Array) -> Array:
    """The cubic with values y0, y1 and slopes f0, f1 at the ends of a step, at ``share`` in [0, 1]."""
    rest = 1.0 - share
    value: Array = rest * rest * ((1.0 + 2.0 * share) * y0 + share * h * f0) + share * share * (
        (3.0 - 2.0 * share) * y1 - rest * h * f1
    )
    return value


def root(h: float, y0: Array, f0: Array, y1: Array, f1: Array) -> Array:
    """The share of the step, or hardly more, at which each such cubic (k,) comes to the sign of y1.

    y0 has the other sign, or none.
    """
    side, lower, upper = np.sign(y1), np.zeros(y0.size), np.ones(y0.size)
    for _ in range(HALVINGS):
        middle = 0.5 * (lower + upper)
        beyond = side * cubic(middle, h, y0, f0, y1, f1) > 0.0
        upper, lower = np.where(beyond, middle, upper), np.where(beyond, lower, middle)
    return upper
