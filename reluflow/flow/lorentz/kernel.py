"""The kernel of the residual's flow, dr/dt = -K r.

    K = (1/n) sum_j [ a_j^2 (A_j A_j') * (X P_j X') + relu(z_j) relu(z_j)' ]

with A_j the activations of neuron j as a column, * the product by elements, and P_j the projection
orthogonal to the samples on which it slides. It only steers Newton's method, but without P_j that would
not converge.
"""

import numpy as np

from reluflow.flow.lorentz.neurons import OFF, Neurons, hidden_values
from reluflow.flow.lorentz.samples import Samples
from reluflow.network import Array


def kernel(neurons: Neurons, samples: Samples, rows: int) -> Array:
    """K (q, q) of merged samples, over blocks of so many neurons."""
    total = np.zeros((samples.size, samples.size))
    feature = np.zeros_like(total)
    for block in neurons.blocks(rows):
        root = np.ldexp(1.0, block.exponent)
        hidden = hidden_values(block, block.z[:, None, :], samples)[:, 0] * root[:, None]
        total += hidden.T @ hidden
        active = _active(block, samples) * (block.outputs * root)[:, None]
        feature += active.T @ active
        if block.sliders[0].size:
            total -= _projected_out(block, active, samples)
    total += feature * samples.gram_all
    return (total + total.T) * (0.5 / samples.total)


def _active(block: Neurons, samples: Samples) -> Array:
    """A_jk of all merged samples (b, q)."""
    if samples.mirrored.size == 0:
        return block.on
    return np.hstack([block.on, block.status[:, samples.mirrored] == OFF])


def _projected_out(block: Neurons, active: Array, samples: Samples) -> Array:
    """sum_j a_j^2 (A_j A_j') * (X (1 - P_j) X') over sliding neurons (q, q).

    1 - P = sum_k x_k dual_k' over the samples k in the sliding set.
    """
    rows, slot, sample = block.sliders
    left = active[rows] * samples.gram_all[sample]
    inner = block.dual[rows, slot] @ samples.inputs.T
    mirrors = -samples.mirror_ratio * inner[:, samples.mirrored]
    right = active[rows] * np.hstack([inner, mirrors])
    projected: Array = left.T @ right
    return projected
