"""The ``lorentz`` solver: exact boosts for every neuron, events local to it, collocation for the residual.

The residual r(t) is the only coupling between neurons. For a given path of it each neuron moves by
Lorentz boosts (``boost``; Boursier, Pillaud-Vivien & Flammarion 2022 and Chistikov, Englert & Lazic 2023
study this flow), exactly where the path stands still, and changes its activations at exactly computed
moments, sliding along kinks in Filippov's sense (``activation``, ``sliding``, ``rounds``). The path itself
is found by Radau IIA collocation (``collocation``). So plateaus of any length cost a step or two, steps
grow with the time left in the stiff tail, and every a_j^2 - |w_j|^2 is kept to rounding.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from reluflow.flow.base import DenseOutput, FlowSolver, Options, State, refuse_slope
from reluflow.flow.events import EventLog, Events
from reluflow.flow.lorentz.collocation import RADAU, Mixing, Path
from reluflow.flow.lorentz.control import (
    ABSURD,
    AGAIN,
    DIVERGED,
    FIRST,
    GROWTH,
    HOPELESS,
    ITERATIONS,
    LONGEST,
    NEGLIGIBLE,
    NEWTON,
    ORDER,
    RETRY,
    SHRINK,
    SMALLEST,
    VANISHED,
    Curve,
    factor,
    first_kink,
    rms,
)
from reluflow.flow.lorentz.motion import Swept, block_rows, predictions, sweep
from reluflow.flow.lorentz.neurons import NAMES, Neurons, start
from reluflow.flow.lorentz.pull import pull
from reluflow.flow.lorentz.rounds import StallError
from reluflow.flow.lorentz.samples import Samples, merge
from reluflow.network import Array
from reluflow.problem import Problem


@dataclass(frozen=True)
class Attempt:
    """A step that was tried: the network swept along the path, its residual (q,) at the end, the error.

    ``swept`` is None and the error infinite where Newton's method did not converge.
    """

    path: Path
    swept: Swept | None
    residual: Array
    error: float


class Lorentz(FlowSolver):
    """The true gradient flow, event-driven. See the module; ``rtol`` is relative to the residual."""

    name: ClassVar[str] = "lorentz"
    summary: ClassVar[str] = "the true flow: exact Lorentz boosts, activation events, sliding; any scale"

    def __init__(self, problem: Problem, options: Options) -> None:
        super().__init__(problem, options)
        refuse_slope(self.name, problem)
        span = problem.span
        self._samples: Samples = merge(span.inputs, problem.targets)
        self._rows = block_rows(self._samples)
        coordinates = span.project(problem.weights)
        everyone = start(coordinates, problem.output_weights, span.rest, self._samples)
        self._still_weights = coordinates.copy()
        self._still_outputs = problem.output_weights.copy()
        self._neurons = everyone.take(everyone.live(self._samples))
        self._residual = predictions(self._neurons, self._samples) - self._samples.targets
        self._scale = NEGLIGIBLE * rms(self._samples.targets)
        self._slack = min(1e-3, 0.3 * np.sqrt(options.rtol))
        self._weight = float(np.max(self._samples.squares, initial=0.0)) / self._samples.total
        self._allowed = options.rtol ** (ORDER / (ORDER + 1.0))
        self._length = np.inf
        self._last = (0.0, 0.0)
        self._resume = 0.0
        self._path: Path | None = None
        self._before = self._neurons
        self._log = EventLog()

    @property
    def event_log(self) -> Events:
        """Every change of activation so far: time (of the stated loss), neuron, sample, kind."""
        return self._log.events

    @property
    def largest_rate(self) -> float:
        """The largest |D_j| of a neuron that is active or sliding somewhere (of the half-mse flow).

        Where it is zero no neuron can move, however small it is: the network is at rest for good.
        """
        direction = pull(self._neurons, self._samples, self._residual[None]).direction[0]
        return float(np.max(np.linalg.norm(direction, axis=1), initial=0.0))

    @property
    def residual(self) -> Array:
        return self._samples.restore(self._residual)

    @property
    def state(self) -> State:
        return self._state(self._neurons, (self._still_weights, self._still_outputs), self.t)

    def dense_output(self) -> DenseOutput:
        before, path, still = self._before, self._path, (self._still_weights, self._still_outputs)
        start, end, last = self.t_old, self.t, self._neurons

        def state(t: float) -> State:
            share = (t - start) / (end - start) if end > start else 1.0
            if path is None or share >= 1.0:
                return self._state(last, still, t)
            moved = sweep(before, self._samples, path.part(max(share, 0.0)), self._slack)
            return self._state(moved.end, still, t)

        return _Dense(start, end, state)

    def _state(self, neurons: Neurons, still: tuple[Array, Array], t: float) -> State:
        weights, outputs = still[0].copy(), still[1].copy()
        weights[neurons.index] = neurons.true_weights()
        outputs[neurons.index] = neurons.true_outputs()
        return State(t, self.problem.span.lift(weights), outputs)

    def _advance(self, burst: int, loss_floor: float, t_end: float) -> None:
        room = (t_end - self.t) * self.problem.speed
        if len(self._neurons) == 0:
            self._rest(room, t_end)
            return
        curve = Curve(self._neurons, self._samples, self._residual, self._rows)
        ceiling = min(curve.ceiling(self._weight, 5.0 * self._allowed), room)
        if self.steps == 0 and curve.trace > 0.0:
            ceiling = min(ceiling, FIRST / curve.trace)
        wanted = min(self._length, ceiling)
        length, self._resume, failures = wanted, 0.0, 0
        floor = SMALLEST * max(self.t * self.problem.speed, 1e-12 * length)
        while length > floor:
            attempt = self._attempt(length, curve)
            if attempt.swept is not None and attempt.error <= 1.0:
                self._accept(attempt, attempt.swept, t_end if length == room else None)
                return
            failures += 1
            length = min(self._shorter(attempt), AGAIN ** (failures - 1) * length)
        self.failure = (
            f"lorentz: at time {self.t:.6g} no step converges, not even one of length {length:.3g}; "
            "a smaller rtol may help"
        )

    def _shorter(self, attempt: Attempt) -> float:
        """The length to try after a failure.

        If heavy neurons changed their activation, the residual has a kink there, and the step had better
        end right after it than be cut until the kink does not matter. Neurons of a bundle cross together.
        """
        length = attempt.path.length
        if attempt.swept is None:
            return RETRY * length
        place = np.searchsorted(self._neurons.index, attempt.swept.events.neuron)
        end = attempt.swept.end
        share = length * self._weight * (end.outputs**2 * end.gain)[place]
        kink = first_kink(attempt.swept.events.t, share)
        if kink is None or attempt.error > ABSURD:
            return length * factor(attempt.error)
        self._resume = max(self._resume, length)
        return length * kink

    def _attempt(self, length: float, curve: Curve) -> Attempt:
        """A step of the given length."""
        r = self._residual
        tolerance = NEWTON * self.options.rtol * (rms(r) + 10.0 * self._scale)
        quiet = length * curve.trace <= 0.1 * NEWTON * self.options.rtol
        values = np.tile(r, (RADAU.stages, 1)) if quiet else curve.spectrum.decay(r, RADAU.nodes * length)
        bound = DIVERGED * (
            np.max(np.abs(r), initial=0.0) + np.max(np.abs(self._samples.targets), initial=0.0)
        )
        mixing = Mixing()
        last = np.inf
        for iteration in range(ITERATIONS):
            path = Path(values, length)
            if not np.max(np.abs(values), initial=0.0) < bound:
                break
            try:
                with np.errstate(over="ignore", invalid="ignore"):
                    swept = sweep(self._neurons, self._samples, path, self._slack)
            except StallError:
                break
            reached = swept.predictions - self._samples.targets
            defect = reached - values
            if not np.max(np.abs(defect), initial=0.0) < bound:
                break
            if quiet and rms(defect) <= tolerance:
                return Attempt(path, swept, reached[-1], 0.0)
            change = curve.spectrum.newton(defect, length)
            size = rms(change)
            error = self._error(values + change, length, curve)
            if size <= tolerance or error > HOPELESS[min(iteration, 2)]:
                return Attempt(path, swept, reached[-1], error)
            if size > 2.0 * last:
                break
            values = mixing.next(values, change, slow=size > 0.1 * last)
            last = size
        return Attempt(Path(values, length), None, r, np.inf)

    def _error(self, values: Array, length: float, curve: Curve) -> float:
        """The filtered defect of the path at the start of the step, in units of what is allowed."""
        defect = curve.spectrum.filtered(RADAU.start @ values - self._residual, length, curve.rate)
        allowed = self._allowed * (rms(self._residual) + self._scale)
        return rms(defect) / allowed if allowed > 0.0 else 0.0

    def _accept(self, attempt: Attempt, swept: Swept, t_end: float | None) -> None:
        length = attempt.path.length
        self._before, self._path = self._neurons, attempt.path
        self.t_old = self.t
        self.t = self.t + length / self.problem.speed if t_end is None else t_end
        self.steps += 1
        self._note(swept.events)
        self._residual = attempt.residual
        self._settle(swept.end)
        proposed = length * self._growth(length, attempt.error)
        self._length = max(proposed, self._length) if t_end is not None else proposed
        self._length = max(self._length, self._resume)
        self._last = (length, attempt.error)

    def _growth(self, length: float, error: float) -> float:
        """By how much the next step may be longer; an error that grows is foreseen (Gustafsson 1994)."""
        growth = factor(error)
        last_length, last_error = self._last
        if error > 0.0 and last_error > 1e-3:
            trend = length / last_length * (last_error / error) ** (1.0 / ORDER)
            growth = min(growth, max(SHRINK, growth * trend))
        return growth

    def _note(self, events: Events) -> None:
        span = self.t - self.t_old
        self._log.extend(replace(events, t=self.t_old + span * events.t))
        self.events += events.changes

    def _settle(self, end: Neurons) -> None:
        """Keep stored sizes near one, and put aside the neurons that will never move again."""
        alive = end.live(self._samples) & (end.exponent > VANISHED)
        if not np.all(alive):
            dead = end.take(~alive)
            self._still_weights = self._still_weights.copy()
            self._still_outputs = self._still_outputs.copy()
            self._still_weights[dead.index] = dead.true_weights()
            self._still_outputs[dead.index] = dead.true_outputs()
            end = end.take(alive)
        self._neurons = end.rescaled(self._samples)

    def _rest(self, room: float, t_end: float) -> None:
        """Nothing moves any more: time passes, in steps that grow."""
        length = min(GROWTH * self._length if np.isfinite(self._length) else 1.0, room, LONGEST)
        self._before, self._path = self._neurons, Path(np.tile(self._residual, (RADAU.stages, 1)), length)
        self.t_old = self.t
        self.t = t_end if length == room else self.t + length / self.problem.speed
        self._length = length
        self.steps += 1

    def _pack(self) -> dict[str, Any]:
        packed: dict[str, Any] = {f"now_{name}": getattr(self._neurons, name) for name in NAMES}
        packed |= {f"before_{name}": getattr(self._before, name) for name in NAMES}
        path = self._path
        packed |= {
            "path_values": np.zeros((0, 0)) if path is None else path.values,
            "path_length": 0.0 if path is None else path.length,
            "next_length": self._length,
            "last_step": self._last,
            "residual": self._residual,
            "still_weights": self._still_weights,
            "still_outputs": self._still_outputs,
        }
        return packed | self._log.pack()

    def _unpack(self, saved: Mapping[str, Any]) -> None:
        self._neurons = Neurons(*(np.array(saved[f"now_{name}"]) for name in NAMES))
        self._before = Neurons(*(np.array(saved[f"before_{name}"]) for name in NAMES))
        values = np.array(saved["path_values"])
        self._path = Path(values, float(saved["path_length"])) if values.size else None
        self._length = float(saved["next_length"])
        self._last = (float(saved["last_step"][0]), float(saved["last_step"][1]))
        self._residual = np.array(saved["residual"])
        self._still_weights = np.array(saved["still_weights"])
        self._still_outputs = np.array(saved["still_outputs"])
        self._log.unpack(saved)


class _Dense(DenseOutput):
    """The neurons moved from the start of the last step along its path: as exact as the step itself."""

    def __init__(self, start: float, end: float, state: Callable[[float], State]) -> None:
        super().__init__(start, end)
        self._state = state

    def __call__(self, t: float) -> State:
        return self._state(t)
