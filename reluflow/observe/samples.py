"""A sample of a run: its prediction and residual, and which neurons are active on it.

Residuals are r_k = h(x_k) - y_k; z_jk = <w_j, x_k>.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.network import Array, activation, predictions, row_norms
from reluflow.observe.history import History
from reluflow.observe.roster import Roster
from reluflow.problem import Problem

#: of more recorded states than this, evenly spaced ones are looked at
_MOST_STATES: Final = 200


@dataclass(frozen=True)
class SampleReport:
    """One sample of a state.

    ``prediction`` h(x_k), ``residual``, ``force`` (of a square loss the residual), ``share`` of the loss;
    ``length`` |x_k|; ``active``, ``sliding`` (m,) neurons; ``preactivation`` (m,), ``contribution`` (m,)
    a_j relu(z_jk).
    """

    prediction: float
    residual: float
    force: float
    share: float
    length: float
    active: npt.NDArray[np.bool_]
    sliding: npt.NDArray[np.bool_]
    preactivation: Array
    contribution: Array


@dataclass(frozen=True)
class SampleRecord:
    """A sample over time: ``t``, ``prediction`` (k,)."""

    t: Array
    prediction: Array


def report_sample(roster: Roster, sample: int) -> SampleReport:
    """Everything about sample ``sample``, counted from 0."""
    state, problem = roster.state, roster.problem
    residual = roster.residual
    each = problem.function.each(residual, problem.targets)
    total = float(each.sum())
    z = state.weights @ problem.inputs[sample]
    return SampleReport(
        prediction=float(residual[sample] + problem.targets[sample]),
        residual=float(residual[sample]),
        force=float(problem.force(residual)[sample]),
        share=float(each[sample] / total) if total > 0.0 else 0.0,
        length=float(row_norms(problem.inputs[[sample]])[0]),
        active=roster.table.active[:, sample],
        sliding=roster.table.sliding[:, sample],
        preactivation=z,
        contribution=state.output_weights * activation(z, problem.slope),
    )


def record_sample(history: History, problem: Problem, sample: int) -> SampleRecord:
    """h(x_k) in all recorded states, evenly spaced ones of very many."""
    count = len(history.states)
    rows = np.unique(np.linspace(0, count - 1, min(count, _MOST_STATES)).astype(np.intp))
    states = [history.states[i] for i in rows]
    x = problem.inputs[[sample]]
    slope = problem.slope
    values = [float(predictions(state.weights, state.output_weights, x, slope)[0]) for state in states]
    return SampleRecord(np.array([state.t for state in states]), np.array(values))
