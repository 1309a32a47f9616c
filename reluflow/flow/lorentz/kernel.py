"""The kernel of the residual's flow, dr/dt = -K r.

    K = (1/n) sum_j [ a_j^2 (A_j A_j') * (X P_j X') + relu(z_j) relu(z_j)' ]

with A_j the activations of neuron j as a column, * the product by elements, and P_j the projection
orthogonal to the samples on which it slides. It only steers Newton's method, but without P_j that would
not converge.
"""

import numpy as np

from reluflow.flow.lorentz.neurons import Neurons, hidden_values
from reluflow.flow.lorentz.samples import Samples
from reluflow.network import Array


def kernel(neurons: Neurons, samples: Samples, rows: int) -> Array:
    """K (q, q) of merged samples, over blocks of so many neurons."""
    total = np.zeros((samples.size, samples.size))
    for block in neurons.blocks(rows):
        total += _summed(block, samples)
    symmetric: Array = (total + total.T) * (0.5 / samples.total)
    return symmetric


def _summed(neurons: Neurons, samples: Samples) -> Array:
    """The sum over some neurons (q, q)."""
    features = hidden_values(neurons, neurons.z[:, None, :], samples)[:, 0] * neurons.root[:, None]
    active = _active(neurons, samples) * (neurons.outputs * neurons.root)[:, None]
    total: Array = features.T @ features + (active.T @ active) * samples.gram_all
    if neurons.sliders[0].size:
        total -= _projected_out(neurons, active, samples)
    return total


def _active(neurons: Neurons, samples: Samples) -> Array:
    """A_jk of all merged samples (b, q): 1 where active, the slope where not, 0 where sliding."""
    if not samples.pull_when_off:
        return neurons.on
    on, off = neurons.on, neurons.off
    return np.hstack([on + samples.slope * off, (off + samples.slope * on)[:, samples.mirrored]])


def _projected_out(neurons: Neurons, active: Array, samples: Samples) -> Array:
    """sum_j a_j^2 (A_j A_j') * (X (1 - P_j) X') over sliding neurons (q, q); active (b, q) holds a_j.

    1 - P = sum_k x_k dual_k' over the samples k in the sliding set.
    """
    rows, slot, sample = neurons.sliders
    inner = neurons.dual[rows, slot] @ samples.inputs.T
    mirrors = -samples.mirror_ratio * inner[:, samples.mirrored]
    left = active[rows] * samples.gram_all[sample]
    right = active[rows] * np.hstack([inner, mirrors])
    projected: Array = left.T @ right
    return projected
