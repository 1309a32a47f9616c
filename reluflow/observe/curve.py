"""A smooth curve through recorded points, which long steps of a solver leave far apart."""

import numpy as np

from reluflow.network import Array


def refine(t: Array, values: Array, pieces: int = 8) -> tuple[Array, Array]:
    """``pieces`` points an interval on the monotone cubic through (t, values), both (k,), t increasing.

    Slopes are the weighted harmonic means of Fritsch and Butland 1984: the curve rises and falls
    only where the points do, so that a plateau stays one. Fewer than three points come back as they are.
    """
    if t.size < 3:
        return t, values
    widths = np.diff(t)
    chords = np.diff(values) / widths
    slopes = np.zeros_like(values)
    same = chords[:-1] * chords[1:] > 0.0
    left, right = widths[:-1] + 2.0 * widths[1:], 2.0 * widths[:-1] + widths[1:]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        harmonic = (left + right) / (left / chords[:-1] + right / chords[1:])
    slopes[1:-1] = np.where(same, harmonic, 0.0)
    slopes[0], slopes[-1] = chords[0], chords[-1]
    share = np.arange(pieces) / pieces
    rest = 1.0 - share
    fine_t = t[:-1, None] + widths[:, None] * share
    fine = (
        rest**2 * (1.0 + 2.0 * share) * values[:-1, None]
        + rest**2 * share * (widths * slopes[:-1])[:, None]
        + share**2 * (3.0 - 2.0 * share) * values[1:, None]
        - share**2 * rest * (widths * slopes[1:])[:, None]
    )
    return np.append(fine_t.ravel(), t[-1]), np.append(fine.ravel(), values[-1])
