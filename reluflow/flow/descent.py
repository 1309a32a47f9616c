"""Plain gradient descent, exactly as the papers' code runs it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from reluflow.errors import SolverError
from reluflow.flow.base import AbandonedError, DenseOutput, FlowSolver, Options, State
from reluflow.network import Array, activation, shares
from reluflow.problem import LARGEST, Problem

#: a loss, or a weight, that no start can have
DIVERGED: Final = LARGEST**2
#: iterations between two looks at whether the rest of a burst is wanted
LOOK_EVERY: Final = 32
#: weights from which on an iteration alone takes so long that it is asked after each
LONG: Final = 1 << 18


class Descent(FlowSolver):
    """Full-batch descent (W, a) <- (W, a) - rate * gradient, in the problem's own coordinates.

    The gradient is that of the stated loss, so that flow time is rate * iterations; the papers' own code
    descends the "mse", hence its iteration i is flow time 2 * rate * i of the half-mse loss. Nothing is
    reduced, normalised or reordered: with their arrays and rate the iterates are theirs to rounding, the
    loss of balance by rounding included (Boursier et al. 2022 run it with rate 1e-3, Chistikov et al.
    2023 with rate 1e-2). The iteration that reaches ``t_end`` may end past it, by less than the rate.

    Raises SolverError without a positive ``options.learning_rate``.
    """

    discrete = True
    name = "gd"

    def __init__(self, problem: Problem, options: Options) -> None:
        super().__init__(problem, options)
        rate = options.learning_rate
        if rate is None or not 0.0 < rate < np.inf:
            raise SolverError(f"solver.learning_rate is {rate}; expected a positive number for method gd")
        self.rate = rate
        self._weights = problem.weights.copy()
        self._outputs = problem.output_weights.copy()
        self._previous = State(0.0, problem.weights, problem.output_weights)
        m, n = problem.width, problem.samples
        self._z = np.empty((m, n))
        self._hidden = np.empty((m, n))
        self._pulls = np.empty((m, n))
        self._weight_step = np.empty_like(self._weights)
        self._transposed = problem.inputs.T
        self._residual = self._look()
        self._range = (self.loss, self.loss)

    @property
    def residual(self) -> Array:
        return self._residual.copy()

    @property
    def loss_range(self) -> tuple[float, float]:
        return self._range

    @property
    def state(self) -> State:
        return State(self.t, self._weights.copy(), self._outputs.copy())

    @property
    def at_rest(self) -> bool:
        # the pre-activations are known, and descent is asked often
        return super().at_rest if self.problem.slope > 0.0 else not (self._z > 0.0).any()

    def dense_output(self) -> DenseOutput:
        return StraightLine(self._previous, self.state)

    def _look(self) -> Array:
        """Pre-activations, hidden activations and residual of the present weights."""
        np.matmul(self._weights, self._transposed, out=self._z)
        activation(self._z, self.problem.slope, out=self._hidden)
        residual: Array = self._outputs @ self._hidden - self.problem.targets
        return residual

    @np.errstate(over="ignore", invalid="ignore")  # divergence is reported in words
    def advance(self, burst: int, loss_floor: float, t_end: float) -> None:
        self._previous = self.state
        start, start_steps, problem = self.t, self.steps, self.problem
        step = self.rate * (problem.speed / problem.samples)
        weights, outputs, hidden = self._weights, self._outputs, self._hidden
        pulls, weight_step, inputs = self._pulls, self._weight_step, problem.inputs
        residual, slope = self._residual, problem.slope
        kept = 1.0 - self.rate * problem.weight_decay
        low, high, is_long = np.inf, -np.inf, weights.size >= LONG
        look_every = 1 if is_long else LOOK_EVERY
        # iterations until t_end, whatever the rounding of their number times the rate
        left = np.ceil(t_end / self.rate - 1e-9) - self.steps
        for i in range(1, int(min(burst, left)) + 1):
            if is_long and i == 1 and self.abandoned():
                raise AbandonedError
            force = problem.force(residual)
            np.multiply(shares(self._z > 0.0, slope), force * step, out=pulls)
            np.matmul(pulls, inputs, out=weight_step)
            np.multiply(weight_step, outputs[:, None], out=weight_step)
            output_step = hidden @ force
            output_step *= step
            if is_long and self.abandoned():  # the weights are as they were
                if i == 1:
                    raise AbandonedError
                break
            if kept != 1.0:
                weights *= kept
                outputs *= kept
            weights -= weight_step
            outputs -= output_step
            residual = self._look()
            self.steps += 1
            loss = problem.value(residual)
            low, high = min(low, loss), max(high, loss)
            # not (loss > floor) also stops at NaN
            if not loss > loss_floor or (i % look_every == 0 and self.abandoned()):
                break
        self._residual, self._range, self.t_old = residual, (low, high), start
        self.t = max(self.steps * self.rate, t_end if self.steps - start_steps == left else 0.0)
        if self._is_diverged():
            self._fall_back(start, start_steps)

    def _is_diverged(self) -> bool:
        weights, outputs = self._weights, self._outputs
        # the largest weights by their ends: the sizes of all of them would be a matrix more
        return not np.max([self.loss, weights.max(), -weights.min(), np.abs(outputs).max()]) < DIVERGED

    def _way_back(self) -> Callable[[], None]:
        start, start_steps, known = self.t, self.steps, self._range

        def go_back() -> None:
            if self.steps > start_steps:
                self._stand_before(start, start_steps)
            self.t_old, self._range = start, known

        return go_back

    def _stand_before(self, start: float, start_steps: int) -> None:
        """Be again where the last burst began."""
        self._weights[:] = self._previous.weights
        self._outputs[:] = self._previous.output_weights
        self.t, self.steps = start, start_steps
        self._residual = self._look()

    def _fall_back(self, start: float, start_steps: int) -> None:
        self._stand_before(start, start_steps)
        self.failure = (
            f"descent diverged after iteration {start_steps}: loss or weights grow beyond all bounds; "
            f"expected a learning rate smaller than {self.rate:g}"
        )

    def _pack(self) -> dict[str, Any]:
        return {"weights": self._weights, "output_weights": self._outputs}

    def _unpack(self, saved: Mapping[str, Any]) -> None:
        self._weights[:] = saved["weights"]
        self._outputs[:] = saved["output_weights"]
        self._residual = self._look()
        self._range = (self.loss, self.loss)


class StraightLine(DenseOutput):
    """Linear interpolation between two networks, which is all that iterates of descent define."""

    def __init__(self, first: State, last: State) -> None:
        super().__init__(first.t, last.t)
        self._first, self._last = first, last

    def __call__(self, t: float) -> State:
        span = self.end - self.start
        share = (t - self.start) / span if span > 0.0 else 1.0
        weights, outputs = share * self._last.weights, share * self._last.output_weights
        weights += (1.0 - share) * self._first.weights
        outputs += (1.0 - share) * self._first.output_weights
        return State(t, weights, outputs)
