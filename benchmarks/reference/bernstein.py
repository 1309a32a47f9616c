"""Roots of polynomials on [0, 1], certified by Bernstein coefficients.

A polynomial lies in the hull of its Bernstein coefficients. If all of them are positive there is no root, and
halving (de Casteljau) brings them as near to the values as wanted: no root is missed between two looks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import comb

import numpy as np
import numpy.typing as npt

from .kinks import Array, Real

#: halvings after which an interval that may hold a root counts as one
DEEPEST = 60
#: what rounding may do to Bernstein coefficients, as a share of the sizes of what they are summed from
DOUBT_FLOAT64, DOUBT = 1e-14, 1e-18
#: places at which polynomials are looked at, to begin with those that are negative earliest
LOOKS = 32


@dataclass(frozen=True)
class Basis:
    """How a polynomial on [0, 1] is given: the matrix to Bernstein coefficients, and the basis at a place.

    ``series``: by its coefficients of 1, x, x^2, ..., so that a zero at the start can be divided out.
    """

    matrix: Array
    at: Callable[[np.longdouble], Array]
    series: bool

    @cached_property
    def one(self) -> Array:
        """The constant polynomial 1."""
        size = len(self.matrix)
        return (np.arange(size) == 0).astype(Real) if self.series else np.ones(size, Real)

    @cached_property
    def _float64(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """(the matrix to Bernstein coefficients, to values at LOOKS places), transposed."""
        places = [self.at(Real(x)) for x in np.linspace(0, 1, LOOKS + 1)[1:]]
        return self.matrix.T.astype(float), np.stack(places, axis=1).astype(float)

    def positive(self, coefficients: Array, upto: float = 1.0) -> npt.NDArray[np.bool_]:
        """Which rows (k, degree + 1) are certainly positive on [0, upto]; float64 suffices for most."""
        plain, turned = _plain(coefficients), self._float64[0]
        b = plain @ turned
        doubt = DOUBT_FLOAT64 * np.max(np.abs(plain) @ np.abs(turned), axis=1, initial=0.0)
        if upto < 1.0:
            b = split(b.T, upto)[0].T
        return np.asarray(np.min(b, axis=1, initial=np.inf) > doubt)

    def looks(self, coefficients: Array) -> npt.NDArray[np.float64]:
        """Values (k, LOOKS) of rows at places in (0, 1], up to a factor."""
        return np.asarray(_plain(coefficients) @ self._float64[1])

    def first_root(self, coefficients: Array, upto: np.longdouble) -> np.longdouble | None:
        """Where a polynomial that starts positive first becomes negative on [0, upto]; None if nowhere.

        One that starts negative has its root at 0.
        """
        b = self.matrix @ coefficients
        noise = DOUBT * np.max(np.abs(self.matrix) @ np.abs(coefficients))
        if upto < 1:
            b = split(b, upto)[0]
        if b[0] < -noise:
            return Real(0)
        found = _search(b, noise)
        if found is None:
            return None
        left, right = upto * found[0], upto * found[1]
        return _narrowed(lambda x: coefficients @ self.at(x), left, right)


def _plain(coefficients: Array) -> npt.NDArray[np.float64]:
    """Rows of size 1 in float64: their own sizes may be beyond its range."""
    size = np.max(np.abs(coefficients), axis=1, initial=Real(0))
    return np.asarray((coefficients / np.where(size > 0, size, 1)[:, None]).astype(float))


def split(b: Array, share: np.longdouble | float) -> tuple[Array, Array]:
    """Bernstein coefficients (degree + 1, ...) on [0, share] and on [share, 1]."""
    left, right = np.empty_like(b), np.empty_like(b)
    row = b
    for i in range(len(b)):
        left[i], right[len(b) - 1 - i] = row[0], row[-1]
        row = (1 - share) * row[:-1] + share * row[1:]
    return left, right


def _search(b: Array, noise: np.longdouble) -> tuple[np.longdouble, np.longdouble] | None:
    """An interval with the first root alone, or so short that it counts as a root."""
    half = Real(0.5)
    stack = [(Real(0), Real(1), b, 0)]
    while stack:
        left, right, b, depth = stack.pop()
        if np.all(b > 0):
            continue
        if b[0] < -noise:
            return left, left
        if b[-1] < 0 and b[0] > 0 and np.count_nonzero(np.diff(b > 0)) == 1:
            return left, right
        if depth == DEEPEST or np.max(np.abs(b)) <= noise:
            if b[-1] < -noise:
                return left, right
            continue
        first, second = split(b, half)
        middle = (left + right) / 2
        stack.append((middle, right, second, depth + 1))
        stack.append((left, middle, first, depth + 1))
    return None


def _narrowed(
    value: Callable[[np.longdouble], np.longdouble], left: np.longdouble, right: np.longdouble
) -> np.longdouble:
    """The one root between two ends, positive on the left, by the Illinois rule."""
    if left == right:
        return left
    high, low, kept = value(left), value(right), 0
    for _ in range(200):
        if high <= 0 or right - left <= 1e-19 * right:
            return left
        if low >= 0:
            return right
        x = left + (right - left) * high / (high - low)
        if not left < x < right:
            x = (left + right) / 2
        here = value(x)
        if here > 0:
            left, high = x, here
            low, kept = (low / 2 if kept > 0 else low), 1
        elif here < 0:
            right, low = x, here
            high, kept = (high / 2 if kept < 0 else high), -1
        else:
            return x
    return right


@lru_cache(maxsize=8)
def powers(degree: int) -> Basis:
    """Polynomials given by their coefficients of 1, x, x^2, ..."""
    matrix = [
        [Real(comb(i, j)) / Real(comb(degree, j)) for j in range(degree + 1)] for i in range(degree + 1)
    ]

    def at(x: np.longdouble) -> Array:
        factors = np.full(degree + 1, x, dtype=Real)
        factors[0] = 1
        return np.multiply.accumulate(factors)

    return Basis(np.array(matrix), at, True)
