"""Kinks of the residual: by how much its derivatives jump where a neuron changes an activation.

A path of collocation is smooth, and errs by the kinks inside of a step; see ``error_estimate.end_of_step``.
"""

import numpy as np

from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array


def kinks(
    squares: Array, position: Array, sample: Index, jump: Array, order: Array | float, forcing: Forcing
) -> Array:
    """Positions, samples, jumps and orders (4, k) of kinks that neurons with a_j^2 = squares (k,) make.

    jump (k,): of dr/dt or, where the order is 2, d^2 r/dt^2, for a neuron with a_j = 1. They become rms over
    samples, in a step of length one.
    """
    scale = forcing.path.length * squares / np.sqrt(forcing.samples.size)
    made = np.empty((4, position.size))
    made[0], made[1], made[2], made[3] = position, sample, scale * np.abs(jump), order
    return made


def crossing_jump(slope: Array, force: Array, sample: Index, samples: Samples) -> Array:
    """Of dr/dt where neurons (k,) cross a kink.

    At sample k itself a dz_k/dt comes or goes, at the others a^2 r_k <x_k, x_l> / n.
    """
    jump: Array = np.hypot(slope, force * samples.coupling[sample] / samples.total)
    return jump


def release_jump(change: Array, sample: Index, samples: Samples) -> Array:
    """Of d^2 r/dt^2 where neurons (k,) are released; change (k,): of beta - r_k over the step."""
    jump: Array = samples.squares[sample] / samples.total * change
    return jump
