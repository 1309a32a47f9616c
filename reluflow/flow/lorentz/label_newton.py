"""Newton's method for the path of losses of labels, whose curvature changes along the step.

The predictions h of merged samples at the nodes are the unknowns: their forces g(h) are the path, along which
neurons are moved to other predictions. As dh/dt = -K g(h), the change dh that makes the two equal obeys

    (I + h (A (x) K) diag(g'(h))) dh = defect,

with A the integrals of the path's basis. It is solved by GMRES; the preconditioner has one curvature c for
the whole step, so that K c is similar to the symmetric sqrt(c) K sqrt(c).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from reluflow.flow.lorentz.collocation import RADAU, Spectrum, spectrum
from reluflow.network import Array

#: what is left of a defect that Newton's method solves for, and iterations of GMRES for that at most
SOLVED: Final = 1e-3
ITERATIONS: Final = 12
#: Curvatures below this share of the largest count as that: they only precondition.
LEAST_CURVATURE: Final = 1e-20


@dataclass(frozen=True)
class CurvedSpectrum:
    """K C + 2 lambda = R^-1 (vectors diag(values) vectors') R with R = diag(root), root = sqrt(c) (q,)."""

    symmetric: Spectrum
    root: Array

    @staticmethod
    def of(tangent: Array, curvature: Array, damping: float) -> "CurvedSpectrum":
        """From K (q, q), c (q,), and what weight decay adds to the diagonal."""
        largest = float(curvature.max(initial=0.0)) or 1.0
        # at least a normal number: where all labels are fitted beyond what numbers hold c vanishes
        least = max(LEAST_CURVATURE * largest, float(np.finfo(float).tiny))
        root = np.sqrt(np.maximum(curvature, least))
        matrix = root[:, None] * tangent * root
        matrix.flat[:: len(matrix) + 1] += damping
        return CurvedSpectrum(spectrum(matrix), root)

    @property
    def values(self) -> Array:
        """Rates of the modes (q,)."""
        return self.symmetric.values

    def newton(self, defect: Array, length: float, integrals: Array) -> Array:
        """dh in (I + h A (x) (K C + 2 lambda)) dh = defect, both (s, q)."""
        found: Array = self.symmetric.newton(defect * self.root, length, integrals) / self.root
        return found

    def moved(self, rate: Array, times: Array) -> Array:
        """How far predictions with dh/dt = rate (q,) get in times (s,), if K and C stand still: (s, q)."""
        fall = np.outer(times, self.values)
        safe = np.where(fall > 0.0, fall, 1.0)
        share = times[:, None] * np.where(fall > 0.0, -np.expm1(-fall) / safe, 1.0)
        vectors = self.symmetric.vectors
        moved: Array = (share * ((rate * self.root) @ vectors)) @ vectors.T / self.root
        return moved

    def filtered(self, force: Array, share: Array) -> Array:
        """Forces (q,), which obey dg/dt = -C K g, with each of their modes times its share (q,)."""
        amplitudes = ((force / self.root) @ self.symmetric.vectors) * share
        filtered: Array = (amplitudes @ self.symmetric.vectors.T) * self.root
        return filtered


@dataclass(frozen=True)
class LabelNewton:
    """Newton's method with K that turns, from K_0 to K_0 + turn (q, q), linearly all through the step.

    ``damping``: what weight decay adds, 2 lambda. ``curvature`` (s, q): g' at the nodes of the first path.
    """

    start: Array
    turn: Array | None
    length: float
    integrals: Array
    damping: float
    curvature: Array

    @cached_property
    def _preconditioner(self) -> CurvedSpectrum:
        halfway = self.start if self.turn is None else self.start + 0.5 * self.turn
        return CurvedSpectrum.of(halfway, self.curvature.mean(axis=0), self.damping)

    def correction(self, defect: Array, curvature: Array) -> Array:
        """dh (s, q) for a defect of predictions, with g' (s, q) where they are now."""
        size = float(np.abs(defect).max(initial=0.0))
        if size == 0.0:
            return defect
        shape = defect.shape

        def solved(right: Array) -> Array:
            return self._preconditioner.newton(right, self.length, self.integrals).ravel()

        def conditioned(change: Array) -> Array:
            return solved(self._applied(change.reshape(shape), curvature))

        change: Array = size * gmres(conditioned, solved(defect / size)).reshape(shape)
        return change

    def _applied(self, change: Array, curvature: Array) -> Array:
        moved = self.integrals @ (change * curvature)
        acted = moved @ self.start
        if self.turn is not None:
            acted += RADAU.nodes[:, None] * (moved @ self.turn)
        if self.damping:
            acted += self.damping * (self.integrals @ change)
        applied: Array = change + self.length * acted
        return applied


def gmres(matrix: Callable[[Array], Array], right: Array) -> Array:
    """x (k,) with ``matrix`` (x) = right (k,), to ``SOLVED`` of it, from x = right on.

    Generalised minimal residuals (Saad & Schultz, SIAM J. Sci. Stat. Comput. 7, 1986) for a matrix that is
    nearly the identity: SciPy's, of which few iterations are needed, takes longer to be imported and called.
    """
    missing = right - matrix(right)
    left, enough = float(np.linalg.norm(missing)), SOLVED * float(np.linalg.norm(right))
    if left <= enough:
        return right
    basis = np.empty((ITERATIONS + 1, right.size))
    hessenberg = np.zeros((ITERATIONS + 1, ITERATIONS))
    wanted = np.zeros(ITERATIONS + 1)
    basis[0], wanted[0] = missing / left, left
    for k in range(ITERATIONS):
        added = matrix(basis[k])
        for _ in range(2):  # once more, against rounding
            shares = basis[: k + 1] @ added
            added -= shares @ basis[: k + 1]
            hessenberg[: k + 1, k] += shares
        hessenberg[k + 1, k] = size = float(np.linalg.norm(added))
        found = np.linalg.lstsq(hessenberg[: k + 2, : k + 1], wanted[: k + 2], rcond=None)[0]
        left = float(np.linalg.norm(hessenberg[: k + 2, : k + 1] @ found - wanted[: k + 2]))
        if left <= enough or not size > 0.0:
            break
        basis[k + 1] = added / size
    solution: Array = right + found @ basis[: k + 1]
    return solution
