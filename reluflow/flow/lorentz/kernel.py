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
        z = block.z[:, None, :]
        hidden = hidden_values(block, z, samples)
        total += kernels(block, block.outputs[:, None], hidden, block.root[:, None], samples)[0]
    return total


def kernels(neurons: Neurons, outputs: Array, hidden: Array, root: Array, samples: Samples) -> Array:
    """K (k, q, q) at k moments at which neurons have a (b, k) and relu(z) (b, k, q), times root (b, k)."""
    features = (hidden * root[:, :, None]).transpose(1, 0, 2)
    total = np.matmul(features.transpose(0, 2, 1), features)
    size = (outputs * root).T[:, :, None]
    active = _active(neurons, samples) * size
    total += np.matmul(active.transpose(0, 2, 1), active) * samples.gram_all
    if neurons.sliders[0].size:
        total -= _projected_out(neurons, active, samples)
    symmetric: Array = (total + total.transpose(0, 2, 1)) * (0.5 / samples.total)
    return symmetric


def _active(neurons: Neurons, samples: Samples) -> Array:
    """A_jk of all merged samples (b, q): 1 where active, the slope where not, 0 where sliding."""
    if not samples.pull_when_off:
        return neurons.on
    on, off = neurons.on, neurons.off
    return np.hstack([on + samples.slope * off, (off + samples.slope * on)[:, samples.mirrored]])


def _projected_out(neurons: Neurons, active: Array, samples: Samples) -> Array:
    """sum_j a_j^2 (A_j A_j') * (X (1 - P_j) X') over sliding neurons (k, q, q); active (k, b, q) holds a_j.

    1 - P = sum_k x_k dual_k' over the samples k in the sliding set.
    """
    rows, slot, sample = neurons.sliders
    inner = neurons.dual[rows, slot] @ samples.inputs.T
    mirrors = -samples.mirror_ratio * inner[:, samples.mirrored]
    left = active[:, rows] * samples.gram_all[sample]
    right = active[:, rows] * np.hstack([inner, mirrors])
    projected: Array = np.matmul(left.transpose(0, 2, 1), right)
    return projected
