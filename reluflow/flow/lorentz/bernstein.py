"""Where polynomials first become negative: a test that misses nothing between two looks.

In the Bernstein basis of an interval a polynomial lies between its smallest and its largest coefficient
(Farouki, The Bernstein polynomial basis: a centennial retrospective, CAGD 29, 2012). If no coefficient is
negative, neither is the polynomial anywhere in the interval. Otherwise the interval is halved by de
Casteljau's algorithm, whose corners are values of the polynomial, until a sign is certain.
"""

from functools import cache
from math import comb

import numpy as np

from reluflow.flow.lorentz.neurons import Mask
from reluflow.network import Array

#: halvings after which a touch that is still undecided counts as no crossing
HALVINGS = 40
#: a coefficient below this share of the largest one of its polynomial is rounding
ROUNDING = 64 * np.finfo(float).eps


@cache
def _to_bernstein(degree: int) -> Array:
    """What makes of coefficients (degree + 1,), lowest first, those on 0 .. 1 in the Bernstein basis."""
    matrix = np.zeros((degree + 1, degree + 1))
    for i in range(degree + 1):
        for j in range(i + 1):
            matrix[i, j] = comb(i, j) / comb(degree, j)
    return matrix


@cache
def _halves(degree: int) -> tuple[Array, Array]:
    """What makes of the Bernstein coefficients on an interval those on its left and on its right half."""
    left = np.zeros((degree + 1, degree + 1))
    for i in range(degree + 1):
        for j in range(i + 1):
            left[i, j] = comb(i, j) / 2.0**i
    return left, left[::-1, ::-1].copy()


def bernstein(polynomials: Array, reach: float) -> Array:
    """The Bernstein coefficients (k, c) on 0 .. reach of polynomials (k, c), lowest power first."""
    degree = len(polynomials) - 1
    coefficients: Array = (_to_bernstein(degree) * reach ** np.arange(degree + 1.0)) @ polynomials
    return coefficients


def first_negative(coefficients: Array) -> tuple[Array, Array]:
    """Brackets (c,), (c,) in 0 .. 1 of where polynomials first become negative; infinite if they never do.

    coefficients (k, c): in the Bernstein basis of 0 .. 1. A polynomial counts as not negative at 0. It is
    not negative up to the lower end of its bracket, and negative at the upper end.
    """
    low, high = np.full((2, coefficients.shape[1]), np.inf)
    left_half, right_half = _halves(len(coefficients) - 1)
    which = np.flatnonzero((coefficients[1:] < 0.0).any(axis=0))
    tolerance = ROUNDING * np.abs(coefficients[:, which]).max(axis=0, initial=0.0)
    parts = coefficients[:, which]
    parts[0] = np.maximum(parts[0], 0.0)
    begin, width = np.zeros(which.size), 1.0
    for _ in range(HALVINGS):
        found = parts[-1] < -tolerance
        # an interval that ends below zero holds a first crossing if nothing before it is in doubt
        order = np.lexsort((begin, which))
        leftmost = np.zeros(which.size, dtype=bool)
        leftmost[order[np.unique(which[order], return_index=True)[1]]] = True
        sure = found & leftmost & _falls_once(parts)
        low[which[sure]], high[which[sure]] = begin[sure], begin[sure] + width
        kept = ~np.isin(which, which[sure])
        # what lies right of an interval that ends below zero is later than the first crossing
        ends = np.full(coefficients.shape[1], np.inf)
        np.minimum.at(ends, which[found], begin[found])
        kept &= begin <= ends[which]
        if not kept.any():
            break
        which, begin, tolerance, parts = which[kept], begin[kept], tolerance[kept], parts[:, kept]
        width *= 0.5
        parts = np.hstack([left_half @ parts, right_half @ parts])
        which, tolerance = np.tile(which, 2), np.tile(tolerance, 2)
        begin = np.concatenate([begin, begin + width])
        alive = (parts < -tolerance).any(axis=0)
        which, begin, tolerance, parts = which[alive], begin[alive], tolerance[alive], parts[:, alive]
        if which.size == 0:
            break
    return low, high


def _falls_once(coefficients: Array) -> Mask:
    """Whether coefficients change their sign once: then so does the polynomial (Descartes' rule)."""
    below = coefficients < 0.0
    once: Mask = np.count_nonzero(below[1:] != below[:-1], axis=0) == 1
    once &= ~below[0]
    return once
