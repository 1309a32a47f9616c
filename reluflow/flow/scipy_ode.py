"""SciPy's integrators, stepped one step at a time, for comparison."""

import copy
import warnings
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from reluflow.flow.base import AbandonedError, DenseOutput, FlowSolver, Options, State
from reluflow.flow.headway import Headway, cause, lost
from reluflow.network import Array, activation, residuals, row_norms, shares
from reluflow.problem import Problem

#: Absolute tolerance, in units of rtol times the smallest initial neuron,
ABSOLUTE_SHARE = 1e-3
#: ... or than this share of the largest, whose squares in these units would overflow.
LEAST_SHARE = 1e-140
#: A first step, in units of the time in which the state would change by itself, where SciPy finds none.
FIRST_SHARE = 1e-6
#: Between its ends a step goes no further than this times what is there: beyond, an interpolant overflows.
ASTRAY = 100.0
#: Integration never ends by itself; LSODA wants a finite end to choose its first step.
FAR = 1e100


class ScipySolver(FlowSolver):
    """The flow in the reduced coordinates (span of the inputs), as one vector (W, a), through SciPy.

    Error control is relative (rtol) with an absolute floor far below the initial weights. The right-hand
    side jumps at ReLU kinks, where step-size control sees noise: on data where neurons slide along kinks
    these methods take very short steps, and the time step's error breaks the balance of small neurons.
    Implicit ones are in ``scipy_implicit``.
    """

    _method: ClassVar[Any]
    #: attributes of SciPy's solver on which its next step depends
    _memory: ClassVar[tuple[str, ...]]

    def __init__(self, problem: Problem, options: Options) -> None:
        super().__init__(problem, options)
        self._stepping = False
        self._inputs = problem.span.inputs
        self._pull = -problem.speed / problem.samples
        self._shape = (problem.width, self._inputs.shape[1])
        #: N
        self.unknowns: int = problem.width * (self._shape[1] + 1)
        self._prepare()
        sizes = np.maximum(row_norms(problem.weights), np.abs(problem.output_weights))
        sizes = sizes[sizes > 0.0] if sizes.any() else np.ones(1)
        smallest = max(float(np.min(sizes)), LEAST_SHARE * float(np.max(sizes)))
        self._floor = ABSOLUTE_SHARE * options.rtol * smallest
        start = np.concatenate([problem.span.project(problem.weights).ravel(), problem.output_weights])
        self._ode = self._start(0.0, start)
        #: the state before the last step
        self._before = start
        #: the state that was asked for last, and of what it was made
        self._shown: tuple[Array, State] | None = None
        self._headway = Headway()

    @property
    def residual(self) -> Array:
        weights, outputs = self._split(self._ode.y)
        return residuals(weights, outputs, self._inputs, self.problem.targets, self.problem.slope)

    @property
    def state(self) -> State:
        y, shown = self._ode.y, self._shown
        if shown is None or shown[0] is not y or shown[1].t != self.t:
            # what looks at a step asks for it several times, and in many dimensions it takes long
            self._shown = shown = (y, self.as_state(self.t, y))
        return shown[1]

    def dense_output(self) -> DenseOutput:
        now = self._ode.y.copy()
        if self.t_old == self.t:
            return _Lifted(self, lambda t: now, now, now)
        with np.errstate(over="ignore", invalid="ignore"):
            return _Lifted(self, self._ode.dense_output(), self._before, now)

    def _prepare(self) -> None:
        """What a method does before SciPy's solver is made; raises SolverError where it cannot be used."""

    def _make(self, t: float, y: Array, **tolerances: Any) -> Any:
        """SciPy's solver, at a state."""
        return self._method(self.rate, t, y, FAR, **tolerances)

    def _start(self, t: float, y: Array) -> Any:
        # SciPy warns below rtol = 100 machine epsilons and then uses that
        rtol = max(self.options.rtol, 1e-13)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            ode = self._make(t, y, rtol=rtol, atol=self._floor)
            rate = np.max(np.abs(self.rate(t, y)), initial=0.0)
        if not 0.0 < getattr(ode, "h_abs", 1.0) < np.inf:  # what it was made of has overflowed
            size = np.max(np.abs(y), initial=0.0)
            ode.h_abs = float(FIRST_SHARE * size / rate) if 0.0 < rate < np.inf else FIRST_SHARE
        return ode

    def _split(self, y: Array) -> tuple[Array, Array]:
        m, p = self._shape
        return y[: m * p].reshape(m, p), y[m * p :]

    def as_state(self, t: float, y: Array) -> State:
        """The network of SciPy's vector ``y`` (N,)."""
        weights, outputs = self._split(y)
        return State(t, self.problem.span.lift(weights, self.problem.shrunk(t)), outputs.copy())

    def rate(self, t: float, y: Array) -> Array:
        """(dW/dt, da/dt) (N,), minus the gradient at ``y`` (N,).

        Raises AbandonedError within a step that nobody wants.
        """
        if self._stepping and self.abandoned():
            raise AbandonedError
        weights, outputs = self._split(y)
        z, slope = weights @ self._inputs.T, self.problem.slope
        hidden = activation(z, slope)
        pull = self._pull * self.problem.force(outputs @ hidden - self.problem.targets)
        rate = np.empty_like(y)
        rate[: weights.size] = (outputs[:, None] * ((shares(z > 0.0, slope) * pull) @ self._inputs)).ravel()
        rate[weights.size :] = hidden @ pull
        if self.problem.weight_decay:
            rate -= self.problem.weight_decay * y
        return rate

    def advance(self, burst: int, loss_floor: float, t_end: float) -> None:
        ode = self._ode
        ode.status = "running"
        ode.t_bound = min(t_end, FAR)
        self._aim(ode.t_bound)
        before = ode.y.copy()
        said = self._said_of_a_step()
        if said is not None:
            ode.y = before
            why = cause(self.state, self.problem)
            self.failure = f"method {self.name} gave up at t = {self.t:g} ({said.rstrip('.')}): {why}"
            return
        self._before = before
        self.t_old, self.t = float(ode.t_old), float(ode.t)
        self.steps += 1
        gained = self._headway.gained(self.steps, self.t)
        if gained < np.inf:
            words = lost(gained, self.state, self.problem)
            self.failure = f"method {self.name} {words}" if words else None

    def _said_of_a_step(self) -> str | None:
        """Let SciPy take a step; what it says of one that it cannot take, else None."""
        ode = self._ode
        with (
            np.errstate(over="ignore", invalid="ignore", divide="ignore"),
            warnings.catch_warnings(record=True) as warned,
        ):
            warnings.simplefilter("always")  # what LSODA has to say would otherwise go to stderr
            try:
                message = self._step_of(ode)
            except (ArithmeticError, ValueError, np.linalg.LinAlgError) as error:
                return str(error)
        if ode.status == "failed":
            return "; ".join([message, *(str(each.message) for each in warned)])
        return None if np.all(np.isfinite(ode.y)) else "the state is no longer finite"

    def _step_of(self, ode: Any) -> Any:
        self._stepping = True
        try:
            return self._step_wanted(ode)
        finally:
            self._stepping = False

    def _way_back(self) -> Callable[[], None]:
        mine = {name: getattr(self, name) for name in ("t", "steps", "events", "failure", "_before")}
        headway, bookmark = copy.copy(self._headway), self._bookmark(self._ode)

        def go_back() -> None:
            vars(self).update(mine, t_old=mine["t"], _headway=headway)
            bookmark()

        return go_back

    def _bookmark(self, ode: Any) -> Callable[[], None]:
        """What makes SciPy's solver stand where it stands now, whatever a step has changed."""
        spare = copy.copy(ode)
        if hasattr(ode, "D"):  # the one array that a step changes in place
            spare.D = ode.D.copy()

        def go_back() -> None:
            self._ode = spare

        return go_back

    def _step_wanted(self, ode: Any) -> Any:
        """What ``ode.step`` returns; AbandonedError at the latest after the next evaluation of the rate."""
        return ode.step()

    def _aim(self, t_bound: float) -> None:
        """Tell a compiled integrator about the end of the step; Python ones read ``t_bound``."""

    def _pack(self) -> dict[str, Any]:
        held = {name: getattr(self._ode, name) for name in self._memory}
        known = {name: value for name, value in held.items() if value is not None}
        return {"y": self._ode.y} | known | self._headway.pack()

    def _unpack(self, saved: Mapping[str, Any]) -> None:
        ode = self._ode = self._start(self.t, np.array(saved["y"], dtype=float))
        self.t_old = self.t
        self._headway.unpack(saved)
        for name in self._memory:
            value = np.array(saved[name]) if name in saved else None
            setattr(ode, name, value.item() if value is not None and value.ndim == 0 else value)


class _Lifted(DenseOutput):
    """SciPy's dense output, as networks; a straight line where that of DOP853 overflows (it looks ahead)."""

    def __init__(
        self, solver: ScipySolver, interpolant: Callable[[float], Array], before: Array, now: Array
    ) -> None:
        super().__init__(solver.t_old, solver.t)
        self._solver, self._interpolant, self._ends = solver, interpolant, (before, now)

    def __call__(self, t: float) -> State:
        if self._solver.abandoned():
            raise AbandonedError
        with np.errstate(over="ignore", invalid="ignore"):
            y = np.asarray(self._interpolant(t), dtype=float)
        before, now = self._ends
        bound = ASTRAY * max(np.abs(before).max(), np.abs(now).max())
        if not np.abs(y).max() <= bound:
            share = (t - self.start) / (self.end - self.start)
            y = (1.0 - share) * before + share * now
        return self._solver.as_state(t, y)
