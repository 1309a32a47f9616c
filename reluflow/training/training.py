"""A solver with its stop rules and its recorder, advanced a little at a time."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from reluflow.flow import DEFAULT_METHOD, make_solver
from reluflow.flow.base import AbandonedError, FlowSolver, Options, Outcome, SolverView, State
from reluflow.flow.cut import Cut
from reluflow.flow.events import Events
from reluflow.observe.recorder import Recorder, RecordRules
from reluflow.observe.recorder_rules import RECORDER
from reluflow.problem import Problem
from reluflow.training.stopping import Judge, StopRules, WallClock
from reluflow.training.summary import measured
from reluflow.training.threads import one_thread

if TYPE_CHECKING:
    from reluflow.store.preset import Preset

__all__ = ["StopRules", "Training"]

#: Numbers of steps of descent between two looks at it: at most so many, and so much arithmetic.
LONGEST_BURST: Final = 1000
BURST_WORK: Final = 1.5e9
#: What passes over all pairs of a neuron and a sample cost beside products with inputs, in multiplications.
PASSES: Final = 70


class Training:
    """One run of one solver.

    ``status`` is "running" until a stop rule, a failure or ``interrupt`` ends it; ``reason`` says why in
    words. Everything that decides the further course is in ``checkpoint``.
    """

    def __init__(
        self,
        problem: Problem,
        method: str | None = None,
        options: Options | None = None,
        stop: StopRules | None = None,
        record: RecordRules | None = None,
    ) -> None:
        self.problem = problem
        with one_thread():
            self._solver: FlowSolver = make_solver(method or DEFAULT_METHOD, problem, options)
        #: the solver as it stood where the run ended, if that was within a step, and a checkpoint beyond it
        self._cut: Cut | None = None
        self._onward: dict[str, Any] = {}
        self.stop = stop or StopRules()
        self.recorder = Recorder(problem, record or RecordRules())
        self.status = "running"
        self.reason = ""
        self.wall_seconds = 0.0
        self._judging = Judge(problem, self.stop, self._solver.options.rtol)
        self._burst, self._is_judged, self._clock = 1, True, WallClock()
        work = problem.width * problem.samples * (6 * problem.dimension + PASSES)
        #: steps of a solver of fixed steps between two looks at the clock, at most
        self.longest_burst = int(min(max(BURST_WORK // work, 1), LONGEST_BURST))
        self.recorder.observe(self._solver)
        #: the loss, where the solver stands, that is only rounding
        self._floor = self._judging.floor(self._solver, self._solver.state)
        self._judge()

    @property
    def solver(self) -> SolverView:
        """The solver as it stands, or as it stood where the run ended within its last step."""
        return self._cut or self._solver

    @classmethod
    def from_preset(cls, preset: "Preset") -> "Training":
        """The run that a preset describes. Raises what building its problem or its solver raises."""
        values = preset.values
        method, options, record = values.get("solver.method"), Options.of(values), RecordRules.of(values)
        return cls(preset.problem(), method, options, StopRules.of(preset), record)

    def run(
        self,
        look: "Callable[[Training], None]" = lambda _: None,
        every: float | None = 0.05,
        interrupted_by: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Solve until the run is over: the one loop of all that has no screen.

        Parameters
        ----------
        look: called between two steps, and after the last.
        every: seconds of solving between two of these calls; None: after every single step.
        interrupted_by: asked between two steps, and now and then within one. Where it names who wants the run
            to end, the step that is being taken is given up and the run ends where it stood before it.
        """

        def is_unwanted() -> bool:
            return interrupted_by() is not None

        while self.status == "running":
            if every is None:
                self.single_step(is_unwanted)
            else:
                self.advance(every, halted=is_unwanted, abandoned=is_unwanted)
            by = interrupted_by()
            if by is not None:
                self.interrupt(f"stopped by {by} at t = {self.solver.t:.6g}")
            look(self)

    def advance(
        self,
        seconds: float = 0.05,
        halted: Callable[[], bool] = lambda: False,
        abandoned: Callable[[], bool] = lambda: False,
    ) -> None:
        """Step for so much wall time, until ``halted`` says so between two steps, or the run ends.

        A step that is still being computed when ``abandoned`` says so, or when stop.wall_seconds are over, is
        given up: the run stands where it stood before it.
        """
        began = time.perf_counter()
        left = math.inf if self.stop.wall_seconds is None else self.stop.wall_seconds - self.wall_seconds
        seconds = min(seconds, left)
        self._clock.begin(left)
        with one_thread(), self._abandoning(lambda: self._clock.is_over() or abandoned()):
            while self.status == "running" and not halted():
                self._step(self._burst)
                if time.perf_counter() - began >= seconds:
                    break
        self.wall_seconds += time.perf_counter() - began
        self._judge_wall()

    def single_step(self, abandoned: Callable[[], bool] = lambda: False) -> Outcome | None:
        """One step of the solver, one iteration of descent; ``abandoned`` as for ``advance``.

        Returns what became of it, None where the run was over already.
        """
        began, outcome = time.perf_counter(), None
        if self.status == "running":
            with one_thread(), self._abandoning(abandoned):
                outcome = self._step(1)
        self.wall_seconds += time.perf_counter() - began
        return outcome

    @contextmanager
    def _abandoning(self, abandoned: Callable[[], bool]) -> Iterator[None]:
        """For these steps alone: whoever steps the solver later has its own reasons."""
        usual, self._solver.abandoned = self._solver.abandoned, abandoned
        try:
            yield
        finally:
            self._solver.abandoned = usual

    def interrupt(self, reason: str) -> None:
        """Stop here; what was recorded stays, and a run restored from the checkpoint goes on."""
        if self.status == "running":
            self.status, self.reason = "interrupted", reason

    def break_off(self, why: str) -> None:
        """End a run whose solver raised an error that it should not have."""
        self.status, self.reason = "failed", f"the solver broke off: {why}"

    @property
    def method(self) -> str:
        """The solver's name."""
        return self._solver.name

    @property
    def options(self) -> Options | None:
        """What the solver was told; None for a method that has no tolerance."""
        return None if self._solver.discrete else self._solver.options

    @property
    def events(self) -> Events:
        """Every change of activation that the solver has logged."""
        return self.solver.event_log

    @property
    def reached_goal(self) -> bool:
        """Whether the run did what it was for: its loss, or where it asks for none, its end."""
        if self.stop.loss or self.stop.margin is not None:
            return self.status == "converged"
        return self.status in ("converged", "stationary", "time", "steps", "wall")

    def _step(self, burst: int) -> Outcome:
        """A step that is recorded and judged, or of which nothing is left if it was abandoned."""
        solver, stop = self._solver, self.stop
        if not self._is_judged:  # nobody waited for what there is to say of the last one
            self._judge()
            return Outcome.ABANDONED
        if stop.steps is not None:
            burst = min(burst, stop.steps - solver.steps)
        loss = solver.loss
        level = self._judging.level(self._floor) if burst > 1 else 0.0
        outcome = solver.step(burst, level, math.inf if stop.time is None else stop.time)
        if outcome is Outcome.ABANDONED:
            return outcome
        ask = partial(self.recorder.ask, solver)
        try:  # of many weights each of these takes as long as it may take to stop
            ask()
            state = solver.state
            ask()
            floor = self._judging.floor(solver, state)
            ask()
            end = self._judging.end_within_step(solver, loss, floor)
            moved = self.recorder.observe(solver, state)
        except AbandonedError:  # looking into the step may take longer than the step itself
            solver.take_back()
            return Outcome.ABANDONED
        self._floor = floor
        self._pace(moved)
        if end is not None:
            self._end_within_step(end)
        self._judge()
        return outcome

    def _end_within_step(self, end: State, events: int | None = None) -> None:
        """End the record at ``end``; what was after it in the step is kept for whoever goes on."""
        cut = Cut(self._solver, end, events)
        self._onward = self._whole_checkpoint() | {
            "end/t": end.t,
            "end/weights": end.weights,
            "end/output_weights": end.output_weights,
            "end/events": cut.events,
        }
        self._cut = cut
        self.recorder.cut(cut)

    def _pace(self, moved: float | None) -> None:
        """Longer bursts of descent where nothing moves, shorter ones where much does."""
        if moved is None:
            return
        if moved > 0.5 * RECORDER.spacing:
            self._burst = max(1, self._burst // 2)
        elif moved < 0.25 * RECORDER.spacing:
            self._burst = min(2 * self._burst, self.longest_burst)

    def _judge(self) -> None:
        self._is_judged = False
        with suppress(AbandonedError):
            ending = self._judging.ending(self.solver, self._floor)
            self._is_judged = True
            if ending is not None:
                self.status, self.reason = ending

    def _judge_wall(self) -> None:
        limit = self.stop.wall_seconds
        if self.status == "running" and limit is not None and self.wall_seconds >= limit - self._clock.margin:
            self.status, self.reason = "wall", f"the run has used stop.wall_seconds = {limit:g} seconds"

    def summary(self) -> dict[str, Any]:
        """What ``run --json`` prints of a run; numbers in the stated loss and its flow time."""
        how = {"status": self.status, "reason": self.reason}
        found = measured(self.solver, self.recorder, settled=self.status == "converged")
        return how | found | {"wall_seconds": self.wall_seconds, "method": self.method}

    def checkpoint(self) -> dict[str, Any]:
        """Plain arrays from which ``restore`` continues to the same trajectory and the same record.

        A run that ended within a step goes on from the end of that step, under rules that let it.
        """
        if self._cut is None:
            return self._whole_checkpoint()
        return self._onward | {"wall_seconds": self.wall_seconds}

    def _whole_checkpoint(self) -> dict[str, Any]:
        parts = {
            "solver": self._solver.checkpoint(),
            "recorder": self.recorder.checkpoint(),
            "stillness": self._judging.stillness.checkpoint(),
        }
        flat = {f"{part}/{key}": value for part, packed in parts.items() for key, value in packed.items()}
        return flat | {"burst": self._burst, "wall_seconds": self.wall_seconds, "method": self.method}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go on from a checkpoint of a run of the same problem with the same method."""

        def part(name: str) -> dict[str, Any]:
            return {key[len(name) + 1 :]: value for key, value in saved.items() if key.startswith(f"{name}/")}

        self._solver.restore(part("solver"))
        self.recorder.restore(part("recorder"))
        self._judging.stillness.restore(part("stillness"))
        self._burst, self.wall_seconds = int(saved["burst"]), float(saved["wall_seconds"])
        self.status, self.reason, self._cut = "running", "", None
        self._floor, end = self._judging.floor(self._solver, self._solver.state), part("end")
        if end:
            weights, outputs = np.array(end["weights"]), np.array(end["output_weights"])
            self._end_again(State(float(end["t"]), weights, outputs), int(end["events"]))
        self._judge()
        self._judge_wall()

    def _end_again(self, end: State, events: int) -> None:
        """End within the last step, as before, if the rules of now end the run there too."""
        cut = Cut(self._solver, end, events)
        if self._judging.is_over(cut, self._floor):
            self._end_within_step(end, events)
