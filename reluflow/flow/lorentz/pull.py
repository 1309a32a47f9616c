"""The pull of the data on every neuron, for given values of the residual.

D_j = -(1/n) sum_k A_jk r_k x_k,       slope_jk = <x_k, D_j>  (so that dz_jk/dt = a_j slope_jk).
"""

from dataclasses import dataclass

import numpy as np

from reluflow.flow.lorentz.neurons import SLIDING, Neurons
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array

#: slopes below this (relative to what was summed) are rounding while a neuron slides
ROUNDING = 1e-13


@dataclass(frozen=True)
class Pull:
    """For b neurons at s values of the residual: all is linear in them, so any r on the path is at hand.

    direction (s, b, p): D_j. slope (s, b, h). multiplier (s, b, t): beta of each of the t slots.
    """

    direction: Array
    slope: Array
    multiplier: Array

    def take(self, rows: Index) -> "Pull":
        """That on some of the neurons."""
        return Pull(self.direction[:, rows], self.slope[:, rows], self.multiplier[:, rows])


def pull(neurons: Neurons, samples: Samples, residual: Array) -> Pull:
    """The pull at residuals (s, q)."""
    counted = neurons.on * residual[:, None, : samples.primaries]
    if samples.mirrored.size:
        counted += (1.0 - neurons.on) * samples.off_force(residual)[:, None, :]
    multiplier = np.zeros((len(residual), len(neurons), neurons.slots.shape[1]))
    rows, slot, sample = neurons.sliders
    if rows.size:
        gathered = (counted @ samples.inputs).transpose(1, 0, 2)
        beta = np.matmul(gathered, neurons.dual.transpose(0, 2, 1))
        counted[:, rows, sample] -= beta[rows, :, slot].T
        multiplier[:, rows, slot] = counted[:, rows, sample]
    counted *= -1.0 / samples.total
    direction = counted @ samples.inputs
    slope = counted @ samples.gram if samples.has_zeros else direction @ samples.inputs.T
    if rows.size:
        _clear_rounding(slope, counted, neurons, samples)
    return Pull(direction, slope, multiplier)


def _clear_rounding(slope: Array, counted: Array, neurons: Neurons, samples: Samples) -> None:
    """Make slopes on sliding samples, and on those at rest that depend on them, exactly zero."""
    rows, _, sample = neurons.sliders
    slope[:, rows, sample] = 0.0
    at_rest = (neurons.z == 0.0) & (neurons.status != SLIDING)
    some = np.flatnonzero(np.any(at_rest, axis=1))
    if some.size == 0:
        return
    sizes = np.sqrt(samples.squares[: samples.primaries])
    bound = ROUNDING * (np.abs(counted[:, some]) @ sizes)[..., None] * sizes
    part = slope[:, some]
    part[np.abs(part) <= bound] = 0.0
    slope[:, some] = part
