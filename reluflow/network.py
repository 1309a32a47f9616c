"""The model's mathematics on plain arrays.

A network with ``m`` hidden neurons and no output bias,

    h(x) = sum_j a_j relu(<w_j, x>),      W: (m, d),  a: (m,),  X: (n, d),  y: (n,),

trained on the square loss in one of two conventions,

    half-mse   L = 1/(2n) sum_k r_k^2       mse   L = 1/n sum_k r_k^2,      r_k = h(x_k) - y_k.

The subgradient of the ReLU at zero is zero throughout.
"""

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Loss = Literal["half-mse", "mse"]

#: L = LOSS_FACTOR[loss] / n * sum r^2; the flow of "mse" is the flow of "half-mse" at twice the speed.
LOSS_FACTOR: Final[dict[str, float]] = {"half-mse": 0.5, "mse": 1.0}

#: |<w_j, x_k>| below this share of |w_j| |x_k| is the rounding of a neuron that sits on the kink.
ON_A_KINK: Final = 1e-9


def preactivations(weights: Array, inputs: Array) -> Array:
    """z_jk = <w_j, x_k>, shape (m, n)."""
    return weights @ inputs.T


def predictions(weights: Array, output_weights: Array, inputs: Array) -> Array:
    """h(x_k), shape (n,)."""
    hidden: Array = np.maximum(preactivations(weights, inputs), 0.0)
    return output_weights @ hidden


def residuals(weights: Array, output_weights: Array, inputs: Array, targets: Array) -> Array:
    """r_k = h(x_k) - y_k, shape (n,)."""
    return predictions(weights, output_weights, inputs) - targets


def loss_of(residual: Array, loss: Loss = "half-mse") -> float:
    """The loss of a residual (n,), in the stated convention."""
    return LOSS_FACTOR[loss] / residual.size * float(residual @ residual)


def gradient(
    weights: Array,
    output_weights: Array,
    inputs: Array,
    targets: Array,
    loss: Loss = "half-mse",
    kink: float = 0.0,
) -> tuple[Array, Array]:
    """(dL/dW, dL/da), shapes (m, d) and (m,).

    dL/dw_j = (2c/n) a_j sum_k A_jk r_k x_k and dL/da_j = (2c/n) sum_k relu(z_jk) r_k with
    c = LOSS_FACTOR[loss] and A_jk = 1 where z_jk > kink |w_j| |x_k|. With ``kink`` zero this is the gradient
    that descent follows; a kink as wide as rounding keeps neurons that rest on one from counting by chance.
    """
    z = preactivations(weights, inputs)
    if kink > 0.0:
        z = z * (z > kink * np.outer(row_norms(weights), row_norms(inputs)))
    hidden = np.maximum(z, 0.0)
    residual = output_weights @ hidden - targets
    pull = (2.0 * LOSS_FACTOR[loss] / targets.size) * residual
    return output_weights[:, None] * (((z > 0.0) * pull) @ inputs), hidden @ pull


def tangent_kernel(weights: Array, output_weights: Array, inputs: Array) -> Array:
    """The neural tangent kernel (n, n).

    NTK_kl = sum_j [a_j^2 A_jk A_jl <x_k, x_l> + relu(z_jk) relu(z_jl)], so that dr/dt = -NTK r / n
    under the flow of the half-mse loss.
    """
    z = preactivations(weights, inputs)
    scaled = (z > 0.0) * output_weights[:, None]
    hidden = np.maximum(z, 0.0)
    kernel: Array = (scaled.T @ scaled) * (inputs @ inputs.T) + hidden.T @ hidden
    return kernel


def row_norms(rows: Array) -> Array:
    """Euclidean norms of the rows, without the overflow or underflow of squaring (1e-300 is kept)."""
    largest = np.max(np.abs(rows), axis=1, initial=0.0)
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


def variation_norm(weights: Array, output_weights: Array) -> float:
    """sum_j |a_j| |w_j|, the variation norm of the network as parametrised."""
    return float(np.abs(output_weights) @ row_norms(weights))
