"""The pull of the data on every neuron, for given values of the residual.

D_j = -(1/n) sum_k A_jk r_k x_k,       slope_jk = <x_k, D_j>  (so that dz_jk/dt = a_j slope_jk).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.neurons import OFF, ON, Bytes, Neurons
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array, indices

#: slopes below this (relative to what was summed) are rounding while a neuron slides
ROUNDING = 1e-13


@dataclass(frozen=True)
class Pull:
    """For b neurons and the s terms of the path: all is linear in them, so any r on the path is at hand.

    direction (s, b, p): D_j. slope (s, b, h). multiplier (s, b, t): beta of each of the t slots. free: what
    direction and slope would be if nothing were slid on, where it pays to know (``Samples.many``).
    """

    direction: Array
    slope: Array
    multiplier: Array
    free: tuple[Array, Array] | None = None

    @cached_property
    def gram(self) -> Array:
        """<D_i, D_j> of all terms (b, s, s)."""
        directions = self.direction.transpose(1, 0, 2)
        gram: Array = np.matmul(directions, directions.transpose(0, 2, 1))
        return gram

    def take(self, rows: Index) -> "Pull":
        """That on some of the neurons."""
        free = None if self.free is None else (self.free[0][:, rows], self.free[1][:, rows])
        return Pull(self.direction[:, rows], self.slope[:, rows], self.multiplier[:, rows], free)


def pull(neurons: Neurons, forcing: Forcing) -> Pull:
    """The pull for all terms of the path."""
    return _held(_free(neurons, forcing), neurons, forcing)


def _free(neurons: Neurons, forcing: Forcing) -> tuple[Array, Array]:
    """Direction and slope as if nothing were slid on."""
    samples = forcing.samples
    direction = np.matmul(neurons.on, forcing.on_inputs)
    if samples.pull_when_off:
        direction += np.matmul(neurons.off, forcing.off_inputs)
    if not samples.has_zeros:
        return direction, direction @ samples.inputs.T
    slope = np.matmul(neurons.on, forcing.on_gram)
    if samples.pull_when_off:
        slope += np.matmul(neurons.off, forcing.off_gram)
    return direction, slope


def pull_after(pulled: Pull, old: Bytes, neurons: Neurons, forcing: Forcing) -> Pull:
    """The pull on neurons from that on them before; most have changed at one sample at most.

    old (b, h): their activations then; ``pulled`` must know what is ``free``.
    """
    assert pulled.free is not None
    samples, rows = forcing.samples, np.arange(len(neurons))
    changed = neurons.status != old
    sample = np.argmax(changed, axis=1)
    before, now = old[rows, sample], neurons.status[rows, sample]
    change = forcing.on_force[:, sample] * (1.0 * (now == ON) - (before == ON))
    if samples.pull_when_off:
        change += forcing.off_force[:, sample] * (1.0 * (now == OFF) - (before == OFF))
    change = (change / -samples.total)[:, :, None]
    direction, slope = pulled.free
    direction, slope = direction + change * samples.inputs[sample], slope + change * samples.gram[sample]
    live = neurons.live(samples)
    several = indices(live & (np.count_nonzero(changed, axis=1) > 1))
    if several.size:
        direction[:, several], slope[:, several] = _free(neurons.take(several), forcing)
    rest = indices(~live)
    direction[:, rest], slope[:, rest] = 0.0, 0.0  # exactly: else rounding would wake them
    return _held((direction, slope), neurons, forcing)


def _held(free: tuple[Array, Array], neurons: Neurons, forcing: Forcing) -> Pull:
    """The pull on neurons held on what they slide on, from direction and slope as if they were free."""
    samples = forcing.samples
    direction, slope = free
    multiplier = np.zeros((len(direction), *neurons.slots.shape))
    if neurons.sliders[0].size:
        slides = (neurons.slots >= 0).any(axis=1)
        some = slice(None) if slides.all() else indices(slides)
        slots = neurons.slots[some]
        beta = np.matmul(direction[:, some].transpose(1, 0, 2), neurons.dual[some].transpose(0, 2, 1))
        direction, slope = direction.copy(), slope.copy()
        direction[:, some] -= np.matmul(beta, samples.inputs[slots]).transpose(1, 0, 2)
        slope[:, some] -= np.matmul(beta, samples.gram[slots]).transpose(1, 0, 2)
        multiplier[:, some] = samples.total * beta.transpose(1, 0, 2)
        _clear_rounding(slope, neurons, forcing)
    return Pull(direction, slope, multiplier, free if samples.many else None)


def directions(neurons: Neurons, samples: Samples, residual: Array) -> Array:
    """D_j (b, p) at one residual (q,), or at one of their own (b, q)."""
    share = -1.0 / samples.total
    direction: Array = (neurons.on * (share * samples.on_force(residual))) @ samples.inputs
    if samples.pull_when_off:
        direction += (neurons.off * (share * samples.off_force(residual))) @ samples.inputs
    if neurons.sliders[0].size:
        beta = np.matmul(neurons.dual, direction[:, :, None])[:, :, 0]
        direction -= np.matmul(beta[:, None, :], samples.inputs[neurons.slots])[:, 0]
    return direction


def on_its_samples(neurons: Neurons, samples: Samples, residual: Array) -> Array:
    """<x_k, D_j> where k is active for j, and zero elsewhere (b, h), at one residual (q,)."""
    slope: Array = neurons.on * (directions(neurons, samples, residual) @ samples.inputs.T)
    return slope


def _clear_rounding(slope: Array, neurons: Neurons, forcing: Forcing) -> None:
    """Make slopes on sliding samples, and on those at rest that depend on them, exactly zero.

    A slope is zero as a whole or not at all: without some of its terms it would have another sign.
    """
    samples = forcing.samples
    rows, _, sample = neurons.sliders
    slope[:, rows, sample] = 0.0
    some = indices(neurons.touching.any(axis=1))
    if some.size == 0:
        return
    sizes = np.sqrt(samples.squares[: samples.primaries])
    force = np.maximum(np.abs(forcing.on_force), np.abs(forcing.off_force))
    summed = (force * sizes) @ (neurons.on + neurons.off)[some].T
    part = slope[:, some]
    small = np.abs(part) <= ROUNDING / samples.total * summed[..., None] * sizes
    part[:, small.all(axis=0)] = 0.0
    slope[:, some] = part
