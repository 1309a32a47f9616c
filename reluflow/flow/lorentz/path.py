"""The residual over one step, as neurons are moved along it.

    r(x) = sum_i S_i l_i(x) exp(-decay (x - c_i)) + sum_k exp(-mu_k x) M_k

at the share x of the step, with l_i the Lagrange basis of the Radau nodes c_i. The M_k are modes of the
kernel K at the start of the step, h mu_k its eigenvalues: what the residual would do if K stood still,
dr/dt = -K r, as it nearly does at the end of every training. What is left dies out with them, and a
polynomial times one exponential holds it (Ixaru & Vanden Berghe, Exponential Fitting, 2004).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from reluflow.flow.lorentz.bernstein import Exponentials, to_bernstein
from reluflow.flow.lorentz.collocation import RADAU
from reluflow.flow.lorentz.modes import Modes
from reluflow.flow.lorentz.path_basis import basis, magnus_weights, powers, shifted, slopes, through
from reluflow.network import Array

#: the most of ``decay``: what an error of the last value does to the first grows like its exponential
STEEPEST: Final = 3.0
#: below this decay a plain polynomial is as good
GENTLE: Final = 0.3
#: a residual so many times larger than what a path may miss keeps its sign
CERTAIN: Final = 1e3
#: the most terms of a path that is made of fewer: with more there is little to win
WORTH: Final = 4


_END: Final = np.ones(1)
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
    predictions that have them. mixing (s, t): where a path without modes is made of fewer terms (t, q), its
    values are this times these.
    """

    values: Array
    length: float
    decay: float = 0.0
    modes: Modes | None = None
    doubt: float = 0.0
    predicted: Array | None = None
    mixing: Array | None = None

    def reduced(self, slack: float) -> "Path":
        """The same path but for errors of ``slack``, rms, made of fewer terms if that is possible.

        It is not where a residual is so small that its sign would be in doubt.
        """
        smallest = float(np.abs(self.values).min(initial=np.inf))
        if self.still or self.modes is not None or not CERTAIN * slack < smallest:
            return self
        left, sizes, _ = np.linalg.svd(self.values, full_matrices=False)
        kept = np.count_nonzero(sizes > slack * np.sqrt(self.values.shape[1]))
        return replace(self, mixing=left[:, :kept] * sizes[:kept]) if kept <= WORTH else self

    def _mixed(self, weights: Array) -> Array:
        """Weights on terms (.., t) that are these on values (.., s)."""
        mixed: Array = weights if self.mixing is None else weights @ self.mixing
        return mixed

    def _at_nodes(self, terms: Array) -> Array:
        """What sums over terms (t.., c) are at the nodes, but for modes (s, c), each times exp(decay c_i)."""
        values = terms[: RADAU.stages] if self.mixing is None else self.mixing @ terms
        weighted: Array = self.levels[:, None] * values
        return weighted

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
        if self.mixing is not None:
            fewer: Array = (self.mixing / np.square(self.mixing).sum(axis=0)).T @ self.values
            return fewer
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
        started: Array = RADAU.start @ self._at_nodes(self.terms)
        return started if self.modes is None else started + self.modes.vectors.sum(axis=0)

    def basis(self, positions: Array) -> Array:
        """Weights on ``terms`` of the residual at positions (..): shape (.., s + k)."""
        if self.still:
            return np.ones((*positions.shape, 1))
        values = self._mixed(basis(positions, self.decay))
        if self.modes is None:
            return values
        return np.concatenate([values, self.modes.basis(positions)], axis=-1)

    def slopes(self, positions: Array) -> Array:
        """Weights on ``terms`` of the derivative at positions (..), for a step of length one (.., s + k)."""
        values = self._mixed(slopes(positions, self.decay))
        if self.modes is None:
            return values
        return np.concatenate([values, -self.modes.rates * self.modes.basis(positions)], axis=-1)

    def exponentials(self, begin: Array, end: Array) -> Array:
        """Weights (.., e, s + k) on h D(terms) of the e exponentials that lead from begin to end (..)."""
        if self.still:
            return (end - begin)[..., None, None]
        weights = self._mixed(magnus_weights(begin, end, self.decay))
        if self.modes is None:
            return weights
        return np.concatenate([weights, self.modes.magnus_weights(begin, end)], axis=-1)

    @cached_property
    def through(self) -> Array:
        """The same of all exponentials that lead from the start through the nodes (e s, s + k)."""
        if self.still:
            return _WHOLE
        weights = self._mixed(through(self.decay))
        return weights if self.modes is None else np.concatenate([weights, self.modes.through], axis=1)

    def functions(self, terms: Array, begin: Array, end: Array) -> tuple[Array, Exponentials | None]:
        """Sums over the path's terms as functions of the share 0 .. 1 of the way from begin to end (c,).

        terms (s + k, c): what each sum is made of. They come times exp(decay x), which has no sign: Bernstein
        coefficients (s, c) of polynomials, and exponentials that are added.
        """
        if self.still:
            return terms, None
        span = end - begin
        moved = shifted(RADAU.lagrange.T @ self._at_nodes(terms), begin)
        moved *= powers(span)
        coefficients = to_bernstein(RADAU.stages - 1) @ moved
        if self.modes is None:
            return coefficients, None
        rates = (self.modes.rates - self.decay)[:, None]
        return coefficients, Exponentials(rates * span, terms[RADAU.stages :] * np.exp(-rates * begin))

    def bounds(self, terms: Array) -> tuple[Array, Array]:
        """Numbers (c,), (c,) between which such sums stay, times exp(decay x), all through the step."""
        if self.still:
            return terms[0], terms[0]
        coefficients = _HULL @ self._at_nodes(terms)
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
        last, around = float(self.levels[-1]), self._mixed(_AROUND * self.levels)
        stages = around.shape[1]
        corners = np.vecdot(np.matmul(around, gram[:, :stages, :stages]), around)
        size: Array = np.sqrt(np.maximum(corners.max(axis=1), 0.0))
        if self.modes is not None:
            own = np.sqrt(np.maximum(np.diagonal(gram, axis1=1, axis2=2)[:, stages:], 0.0))
            size += own @ np.exp(np.maximum(self.decay - self.modes.rates, 0.0))
        at_end = products[:, stages - 1] if self.mixing is None else np.matmul(self.mixing[-1], products)
        return last * np.abs(at_end), size

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
