"""The linear classifier of largest margin, by one quadratic programme."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.network import Array, row_norms

#: Labels are not separable where what is left of the programme is below this.
SEPARABLE: Final = 1e-9


@dataclass(frozen=True)
class MaxMargin:
    """``direction`` (d,) of unit length, and ``margin``: the smallest y_k <direction, x_k>."""

    direction: Array
    margin: float


def max_margin(inputs: Array, labels: Array) -> MaxMargin | None:
    """The unit vector u (d,) with the largest min_k y_k <u, x_k>; None if no u separates the labels.

    The shortest v with y_k <v, x_k> >= 1 is a problem of least distance, which non-negative least squares
    solve exactly (Lawson & Hanson, Solving Least Squares Problems, 1974, chapter 23).
    """
    from scipy.optimize import nnls  # takes a third of a second, and rows of other losses need none of it

    signed = labels[:, None] * inputs
    size = float(row_norms(signed).max(initial=0.0))
    if size == 0.0:
        return None
    matrix = np.vstack([signed.T / size, np.ones(labels.size)])
    wanted = np.append(np.zeros(inputs.shape[1]), 1.0)
    shares, _ = nnls(matrix, wanted)
    left = matrix @ shares - wanted
    if -left[-1] <= SEPARABLE:
        return None
    direction = left[:-1] / row_norms(left[None, :-1])[0]
    margin = float((signed @ direction).min())
    return MaxMargin(direction, margin) if margin > 0.0 else None
