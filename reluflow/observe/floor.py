"""The rounding floor: how small the residuals of a network can be known to be."""

from typing import Final

import numpy as np

from reluflow.flow.base import SolverView, State
from reluflow.network import Array, row_norms, shares
from reluflow.problem import Problem

#: The floor in units of eps times the terms of h - y. Adding them up costs about one unit; as every step
#: rounds the state, solvers come to rest within a hundred at rtol 1e-6 (measured on the shipped presets).
UNITS: Final = 128.0


def terms(state: State, problem: Problem) -> Array:
    """The size (n,) of what h(x_k) - y_k is made of: |y_k| + sum_j |a_j| A_jk sum_i |w_ji| |x_ki|.

    A_jk is 1 where neuron j is active on sample k and the slope of the activation elsewhere.
    """
    active = shares(state.weights @ problem.inputs.T > 0.0, problem.slope)
    parts = np.abs(state.weights) @ np.abs(problem.inputs.T)
    size: Array = np.abs(problem.targets) + np.abs(state.output_weights) @ (active * parts)
    return size


def rounding_floor(solver: SolverView, state: State | None = None) -> float:
    """The rms residual that is only rounding, ``UNITS`` eps times the rms of ``terms``; 0 where none is near.

    ``state``: that of the solver, if it is at hand.
    What bounds the terms by norms says, in most states without looking at every neuron and sample, that the
    residual is far above.
    """
    state, problem = state or solver.state, solver.problem
    unit = UNITS * np.finfo(float).eps
    largest = float(np.abs(state.output_weights) @ row_norms(state.weights))
    bound = _rms(np.abs(problem.targets) + largest * problem.lengths)
    if _rms(solver.residual) > unit * bound:
        return 0.0
    return unit * _rms(terms(state, problem))


def _rms(values: Array) -> float:
    """Root mean square, without overflow or underflow on the way."""
    return float(row_norms(values[None])[0] / np.sqrt(values.size))
