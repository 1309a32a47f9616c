"""The corners of a network as a function of one input: its effective width."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.flow.base import State
from reluflow.network import Array
from reluflow.problem import Problem


@dataclass(frozen=True)
class CornerRules:
    """Which corners are one, and which are none."""

    #: share of the range of the inputs up to which neurons have their kinks at one corner, or at an end
    same: float = 0.02
    #: share of the largest target; a change of slope that makes less over the whole range is none
    least: float = 0.02


CORNERS: Final = CornerRules()


def constant_of(problem: Problem) -> float | None:
    """The second coordinate of every sample, 0 if there is none; None if h is no function of one x."""
    if problem.dimension == 1:
        return 0.0
    last = problem.inputs[:, -1]
    if problem.dimension > 2 or last[0] == 0.0 or np.any(last != last[0]):
        return None
    return float(last[0])


def corners(state: State, problem: Problem) -> Array | None:
    """The places x (k,) between the inputs at which the slope of h changes, in order.

    Kinks that are nearer than ``CORNERS.same`` to the next one are one corner, at their mean place weighted
    by |a_j w_j1|. None if h is no function of one x.
    """
    constant = constant_of(problem)
    if constant is None:
        return None
    x = problem.inputs[:, 0]
    low, high = float(x.min()), float(x.max())
    slopes = state.weights[:, 0]
    intercepts = constant * state.weights[:, 1] if constant else np.zeros_like(slopes)
    with np.errstate(all="ignore"):
        places = -intercepts / slopes
        # the slope grows by a_j w_j1 at the kink of a neuron that begins there, and of one that ends there
        changes = state.output_weights * np.abs(slopes)
    same = CORNERS.same * (high - low)
    inside = np.flatnonzero((places > low + same) & (places < high - same))
    if not inside.size:
        return np.zeros(0)
    order = inside[np.argsort(places[inside])]
    groups = np.split(order, np.flatnonzero(np.diff(places[order]) > same) + 1)
    least = CORNERS.least * float(np.max(np.abs(problem.targets)))
    kept = [group for group in groups if abs(float(np.sum(changes[group]))) * (high - low) > least]
    return np.array([np.average(places[group], weights=np.abs(changes[group])) for group in kept])


def effective_width(state: State, problem: Problem) -> int | None:
    """How many corners h has between the inputs, as a function of one; None if it is none."""
    found = corners(state, problem)
    return None if found is None else int(found.size)
