"""The pull of the data on every neuron, for given values of the residual.

D_j = -(1/n) sum_k A_jk r_k x_k,       slope_jk = <x_k, D_j>  (so that dz_jk/dt = a_j slope_jk).
"""

from dataclasses import dataclass

import numpy as np

from reluflow.flow.lorentz.drive import Drive
from reluflow.flow.lorentz.neurons import SLIDING, Neurons
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array

#: slopes below this (relative to what was summed) are rounding while a neuron slides
ROUNDING = 1e-13


@dataclass(frozen=True)
class Pull:
    """For b neurons and the s terms of the path: all is linear in them, so any r on the path is at hand.

    direction (s, b, p): D_j. slope (s, b, h). multiplier (s, b, t): beta of each of the t slots.
    """

    direction: Array
    slope: Array
    multiplier: Array

    def take(self, rows: Index) -> "Pull":
        """That on some of the neurons."""
        return Pull(self.direction[:, rows], self.slope[:, rows], self.multiplier[:, rows])


def pull(neurons: Neurons, drive: Drive) -> Pull:
    """The pull for all terms of the path."""
    samples = drive.samples
    direction = np.matmul(neurons.on, drive.on_inputs)
    if samples.pull_when_off:
        direction += np.matmul(neurons.off, drive.off_inputs)
    multiplier = np.zeros((len(direction), *neurons.slots.shape))
    slides = neurons.sliders[0].size > 0
    if slides:
        beta = np.matmul(direction.transpose(1, 0, 2), neurons.dual.transpose(0, 2, 1))
        direction -= np.matmul(beta, samples.inputs[neurons.slots]).transpose(1, 0, 2)
        multiplier = samples.total * beta.transpose(1, 0, 2)
    if samples.has_zeros:
        slope = np.matmul(neurons.on, drive.on_gram)
        if samples.pull_when_off:
            slope += np.matmul(neurons.off, drive.off_gram)
        if slides:
            slope -= np.matmul(beta, samples.gram[neurons.slots]).transpose(1, 0, 2)
    else:
        slope = direction @ samples.inputs.T
    if slides:
        _clear_rounding(slope, neurons, drive)
    return Pull(direction, slope, multiplier)


def directions(neurons: Neurons, samples: Samples, residual: Array) -> Array:
    """D_j (b, p) at one residual (q,)."""
    drive = Drive(samples, Path(residual[None], 0.0), 0.0)
    direction: Array = neurons.on @ drive.on_inputs[0]
    if samples.pull_when_off:
        direction += neurons.off @ drive.off_inputs[0]
    if neurons.sliders[0].size:
        beta = np.matmul(neurons.dual, direction[:, :, None])[:, :, 0]
        direction -= np.matmul(beta[:, None, :], samples.inputs[neurons.slots])[:, 0]
    return direction


def _clear_rounding(slope: Array, neurons: Neurons, drive: Drive) -> None:
    """Make slopes on sliding samples, and on those at rest that depend on them, exactly zero."""
    samples = drive.samples
    rows, _, sample = neurons.sliders
    slope[:, rows, sample] = 0.0
    at_rest = (neurons.z == 0.0) & (neurons.status != SLIDING)
    some = np.flatnonzero(at_rest.any(axis=1))
    if some.size == 0:
        return
    sizes = np.sqrt(samples.squares[: samples.primaries])
    force = np.maximum(np.abs(drive.force), np.abs(drive.idle))
    summed = (force * sizes) @ (neurons.on + neurons.off)[some].T
    part = slope[:, some]
    part[np.abs(part) <= ROUNDING / samples.total * summed[..., None] * sizes] = 0.0
    slope[:, some] = part
