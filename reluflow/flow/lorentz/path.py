"""The residual over one step, as neurons are moved along it.

    r(x) = sum_i S_i l_i(x) exp(-decay (x - c_i)) + sum_k exp(-mu_k x) M_k

at the share x of the step, with l_i the Lagrange basis of the Radau nodes c_i. The M_k are modes of the
kernel K at the start of the step, h mu_k its eigenvalues: what the residual would do if K stood still,
dr/dt = -K r, as it nearly does at the end of every training. What is left dies out with them, and a
polynomial times one exponential holds it (Ixaru & Vanden Berghe, Exponential Fitting, 2004).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import comb
from typing import Any, Final

import numpy as np

from reluflow.flow.lorentz.bernstein import Exponentials, to_bernstein
from reluflow.flow.lorentz.collocation import RADAU
from reluflow.flow.lorentz.modes import BEGINS, Modes
from reluflow.network import Array

#: the most of ``decay``: what an error of the last value does to the first grows like its exponential
STEEPEST: Final = 3.0
#: below this decay a plain polynomial is as good
GENTLE: Final = 0.3
#: decays of which weights are kept at hand: all iterates of a step have the same
SHAPES: Final = 16


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
    powers = _powers(positions.ravel())
    values: Array = (powers.T @ coefficients).reshape(*positions.shape, RADAU.stages)
    return values


def _powers(x: Array) -> Array:
    """1, x, x^2, .. for x (c,): (s, c)."""
    powers = np.empty((RADAU.stages, x.size))
    powers[0] = 1.0
    powers[1] = x
    for i in range(2, RADAU.stages):
        np.multiply(powers[i - 1], x, out=powers[i])
    return powers


def _shifted(polynomials: Array, begin: Array) -> Array:
    """Polynomials (s, c), lowest power first, in powers of the distance from ``begin`` (c,)."""
    if begin.size <= AT_ONCE:
        mixed: Array = (_BINOMIALS.T[:, :, None] * _powers(begin)[_SHIFTS] * polynomials).sum(axis=1)
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


_END: Final = np.ones(1)
_BINOMIALS: Final = np.array([[float(comb(j, i)) for i in range(RADAU.stages)] for j in range(RADAU.stages)])
#: by which power of the distance each coefficient (j) counts towards that of each power (i)
_SHIFTS: Final = np.maximum(np.arange(RADAU.stages) - np.arange(RADAU.stages)[:, None], 0)
#: up to so many polynomials all products of a shift are made at once: fewer and larger operations
AT_ONCE: Final = 512
#: what makes of a path's polynomials, by their values at the nodes, Bernstein coefficients over the step
_HULL: Final = to_bernstein(RADAU.stages - 1) @ RADAU.lagrange.T
#: ... of what they are beyond their value at the last node
_AROUND: Final = _HULL - np.eye(RADAU.stages)[-1]
_WHOLE: Final = np.ones((1, 1))


@dataclass(frozen=True)
class Path:
    """The residual over one step of ``length`` h in half-mse flow time.

    values: the residual at the Radau nodes (s, q), or (1, q) for one that stands still; ``modes`` and decay
    shape it in between. Positions inside the step are fractions of it, 0 .. 1. doubt: how far, rms, its start
    is from the residual there. Of losses of labels the path is that of the forces; predicted (s, q): the
    predictions that have them.
    """

    values: Array
    length: float
    decay: float = 0.0
    modes: Modes | None = None
    doubt: float = 0.0
    predicted: Array | None = None

    @property
    def still(self) -> bool:
        """Whether the residual is one and the same all through the step."""
        return len(self.values) == 1

    @property
    def nodes(self) -> Array:
        """Where neurons are looked at: the Radau nodes, or the end alone (s,)."""
        return _END if self.still else RADAU.nodes

    @cached_property
    def terms(self) -> Array:
        """The residual is basis(x) times this (s + k, q)."""
        if self.modes is None:
            return self.values
        return np.concatenate([self.values - self.modes.at_nodes, self.modes.vectors])

    @property
    def levels(self) -> Array:
        """exp(decay c_i) (s,): by how much more an error at a node counts than one at the start."""
        levels: Array = np.exp(self.decay * RADAU.nodes)
        return levels

    @property
    def start(self) -> Array:
        """The residual at the start, by the path (q,)."""
        if self.still:
            still: Array = self.values[0]
            return still
        started: Array = (RADAU.start * self.levels) @ self.terms[: RADAU.stages]
        return started if self.modes is None else started + self.modes.vectors.sum(axis=0)

    def basis(self, positions: Array) -> Array:
        """Weights on ``terms`` of the residual at positions (..): shape (.., s + k)."""
        if self.still:
            return np.ones((*positions.shape, 1))
        values = basis(positions, self.decay)
        if self.modes is None:
            return values
        return np.concatenate([values, self.modes.basis(positions)], axis=-1)

    def slopes(self, positions: Array) -> Array:
        """Weights on ``terms`` of the derivative at positions (..), for a step of length one (.., s + k)."""
        values = slopes(positions, self.decay)
        if self.modes is None:
            return values
        return np.concatenate([values, -self.modes.rates * self.modes.basis(positions)], axis=-1)

    def exponentials(self, begin: Array, end: Array) -> Array:
        """Weights (.., e, s + k) on h D(terms) of the e exponentials that lead from begin to end (..)."""
        if self.still:
            return (end - begin)[..., None, None]
        weights = magnus_weights(begin, end, self.decay)
        if self.modes is None:
            return weights
        return np.concatenate([weights, self.modes.magnus_weights(begin, end)], axis=-1)

    @cached_property
    def through(self) -> Array:
        """The same of all exponentials that lead from the start through the nodes (e s, s + k)."""
        if self.still:
            return _WHOLE
        weights = through(self.decay)
        return weights if self.modes is None else np.concatenate([weights, self.modes.through], axis=1)

    def functions(self, terms: Array, begin: Array, end: Array) -> tuple[Array, Exponentials | None]:
        """Sums over the path's terms as functions of the share 0 .. 1 of the way from begin to end (c,).

        terms (s + k, c): what each sum is made of. They come times exp(decay x), which has no sign: Bernstein
        coefficients (s, c) of polynomials, and exponentials that are added.
        """
        if self.still:
            return terms, None
        span = end - begin
        moved = _shifted(RADAU.lagrange.T @ (self.levels[:, None] * terms[: RADAU.stages]), begin)
        moved *= _powers(span)
        coefficients = to_bernstein(RADAU.stages - 1) @ moved
        if self.modes is None:
            return coefficients, None
        rates = (self.modes.rates - self.decay)[:, None]
        return coefficients, Exponentials(rates * span, terms[RADAU.stages :] * np.exp(-rates * begin))

    def bounds(self, terms: Array) -> tuple[Array, Array]:
        """Numbers (c,), (c,) between which such sums stay, times exp(decay x), all through the step."""
        if self.still:
            return terms[0], terms[0]
        coefficients = _HULL @ (self.levels[:, None] * terms[: RADAU.stages])
        low, high = coefficients.min(axis=0), coefficients.max(axis=0)
        if self.modes is not None:
            most = np.exp(np.maximum(self.decay - self.modes.rates, 0.0))
            added = most @ np.abs(terms[RADAU.stages :])
            low, high = low - added, high + added
        return low, high

    def largest(self, products: Array, gram: Array) -> tuple[Array, Array]:
        """What |<x, D>| stays below all through the step, for sums D over the path's terms of b vectors.

        products (b, s + k, h): of the vectors and h inputs x; gram (b, s + k, s + k): of the vectors among
        each other. Returns (b, h), and (b,) which counts times |x|.
        """
        stages = len(self.values)
        last = float(self.levels[-1])
        around = _AROUND * self.levels
        corners = np.vecdot(np.matmul(around, gram[:, :stages, :stages]), around)
        size: Array = np.sqrt(np.maximum(corners.max(axis=1), 0.0))
        if self.modes is not None:
            own = np.sqrt(np.maximum(np.diagonal(gram, axis1=1, axis2=2)[:, stages:], 0.0))
            size += own @ np.exp(np.maximum(self.decay - self.modes.rates, 0.0))
        return last * np.abs(products[:, stages - 1]), size

    def part(self, share: float) -> "Path":
        """The same path up to a share of the step."""
        if self.still:
            return Path(self.values, share * self.length)
        modes = None if self.modes is None else Modes(share * self.modes.rates, self.modes.vectors)
        values = self.basis(share * RADAU.nodes) @ self.terms
        return Path(values, share * self.length, share * self.decay, modes)


def packed_path(path: Path | None) -> dict[str, Any]:
    """What is kept of a path, if there is one, in arrays and numbers."""
    return {
        "path_values": np.zeros((0, 0)) if path is None else path.values,
        "path_length": 0.0 if path is None else path.length,
        "path_decay": 0.0 if path is None else path.decay,
        "path_modes": np.zeros((0, 0)) if path is None or path.modes is None else path.modes.packed,
    }


def unpacked_path(saved: Mapping[str, Any]) -> Path | None:
    """The path that was kept; None if there was none, or one with another number of stages."""
    values, packed = np.array(saved["path_values"]), np.array(saved["path_modes"])
    if not values.size or len(values) not in (1, RADAU.stages):
        return None
    modes = Modes.unpacked(packed) if packed.size else None
    return Path(values, float(saved["path_length"]), float(saved["path_decay"]), modes)
