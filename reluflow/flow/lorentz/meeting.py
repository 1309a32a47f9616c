"""Which kinks meet: where several are reached at once, and where a neuron that slides cannot leave others."""

from collections.abc import Callable

import numpy as np

from reluflow.flow.lorentz.neurons import SLIDING, Mask, Neurons
from reluflow.flow.lorentz.pull import Pull
from reluflow.flow.lorentz.release import Releases
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array, row_norms

#: pre-activations this small, relative to the largest one, or to the largest one before, vanish together; and
#: those that are so small and reach zero within this share of the step
TOGETHER, AT_ONCE = 1e-10, 1e-6
#: a component of an input along the dual vector of another one is rounding below this (relative)
TIED = 1e-9


def meeting(
    before: Neurons, here: Neurons, sample: Index, speeds: Callable[[], Array], length: float
) -> Mask:
    """The kinks (b, h) that meet where neurons reach that of ``sample`` (b,); none where that one is alone.

    before, here: where they come from, and where they are; speeds: tells dz/dt there (b, h); length: of the
    step. A neuron that has one line left, or moves straight to w = 0, reaches all kinks at once; where a
    single coordinate is left there is but one.
    """
    sizes, rows = np.abs(here.z), np.arange(sample.size)
    largest = sizes.max(axis=1)
    near: Mask = (sizes <= TOGETHER * largest[:, None]) & (here.side != 0.0)
    near[rows, sample] = False
    if near.any():
        arrives = -here.side * speeds()
        near &= (arrives * (AT_ONCE * length) >= sizes) & (arrives > 0.0)
        near[rows, sample] = True
        alone = np.count_nonzero(near, axis=1) == 1
        near |= here.status == SLIDING
        near[alone] = False
    if here.weights.shape[1] > 1:
        near[here.lined | (largest <= TOGETHER * np.abs(before.z).max(axis=1))] = True
    return near


def held_together(here: Neurons, pulled: Pull, releases: Releases, which: Index, samples: Samples) -> Mask:
    """The kinks (c, h) that meet where the neurons in ``which`` (c,) are to leave one; none where they can.

    A neuron cannot leave them while it slides, so that on which of them it slides is a matter of words, if
    one that it does not slide on depends on the one that lets go.
    """
    stays: Mask = (here.z[which] == 0.0) & ~pulled.slope[:, which].any(axis=0)
    stays[~here.weights[which].any(axis=1)] = True
    gone = here.dual[which, releases.slot[which]]
    tied = np.abs(gone @ samples.inputs.T) > TIED * row_norms(gone)[:, None] * samples.lengths
    several = (stays & tied & (here.status[which] != SLIDING)).any(axis=1)
    stays[~several] = False
    return stays
