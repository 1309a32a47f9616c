"""When a run is over, and why: its stop rules, the floor of rounding, rest."""

import math
import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from reluflow.errors import ProblemError
from reluflow.flow.base import AbandonedError, FlowSolver, SolverView, State
from reluflow.flow.cut import crossing, margin_crossing
from reluflow.flow.margins import margins_of
from reluflow.flow.patience import patiently
from reluflow.losses import LEAST_LOSS
from reluflow.observe.floor import UNITS, rounding_floor
from reluflow.observe.stillness import STILLNESS, Stillness
from reluflow.problem import Problem

if TYPE_CHECKING:
    from reluflow.store.preset import Preset
    from reluflow.theory.escape import Verdict

#: Pairs of a neuron and a sample up to which the state at the end of a run is looked at for what can grow.
FEW_PAIRS: Final = 20_000

#: ... and up to which a verdict takes no time that anybody would notice.
FEWEST_PAIRS: Final = 500

#: Seconds before the end of its wall time at which a run may end, at most.
LARGEST_MARGIN: Final = 0.15

#: With weight decay rest is looked for so often in every 1 / lambda of flow time.
LOOKS: Final = 4.0

#: How a run ended, and why in words.
Ending = tuple[str, str]

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class StopRules:
    """When to stop. ``loss`` and ``time`` in the problem's loss and its flow time; None means no such rule.

    ``margin``: the normalised margin min_k y_k h(x_k) / (|theta|^2 / 2) to reach, of losses of labels, once
    n L is below the loss of a sample at h = 0. With a loss or a margin to reach, the other rules are budgets;
    without one, they are what the run is for.
    """

    loss: float | None = None
    time: float | None = None
    steps: int | None = None
    wall_seconds: float | None = None
    margin: float | None = None

    @classmethod
    def of(cls, preset: "Preset") -> "StopRules":
        """The rules of a preset: each field is the key of [stop] that has its name."""
        return cls(*(preset.values.get(f"stop.{field.name}") for field in fields(cls)))


class WallClock:
    """Says when the wall time of a run is over, to be asked now and then within a step.

    Between two such questions a pass over many weights may take some tenths of a second. The clock ends early
    by its ``margin``, half of the longest time between two questions, so that runs keep the limit on average.
    """

    def __init__(self) -> None:
        self.margin = 0.0
        self._end = self._asked = math.inf

    def begin(self, seconds: float) -> None:
        """There are so many seconds from now."""
        self._asked = time.perf_counter()
        self._end = self._asked + seconds

    def is_over(self) -> bool:
        now = time.perf_counter()
        self.margin = min(max(self.margin, 0.5 * (now - self._asked)), LARGEST_MARGIN)
        self._asked = now
        return now >= self._end - self.margin


class Judge:
    """Says of a solver whether its run is over. To be asked after every step."""

    def __init__(self, problem: Problem, stop: StopRules, rtol: float) -> None:
        """``rtol``: the tolerance of the solver."""
        self.stop = stop
        self.stillness = Stillness(problem)
        self._problem, self._rtol = problem, rtol
        if stop.margin is not None and not problem.of_labels:
            raise ProblemError(
                f"a margin to stop at is given with the loss {problem.loss}; expected a loss of labels"
            )

    def floor(self, solver: SolverView, state: State) -> float:
        """The loss at or below which it is only rounding in the solver's ``state``; 0 far from that.

        With weight decay there is none: the objective goes on to fall where nothing is left of the loss.
        """
        if self._problem.weight_decay:
            return 0.0
        if self._problem.of_labels:
            return LEAST_LOSS
        return 0.5 * self._problem.speed * rounding_floor(solver, state) ** 2

    def level(self, floor: float) -> float:
        """The loss at which the run ends, one way or the other, given the ``floor``."""
        return max(self.stop.loss or 0.0, floor)

    def end_within_step(self, solver: FlowSolver, before: float, floor: float) -> State | None:
        """Where in its last step, which began at the loss ``before``, the run ends; None if not inside."""
        if solver.discrete:
            return None
        level, ends = self.level(floor), []
        if solver.loss <= level:
            ends.append(crossing(solver, level, before))
        if self.stop.margin is not None and self._has_margin(solver):
            ends.append(margin_crossing(solver, self.stop.margin))
        if ends:
            return min((end for end in ends if end is not None), key=lambda end: end.t, default=None)
        if solver.at_rest and len(solver.event_log):
            last = float(solver.event_log.t[-1])
            return replace(solver.state, t=last) if solver.t_old < last < solver.t else None
        return None

    def _has_margin(self, solver: SolverView) -> bool:
        """Whether the normalised margin to reach is reached, and the data are fitted."""
        if self.stop.margin is None:
            return False
        found = margins_of(self._problem, solver.state)
        return found.smoothed_margin > 0.0 and found.margin >= self.stop.margin

    def is_over(self, solver: SolverView, floor: float) -> bool:
        """Whether a run that ended within a step may end there, as the rules are."""
        return solver.at_rest or solver.loss <= self.level(floor) or self._has_margin(solver)

    def ending(self, solver: SolverView, floor: float) -> Ending | None:
        """How the run has ended; None while it has not.

        Raises AbandonedError where the solver is not wanted before that is known; it can be asked again.
        """
        before = copy(self.stillness)
        try:
            return self._ending(solver, floor)
        except AbandonedError:
            self.stillness = before
            raise

    def _verdict(self, solver: SolverView, find: Callable[[], _Found]) -> _Found:
        """What the theory says of a rest, which may take seconds."""
        if self._problem.width * self._problem.samples <= FEWEST_PAIRS:
            return find()
        return patiently(find, solver.abandoned)

    def _classified(self, solver: SolverView) -> "Verdict":
        """Which stationary point the network is near, or that it is near none."""
        from reluflow.theory.escape import classify

        return self._verdict(solver, partial(classify, self._problem, solver.state))

    def _ending(self, solver: SolverView, floor: float) -> Ending | None:
        stop = self.stop
        if solver.failure is not None:
            return "failed", solver.failure
        if stop.loss is not None and floor <= stop.loss and solver.loss <= stop.loss:
            return "converged", f"the loss is {solver.loss:.3g}, at or below stop.loss = {stop.loss:g}"
        if self._has_margin(solver):
            found = margins_of(self._problem, solver.state).margin
            return (
                "converged",
                f"the normalised margin is {found:.6g}, at or above stop.margin = {stop.margin:g}",
            )
        if solver.at_rest:
            return self._at_rest(solver)
        if solver.loss <= floor and not self._problem.weight_decay:
            return self._at_zero(solver) if self._problem.of_labels else self._at_the_floor(solver)
        if stop.time is not None and solver.t >= stop.time:
            return self._in_time(solver, stop.time)
        if stop.steps is not None and solver.steps >= stop.steps:
            return "steps", f"the solver has taken stop.steps = {stop.steps} steps"
        if self._problem.weight_decay:
            return self._balanced(solver)
        return self._still(solver) if self.stillness.watch(solver) else None

    def _balanced(self, solver: SolverView) -> Ending | None:
        """With weight decay rest is where the objective has no gradient left."""
        from reluflow.observe.kinks import gradient_norm
        from reluflow.theory.decayed_rest import STILL, classify_decayed, rests

        problem, state, norm = self._problem, solver.state, solver.gradient_norm
        if int(LOOKS * problem.weight_decay * solver.t_old) == int(LOOKS * problem.weight_decay * solver.t):
            return None
        norm = gradient_norm(state, problem) if norm is None else norm
        objective = solver.loss + problem.penalty(state.weights, state.output_weights)
        share = min(self._rtol, STILL)
        if self.stillness.settled(objective, norm, self._rtol):
            share = STILLNESS.trembles
        if not rests(problem, state, norm / problem.speed, share):
            return None
        verdict = self._verdict(solver, partial(classify_decayed, problem, state, max(share, STILL)))
        if verdict.kind in ("saddle", "moving"):
            return None
        return "stationary", f"the objective stays at {objective:.6g}, {verdict.kind}: {verdict.reason}"

    def _at_zero(self, solver: SolverView) -> Ending:
        reason = (
            f"the loss is {solver.loss:.3g}: it has no minimum but tends to zero, and of less than "
            f"{LEAST_LOSS:g} floating-point numbers do not hold the square"
        )
        if self.stop.loss is not None:
            return "stationary", f"{reason}; stop.loss = {self.stop.loss:g} is below that"
        return "converged", reason

    def _at_the_floor(self, solver: SolverView) -> Ending:
        reason = (
            f"the loss is {solver.loss:.3g}, at the rounding floor: what is left of h - y is below {UNITS:g} "
            "roundings of the terms that it is made of"
        )
        if self.stop.loss is not None:
            reason += f"; stop.loss = {self.stop.loss:g} is below what can be reached"
        return "stationary", reason

    def _in_time(self, solver: SolverView, limit: float) -> Ending:
        """The time is up, perhaps in one long step over a rest that there was no occasion to see."""
        still = None
        if self._problem.weight_decay:
            still = self._balanced(solver)
        elif self.stillness.watch(solver):
            still = self._still(solver)
        if still is not None:
            return still
        few = self._problem.width * self._problem.samples <= FEW_PAIRS
        if few and (not self._problem.of_labels or solver.gradient_norm == 0.0):
            verdict = self._classified(solver)
            rests = verdict.kind == "global minimum" and solver.gradient_norm == 0.0
            if verdict.stays or rests:
                return "stationary", f"the loss stays at {solver.loss:.6g}, {verdict.kind}: {verdict.reason}"
        return "time", f"flow time has reached stop.time = {limit:g}"

    def _at_rest(self, solver: SolverView) -> Ending:
        """The network moves no more for certain; what it is at is another matter."""
        verdict = self._classified(solver)
        reason = (
            f"the loss stays at {solver.loss:.6g}: no sample counts for any neuron, so that nothing can "
            f"move any more{', but for weight decay' if self._problem.weight_decay else ''}"
        )
        if verdict.kind not in ("saddle", "moving"):  # these it is only but for rounding
            reason += f"; {verdict.kind}: {verdict.reason}"
        return "stationary", reason

    def _still(self, solver: SolverView) -> Ending | None:
        """Nothing has moved for long: stationary, unless the state shows that something still will."""
        verdict = self._classified(solver)
        if verdict.kind in ("saddle", "moving") and self.stillness.doubt():
            return None
        seen = f"in the last {self.stillness.span:.3g} units of flow time no live neuron has turned or grown"
        if self._problem.of_labels:
            seen = f"it falls by no more than {STILLNESS.lasting_fall:g} of itself while ln(t) grows by 1"
        return (
            "stationary",
            f"the loss stays at {solver.loss:.6g}, {verdict.kind}: {verdict.reason}; {seen}",
        )
