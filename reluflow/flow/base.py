"""The one contract behind which every solver stands: construct, ``step()``, look, interpolate, checkpoint.

It is the contract of scipy's ``OdeSolver``, with three differences: a state is a network, not a vector;
nothing that was handed out ever changes (states are copies); and a solver can be checkpointed to plain
arrays and restored, after which it takes the very same steps.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

import numpy as np

from reluflow.errors import SolverError
from reluflow.flow.events import Events, no_events
from reluflow.network import Array, preactivations
from reluflow.problem import Problem, check_range


@dataclass(frozen=True)
class State:
    """A network at a time. ``weights`` (m, d) and ``output_weights`` (m,) are never written to again."""

    t: float
    weights: Array
    output_weights: Array


class DenseOutput(ABC):
    """The state between the two ends of the last step, to the order of the step."""

    def __init__(self, start: float, end: float) -> None:
        self.start = start
        self.end = end

    @abstractmethod
    def __call__(self, t: float) -> State:
        """The state at flow time ``t`` in [start, end]."""

    def states(self, times: Array) -> list[State]:
        """The states at flow times (k,) in [start, end], in order: what is cheaper together is done so."""
        return [self(float(t)) for t in times]

    def gradient_norms(self, times: Array) -> Array | None:
        """|gradient| of the problem's loss at flow times (k,), in order, by the solver's own activations.

        None, or nan at some of the times, where these say no more than the states do.
        """
        return None


#: Relative tolerances that there can be: rounding of the terms of a sum, and a tenth.
TIGHTEST, LOOSEST = 1e-14, 0.1


@dataclass(frozen=True)
class Options:
    """What a solver may be told. A solver refuses an option that it does not use only if it was set.

    ``rtol``: relative tolerance of adaptive solvers. ``learning_rate``: step of plain descent, in the
    stated loss. Raises SolverError for a tolerance that no solver can keep or that means nothing.
    """

    rtol: float = 1e-6
    learning_rate: float | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Options":
        """The options among the flat values of a preset."""
        return cls(values["solver.rtol"], values.get("solver.learning_rate"))

    def __post_init__(self) -> None:
        if not TIGHTEST <= self.rtol <= LOOSEST:
            raise SolverError(f"rtol is {self.rtol}; expected a number from {TIGHTEST:g} to {LOOSEST:g}")


class Outcome(Enum):
    """What became of a step (see ``FlowSolver.step``)."""

    ACCEPTED = "accepted"
    ABANDONED = "abandoned"
    FAILED = "failed"


class AbandonedError(Exception):
    """A step was given up before its end, because ``FlowSolver.abandoned`` said so."""


class SolverView(ABC):
    """What is seen of a solver between two steps. Time is flow time of ``problem.loss``.

    Attributes
    ----------
    t, t_old: flow time now and before the last step.
    steps: accepted steps (iterations, for descent) so far.
    events: changes of activation seen so far (0 for a solver that does not look for them).
    failure: None, or one sentence that says why the solver can go no further.
    abandoned: asked whether the step is wanted no more, also by whoever looks into it; see ``FlowSolver``.
    """

    #: whether only the states after whole steps are meant, as with iterates, and none between them
    discrete: ClassVar[bool] = False

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.t = 0.0
        self.t_old = 0.0
        self.steps = 0
        self.events = 0
        self.failure: str | None = None
        self.abandoned: Callable[[], bool] = lambda: False

    @property
    def loss(self) -> float:
        """The loss now, in the convention of ``problem.loss``."""
        return self.problem.value(self.residual)

    @property
    def event_log(self) -> Events:
        """The changes of activation seen so far, in order of time; empty for a solver that keeps no log."""
        return no_events()

    @property
    def at_rest(self) -> bool:
        """Whether nothing can move any more, whatever the residual: no sample counts for any neuron."""
        state, problem = self.state, self.problem
        z = preactivations(state.weights, problem.inputs)
        if problem.slope > 0.0:
            return not (problem.inputs.any() and (state.output_weights.any() or z.any()))
        return not (z > 0.0).any()

    @property
    def loss_range(self) -> tuple[float, float]:
        """Lowest and highest loss seen during the last step, or burst of steps."""
        loss = self.loss
        return loss, loss

    @property
    def gradient_norm(self) -> float | None:
        """How fast the flow moves: |(dw/dt, da/dt)| in the time of the stated loss.

        None for a solver that does not know on which samples neurons slide: it must be judged from the state.
        """
        return None

    @property
    @abstractmethod
    def residual(self) -> Array:
        """r (n,) now."""

    @property
    @abstractmethod
    def state(self) -> State:
        """The network now, in the problem's own coordinates."""

    @abstractmethod
    def dense_output(self) -> DenseOutput:
        """The state between ``t_old`` and ``t``."""


class FlowSolver(SolverView):
    """Base of all solvers.

    A subclass names itself, sets ``t`` and implements ``advance``, ``residual``, ``state``,
    ``dense_output``, ``_pack`` and ``_unpack``. Raises ProblemError for a problem whose numbers are out of
    range.

    Attributes
    ----------
    events_old: changes of activation that had been seen before the last step.
    abandoned: asked now and then during a step that may take long; if true, the step is given up. It is asked
        by dense output too, which then raises AbandonedError; the step can be taken back.

    The contract of a step, the same for all solvers, is that of ``step``. For its part ``advance`` takes one
    step (or a burst), or sets ``failure``, or raises AbandonedError with all attributes as they were before.
    """

    #: name in presets and on the command line, as in ``reluflow.flow.METHODS``
    name: ClassVar[str]

    def __init__(self, problem: Problem, options: Options) -> None:
        super().__init__(problem)
        check_range(problem)
        self.options = options
        self.events_old = 0
        self._go_back: Callable[[], None] = lambda: None

    def step(self, burst: int = 1, loss_floor: float = 0.0, t_end: float = np.inf) -> Outcome:
        """Take one step, and say what became of it.

        Parameters
        ----------
        burst: a solver of fixed cheap steps may take up to so many before it returns; it returns early as
            soon as the loss is at or below ``loss_floor``. Adaptive solvers take one step and ignore it.
        t_end: flow time past which no step goes.

        Returns
        -------
        ACCEPTED: the solver stands at the end of the step, into which ``dense_output`` looks. Where ``t`` was
            at ``t_end`` already, there was no step to take.
        ABANDONED: ``abandoned`` said so, and the solver stands where it stood before, so that the same step
            can be taken again. A burst is ACCEPTED with the steps that were taken until then.
        FAILED: the solver can go no further, and ``failure`` says why; its state is that of the last accepted
            step. Every later call returns the same.
        """
        if self.failure is not None:
            return Outcome.FAILED
        if self.t >= t_end:
            return Outcome.ACCEPTED
        events, way_back = self.events, self._way_back()
        try:
            self.advance(burst, loss_floor, t_end)
        except AbandonedError:
            way_back()
            return Outcome.ABANDONED
        self.events_old, self._go_back = events, way_back
        return Outcome.ACCEPTED if self.failure is None else Outcome.FAILED

    def take_back(self) -> None:
        """Undo the last step, for whoever met AbandonedError while looking into it with ``dense_output``."""
        self._go_back()

    def _way_back(self) -> Callable[[], None]:
        """What will undo the step that is about to be taken, as a whole or as far as it has come.

        A solver implements it that raises AbandonedError within a step, or whose dense output does.
        """
        return lambda: None

    @abstractmethod
    def advance(self, burst: int, loss_floor: float, t_end: float) -> None:
        """Take one step, for ``step``, which keeps the contract around it and is what others call."""

    @abstractmethod
    def _pack(self) -> dict[str, Any]:
        """Everything the next step depends on, beyond ``t``, ``steps`` and ``events``."""

    @abstractmethod
    def _unpack(self, saved: Mapping[str, Any]) -> None: ...

    def checkpoint(self) -> dict[str, Any]:
        """Plain arrays from which ``restore`` continues with the very same steps; safe to keep."""
        clock = {"t": self.t, "steps": self.steps, "events": self.events}
        packed = clock | self._pack()
        return {key: np.array(value, copy=True) for key, value in packed.items()}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go back to a checkpoint of a solver of the same kind on the same problem.

        The step that led there is not kept: dense output begins with the next step.
        """
        self.t = self.t_old = float(saved["t"])
        self.steps, self.events = int(saved["steps"]), int(saved["events"])
        self.events_old = self.events
        self.failure = None
        self._unpack(saved)
