"""Margins of a network on labels +-1.

A network is homogeneous of degree 2 in theta = (W, a), so that its normalised margin is
min_k y_k h(x_k) / (|theta|^2 / 2). The smoothed one has l^-1(n L) in place of the smallest margin: it never
falls once every sample is right, which the other may (Lyu & Li 2020, arXiv 1906.05890).
"""

import math
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from reluflow.flow.base import State
from reluflow.losses import LabelLoss
from reluflow.network import predictions
from reluflow.problem import Problem

#: The smoothed margin of a network that has hardly grown is below minus this.
LEAST: Final = -1e300


@dataclass(frozen=True)
class Margins:
    """``margin`` and ``smoothed_margin``, both normalised; ``accuracy``: share of samples with y h > 0.

    The smoothed one is above zero where every sample is right beyond doubt, n L < l(0), and never falls from
    there on. Before it is far below zero, as the loss does not know yet what small weights predict.
    """

    margin: float
    smoothed_margin: float
    accuracy: float


#: their names
MARGINS: Final = tuple(field.name for field in fields(Margins))


def margins_of(problem: Problem, state: State) -> Margins:
    """Those of a state; all are zero for a network that is zero."""
    loss = problem.function
    assert isinstance(loss, LabelLoss)
    size = max(float(np.abs(state.weights).max()), float(np.abs(state.output_weights).max()))
    if size == 0.0:
        return Margins(0.0, 0.0, 0.0)
    weights, outputs = state.weights / size, state.output_weights / size
    half = 0.5 * float(np.vdot(weights, weights) + outputs @ outputs)
    found = problem.targets * predictions(weights, outputs, problem.inputs, problem.slope)
    grown = size * size * found
    lost = float(np.mean(loss.of_margins(grown)))
    if lost > 0.0:
        smoothed = loss.smoothed_margin(lost, problem.samples)
    else:  # no number holds the loss: this is how far below the smallest margin it is at most
        smoothed = float(np.min(grown)) - math.log(problem.samples)
    with np.errstate(over="ignore", divide="ignore"):
        scaled = np.float64(smoothed) / half / size / size
    return Margins(float(np.min(found)) / half, max(float(scaled), LEAST), float(np.mean(found > 0.0)))
