"""The coupled flow as power series in time, and how far they hold.

For fixed sides everything is bilinear: with derivatives g_jk of the activation and residuals r,

    r_k = sum_j a_j g_jk z_jk - y_k        w_j' = a_j D_j         z_jk' = a_j <x_k, D_j>
    a_j' = -(1/n) sum_k r_k g_jk z_jk      D_j = -(1/n) P_j sum_k g_jk r_k x_k

with P_j the projection orthogonally to the normals on which w_j slides. The pre-activations z are variables
of their own: a small one does not drown in the rounding of a large w.
"""

from dataclasses import dataclass

import numpy as np

from .bernstein import Basis, powers
from .kinks import Array, Kinks, Real
from .neurons import Drive, Neurons

#: terms of the series beyond the constant one; fewer where the next event is near
ORDER, SHORT = 28, 18
#: series are short after a step that was a smaller share of what the whole series would have allowed
NEAR = 0.25
#: the share of a quantity that the first terms left out may have
TOLERANCE = 1e-19


@dataclass
class Segment:
    """A piece of the path, of a length in time: coefficients in a basis on [0, 1].

    z (N + 1, m, n), w (N + 1, m, d), a (N + 1, m) and the residual r (N + 1, n).
    """

    basis: Basis
    length: np.longdouble
    z: Array
    w: Array
    a: Array
    r: Array

    def at(self, share: np.longdouble) -> tuple[Array, Array, Array]:
        """(z, w, a) at a share of the length."""
        here = self.basis.at(share)
        return np.einsum("i,ijk->jk", here, self.z), np.einsum("i,ijk->jk", here, self.w), here @ self.a

    def residual(self, share: np.longdouble) -> Array:
        return self.basis.at(share) @ self.r


def taylor(neurons: Neurons, drive: Drive, kinks: Kinks, longest: np.longdouble, order: int) -> Segment:
    """The series at a state over as long a time as they hold, at most ``longest``."""
    z, w, a, r = expand(neurons, drive, kinks, order)
    length = min(reach(w, a, r), longest)
    basis = powers(order)
    share = basis.at(length)
    return Segment(
        basis,
        length,
        z * share[:, None, None],
        w * share[:, None, None],
        a * share[:, None],
        r * share[:, None],
    )


def expand(neurons: Neurons, drive: Drive, kinks: Kinks, order: int) -> tuple[Array, Array, Array, Array]:
    """Coefficients of z, w, a and r in powers of time."""
    n = kinks.samples
    m, d = neurons.w.shape
    y = np.empty((order + 1, m, n + d), Real)
    y[0, :, :n], y[0, :, n:] = neurons.z, neurons.w
    a, r = np.empty((order + 1, m), Real), np.empty((order + 1, n), Real)
    on = np.empty((m, order + 1, n), Real)
    pull = np.empty((order + 1, m, n + d), Real)
    a[0], on[:, 0] = neurons.a, drive.derivatives * neurons.z
    for q in range(order + 1):
        back = a[q::-1]
        r[q] = np.einsum("ij,jik->k", back, on[:, : q + 1])
        if q == 0:
            r[0] += neurons.still
        if q == order:
            break
        pull[q] = np.einsum("jlk,k->jl", drive.pulls, r[q])
        y[q + 1] = np.einsum("ij,ijk->jk", back, pull[: q + 1]) / (q + 1)
        a[q + 1] = on[:, : q + 1].reshape(m, -1) @ r[q::-1].ravel() / (-n * (q + 1))
        on[:, q + 1] = drive.derivatives * y[q + 1, :, :n]
    return y[:, :, :n], y[:, :, n:], a, r


def reach(w: Array, a: Array, r: Array) -> np.longdouble:
    """How far in time the series hold to TOLERANCE of every neuron's size and of the residual."""
    size = np.abs(a[0]) + np.max(np.abs(w[0]), axis=1)
    rest = np.max(np.abs(r[0])) + Real(1e-300)
    found = Real(np.inf)
    for q in (len(a) - 2, len(a) - 1):
        term = np.abs(a[q]) + np.max(np.abs(w[q]), axis=1)
        share = max(np.max(term / size, initial=Real(0)), np.max(np.abs(r[q])) / rest)
        if share > 0:
            found = min(found, (TOLERANCE / share) ** (1 / Real(q)))
    return found
