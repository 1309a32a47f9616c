"""The ``lorentz`` solver: exact boosts for every neuron, events local to it, collocation for the residual.

The residual r(t) is the only coupling between neurons. For a given path of it each neuron moves by
Lorentz boosts (``boost``; Boursier, Pillaud-Vivien & Flammarion 2022 and Chistikov, Englert & Lazic 2023
study this flow), exactly where the path stands still, and changes its activations at exactly computed
moments, sliding along kinks in Filippov's sense (``event_location``, ``sliding``, ``rounds``; in many
dimensions ``engine``). The path itself is found by Radau IIA collocation (``collocation_step``), or, where a
few neurons escape and nothing is stiff, by power series from event to event (``series_step``). So plateaus
of any length cost a step or two, steps grow with the time left in the stiff tail, and every
a_j^2 - |w_j|^2 is kept to rounding.
"""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import astuple, replace
from functools import cache, partial
from math import isclose
from typing import Any, ClassVar

import numpy as np

from reluflow.flow.base import DenseOutput, FlowSolver, Options, State
from reluflow.flow.events import EventLog, Events
from reluflow.flow.lorentz.balance import held, relaxed
from reluflow.flow.lorentz.clusters import CLUSTER_NAMES, Clusters, alone
from reluflow.flow.lorentz.collocation import RADAU
from reluflow.flow.lorentz.collocation_step import CollocationStepper
from reluflow.flow.lorentz.context import StepContext
from reluflow.flow.lorentz.dense import Dense, StepMotion
from reluflow.flow.lorentz.motion_record import SweepRecord, gradient_squares
from reluflow.flow.lorentz.neurons import NAMES, Neurons
from reluflow.flow.lorentz.path import Path, packed_path, unpacked_path
from reluflow.flow.lorentz.pull import directions
from reluflow.flow.lorentz.put_aside import PutAside
from reluflow.flow.lorentz.samples import Samples, merge
from reluflow.flow.lorentz.series_step import SeriesHistory, SeriesStepper
from reluflow.flow.lorentz.settings import CONTROLLER, LENGTHS
from reluflow.flow.lorentz.start import settled_start, start
from reluflow.flow.lorentz.step_size import StepSizeController, step_factor
from reluflow.flow.lorentz.sweep import block_rows, predictions
from reluflow.flow.lorentz.trial_step import TaylorSegment, TrialStep
from reluflow.network import Array
from reluflow.problem import Problem

#: lengths that differ by no more than this (relative) are one
ULPS = 1e-14
#: neurons below 2^VANISHED, which no float can tell from zero, are put aside as dead
VANISHED = -4000
#: what dense output of the last step needs, and no step after it
OF_ITS_STEP = ("_before", "_segments", "_record", "_begun", "_go_back")


class Lorentz(FlowSolver):
    """The true gradient flow, event-driven. See the module; ``rtol`` is relative to the residual."""

    name: ClassVar[str] = "lorentz"

    def __init__(self, problem: Problem, options: Options) -> None:
        super().__init__(problem, options)
        span, labelled = problem.span, problem.function_of_labels
        self._samples: Samples = merge(span.inputs, problem.targets, problem.slope, problem.decay, labelled)
        self._rows = block_rows(self._samples)
        coordinates = span.project(problem.weights)
        everyone = start(coordinates, problem.output_weights, span.rest, self._samples)
        self._aside = PutAside(coordinates.copy(), problem.output_weights.copy(), np.zeros(problem.width))
        self._residual = predictions(everyone, self._samples) - self._samples.targets
        settled, rests, begun = settled_start(everyone, self._samples, self._force)
        self._neurons = settled.take(settled.live(self._samples) & ~rests)
        self._collocation = CollocationStepper(self._samples, options.rtol)
        self._tolerances = self._collocation.tolerances
        self._series = SeriesStepper(self._collocation)
        self._weight = float(self._samples.squares.max(initial=0.0)) / self._samples.total
        self._controller = StepSizeController()
        self._path: Path | None = None
        #: those of the last step, if it was one by power series, and what is to be known of it
        self._segments: tuple[TaylorSegment, ...] = ()
        self._record: SweepRecord | None = None
        #: what the last step began with, if its path is not exact inside
        self._begun: StepContext | None = None
        self._history = SeriesHistory()
        #: neurons that move as one with another
        self.clusters = alone()
        #: neurons and clusters at the start of the last step
        self._before = self._neurons, self.clusters
        self._log = EventLog()
        self._log.extend(begun)
        self.events = begun.changes

    @property
    def event_log(self) -> Events:
        """Every change of activation so far: time (of the stated loss), neuron, sample, kind."""
        return self._log.events

    @property
    def gradient_norm(self) -> float:
        neurons = self._neurons
        pulls = directions(neurons, self._samples, self._force)
        squares = gradient_squares(neurons, pulls, self._samples.weight_decay)
        return self.problem.speed * float(np.sqrt(squares.sum()))

    @property
    def _force(self) -> Array:
        """What merged samples pull with (q,)."""
        return self._samples.force(self._residual)

    @property
    def at_rest(self) -> bool:
        return len(self._neurons) == 0 or self._weight == 0.0

    @property
    def residual(self) -> Array:
        return self._samples.restore(self._residual)

    @property
    def state(self) -> State:
        return self._state((self._neurons, self.clusters), self._aside, self.t)

    @property
    def context(self) -> StepContext:
        """What the next step begins with: neurons that move, samples, their residual, the last path."""
        return StepContext(self._neurons, self._samples, self._residual, self._path, self._rows)

    @property
    def motion(self) -> StepMotion:
        """How neurons went through the last step."""
        asked, hysteresis, beginning = (lambda: self.abandoned()), self._tolerances.hysteresis, None
        if self._begun is not None and self._path is not None:
            begun, length, stepper = self._begun, self._path.length, self._collocation

            def beginning(share: float) -> TrialStep | None:
                step = stepper.beginning(share * length, begun)
                return None if step is None else relaxed(step, begun)

        return StepMotion(
            self._path, self._segments, self._record, self._samples, hysteresis, asked, beginning
        )

    def dense_output(self) -> DenseOutput:
        aside = self._aside
        return Dense(
            (self.t_old, self.t),
            self._before,
            self.motion,
            (self._neurons, self.clusters),
            lambda those, t: self._state(those, aside, t),
            partial(aside.states, self.problem),
            self.problem.speed,
        )

    def _state(self, those: tuple[Neurons, Clusters], aside: PutAside, t: float) -> State:
        neurons, clusters = those
        moved = (neurons.true_weights(self._samples)[None], neurons.true_outputs()[None])
        return aside.states(self.problem, (neurons.index, clusters), moved, np.array([t]))[0]

    def advance(self, burst: int, loss_floor: float, t_end: float) -> None:
        room = (t_end - self.t) * self.problem.speed
        # a tolerance of zero: all targets are zero, and the square of the residual, the loss, is too
        if len(self._neurons) == 0 or self._tolerances.tolerance(self._force) == 0.0:
            self._rest(room, t_end)
            return
        self._collocation.abandoned = self.abandoned
        context = self.context
        wanted = cache(partial(self._length, context, room))
        trial = self._series.attempt(context, wanted, room, self._history)
        if trial is not None:
            self._accept(trial, context, t_end if isclose(trial.length, room, rel_tol=ULPS) else None)
            return
        length = wanted()
        floor = min(LENGTHS.smallest * max(self.t * self.problem.speed, 1e-12 * length), 0.5 * length)
        while length > floor:
            attempt = self._collocation.attempt(length, context)
            overshot = self._tolerances.overshot(attempt, context)
            if attempt.end is not None and attempt.error <= 1.0 and not overshot:
                whole = length == room and attempt.length == length
                self._accept(attempt, context, t_end if whole else None)
                return
            length = attempt.length * (
                LENGTHS.retry if attempt.end is None or overshot else step_factor(attempt.error)
            )
        self.failure = (
            f"lorentz: at time {self.t:.6g} no step converges, not even one of length {length:.3g}; "
            "a smaller rtol may help"
        )

    def _way_back(self) -> Callable[[], None]:
        record = {name: value for name, value in vars(self).items() if name not in OF_ITS_STEP}
        record |= {"_controller": copy(self._controller), "_log": copy(self._log)}

        def go_back() -> None:
            vars(self).update(record)
            self.t_old, self._before, self._segments = self.t, (self._neurons, self.clusters), ()
            self._record = self._begun = None

        return go_back

    def _length(self, context: StepContext, room: float) -> float:
        """The length of the next step, if it is one by collocation."""
        led = self.steps == 0 or self._history.unit > 0.0 or self._controller.error > 0.0
        ceiling = min(context.ceiling(self._weight, 5.0 * self._tolerances.allowed, led), room)
        if self.steps == 0 and context.trace > 0.0:
            ceiling = min(ceiling, LENGTHS.first / context.trace)
        if self._samples.weight_decay:
            ceiling = min(ceiling, LENGTHS.decaying / self._samples.weight_decay)
        return min(self._controller.proposed(context), ceiling)

    def _accept(self, attempt: TrialStep, context: StepContext, t_end: float | None) -> None:
        assert attempt.end is not None
        length = attempt.length
        self._before, self._path = (self._neurons, self.clusters), attempt.path
        self._segments, self._record = attempt.segments, attempt.record
        eventful = len(attempt.events) > 0 and not attempt.segments
        self._begun = context if eventful and held(context, length) else None
        self._history = SeriesHistory.of(attempt)
        self.t_old = self.t
        self.t = self.t + length / self.problem.speed if t_end is None else t_end
        self.steps += 1
        self._note(attempt.events)
        self._residual = attempt.residual
        self._settle(attempt.end if attempt.segments else attempt.end.rebalanced())
        meant = self._controller.next
        if not attempt.segments:
            smooth = len(attempt.events) == 0
            self._controller.accepted(attempt.error, context.trace, length, attempt.wanted, smooth)
        else:
            self._controller.accepted_series(attempt.error, attempt.wanted)
        if t_end is not None:  # shortened by the end of the time, not by its error
            self._controller.next = max(self._controller.next, meant)

    def _note(self, events: Events) -> None:
        span = self.t - self.t_old
        events = self.clusters.everyones(events)
        self._log.extend(replace(events, t=self.t_old + span * events.t))
        self.events += events.changes

    def _settle(self, end: Neurons) -> None:
        """Keep stored sizes near one and arrays small, and put aside neurons that will never move again."""
        alive = end.live(self._samples) & (end.exponent > VANISHED)
        if not alive.all():
            self._aside = self._aside.adding(end.take(~alive), self._samples, self.t)
            end = end.take(alive)
        end = end.rescaled(self._samples).narrowed().on_kinks(self._samples)
        self.clusters, self._neurons = self.clusters.joined(end, self._samples)

    def _rest(self, room: float, t_end: float) -> None:
        """Nothing moves any more, but for weight decay: time passes, in steps that grow."""
        known = np.isfinite(self._controller.next)
        wanted = CONTROLLER.growth * self._controller.next if known else 1.0
        length = min(wanted, room, LENGTHS.longest)
        self._before = self._neurons, self.clusters
        self._segments, self._record, self._begun, self._history = (), None, None, SeriesHistory()
        self._path = Path(np.tile(self._force, (RADAU.stages, 1)), length)
        self.t_old = self.t
        self.t = t_end if length == room else self.t + length / self.problem.speed
        self._controller.next = length
        self._neurons = self._neurons.decayed(self._samples.shrunk(length))
        self.steps += 1

    def _pack(self) -> dict[str, Any]:
        packed: dict[str, Any] = {}
        packed |= {f"now_{name}": getattr(self._neurons, name) for name in NAMES}
        packed |= {f"now_{name}": getattr(self.clusters, name) for name in CLUSTER_NAMES}
        packed |= packed_path(self._path)
        packed |= {
            "series_lately": astuple(self._history),
            "next_length": self._controller.next,
            "last_step": self._controller.last,
            "residual": self._residual,
            "still_weights": self._aside.weights,
            "still_outputs": self._aside.outputs,
            "still_since": self._aside.since,
        }
        return packed | self._log.pack()

    def _unpack(self, saved: Mapping[str, Any]) -> None:
        self._neurons = Neurons(*(np.array(saved[f"now_{name}"]) for name in NAMES))
        self.clusters = Clusters(*(np.array(saved[f"now_{name}"]) for name in CLUSTER_NAMES))
        self._before = self._neurons, self.clusters
        self._path = unpacked_path(saved)
        self._record = self._begun = None
        self._segments, history = (), tuple(float(number) for number in saved.get("series_lately", ()))
        self._history = (
            SeriesHistory(history[0], bool(history[1]), *history[2:]) if history else SeriesHistory()
        )
        self._controller.next, self._controller.last = float(saved["next_length"]), saved["last_step"]
        self._residual = np.array(saved["residual"])
        since = saved.get("still_since", np.zeros(self.problem.width))
        aside = saved["still_weights"], saved["still_outputs"], since
        self._aside = PutAside(*(np.array(each) for each in aside))
        self._log.unpack(saved)
