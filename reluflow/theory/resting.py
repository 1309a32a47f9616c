"""Which neurons of a network are still small and under way, and which have fitted what they see."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.flow.base import State
from reluflow.network import Array, row_norms
from reluflow.problem import Problem
from reluflow.theory.small_neurons import pulls


@dataclass(frozen=True)
class RestLimits:
    """When a neuron is at rest, and when it is large."""

    #: share of the growth-rate bound; a small neuron with less forcing is at rest
    small: float = 1e-4
    #: the same share for neurons that are large already
    large: float = 0.05
    #: share of the growth-rate bound below which a rate counts as zero
    zero: float = 1e-3
    #: share of the largest target that a network's mass could make if its outputs are to be seen
    seen: float = 0.05
    #: share of the average mass from which on a neuron of a network that is seen is large
    mass: float = 0.01


AT_REST: Final = RestLimits()


def one_sign_rate_bound(inputs: Array, residual: Array, slope: float = 0.0) -> float:
    """Upper bound of G_r on the unit sphere, r = y - h (n,), by the inequality of Cauchy and Schwarz.

    The lower of sqrt(sum r_+ / n) |diag(sqrt(r_+ / n)) X|_2 and |r_+ / n| |X_+|_2, X_+ the inputs with
    r_+ > 0; the second one is exact for orthogonal inputs of one length. With a ``slope`` of the activation
    below zero r_+ = max(r, -slope r): no sample can add more than r_+ |<w, x_k>| / n to G_r.
    """
    most = np.maximum(residual, -slope * residual)
    seen = most > 0.0
    if not np.any(seen):
        return 0.0
    share, rows = most[seen] / residual.size, inputs[seen]
    weighted = np.sqrt(np.sum(share)) * np.linalg.norm(np.sqrt(share)[:, None] * rows, 2)
    return float(min(weighted, np.linalg.norm(share) * np.linalg.norm(rows, 2)))


def growth_rate_bound(inputs: Array, residual: Array, slope: float = 0.0) -> float:
    """Upper bound of the rate at which a neuron of either sign can grow."""
    return max(one_sign_rate_bound(inputs, residual, slope), one_sign_rate_bound(inputs, -residual, slope))


def moving(problem: Problem, state: State, residual: Array) -> npt.NDArray[np.intp]:
    """Indices of neurons on which the ``residual`` y - h (n,) pulls, not of those that have done their fit.

    A neuron that is large already counts as at rest under a pull that would still move a small one.
    """
    norms = row_norms(state.weights)
    slope = problem.slope
    pull = row_norms(pulls(state.weights, state.output_weights, problem.inputs, residual, slope))
    reference = growth_rate_bound(problem.inputs, residual, slope)
    alive = (norms > 0.0) | (state.output_weights != 0.0)
    large = is_large(norms * np.abs(state.output_weights), problem)
    return np.flatnonzero(alive & (pull > reference * np.where(large, AT_REST.large, AT_REST.small)))


def is_large(mass: Array, problem: Problem) -> npt.NDArray[np.bool_]:
    """Neurons (m,) that matter to the network's output, by their ``mass`` |a_j||w_j| (m,)."""
    total = float(np.sum(mass))
    largest = total * float(np.max(row_norms(problem.inputs)))
    seen = largest > AT_REST.seen * float(np.max(np.abs(problem.targets)))
    large: npt.NDArray[np.bool_] = (mass > AT_REST.mass * total / mass.size) & seen
    return large
