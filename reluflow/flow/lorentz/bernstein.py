"""Where functions of time first become negative: a test that misses nothing between two looks.

In the Bernstein basis of an interval a polynomial lies between its smallest and its largest coefficient
(Farouki, The Bernstein polynomial basis: a centennial retrospective, CAGD 29, 2012). If no coefficient is
negative, neither is the polynomial anywhere in the interval. Otherwise the interval is halved by de
Casteljau's algorithm, whose corners are values of the polynomial, until a sign is certain. Exponentials that
are added are bounded from below by straight lines: a convex one by its tangent, a concave one by its chord.
"""

from dataclasses import dataclass
from functools import cache
from math import comb

import numpy as np

from reluflow.flow.lorentz.neurons import Mask
from reluflow.flow.lorentz.samples import Index
from reluflow.network import Array, indices

#: halvings after which a touch that is still undecided counts as no crossing
HALVINGS = 40
#: a bracket this narrow is one even if the function might fall more than once in it
NARROW = 2.0**-5
#: a coefficient below this share of the largest one of its polynomial is rounding
ROUNDING = 64 * np.finfo(float).eps


@cache
def to_bernstein(degree: int) -> Array:
    """What makes of coefficients (degree + 1,), lowest first, those on 0 .. 1 in the Bernstein basis."""
    matrix = np.zeros((degree + 1, degree + 1))
    for i in range(degree + 1):
        for j in range(i + 1):
            matrix[i, j] = comb(i, j) / comb(degree, j)
    return matrix


@cache
def from_bernstein(degree: int) -> Array:
    """The inverse of ``to_bernstein``."""
    return np.asarray(np.linalg.inv(to_bernstein(degree)), dtype=np.float64)


@cache
def _halves(degree: int) -> tuple[Array, Array]:
    """What makes of the Bernstein coefficients on an interval those on its left and on its right half."""
    left = np.zeros((degree + 1, degree + 1))
    for i in range(degree + 1):
        for j in range(i + 1):
            left[i, j] = comb(i, j) / 2.0**i
    return left, left[::-1, ::-1].copy()


def bernstein(polynomials: Array, end: float) -> Array:
    """The Bernstein coefficients (k, c) on 0 .. end of polynomials (k, c), lowest power first."""
    degree = len(polynomials) - 1
    coefficients: Array = (to_bernstein(degree) * end ** np.arange(degree + 1.0)) @ polynomials
    return coefficients


@dataclass(frozen=True)
class Exponentials:
    """sum_i sizes_i exp(-rates_i x), for each of c functions; rates, sizes (m, c)."""

    rates: Array
    sizes: Array

    def take(self, which: Index) -> "Exponentials":
        """Those of some functions."""
        return Exponentials(self.rates[:, which], self.sizes[:, which])

    def at(self, x: Array) -> Array:
        """The sums at x (c,)."""
        summed: Array = np.einsum("mc,mc->c", self.sizes, np.exp(-self.rates * x))
        return summed

    def below(self, begin: Array, end: Array) -> tuple[Array, Array]:
        """The values (c,), (c,) at the ends of intervals of straight lines below the sums."""
        first, last = (self.sizes * np.exp(-self.rates * x) for x in (begin, end))
        middle = self.sizes * np.exp(-self.rates * 0.5 * (begin + end))
        tilt = 0.5 * self.rates * (end - begin) * middle
        convex = self.sizes > 0.0
        left = np.where(convex, middle + tilt, first).sum(axis=0)
        right = np.where(convex, middle - tilt, last).sum(axis=0)
        return left, right


@dataclass
class _Pieces:
    """Intervals begin .. begin + width of functions ``which`` (p,), with Bernstein coefficients (k, p).

    They are in order: those of one function next to each other, from left to right.
    """

    which: Index
    begin: Array
    width: float
    polynomials: Array

    def take(self, rows: Mask) -> "_Pieces":
        return _Pieces(self.which[rows], self.begin[rows], self.width, self.polynomials[:, rows])

    def halved(self) -> "_Pieces":
        k, count = self.polynomials.shape
        half, begin = 0.5 * self.width, np.repeat(self.begin, 2)
        begin[1::2] += half
        polynomials = np.empty((k, count, 2))
        for i, matrix in enumerate(_halves(k - 1)):
            polynomials[:, :, i] = matrix @ self.polynomials
        return _Pieces(np.repeat(self.which, 2), begin, half, polynomials.reshape(k, -1))

    def bounds(self, added: Exponentials | None) -> tuple[Array, Array]:
        """Coefficients (k, p) of polynomials below the functions, and values of these at the ends (p,)."""
        if added is None:
            return self.polynomials, self.polynomials[-1]
        terms, end = added.take(self.which), self.begin + self.width
        left, right = terms.below(self.begin, end)
        share = np.linspace(0.0, 1.0, len(self.polynomials))[:, None]
        return self.polynomials + left + share * (right - left), self.polynomials[-1] + terms.at(end)

    def leftmost(self) -> Mask:
        """Whether an interval is the first one of its function."""
        first: Mask = np.ones(self.which.size, dtype=bool)
        np.not_equal(self.which[1:], self.which[:-1], out=first[1:])
        return first


def first_negative(coefficients: Array, added: Exponentials | None = None) -> tuple[Array, Array]:
    """Brackets (c,), (c,) in 0 .. 1 of where functions first become negative; infinite if they never do.

    coefficients (k, c): of polynomials, in the Bernstein basis of 0 .. 1; ``added``: what is added to them. A
    function counts as not negative at 0. It is not negative up to the lower end of its bracket, and negative
    at the upper end.
    """
    low, high = np.full((2, coefficients.shape[1]), np.inf)
    which = np.arange(low.size)
    if added is None:
        which = indices((coefficients < 0.0).any(axis=0))
        if which.size == 0:
            return low, high
    tolerance = ROUNDING * np.abs(coefficients).max(axis=0, initial=0.0)
    if added is None:
        # most of those that become negative do so once
        once = _falls_once(coefficients[:, which]) & (coefficients[-1, which] < -tolerance[which])
        low[which[once]], high[which[once]] = 0.0, 1.0
        which = which[~once]
        if which.size == 0:
            return low, high
    else:
        tolerance += ROUNDING * np.abs(added.sizes).sum(axis=0)
    pieces = _Pieces(which, np.zeros(which.size), 1.0, coefficients[:, which])
    for _ in range(HALVINGS):
        below, last = pieces.bounds(added)
        inner = below[1:] if added is None and pieces.width == 1.0 else below
        kept = (inner < -tolerance[pieces.which]).any(axis=0)
        if not kept.any():
            break
        pieces, below, last = pieces.take(kept), below[:, kept], last[kept]
        found = last < -tolerance[pieces.which]
        sure = found & pieces.leftmost() & (_falls_once(below) | (pieces.width <= NARROW))
        done = pieces.which[sure]
        low[done], high[done] = pieces.begin[sure], pieces.begin[sure] + pieces.width
        # what lies right of an interval that ends below zero is later than the first crossing
        ends = np.full(low.size, np.inf)
        np.minimum.at(ends, pieces.which[found], pieces.begin[found])
        later = pieces.begin > ends[pieces.which]
        pieces = pieces.take(~later & np.isinf(high[pieces.which])).halved()
        if pieces.which.size == 0:
            break
    return low, high


def _falls_once(coefficients: Array) -> Mask:
    """Whether coefficients change their sign once, downwards: then the polynomial does (Descartes' rule)."""
    below = coefficients < 0.0
    once: Mask = np.count_nonzero(below[1:] != below[:-1], axis=0) == 1
    once &= ~below[0] & below[-1]
    return once
