"""Balanced flow in polar variables: direction and log norm of every neuron."""

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from reluflow.errors import SolverError
from reluflow.flow.base import AbandonedError, DenseOutput, FlowSolver, Options, State
from reluflow.flow.headway import NONE, Headway, cause, lost
from reluflow.flow.hermite import cubic, root
from reluflow.network import Array, Shares, row_norms, shares
from reluflow.problem import Problem

#: Factors by which a step may shrink or grow, and the safety factor of the controller.
SHRINK, GROW, SAFETY = 0.2, 5.0, 0.9
#: Largest distance past a kink, in units of |x_k|, that a neuron which slides along it may reach.
LARGEST_OVERSHOOT = 1e-2
#: Gram entries below this, relative to |x_k| |x_l|, are the rounding of an orthogonal pair.
ORTHOGONAL = 64 * np.finfo(float).eps

Pattern = npt.NDArray[np.bool_]


class Polar(FlowSolver):
    """The flow of a balanced network (|a_j| = |w_j|), which stays balanced whatever the step.

    With w_j = exp(l_j) u_j, |u_j| = 1, a_j = s_j exp(l_j) and s_j = +-1 for ever,

        du_j/dt = s_j (D_j - <u_j, D_j> u_j),   dl_j/dt = s_j <u_j, D_j>,
        D_j = -(2c/n) sum_k A_jk r_k x_k

    (Boursier et al. 2022, section 3; c = 1/2 for half-mse; A_jk is 1 on active samples and the slope of the
    activation on the others). The scaled pre-activations zeta_jk = <u_j, x_k> are variables of their own,
    moved through the Gram matrix: on orthogonal inputs a frozen one keeps its sign down to 1e-300, which
    rounding of u_j would destroy. Steps are the Bogacki-Shampine 3(2) pair with the activation pattern A held
    fixed. A neuron that crosses a kink ends the step there; one that is pushed back from both sides slides,
    and is followed by small crossings (at most sqrt(rtol) deep), which converge to the Filippov solution at
    first order.

    Raises SolverError if the start is not balanced.
    """

    name = "polar"

    def __init__(self, problem: Problem, options: Options) -> None:
        super().__init__(problem, options)
        if not problem.is_balanced():
            raise SolverError(
                "method polar needs a balanced start (|a_j| = |w_j| for every neuron) but this one is not; "
                "expected init.kind = balanced or another method"
            )
        inputs, rest = problem.span.inputs, row_norms(problem.span.rest)
        norms = row_norms(problem.weights)
        scale = np.where(norms > 0.0, norms, 1.0)
        directions = problem.span.project(problem.weights) / scale[:, None]
        if np.any(rest > 0.0):  # the part that never moves is one more coordinate, on which no input lies
            inputs = np.hstack([inputs, np.zeros((problem.samples, 1))])
            directions = np.hstack([directions, (rest / scale)[:, None]])
        self._coordinates = inputs.shape[1]
        self._sign = np.sign(problem.output_weights)
        self._field = np.hstack([inputs, _gram(inputs)])
        self._lengths = np.maximum(row_norms(inputs), np.finfo(float).tiny)
        self._leak = problem.slope
        self._pull = -problem.speed / problem.samples
        # columns of the state: direction, zeta, log norm
        log_norms = np.log(scale)
        self._y = np.hstack([directions, directions @ inputs.T, log_norms[:, None]])
        self._active: Pattern = self._zeta(self._y) > 0.0
        self._sliding: Pattern = np.zeros_like(self._active)
        self._overshoot = min(np.sqrt(options.rtol), LARGEST_OVERSHOOT)
        self._stepping = False
        self._slope = self._rate(self._y)
        fastest = float(np.max(np.abs(self._slope), initial=0.0))
        self._h = 0.1 * options.rtol ** (1 / 3) / fastest if fastest > 0.0 else 1.0
        self._last = (self._y, self._slope, self._y, self._slope)
        self._headway = Headway()

    @property
    def residual(self) -> Array:
        return self._misfit(self._y)

    @property
    def state(self) -> State:
        return self.as_state(self.t, self._y)

    @property
    def at_rest(self) -> bool:
        # a size that no float can hold is not zero, and the rounding of a direction revives no neuron
        counts = self._active if self._leak == 0.0 else self.problem.inputs.any(axis=1)
        return not ((self._sign != 0.0)[:, None] & counts).any()

    def dense_output(self) -> DenseOutput:
        return _Hermite(self, *self._last)

    def _zeta(self, y: Array) -> Array:
        return y[:, self._coordinates : -1]

    @property
    def _shares(self) -> Shares:
        """A (m, n): the weights with which samples count in the present pattern."""
        return shares(self._active, self._leak)

    def _misfit(self, y: Array) -> Array:
        mass = self._sign * np.exp(2.0 * y[:, -1])
        residual: Array = mass @ (self._shares * self._zeta(y)) - self.problem.targets
        return residual

    def as_state(self, t: float, y: Array) -> State:
        """The network of polar variables ``y`` (m, p + 1)."""
        norms = np.exp(y[:, -1]) * (self._sign != 0.0)
        directions = y[:, : self._coordinates]
        lengths = row_norms(directions)
        directions = directions / np.where(lengths > 0.0, lengths, 1.0)[:, None]
        moving = directions[:, : self.problem.span.basis.shape[1]]
        weights = self.problem.span.lift(moving * norms[:, None], self.problem.shrunk(t))
        return State(t, weights, self._sign * norms)

    def _rate(self, y: Array) -> Array:
        """dy/dt for the present activation pattern; raises AbandonedError within a step that nobody wants."""
        if self._stepping and self.abandoned():
            raise AbandonedError
        pulls = self._shares * (self._pull * self.problem.force(self._misfit(y)))
        growth = self._sign * np.einsum("jk,jk->j", pulls, self._zeta(y))
        slope = np.empty_like(y)
        np.matmul(pulls, self._field, out=slope[:, :-1])
        slope[:, :-1] *= self._sign[:, None]
        slope[:, :-1] -= growth[:, None] * y[:, :-1]
        slope[:, -1] = growth - self.problem.weight_decay
        return slope

    def _way_back(self) -> Callable[[], None]:
        kept = {name: value for name, value in vars(self).items() if name not in ("_go_back", "abandoned")}
        # what a step changes in place
        kept |= {"_sliding": self._sliding.copy(), "_headway": copy(self._headway)}

        def go_back() -> None:
            vars(self).update(kept)
            self.t_old, self._last = self.t, (self._y, self._slope, self._y, self._slope)

        return go_back

    def advance(self, burst: int, loss_floor: float, t_end: float) -> None:
        self._stepping = True
        try:
            self._step_to(t_end)
        finally:
            self._stepping = False

    def _step_to(self, t_end: float) -> None:
        h = min(self._h, self._sliding_limit())
        cut = False
        while True:
            step = min(h, t_end - self.t)
            if step <= 4 * np.spacing(self.t):
                why = cause(self.state, self.problem)
                self.failure = f"method polar needs steps below rounding at t = {self.t:g}: {why}"
                return
            new, slope, error = self._try(step)
            if error > 1.0:
                h = step * max(SHRINK, SAFETY * error ** (-1 / 3))
                continue
            share = self._first_crossing(new, slope, step)
            if share >= 1.0:
                break
            h, cut = share * step, True
        self._last = (self._y, self._slope, new, slope)
        self.t_old = self.t
        self.t = t_end if step == t_end - self.t else self.t + step
        self.steps += 1
        self._settle(new.copy(), slope)
        grown = step * min(GROW, SAFETY * max(error, 1e-12) ** (-1 / 3))
        # a step cut short at a kink or at t_end says nothing against the previous size
        self._h = max(grown, self._h) if cut or step < h else grown
        gained = self._headway.gained(self.steps, self.t)
        if gained < NONE:  # small crossings of kinks are how it slides
            self.failure = f"method polar {lost(gained, self.state, self.problem)}"

    @np.errstate(over="ignore", invalid="ignore")  # a step that is far too long has an infinite error
    def _try(self, h: float) -> tuple[Array, Array, float]:
        """One step of the Bogacki-Shampine pair: new state, its slope, error in units of the tolerance."""
        y, k1 = self._y, self._slope
        k2 = self._rate(y + (0.5 * h) * k1)
        k3 = self._rate(y + (0.75 * h) * k2)
        new = y + h * ((2 / 9) * k1 + (1 / 3) * k2 + (4 / 9) * k3)
        k4 = self._rate(new)
        gap = h * ((-5 / 72) * k1 + (1 / 12) * k2 + (1 / 9) * k3 - (1 / 8) * k4)
        return new, k4, self._error(new, gap)

    def _error(self, new: Array, gap: Array) -> float:
        """Rms error of directions and log norms, and of the residual relative to itself, over rtol."""
        rtol = self.options.rtol
        shape = gap[:, : self._coordinates]
        neurons = np.sqrt((np.vdot(shape, shape) + np.vdot(gap[:, -1], gap[:, -1])) / len(gap))
        mass = self._sign * np.exp(2.0 * new[:, -1])
        zeta = self._zeta(new)
        misfit = self._misfit(new)
        swing = mass @ (self._shares * (self._zeta(gap) + 2.0 * gap[:, -1:] * zeta))
        swing *= self.problem.function.curvature(misfit, self.problem.targets)
        floor = 0.0 if self.problem.of_labels else 1e-8 * _rms(self.problem.targets)
        size = _rms(self.problem.force(misfit)) + floor + np.finfo(float).tiny
        worst = max(float(neurons), _rms(swing) / size) / rtol
        return worst if np.isfinite(worst) else np.inf

    def _crossed(self, y: Array) -> Pattern:
        zeta = self._zeta(y)
        return np.where(self._active, zeta < 0.0, zeta > 0.0)

    def _first_crossing(self, new: Array, slope: Array, h: float) -> float:
        """Share of the step after which a kink is first crossed: 1 if none is, or only by what is allowed."""
        depth = np.abs(self._zeta(new)) / self._lengths
        allowed = np.where(self._sliding, 2.0 * self._overshoot, self.options.rtol)
        rows, columns = np.nonzero(self._crossed(new) & (depth > allowed))
        if rows.size == 0:
            return 1.0
        columns += self._coordinates
        ends = [part[rows, columns] for part in (self._y, self._slope, new, slope)]
        upper = root(h, *ends)
        lengths = self._lengths[columns - self._coordinates]
        margin = 0.5 * self.options.rtol * lengths / np.maximum(np.abs(ends[3]) * h, 1e-300)
        first = float(np.min(upper + np.minimum(margin, 0.5 * (1.0 - upper))))
        return first if first < 1.0 - 1e-9 else 1.0

    def _sliding_limit(self) -> float:
        """Longest step that takes no sliding neuron further than allowed past its kink."""
        if not self._sliding.any():
            return np.inf
        zeta, speed = self._zeta(self._y)[self._sliding], self._zeta(self._slope)[self._sliding]
        lengths = np.broadcast_to(self._lengths, self._sliding.shape)[self._sliding]
        room = np.abs(zeta) + self._overshoot * lengths
        towards = -speed * np.where(self._active[self._sliding], 1.0, -1.0)
        with np.errstate(divide="ignore"):
            return float(np.min(np.where(towards > 0.0, room / np.maximum(towards, 0.0), np.inf)))

    def _settle(self, y: Array, slope: Array) -> None:
        """Normalise directions, then switch the pairs that have crossed and mark those pushed back."""
        lengths = row_norms(y[:, : self._coordinates])
        y[:, :-1] /= np.where(lengths > 0.0, lengths, 1.0)[:, None]
        crossed = self._crossed(y)
        self._y, self._slope = y, slope
        if crossed.any():
            self.events += int(np.count_nonzero(crossed & ~self._sliding))
            self._active = self._active ^ crossed
            self._slope = self._rate(y)
            inward = np.where(self._active, -1.0, 1.0) * self._zeta(self._slope) > 0.0
            self._sliding |= crossed & inward
        if self._sliding.any():
            self._sliding &= np.abs(self._zeta(y)) < 4.0 * self._overshoot * self._lengths

    def _pack(self) -> dict[str, Any]:
        return {
            "y": self._y,
            "slope": self._slope,
            "active": self._active,
            "sliding": self._sliding,
            "h": self._h,
            **self._headway.pack(),
        }

    def _unpack(self, saved: Mapping[str, Any]) -> None:
        self._y, self._slope = np.array(saved["y"]), np.array(saved["slope"])
        self._active, self._sliding = np.array(saved["active"]), np.array(saved["sliding"])
        self._h = float(saved["h"])
        self._headway.unpack(saved)
        self._last = (self._y, self._slope, self._y, self._slope)


class _Hermite(DenseOutput):
    """Cubic Hermite interpolation of the polar variables over a step."""

    def __init__(self, solver: Polar, y0: Array, f0: Array, y1: Array, f1: Array) -> None:
        super().__init__(solver.t_old, solver.t)
        self._solver, self._ends = solver, (y0, f0, y1, f1)

    def __call__(self, t: float) -> State:
        if self._solver.abandoned():
            raise AbandonedError
        h = self.end - self.start
        share = (t - self.start) / h if h > 0.0 else 1.0
        return self._solver.as_state(t, cubic(share, h, *self._ends))


def _gram(inputs: Array) -> Array:
    """<x_k, x_l>, with entries that are only the rounding of orthogonality made exactly zero."""
    gram = inputs @ inputs.T
    lengths = row_norms(inputs)
    gram[np.abs(gram) < ORTHOGONAL * np.outer(lengths, lengths)] = 0.0
    return gram


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values * values)))
