"""The Jacobian of the flow, and what implicit methods solve with it, without ever forming either.

With y = (W, a), d rate / dy = pull S'S + C, where S (n, N) = d residual / dy (times the root of the loss's
curvature, which of the square loss is one), and C couples w_j and a_j
through D_j. S'S has rank n, and C of each neuron is one row and one column: what Newton's method solves with
takes O(n^2 N) operations to factor (Woodbury's formula) in place of O(N^3).
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import lu_factor, lu_solve

from reluflow.network import Array

#: real or complex
Numbers = npt.NDArray[Any]


@dataclass(frozen=True)
class Jacobian:
    """A multiple of d rate / dy at ``y`` (N,).

    ``sensitivity`` (n, N): S. ``drift`` (m, p): D_j of every neuron. ``pull``: -2 c / n with the factor c of
    the loss, below zero. ``decay``: lambda of weight decay.
    """

    y: Array
    sensitivity: Array
    drift: Array
    pull: float
    factor: float = 1.0
    decay: float = 0.0
    #: so that NumPy's scalars leave products with it to ``__rmul__``
    __array_ufunc__ = None

    @property
    def dense(self) -> Array:
        """All of d rate / dy, (N, N)."""
        m, p = self.drift.shape
        whole: Array = self.pull * (self.sensitivity.T @ self.sensitivity)
        rows, columns = np.arange(m * p), m * p + np.repeat(np.arange(m), p)
        whole[rows, columns] += self.drift.ravel()
        whole[columns, rows] += self.drift.ravel()
        whole.flat[:: len(whole) + 1] -= self.decay
        return whole

    @property
    def diagonal(self) -> Array:
        """The diagonal of d rate / dy, (N,)."""
        squares = np.einsum("ki,ki->i", self.sensitivity, self.sensitivity)
        return np.asarray(self.pull * squares - self.decay)

    def __rmul__(self, factor: float) -> "Jacobian":
        return replace(self, factor=factor * self.factor)


@dataclass(frozen=True)
class Identity:
    """A multiple of the identity, for SciPy's ``shift * I - J`` and ``I - c * J``."""

    shift: complex = 1.0
    __array_ufunc__ = None

    def __rmul__(self, shift: complex) -> "Identity":
        return Identity(shift * self.shift)

    def __sub__(self, jacobian: Jacobian) -> "NewtonMatrix":
        return NewtonMatrix(jacobian, self.shift)


@dataclass(frozen=True)
class NewtonMatrix:
    """shift - jacobian = B - factor pull S'S; B = shift + factor (decay - C) has a block for each neuron."""

    jacobian: Jacobian
    shift: complex

    def solve(self, right: Numbers) -> Numbers:
        """x (N,) with (shift - jacobian) x = ``right``."""
        found = self._block_solve(right)
        correction = lu_solve(self._core, self.jacobian.sensitivity @ found, check_finite=False)
        return np.asarray(found - self._columns @ correction)

    def _block_solve(self, right: Numbers) -> Numbers:
        """B^-1 applied to the columns of ``right`` (N,) or (N, k)."""
        jacobian = self.jacobian
        shift, drift = self.shift + jacobian.factor * jacobian.decay, jacobian.factor * jacobian.drift
        m, p = drift.shape
        columns = right.reshape(m * (p + 1), -1)
        u, v = columns[: m * p].reshape(m, p, -1), columns[m * p :]
        size = np.einsum("jp,jp->j", drift, drift)
        y = (shift * v + np.einsum("jp,jpk->jk", drift, u)) / (shift**2 - size)[:, None]
        x = (u + drift[:, :, None] * y[:, None, :]) / shift
        return np.concatenate([x.reshape(m * p, -1), y]).reshape(right.shape)

    @cached_property
    def _columns(self) -> Numbers:
        """B^-1 S', (N, n)."""
        return self._block_solve(self.jacobian.sensitivity.T)

    @cached_property
    def _core(self) -> tuple[Numbers, Numbers]:
        """Factors of -1 / (factor pull) + S B^-1 S', (n, n)."""
        jacobian = self.jacobian
        core = jacobian.sensitivity @ self._columns
        core.flat[:: len(core) + 1] -= 1.0 / (jacobian.factor * jacobian.pull)
        factor, pivots = lu_factor(core, overwrite_a=True, check_finite=False)
        return factor, pivots
