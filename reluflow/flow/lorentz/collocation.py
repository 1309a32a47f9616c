"""The path of the residual over one step: Radau IIA collocation in sample space.

Neurons see each other only through the residual, q numbers whatever the width. Over a step of length h
it is represented by the polynomial through its values R_i at the Radau nodes c_i h; given that path, every
neuron is moved on its own, and the residuals F_i(R) of the moved network at the nodes must be the R_i. As
dr/dt = -K r, the equation R = F(R) is that of the Radau IIA method (Hairer & Wanner, Solving Ordinary
Differential Equations II, section IV.8), and simplified Newton needs only

    (I + h A (x) K) dR = F(R) - R,

which one eigendecomposition of K (q, q) and a system of s equations for each mode solve. Where K turns on
the way, so that this would take many iterations, the next ones know it at the end of the step too.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.polynomial import Polynomial

from reluflow.flow.lorentz.settings import EPS, SPECTRUM
from reluflow.network import Array, indices


@dataclass(frozen=True)
class Tableau:
    """A Radau IIA method of s stages.

    nodes (s,), the last one 1. lagrange (s, s): row i holds the coefficients, lowest first, of the
    polynomial that is 1 at node i and 0 at the others. integrals (s, s): the matrix A.
    damping: 1 / (the real eigenvalue of A^-1), of the filter of the error estimate.
    """

    nodes: Array
    lagrange: Array
    integrals: Array
    damping: float

    @property
    def stages(self) -> int:
        """s"""
        return int(self.nodes.size)

    @property
    def start(self) -> Array:
        """The basis polynomials at 0 (s,)."""
        start: Array = self.lagrange[:, 0]
        return start


def radau(stages: int) -> Tableau:
    """The tableau with the given odd number of stages.

    The nodes are the roots of the (s-1)th derivative of x^(s-1) (x-1)^s.
    """
    polynomial = Polynomial.fromroots([0.0] * (stages - 1) + [1.0] * stages).deriv(stages - 1)
    nodes = np.sort(polynomial.roots().real)
    for _ in range(3):
        nodes = nodes - polynomial(nodes) / polynomial.deriv()(nodes)
    nodes[-1] = 1.0
    powers = np.vander(nodes, stages, increasing=True)
    lagrange = np.linalg.inv(powers).T
    moments = nodes[:, None] ** np.arange(1, stages + 1) / np.arange(1, stages + 1)
    integrals = moments @ lagrange.T
    values = np.linalg.eigvals(integrals)
    real = values[np.argmin(np.abs(values.imag))].real
    return Tableau(
        nodes=nodes,
        lagrange=lagrange,
        integrals=integrals,
        damping=float(real),
    )


RADAU: Final = radau(7)
#: how often the solution with a K that turns is refined
REFINED: Final = 2


@dataclass(frozen=True)
class Spectrum:
    """K = vectors diag(values) vectors', values >= 0: the kernel of dr/dt = -K r (q, q)."""

    values: Array
    vectors: Array

    def decay(self, residual: Array, times: Array) -> Array:
        """exp(-K t) r for every t: (s, q)."""
        modes = np.exp(-np.outer(times, self.values)) * (residual @ self.vectors)
        decayed: Array = modes @ self.vectors.T
        return decayed

    def newton(self, defect: Array, length: float, integrals: Array) -> Array:
        """dR in (I + h A (x) K) dR = defect, both (s, q), with A (s, s) the integrals of the path's basis."""
        modes = np.ascontiguousarray((defect @ self.vectors).T)
        some = indices(self.values > 0.0)  # the others stay as they are
        matrices = length * self.values[some, None, None] * integrals
        matrices += np.eye(RADAU.stages)
        modes[some] = np.linalg.solve(matrices, modes[some][:, :, None])[:, :, 0]
        correction: Array = modes.T @ self.vectors.T
        return correction

    def filtered(self, residual: Array, share: Array) -> Array:
        """The amplitudes (q,) of its modes, each times its share (q,)."""
        filtered: Array = (residual @ self.vectors) * share
        return filtered


def spectrum(kernel: Array, low_rank: bool = False) -> Spectrum:
    """The eigendecomposition of K; rounding below zero is cut. low_rank: whether its rank may be low."""
    found = _of_low_rank(kernel) if low_rank and len(kernel) >= SPECTRUM.samples else None
    if found is not None:
        return found
    values, vectors = np.linalg.eigh(kernel)
    return Spectrum(np.maximum(values, 0.0), vectors)


def _of_low_rank(kernel: Array) -> Spectrum | None:
    """The eigendecomposition of a K (q, q) of low rank r; None if its rank is not low.

    A pivoted Cholesky decomposition gives K = L L' with L (q, r). In an orthonormal basis that begins with
    one of the span of L, K is a matrix (r, r), and zero beside it.
    """
    from scipy.linalg.lapack import dpstrf  # where it is needed: it takes longer than many a run

    size = len(kernel)
    factor, pivots, rank, _ = dpstrf(kernel, lower=1, tol=size * EPS * np.diagonal(kernel).max())
    if not 0 < rank <= SPECTRUM.rank * size:
        return None
    columns = np.empty((size, rank))
    columns[pivots - 1] = np.tril(factor[:, :rank])
    vectors, triangle = np.linalg.qr(columns, mode="complete")
    values = np.zeros(size)
    values[:rank], turned = np.linalg.eigh(triangle[:rank] @ triangle[:rank].T)
    vectors[:, :rank] = vectors[:, :rank] @ turned
    return Spectrum(np.maximum(values, 0.0), vectors)


class Newton:
    """Newton's method with K that turns, from K_0 to K_0 + turn (q, q).

    course (s,): the share of the turn at each node.

    An error dR of the path changes what neurons are at node i by the integral of dR up to there, and the
    predictions by K_i times that: dR in (I + h diag(K_i) (A (x) I)) dR = defect. It is solved with the K
    halfway, and refined.
    """

    def __init__(
        self,
        start: Array,
        turn: Array,
        length: float,
        integrals: Array,
        course: Array,
        low_rank: bool = False,
    ) -> None:
        self._start, self._turn, self._length, self._integrals = start, turn, length, integrals
        self._halfway, self._course = spectrum(start + 0.5 * turn, low_rank), course[:, None]

    def correction(self, defect: Array) -> Array:
        """dR (s, q)."""
        change = self._halfway.newton(defect, self._length, self._integrals)
        for _ in range(REFINED):
            moved = self._integrals @ change
            acted = moved @ self._start + self._course * (moved @ self._turn)
            left = defect - change - self._length * acted
            change = change + self._halfway.newton(left, self._length, self._integrals)
        return change
