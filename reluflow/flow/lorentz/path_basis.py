"""The basis of a path's polynomials: values and derivatives between the nodes, integrals, exponentials.

The basis is l_i(x) exp(-decay (x - c_i)) with the Lagrange polynomials l_i of the Radau nodes c_i.
"""

from functools import lru_cache
from math import comb
from typing import Final

import numpy as np

from reluflow.flow.lorentz.collocation import RADAU
from reluflow.flow.lorentz.modes import BEGINS
from reluflow.network import Array

#: decays of which weights are kept at hand: all iterates of a step have the same
SHAPES: Final = 16
#: up to so many polynomials all products of a shift are made at once: fewer and larger operations
AT_ONCE: Final = 512
_BINOMIALS: Final = np.array([[float(comb(j, i)) for i in range(RADAU.stages)] for j in range(RADAU.stages)])
#: by which power of the distance each coefficient (j) counts towards that of each power (i)
_SHIFTS: Final = np.maximum(np.arange(RADAU.stages) - np.arange(RADAU.stages)[:, None], 0)


def _magnus(points: int) -> tuple[Array, Array]:
    """Gauss nodes of the unit interval (g,), and the weights (2, g) of the two exponentials of order 4.

    These are B0 / 2 -+ 2 B1, with the moments B0 of the generator over the interval and B1 of it times
    (y - 1/2): the commutator-free Magnus method (Blanes & Moan 2006; Alvermann & Fehske 2011).
    """
    roots, weights = np.polynomial.legendre.leggauss(points)
    tilt = np.array([[-1.0], [1.0]]) * roots
    return 0.5 + 0.5 * roots, 0.5 * weights * (0.5 + tilt)


#: exact for the polynomial, and next to exact for one times an exponential
PLAIN, FITTED = _magnus((RADAU.stages + 1) // 2), _magnus(6)


def basis(positions: Array, decay: float) -> Array:
    """The basis l_i(x) exp(-decay (x - c_i)) at positions (..): shape (.., s)."""
    values = _polynomials(positions, RADAU.lagrange.T)
    if decay != 0.0:
        values *= np.exp(decay * (RADAU.nodes - positions[..., None]))
    return values


def slopes(positions: Array, decay: float) -> Array:
    """The derivative of the basis at positions (..): shape (.., s)."""
    values = _polynomials(positions, _SLOPES)
    if decay != 0.0:
        values *= np.exp(decay * (RADAU.nodes - positions[..., None]))
        values -= decay * basis(positions, decay)
    return values


#: coefficients of the derivative of the basis
_SLOPES = np.zeros((RADAU.stages, RADAU.stages))
_SLOPES[:-1] = np.arange(1.0, RADAU.stages)[:, None] * RADAU.lagrange.T[1:]


def _polynomials(positions: Array, coefficients: Array) -> Array:
    """Polynomials with coefficients (s, s), a column for each, lowest first, at positions (..): (.., s)."""
    at = powers(positions.ravel())
    values: Array = (at.T @ coefficients).reshape(*positions.shape, RADAU.stages)
    return values


def powers(x: Array) -> Array:
    """1, x, x^2, .. for x (c,): (s, c)."""
    values = np.empty((RADAU.stages, x.size))
    values[0] = 1.0
    values[1] = x
    for i in range(2, RADAU.stages):
        np.multiply(values[i - 1], x, out=values[i])
    return values


def shifted(polynomials: Array, begin: Array) -> Array:
    """Polynomials (s, c), lowest power first, in powers of the distance from ``begin`` (c,)."""
    if begin.size <= AT_ONCE:
        mixed: Array = (_BINOMIALS.T[:, :, None] * powers(begin)[_SHIFTS] * polynomials).sum(axis=1)
        return mixed
    moved = np.empty_like(polynomials)
    for i in range(len(polynomials)):
        moved[i] = polynomials[-1] * _BINOMIALS[-1, i]
        for j in range(len(polynomials) - 2, i - 1, -1):
            moved[i] = moved[i] * begin + polynomials[j] * _BINOMIALS[j, i]
    return moved


def magnus_weights(begin: Array, end: Array, decay: float) -> Array:
    """Weights (.., 2, s) on stage values of the two exponentials that lead from ``begin`` to ``end`` (..).

    Generator i of a step of length h is h * sum_s weights[i, s] D(R_s).
    """
    nodes, mixed = PLAIN if decay == 0.0 else FITTED
    span = end - begin
    at_nodes = basis(begin[..., None] + span[..., None] * nodes, decay)
    weights: Array = span[..., None, None] * (mixed @ at_nodes)
    return weights


@lru_cache(SHAPES)
def integrals(decay: float) -> Array:
    """The integrals (s, s) of the basis from 0 to every node (row)."""
    if decay == 0.0:
        return RADAU.integrals
    at_nodes = basis(np.outer(RADAU.nodes, _FINE[0]), decay)
    summed: Array = np.einsum("ign,g->in", at_nodes, _FINE[1]) * RADAU.nodes[:, None]
    return summed


_FINE: Final = tuple(0.5 * part for part in np.polynomial.legendre.leggauss(8) + np.array([[1.0], [0.0]]))


@lru_cache(SHAPES)
def through(decay: float) -> Array:
    """The same weights for all stretches, one after the other (2s, s)."""
    return magnus_weights(BEGINS, RADAU.nodes, decay).reshape(2 * RADAU.stages, -1)
