"""Sliding: motion along the hyperplanes of samples whose kink attracts a neuron from both sides.

A neuron that slides on samples S moves with its pull D projected orthogonally to span{x_k, k in S}: the
field of least norm in Filippov's convex hull (Filippov, Differential Equations with Discontinuous
Righthand Sides, 1988, section 4), in which sample k counts with a weight alpha_k in [0, 1]. In terms of
dual vectors, dual_k in span S with <dual_k, x_l> = 1 if k = l else 0,

    D = f - sum_k <dual_k, f> x_k        for the pull f of all samples that are on,

so the slid sample k enters with the multiplier beta_k = alpha_k r_k = -<dual_k, f> (f without the factor
-1/n). The dual vectors of a growing or shrinking set are updated at O(s p).
"""

from dataclasses import replace

import numpy as np

from reluflow.flow.lorentz.neurons import SLIDING, Neurons, widened
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array

#: a sample whose distance from the span of the sliding ones is below this (squared, relative) lies in it
DEPENDENT = 1e-20


def distances(neurons: Neurons, sample: Index, samples: Samples) -> tuple[Array, Array]:
    """The part of x_k orthogonal to the sliding samples (b, p), and its squared norm (b,), zero if dependent.

    ``sample`` (b,): the k of every neuron.
    """
    x = samples.inputs[sample]
    across = x.copy()
    if neurons.slots.shape[1]:
        taken = samples.padded[neurons.slots]
        for _ in range(2):
            weight = np.vecdot(neurons.dual, across[:, None, :])
            across = across - np.matmul(weight[:, None, :], taken)[:, 0]
    squares = np.vecdot(across, across)
    squares[squares <= DEPENDENT * samples.squares[sample]] = 0.0
    return across, squares


def attach(neurons: Neurons, sample: Index, samples: Samples) -> Neurons:
    """Every neuron starts to slide on its ``sample`` (b,), which must not depend on those it slides on."""
    across, squares = distances(neurons, sample, samples)
    full = np.all(neurons.slots >= 0, axis=1)
    if full.any():
        neurons = widened(neurons, neurons.slots.shape[1] + 1)
    rows = np.arange(len(neurons))
    free = np.argmax(neurons.slots < 0, axis=1)
    new = across / squares[:, None]
    overlap = np.vecdot(neurons.dual, samples.inputs[sample][:, None, :])
    dual = neurons.dual - overlap[:, :, None] * new[:, None, :]
    dual[rows, free] = new
    slots = neurons.slots.copy()
    slots[rows, free] = sample
    status = neurons.status.copy()
    status[rows, sample] = SLIDING
    return replace(neurons, dual=dual, slots=slots, status=status)


def detach(neurons: Neurons, slot: Index, status: Index) -> Neurons:
    """Every neuron stops to slide on the sample in its ``slot`` (b,), which becomes ``status`` (b,)."""
    rows = np.arange(len(neurons))
    gone = neurons.dual[rows, slot]
    overlap = np.vecdot(neurons.dual, gone[:, None, :])
    overlap /= np.vecdot(gone, gone)[:, None]
    dual = neurons.dual - overlap[:, :, None] * gone[:, None, :]
    dual[rows, slot] = 0.0
    changed = neurons.status.copy()
    changed[rows, neurons.slots[rows, slot]] = status
    slots = neurons.slots.copy()
    slots[rows, slot] = -1
    return replace(neurons, dual=dual, slots=slots, status=changed)
