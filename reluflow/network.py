"""The model's mathematics on plain arrays.

A network with ``m`` hidden neurons and no output bias,

    h(x) = sum_j a_j sigma(<w_j, x>),     W: (m, d),  a: (m,),  X: (n, d),  y: (n,),
    sigma(z) = max(z, slope z),           slope 0 (ReLU) or in (0, 1) (leaky ReLU),

trained on one of the losses of ``reluflow.losses``, as on the square loss in one of its conventions,

    L = c/n sum_k r_k^2,     r_k = h(x_k) - y_k,     c = 1/2 for half-mse, 1 for mse.

The subgradient of sigma at zero is the slope throughout, which is zero for the ReLU.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from reluflow.losses import FUNCTIONS
from reluflow.registry.losses import Loss

Array = npt.NDArray[np.float64]
Shares = npt.NDArray[np.float64] | npt.NDArray[np.bool_]

#: |<w_j, x_k>| below this share of |w_j| |x_k| is the rounding of a neuron that sits on the kink.
ON_A_KINK: Final = 1e-9
#: entries of a matrix that are looked at together
BLOCK: Final = 1 << 17
#: a_j^2 - |w_j|^2 below this share of the larger of the two is the rounding of a balanced neuron.
BALANCED: Final = 1e-9


def preactivations(weights: Array, inputs: Array) -> Array:
    """z_jk = <w_j, x_k>, shape (m, n)."""
    return weights @ inputs.T


def activation(z: Array, slope: float = 0.0, out: Array | None = None) -> Array:
    """sigma(z) = max(z, slope z) of every entry; written to ``out``, which is not ``z``, if that is given."""
    if slope == 0.0:
        return np.maximum(z, 0.0, out=out)
    leaked = np.multiply(z, slope, out=out)
    return np.maximum(z, leaked, out=leaked)


def shares(active: npt.NDArray[np.bool_], slope: float = 0.0) -> Shares:
    """A_jk: the weight with which a sample counts, 1 where ``active``, the slope elsewhere.

    For slope 0 the pattern itself, since a boolean counts as 1 or 0 in every product.
    """
    if slope == 0.0:
        return active
    return np.where(active, 1.0, slope)


def predictions(weights: Array, output_weights: Array, inputs: Array, slope: float = 0.0) -> Array:
    """h(x_k), shape (n,)."""
    return output_weights @ activation(preactivations(weights, inputs), slope)


def residuals(
    weights: Array, output_weights: Array, inputs: Array, targets: Array, slope: float = 0.0
) -> Array:
    """r_k = h(x_k) - y_k, shape (n,)."""
    return predictions(weights, output_weights, inputs, slope) - targets


def loss_of(residual: Array, loss: Loss = "half-mse", targets: Array | None = None) -> float:
    """The loss of a residual (n,); ``targets`` (n,), which only losses of labels look at."""
    return FUNCTIONS[loss].value(residual, residual if targets is None else targets)


def gradient(
    weights: Array,
    output_weights: Array,
    inputs: Array,
    targets: Array,
    loss: Loss = "half-mse",
    kink: float = 0.0,
    slope: float = 0.0,
) -> tuple[Array, Array]:
    """(dL/dW, dL/da), shapes (m, d) and (m,).

    dL/dw_j = (1/n) a_j sum_k A_jk g_k x_k and dL/da_j = (1/n) sum_k sigma(z_jk) g_k with the forces g_k of
    the loss (r_k of half-mse), A_jk = 1 where z_jk > kink |w_j| |x_k| and A_jk = slope elsewhere. With
    ``kink`` zero this is the gradient that descent follows; a kink as wide as rounding keeps neurons that
    rest on one from counting by chance.
    """
    z = preactivations(weights, inputs)
    if kink > 0.0:
        reach = kink * np.outer(row_norms(weights), row_norms(inputs))
        clear = z > reach
        if slope > 0.0:
            clear |= z < -reach
        z = z * clear
    hidden = activation(z, slope)
    residual = output_weights @ hidden - targets
    function = FUNCTIONS[loss]
    pull = (function.speed / targets.size) * function.force(residual, targets)
    return output_weights[:, None] * ((shares(z > 0.0, slope) * pull) @ inputs), hidden @ pull


def tangent_kernel(
    weights: Array,
    output_weights: Array,
    inputs: Array,
    slope: float = 0.0,
    active: npt.NDArray[np.bool_] | None = None,
) -> Array:
    """The neural tangent kernel (n, n); ``active`` (m, n): the samples that neurons see, if not where z > 0.

    NTK_kl = sum_j [a_j^2 A_jk A_jl <x_k, x_l> + sigma(z_jk) sigma(z_jl)], so that dr/dt = -NTK r / n
    under the flow of the half-mse loss.
    """
    z = preactivations(weights, inputs)
    scaled = shares(z > 0.0 if active is None else active, slope) * output_weights[:, None]
    hidden = activation(z, slope)
    kernel: Array = (scaled.T @ scaled) * (inputs @ inputs.T) + hidden.T @ hidden
    return kernel


def indices(mask: Any) -> npt.NDArray[np.intp]:
    """Where an array of one dimension is true, or not zero; ``np.flatnonzero`` takes four times as long."""
    where: npt.NDArray[np.intp] = mask.nonzero()[0]
    return where


def stacked(arrays: Sequence[Array]) -> Array:
    """Arrays of one shape as one (k, ...); a single one, which may be large, is not copied."""
    return arrays[0][None] if len(arrays) == 1 else np.array(arrays)


def row_norms(rows: Array) -> Array:
    """Euclidean norms of the rows, without the overflow or underflow of squaring (1e-300 is kept)."""
    count = len(rows)
    if rows.size <= BLOCK or count < 4:
        return _row_norms(rows)
    # what fits in the processor's cache is done in half of the time. NumPy adds up a single row in another
    # order than several
    step = max(2, BLOCK // rows.shape[1])
    edges = [*range(0, count - 1, step), count]
    return np.concatenate([_row_norms(rows[i:j]) for i, j in pairwise(edges)])


def _row_norms(rows: Array) -> Array:
    # np.max is this, but takes as long again; solvers and the recorder come here several times a step
    largest = np.maximum.reduce(np.abs(rows), axis=1, initial=0.0)
    safe = np.where(largest > 0.0, largest, 1.0)
    scaled = rows / safe[:, None]
    norms: Array = largest * np.sqrt(np.einsum("ij,ij->i", scaled, scaled))
    return norms


def imbalance(weights: Array, output_weights: Array) -> Array:
    """delta_j = a_j^2 - |w_j|^2, shape (m,): the invariant of the flow, as (|a| - |w|)(|a| + |w|)."""
    norms = row_norms(weights)
    size = np.abs(output_weights)
    product: Array = (size - norms) * (size + norms)
    return product


def outweighed(weights: Array, output_weights: Array) -> npt.NDArray[np.bool_]:
    """Neurons (m,) with |a_j| < |w_j| by more than rounding, however small: those that may change sign."""
    norms = row_norms(weights)
    sizes = np.abs(output_weights)
    most = np.maximum(norms, sizes)
    unit = np.where(most > 0.0, most, 1.0)
    less: npt.NDArray[np.bool_] = imbalance(weights / unit[:, None], sizes / unit) < -BALANCED
    return less


def variation_norm(weights: Array, output_weights: Array) -> float:
    """sum_j |a_j| |w_j|, the variation norm of the network as parametrised."""
    return float(np.abs(output_weights) @ row_norms(weights))


def log_variation_norm(weights: Array, output_weights: Array) -> float:
    """ln sum_j |a_j| |w_j|, also where the products are too small for a float; -inf if all are zero."""
    with np.errstate(divide="ignore"):
        logs = np.log(np.abs(output_weights)) + np.log(row_norms(weights))
    return float(np.logaddexp.reduce(logs))
