"""Where within its last step a solver passes a loss, and what is seen of it if that is the end."""

import math
from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from reluflow.flow.base import DenseOutput, FlowSolver, SolverView, State
from reluflow.flow.events import Events
from reluflow.flow.margins import margins_of
from reluflow.network import Array, residuals
from reluflow.problem import Problem

#: The loss at a crossing is below the level by at most this share of it, unless rounding hides the crossing.
CLOSE: Final = 1e-10
#: Looks into a step, at most: halving alone would find any crossing to rounding.
MOST_LOOKS: Final = 60


class Cut(SolverView):
    """A solver that ends at a state within the step that it has taken last.

    What comes later in that step is not seen: neither the network at its end nor events.
    """

    def __init__(self, whole: FlowSolver, end: State, events: int | None = None) -> None:
        """``events``: how many there were up to the end; None if the last step of ``whole`` is at hand."""
        super().__init__(whole.problem)
        self.t_old, self.t, self.steps = min(whole.t_old, end.t), end.t, whole.steps
        self._whole, self._end = whole, end
        self.abandoned = lambda: whole.abandoned()
        log = whole.event_log
        self._log = log.take(slice(0, int(np.searchsorted(log.t, end.t, side="right"))))
        if events is not None:
            self.events = events
        elif len(log):
            self.events = whole.events - (log.changes - self._log.changes)
        else:
            self.events = whole.events_old

    @property
    def event_log(self) -> Events:
        return self._log

    @property
    def at_rest(self) -> bool:
        return self._whole.at_rest

    @property
    def residual(self) -> Array:
        return _residual(self.problem, self._end)

    @property
    def state(self) -> State:
        return self._end

    def dense_output(self) -> DenseOutput:
        return _Beginning(self._whole.dense_output(), self.t_old, self._end)


class _Beginning(DenseOutput):
    """A step up to the state at which it is cut."""

    def __init__(self, step: DenseOutput, start: float, end: State) -> None:
        super().__init__(start, end.t)
        self._step, self._last = step, end

    def __call__(self, t: float) -> State:
        return self._step(t) if t < self.end else self._last


def crossing(solver: FlowSolver, level: float, before: float) -> State | None:
    """The network where the loss comes down to ``level`` in the last step, before which it was ``before``.

    It is the first network known to be at the level or below; None if that is only the one at the end of the
    step. ln(loss), nearly straight over a step, is brought to ln(level).
    """
    if not 0.0 < level < before < math.inf:
        return None
    return _first_below(solver, math.log(before / level), partial(_excess, solver.problem, level=level))


def margin_crossing(solver: FlowSolver, level: float) -> State | None:
    """The same where the normalised margin (``flow.margins``) comes up to ``level``, once data are fitted."""

    def missing(state: State) -> float:
        found = margins_of(solver.problem, state)
        return level - (found.margin if found.smoothed_margin > 0.0 else 0.0)

    return _first_below(solver, missing(solver.dense_output()(solver.t_old)), missing)


def _first_below(solver: FlowSolver, high: float, excess_of: Callable[[State], float]) -> State | None:
    """Where in the last step an excess, at first ``high`` > 0, comes to zero: by the Illinois rule."""
    low = excess_of(solver.state)
    if not (high > 0.0 > low and solver.t_old < solver.t):
        return None
    step = solver.dense_output()
    early, late, found = solver.t_old, solver.t, None
    weight_high, weight_low, side = high, low, 0
    for _ in range(MOST_LOOKS):
        t = early + (late - early) * weight_high / (weight_high - weight_low)
        if not early < t < late:
            t = early + 0.5 * (late - early)
            if not early < t < late:
                break
        state = step(t)
        excess = excess_of(state)
        if excess <= 0.0:
            late, weight_low, found = t, excess, state
            weight_high *= 0.5 if side < 0 else 1.0
            side = -1
        else:
            early, weight_high = t, excess
            weight_low *= 0.5 if side > 0 else 1.0
            side = 1
        if -CLOSE <= excess <= 0.0:
            break
    return found


def _excess(problem: Problem, state: State, level: float) -> float:
    """ln(loss / level)."""
    loss = problem.value(_residual(problem, state))
    return math.log(loss / level) if loss > 0.0 else -math.inf


def _residual(problem: Problem, state: State) -> Array:
    return residuals(state.weights, state.output_weights, problem.inputs, problem.targets, problem.slope)
