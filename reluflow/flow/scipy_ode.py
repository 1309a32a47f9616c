"""SciPy's integrators, stepped one step at a time, for comparison."""

import copy
import warnings
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from reluflow.errors import SolverError
from reluflow.flow.base import AbandonedError, DenseOutput, FlowSolver, Options, State
from reluflow.flow.headway import Headway, cause, lost
from reluflow.flow.patience import patiently
from reluflow.memory import room
from reluflow.network import LOSS_FACTOR, Array, activation, residuals, row_norms, shares
from reluflow.problem import Problem

#: Absolute tolerance, in units of rtol times the smallest initial neuron,
ABSOLUTE_SHARE = 1e-3
#: ... or than this share of the largest, whose squares in these units would overflow.
LEAST_SHARE = 1e-140
#: A first step, in units of the time in which the state would change by itself, where SciPy finds none.
FIRST_SHARE = 1e-6
#: Between its ends a step goes no further than this times what is there: beyond, an interpolant overflows.
ASTRAY = 100.0
#: Unknowns from which on factors of a Jacobian take so long (0.1 s) that they are waited for beside.
LARGE = 1000
#: Integration never ends by itself; LSODA wants a finite end to choose its first step.
FAR = 1e100
#: What a Jacobian and its factors may take of the room that there is: half of the memory.
OF_ROOM = 0.625


class ScipySolver(FlowSolver):
    """The flow in the reduced coordinates (span of the inputs), as one vector (W, a), through SciPy.

    Error control is relative (rtol) with an absolute floor far below the initial weights. The right-hand
    side jumps at ReLU kinks, where step-size control sees noise: on data where neurons slide along kinks
    these methods take very short steps, and the time step's error breaks the balance of small neurons.

    Raises SolverError if an implicit method's Jacobian would not fit in memory.
    """

    _method: ClassVar[Any]
    #: attributes of SciPy's solver on which its next step depends
    _memory: ClassVar[tuple[str, ...]]
    #: attributes that hold LU factors, kept because c = h / alpha is rounded differently at another t
    _factors: ClassVar[tuple[str, ...]] = ()
    _implicit: ClassVar[bool] = False
    #: whether a step can be given up: compiled code keeps what it has changed
    _gives_up: ClassVar[bool] = True

    def __init__(self, problem: Problem, options: Options) -> None:
        super().__init__(problem, options)
        self._stepping = False
        self._inputs = problem.span.inputs
        self._pull = -2.0 * LOSS_FACTOR[problem.loss] / problem.samples
        self._shape = (problem.width, self._inputs.shape[1])
        self._refuse_oversize()
        sizes = np.maximum(row_norms(problem.weights), np.abs(problem.output_weights))
        sizes = sizes[sizes > 0.0] if sizes.any() else np.ones(1)
        smallest = max(float(np.min(sizes)), LEAST_SHARE * float(np.max(sizes)))
        self._floor = ABSOLUTE_SHARE * options.rtol * smallest
        start = np.concatenate([problem.span.project(problem.weights).ravel(), problem.output_weights])
        self._ode = self._start(0.0, start)
        #: the state before the last step
        self._before = start
        self._headway = Headway()

    @property
    def residual(self) -> Array:
        weights, outputs = self._split(self._ode.y)
        return residuals(weights, outputs, self._inputs, self.problem.targets, self.problem.slope)

    @property
    def state(self) -> State:
        return self._network(self.t, self._ode.y)

    def dense_output(self) -> DenseOutput:
        now = self._ode.y.copy()
        if self.t_old == self.t:
            return _Lifted(self, lambda t: now, now, now)
        with np.errstate(over="ignore", invalid="ignore"):
            return _Lifted(self, self._ode.dense_output(), self._before, now)

    def _start(self, t: float, y: Array) -> Any:
        extra = {"jac": self._jacobian} if self._implicit else {}
        # SciPy warns below rtol = 100 machine epsilons and then uses that
        rtol = max(self.options.rtol, 1e-13)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            ode = self._method(self._rate, t, y, FAR, rtol=rtol, atol=self._floor, **extra)
            rate = np.max(np.abs(self._rate(t, y)), initial=0.0)
        if not 0.0 < getattr(ode, "h_abs", 1.0) < np.inf:  # what it was made of has overflowed
            size = np.max(np.abs(y), initial=0.0)
            ode.h_abs = (
                float(FIRST_SHARE * size / rate) if 0.0 < rate < np.inf and size > 0.0 else FIRST_SHARE
            )
        return ode

    def _split(self, y: Array) -> tuple[Array, Array]:
        m, p = self._shape
        return y[: m * p].reshape(m, p), y[m * p :]

    def _network(self, t: float, y: Array) -> State:
        weights, outputs = self._split(y)
        return State(t, self.problem.span.lift(weights), outputs.copy())

    def _rate(self, t: float, y: Array) -> Array:
        """(dW/dt, da/dt) = minus the gradient; raises AbandonedError within a step that nobody wants."""
        if self._stepping and self.abandoned():
            raise AbandonedError
        weights, outputs = self._split(y)
        z, slope = weights @ self._inputs.T, self.problem.slope
        hidden = activation(z, slope)
        pull = self._pull * (outputs @ hidden - self.problem.targets)
        rate = np.empty_like(y)
        rate[: weights.size] = (outputs[:, None] * ((shares(z > 0.0, slope) * pull) @ self._inputs)).ravel()
        rate[weights.size :] = hidden @ pull
        return rate

    def _jacobian(self, t: float, y: Array) -> Array:
        """d rate / dy = pull * S' S + the coupling of w_j and a_j through D_j, with S = d residual / dy."""
        weights, outputs = self._split(y)
        m, p = self._shape
        z, slope = weights @ self._inputs.T, self.problem.slope
        active = shares(z > 0.0, slope)
        hidden = activation(z, slope)
        by_weight = (outputs[:, None] * active).T[:, :, None] * self._inputs[:, None, :]
        sensitivity = np.hstack([by_weight.reshape(self.problem.samples, m * p), hidden.T])
        jacobian: Array = self._pull * (sensitivity.T @ sensitivity)
        pull = self._pull * (outputs @ hidden - self.problem.targets)
        drift = ((active * pull) @ self._inputs).ravel()
        rows, columns = np.arange(m * p), m * p + np.repeat(np.arange(m), p)
        jacobian[rows, columns] += drift
        jacobian[columns, rows] += drift
        return jacobian

    def _refuse_oversize(self) -> None:
        if not self._implicit:
            return
        unknowns = self._shape[0] * (self._shape[1] + 1)
        needed = 8 * 4 * unknowns**2
        if needed > (most := OF_ROOM * room()):
            raise SolverError(
                f"method {self.name} needs a Jacobian of {unknowns} x {unknowns}, with its factors about "
                f"{needed / 1e9:.3g} GB; expected at most {most / 1e9:.3g} GB, half of what there is"
            )

    def _advance(self, burst: int, loss_floor: float, t_end: float) -> None:
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
        """A step of SciPy's solver; one that is abandoned leaves a solver that stands before it."""
        spare = copy.copy(ode)
        if hasattr(ode, "D"):  # the one array that a step changes in place
            spare.D = ode.D.copy()
        self._stepping = self._gives_up
        try:
            large = self._implicit and self._gives_up and ode.y.size >= LARGE
            return patiently(ode.step, self.abandoned) if large else ode.step()
        except AbandonedError:
            self._ode = spare
            raise
        finally:
            self._stepping = False

    def _aim(self, t_bound: float) -> None:
        """Tell a compiled integrator about the end of the step; Python ones read ``t_bound``."""

    def _pack(self) -> dict[str, Any]:
        held = {name: getattr(self._ode, name) for name in self._memory}
        for name in self._factors:
            factor, pivots = getattr(self._ode, name) or (None, None)
            held |= {f"{name}/factor": factor, f"{name}/pivots": pivots}
        known = {name: value for name, value in held.items() if value is not None}
        return {"y": self._ode.y} | known | self._headway.pack()

    def _unpack(self, saved: Mapping[str, Any]) -> None:
        ode = self._ode = self._start(self.t, np.array(saved["y"], dtype=float))
        self.t_old = self.t
        self._headway.unpack(saved)
        for name in self._memory:
            value = np.array(saved[name]) if name in saved else None
            setattr(ode, name, value.item() if value is not None and value.ndim == 0 else value)
        for name in self._factors:
            if f"{name}/factor" in saved:
                setattr(ode, name, (np.array(saved[f"{name}/factor"]), np.array(saved[f"{name}/pivots"])))


class _Lifted(DenseOutput):
    """SciPy's dense output, as networks; a straight line where that of DOP853 overflows (it looks ahead)."""

    def __init__(
        self, solver: ScipySolver, interpolant: Callable[[float], Array], before: Array, now: Array
    ) -> None:
        super().__init__(solver.t_old, solver.t)
        self._solver, self._interpolant, self._ends = solver, interpolant, (before, now)

    def __call__(self, t: float) -> State:
        with np.errstate(over="ignore", invalid="ignore"):
            y = np.asarray(self._interpolant(t), dtype=float)
        before, now = self._ends
        bound = ASTRAY * max(np.abs(before).max(), np.abs(now).max())
        if not np.abs(y).max() <= bound:
            share = (t - self.start) / (self.end - self.start)
            y = (1.0 - share) * before + share * now
        return self._solver._network(t, y)
