"""How sure a run is: the same problem at a tighter tolerance, compared with it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from reluflow.errors import SolverError
from reluflow.flow.base import TIGHTEST
from reluflow.flow.events import Change
from reluflow.network import Array, residuals
from reluflow.observe.difference import Difference, difference
from reluflow.observe.recorder import RecordRules
from reluflow.problem import Problem
from reluflow.training.stopping import StopRules
from reluflow.training.training import Training

#: So many times tighter.
FINER: Final = 100.0
#: Flow times at which the losses are compared, at most.
MOST_TIMES: Final = 4000
#: Nothing of the tighter run is kept but its loss at these times.
_RECORD: Final = RecordRules(snapshots=4, series=16, memory_mb=0.0, resolution=float("inf"))


@dataclass(frozen=True)
class Check:
    """A run beside one at the tolerance ``rtol``. ``choices``: events at which the flow is not unique."""

    rtol: float
    found: Difference
    choices: int

    def told(self) -> dict[str, Any]:
        """For run.json."""
        event = self.found.first_event
        return {
            "rtol": self.rtol,
            "loss": self.found.loss,
            "escapes": self.found.escape_shift,
            "first_difference": None if event is None else vars(event),
            "choices": self.choices,
            "until": self.found.until,
        }


def require_checkable(training: Training) -> None:
    """Raise SolverError for a method that has no tolerance."""
    if training.options is None:
        raise SolverError(f"--check: method {training.method} has no tolerance; expected an adaptive method")


def check(
    training: Training,
    look: Callable[[Training], None] = lambda _: None,
    interrupted_by: Callable[[], str | None] = lambda: None,
) -> Check | None:
    """Compare a run that has ended with one of the same problem and method at a tighter tolerance.

    The losses are compared at the recorded times, at which dense output of the tighter run knows its own.
    Returns None if it was interrupted. Raises SolverError for a method without a tolerance.
    """
    require_checkable(training)
    assert training.options is not None
    rtol = max(training.options.rtol / FINER, TIGHTEST)
    t, loss = _recorded(training)
    options = replace(training.options, rtol=rtol)
    finer = Training(training.problem, training.method, options, StopRules(time=float(t[-1])), _RECORD)
    other = np.full(t.size, np.nan)
    other[0] = finer.solver.loss

    def follow(run: Training) -> None:
        solver = run.solver
        inside = np.flatnonzero((t > solver.t_old) & (t <= solver.t))
        if inside.size:
            states = solver.dense_output().states(t[inside])
            other[inside] = [_loss(run.problem, state.weights, state.output_weights) for state in states]
        look(run)

    finer.run(follow, every=None, interrupted_by=interrupted_by)
    if finer.status == "interrupted":
        return None
    known = ~np.isnan(other)
    if finer.status in ("stationary", "converged"):  # it stays where it rests
        other[~known], known = finer.solver.loss, np.ones(t.size, dtype=bool)
    settled = training.status == "converged"
    found = difference(
        t[known], (loss[known], other[known]), (settled, settled), (training.events, finer.events)
    )
    return Check(rtol, found, int(np.count_nonzero(training.events.kind == Change.CHOICE)))


def _recorded(training: Training) -> tuple[Array, Array]:
    """Times and losses that the run recorded, at most so many, its start and its end among them."""
    series = training.recorder.series
    later = np.flatnonzero(np.diff(series["t"], prepend=-np.inf) > 0.0)
    if later.size > MOST_TIMES:
        later = later[np.unique(np.linspace(0, later.size - 1, MOST_TIMES).round().astype(int))]
    return series["t"][later], series["loss"][later]


def _loss(problem: Problem, weights: Array, outputs: Array) -> float:
    return problem.value(residuals(weights, outputs, problem.inputs, problem.targets, problem.slope))
