"""How sure a run is: the same problem at a tighter tolerance, compared with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from reluflow.errors import SolverError
from reluflow.flow.base import TIGHTEST, Options
from reluflow.flow.events import Change, Events
from reluflow.network import Array, residuals
from reluflow.observe.difference import Difference, difference
from reluflow.observe.recorder import RecordRules
from reluflow.problem import Problem
from reluflow.training.stopping import StopRules
from reluflow.training.training import Training

#: So many times tighter.
FINER: Final = 100.0
#: Losses are not said to agree more closely than this: what they are rounded to differs by as much.
ROUNDING: Final = 1e-15
#: Flow times at which the losses are compared, at most.
MOST_TIMES: Final = 4000
#: Nothing of the tighter run is kept but its loss at these times.
_RECORD: Final = RecordRules(snapshots=4, series=16, memory_mb=0.0, resolution=float("inf"))


@dataclass(frozen=True)
class Check:
    """A run beside one at the tolerance ``rtol``.

    ``choices``: events at which the flow is not unique, in that of the two which met more of them.
    """

    rtol: float
    found: Difference
    choices: int

    @property
    def loss(self) -> float:
        """The largest relative difference of the losses, rounding at least."""
        return max(self.found.loss, ROUNDING)

    def told(self) -> dict[str, Any]:
        """For run.json."""
        event = self.found.first_event
        return {
            "rtol": self.rtol,
            "loss": self.loss,
            "escapes": self.found.escape_shift,
            "first_difference": None if event is None else vars(event),
            "choices": self.choices,
            "until": self.found.until,
        }


@dataclass(frozen=True)
class Recorded:
    """What is checked: a run by a ``method`` as its record tells it.

    ``t`` (k,) and ``loss`` (k,) of its series; ``converged``: whether it ended at its loss.
    """

    problem: Problem
    method: str
    options: Options
    t: Array
    loss: Array
    converged: bool
    events: Events

    @classmethod
    def of(cls, training: Training) -> "Recorded":
        """Of a run that has ended. Raises SolverError where it cannot be checked."""
        require_checkable(training)
        assert training.options is not None
        series, converged = training.recorder.series, training.status == "converged"
        return cls(
            training.problem, training.method, training.options, series["t"], series["loss"], converged,
            training.events,
        )  # fmt: skip


def require_checkable(training: Training) -> None:
    """Raise SolverError for a method that has no tolerance, and for one that cannot be much tighter."""
    if training.options is None:
        raise SolverError(f"--check: method {training.method} has no tolerance; expected an adaptive method")
    require_room(training.options)


def require_room(options: Options) -> None:
    """Raise SolverError for a tolerance that cannot be made so much tighter."""
    if options.rtol < FINER * TIGHTEST:
        raise SolverError(
            f"rtol {options.rtol:g} cannot be made {FINER:g} times tighter for a check; expected at least "
            f"{FINER * TIGHTEST:g}"
        )


def check(
    training: Training,
    look: Callable[[Training], None] = lambda _: None,
    interrupted_by: Callable[[], str | None] = lambda: None,
) -> Check | None:
    """Compare a run that has ended with one of the same problem and method at a tighter tolerance.

    Returns None if it was interrupted. Raises SolverError where it cannot be checked.
    """
    return check_record(Recorded.of(training), look, interrupted_by)


def check_record(
    run: Recorded,
    look: Callable[[Training], None] = lambda _: None,
    interrupted_by: Callable[[], str | None] = lambda: None,
) -> Check | None:
    """The same of a record. Losses are compared at its times, which dense output of the tighter run knows."""
    rtol = run.options.rtol / FINER
    t, loss = _times(run)
    options = replace(run.options, rtol=rtol)
    finer = Training(run.problem, run.method, options, StopRules(time=float(t[-1])), _RECORD)
    other = np.full(t.size, np.nan)
    other[0] = finer.solver.loss

    def follow(tighter: Training) -> None:
        solver = tighter.solver
        inside = np.flatnonzero((t > solver.t_old) & (t <= solver.t))
        if inside.size:
            states = solver.dense_output().states(t[inside])
            other[inside] = [_loss(run.problem, state.weights, state.output_weights) for state in states]
        look(tighter)

    finer.run(follow, every=None, interrupted_by=interrupted_by)
    if finer.status == "interrupted":
        return None
    known = ~np.isnan(other)
    if finer.status in ("stationary", "converged"):  # it stays where it rests
        other[~known], known = finer.solver.loss, np.ones(t.size, dtype=bool)
    found = difference(
        t[known], (loss[known], other[known]), (run.converged, run.converged), (run.events, finer.events)
    )
    choices = [int(np.count_nonzero(each.kind == Change.CHOICE)) for each in (run.events, finer.events)]
    return Check(rtol, found, max(choices))


def told_in_words(check: Mapping[str, Any]) -> str:
    """What run.json holds of a check, for a person."""
    escapes = check.get("escapes")
    words = "their numbers differ" if escapes is None else f"escapes to {escapes:.1g}"
    words = f"loss to {check['loss']:.1g}, {words}, against rtol {check['rtol']:g}"
    event = check.get("first_difference")
    if event:
        words += f"; another event of neuron {event['neuron']} at t = {event['t']:.6g}"
    if check.get("choices"):
        words += f"; {check['choices']} choice(s), where the flow is not unique"
    return words


def _times(run: Recorded) -> tuple[Array, Array]:
    """Times and losses of the record, at most so many, its start and its end among them."""
    later = np.flatnonzero(np.diff(run.t, prepend=-np.inf) > 0.0)
    if later.size > MOST_TIMES:
        later = later[np.unique(np.linspace(0, later.size - 1, MOST_TIMES).round().astype(int))]
    return run.t[later], run.loss[later]


def _loss(problem: Problem, weights: Array, outputs: Array) -> float:
    return problem.value(residuals(weights, outputs, problem.inputs, problem.targets, problem.slope))
