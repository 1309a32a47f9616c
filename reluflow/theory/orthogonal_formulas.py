"""Closed forms for pairwise orthogonal inputs, in half-mse loss and its flow time.

P1 is Boursier, Pillaud-Vivien, Flammarion 2022 (arXiv 2206.00939).
"""

from dataclasses import dataclass

import numpy as np

from reluflow.network import Array, row_norms, tangent_kernel
from reluflow.theory.jump_process import JumpProcess
from reluflow.theory.one_bundle import fitting_rate, least_mass

#: Relative spread of lengths that counts as rounding.
SAME_LENGTH = 1e-12


@dataclass(frozen=True)
class Pull:
    """The samples of one sign: ``rate`` |D_s|, ``mass`` that fits them, ``loss`` that they hold."""

    rate: float
    mass: float
    loss: float


def pulls(inputs: Array, targets: Array) -> dict[int, Pull]:
    """|D_s|, least mass sqrt(sum y^2/rho^2) and (1/2n) sum y^2 for s = +1 and -1; absent signs left out."""
    lengths, n = row_norms(inputs), targets.size
    found = {}
    for sign in (1, -1):
        own = sign * targets > 0.0
        if np.any(own):
            y, rho = targets[own], lengths[own]
            found[sign] = Pull(fitting_rate(y, rho, n), least_mass(y, rho), float(y @ y) / (2 * n))
    return found


def least_norm(inputs: Array, targets: Array) -> float:
    """Least variation norm of an interpolator: sqrt(sum_+ y^2/rho^2) + sqrt(sum_- y^2/rho^2) [P1]."""
    return sum(pull.mass for pull in pulls(inputs, targets).values())


def kernel_rate(weights: Array, output_weights: Array, inputs: Array) -> float:
    """(2/n) lambda_min(NTK): the rate at which the loss of a network near zero loss falls in the end."""
    kernel = tangent_kernel(weights, output_weights, inputs)
    return 2.0 * float(np.linalg.eigvalsh(kernel)[0]) / len(inputs)


def block_rates(inputs: Array, targets: Array, process: JumpProcess) -> Array:
    """Rates of the loss (k,) in the end, on the samples of each jump, for the network that it ends with.

    The samples of a jump see its own bundle of mass u, NTK_kl = u rho_k^2 [k = l] + |y_k y_l| / u, and the
    bundles of other jumps that are active there without having moved: u' rho_k^2 on the diagonal. The rate
    is (2/n) lambda_min(NTK); where all rho are equal the bundle does not turn, the residual stays
    along y, and the rate is that of this mode alone.
    """
    lengths = row_norms(inputs)
    seen = np.zeros(targets.size)
    for jump in process.jumps:
        seen += jump.mass * jump.seen
    rates = []
    for jump in process.jumps:
        y, own = np.abs(targets[jump.fitted]), jump.fitted
        kernel = np.diag(seen[own] * lengths[own] ** 2) + np.outer(y, y) / jump.mass
        if spread(lengths[own]) <= SAME_LENGTH:
            rates.append(2.0 * float(y @ kernel @ y) / float(y @ y) / targets.size)
        else:
            rates.append(2.0 * float(np.linalg.eigvalsh(kernel)[0]) / targets.size)
    return np.array(rates)


def spread(lengths: Array) -> float:
    """Largest relative difference between lengths."""
    return float(np.ptp(lengths) / np.max(lengths))


def least_orthogonal(inputs: Array) -> tuple[float, int, int]:
    """The cosine of the angle that is farthest from a right one, and the two inputs (k, l), k < l.

    Inputs of zero, which have no angle, are left out.
    """
    lengths = row_norms(inputs)
    unit = inputs / np.where(lengths > 0.0, lengths, 1.0)[:, None]
    cosines = np.triu(unit @ unit.T, 1)
    k, other = np.unravel_index(int(np.argmax(np.abs(cosines))), cosines.shape)
    return float(cosines[k, other]), int(k), int(other)


def enough_neurons(samples: int, failing: float) -> int:
    """Width at which every one of so many orthogonal samples is fitted, but for a probability ``failing``.

    A random neuron has the sign of a sample and sees it with probability 1/4, none of m does with (3/4)^m,
    and n (3/4)^m <= eps for m > ln(n/eps) / ln(4/3) (Dana, Bach, Pillaud-Vivien 2025, arXiv 2502.16977).
    """
    return int(np.floor(np.log(samples / failing) / np.log(4.0 / 3.0))) + 1
