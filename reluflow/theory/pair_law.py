"""The pair law, and the small differences between live neurons that it fixes for ever.

Two neurons with the same activation pattern feel the same force, whatever the residuals do, so that
a_i a_j - <w_i, w_j> is conserved [derived: (w_j, a_j) all undergo the same hyperbolic rotations]. For
balanced neurons it is a_i a_j (1 - cos angle_ij): while they grow the angle between them shrinks, down to
scale times a constant that early alignment decides. Each neuron of a bundle that has aligned with gamma has

    amplitude A_j = (a_j + p_j) exp(-|gamma| t),  offset q_j = w_j,perp / A_j,  p_j = <w_j, gamma> / |gamma|,

both constant once it sees every sample. In the end, when sum_j a_j w_j = v*, with S = sum A^2,

    a_j = A_j sqrt(|v*| / S),    angle_ij = |q_i - q_j| sqrt(S / |v*|).
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from reluflow.flow.lorentz.boost import light_cone_parts
from reluflow.network import Array, row_norms
from reluflow.theory.yardsticks import Alignment

#: ln of sqrt(S) over the amplitude of a neuron from which on it is held as just as faint: its angle, which is
#: beyond all that is meant, then has a square that is a number
FAINTEST: Final = 300.0


@dataclass(frozen=True)
class Amplitudes:
    """Of the neurons of a bundle: ``log`` (k,) of A_j, ``offsets`` (k, d) q_j times exp(``log_unit``).

    ``log_unit``: ln of sqrt(S), taken out so that starts of scale 1e-300 stay in range.
    """

    log: Array
    offsets: Array
    log_unit: float

    @property
    def shares(self) -> Array:
        """A_j^2 / S, shape (k,): each neuron's share of the final sum a_j w_j."""
        shares: Array = np.exp(2.0 * (self.log - self.log_unit))
        return shares

    @property
    def log_mass(self) -> float:
        """ln u_0: the bundle grows as sum_j a_j |w_j| = u_0 exp(2 |gamma| t), t half-mse flow time."""
        return 2.0 * self.log_unit - float(np.log(4.0))

    def displacements(self, size: float) -> Array:
        """Small displacements (k, d) of the final directions from their mean; ``size`` = |v*|.

        Orthogonal to gamma: they reach the teacher by parallel transport along the bundle's path.
        """
        centred = self.offsets - self.shares @ self.offsets
        displacements: Array = centred / np.sqrt(size)
        return displacements

    @property
    def offset(self) -> Array:
        """(d,): while it is small and grows freely, the bundle is |v| gamma / |gamma| + sqrt(|v|) offset."""
        offset: Array = self.shares @ self.offsets
        return offset

    def rms_angle(self, size: float) -> float:
        """Root of the mean square of the final displacements (radians), by mass; ``size`` = |v*|."""
        return float(np.sqrt(self.shares @ np.sum(self.displacements(size) ** 2, axis=1)))


def amplitudes(alignment: Alignment, gamma: Array) -> Amplitudes:
    """Of the neurons in ``alignment.bundle``, at least one, with ``gamma`` (d,) of all samples."""
    members, rate = alignment.bundle, float(np.linalg.norm(gamma))
    unit = float(np.max(alignment.output_weights[members]))
    w, a = alignment.weights[members] / unit, alignment.output_weights[members] / unit
    across, plus, _ = light_cone_parts(np.tile(gamma / rate, (len(a), 1)), w, a, np.zeros(len(a)))
    log = np.log(plus) - rate * alignment.settled[members]
    top = float(np.max(log))
    log_unit = top + 0.5 * float(np.log(np.sum(np.exp(2.0 * (log - top)))))
    offsets = across * (unit * np.exp(np.minimum(log_unit - log, FAINTEST)))[:, None]
    return Amplitudes(log + np.log(unit), offsets, log_unit + float(np.log(unit)))


def largest_angle(found: Amplitudes, size: float) -> float:
    """Largest final angle (degrees) between neurons of the bundle; ``size`` = |v*|. 0 for one neuron."""
    points = found.displacements(size)
    chord = max(float(np.max(row_norms(points - point))) for point in points)
    return float(np.degrees(2.0 * np.arcsin(min(0.5 * chord, 1.0))))


def transported(path: Array, vectors: Array) -> Array:
    """``vectors`` (m, d), orthogonal to the first of the unit vectors ``path`` (k, d), carried to the last.

    Parallel transport on the sphere: each step is the least rotation that takes one unit vector to the next.
    """
    carried = vectors.copy()
    for here, there in pairwise(path):
        middle = here + there
        carried -= np.outer(2.0 * (carried @ middle) / (middle @ middle), middle)
        carried -= np.outer(2.0 * (carried @ there), there)
    return carried


def pair_products(weights: Array, output_weights: Array) -> Array:
    """a_i a_j - <w_i, w_j> of all pairs (m, m), from |u_i - u_j|^2 / 2 so that small angles are not lost."""
    norms = row_norms(weights)
    unit = weights / np.where(norms > 0.0, norms, 1.0)[:, None]
    gaps = np.array([np.sum((unit - one) ** 2, axis=1) for one in unit])
    excess = output_weights - norms
    products: Array = (
        0.5 * np.outer(norms, norms) * gaps + np.outer(excess, output_weights) + np.outer(norms, excess)
    )
    return products
