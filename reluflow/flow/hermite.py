"""Cubic Hermite interpolation."""

from typing import Any

from reluflow.network import Array


def cubic(share: Any, h: float, y0: Array, f0: Array, y1: Array, f1: Array) -> Array:
    """The cubic with values y0, y1 and slopes f0, f1 at the ends of a step, at ``share`` in [0, 1]."""
    rest = 1.0 - share
    value: Array = rest * rest * ((1.0 + 2.0 * share) * y0 + share * h * f0) + share * share * (
        (3.0 - 2.0 * share) * y1 - rest * h * f1
    )
    return value
