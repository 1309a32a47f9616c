"""One step by power series: for few neurons, while the flow is not stiff, the cheapest way to go on.

A large neuron that changes an activation gives the residual a kink, over which a smooth path cannot go.
The series (``taylor``) say when the first one is, and lead right there; without one they go as far as they
hold. They need no iteration, and where kinks are close to each other a step has a segment to each. Small
neurons may change activations on the way: they are moved along the path of the residual that they do not
change, each from event to event.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reluflow.flow.events import in_order, no_events
from reluflow.flow.lorentz.bernstein import bernstein, first_negative
from reluflow.flow.lorentz.collocation import RADAU
from reluflow.flow.lorentz.collocation_step import CollocationStepper
from reluflow.flow.lorentz.context import StepContext
from reluflow.flow.lorentz.error_estimate import rms
from reluflow.flow.lorentz.neuron_events import StallError
from reluflow.flow.lorentz.neurons import SLIDING, Mask, hidden_values, put
from reluflow.flow.lorentz.samples import Index
from reluflow.flow.lorentz.series_events import NextEvent, SeriesEvents
from reluflow.flow.lorentz.settings import KINKS, SERIES
from reluflow.flow.lorentz.step_size import step_factor
from reluflow.flow.lorentz.sweep import predictions, sweep
from reluflow.flow.lorentz.taylor import DEGREE, TaylorSeries
from reluflow.flow.lorentz.trial_step import TaylorSegment, TrialStep
from reluflow.network import Array, indices

#: shares of the way at which the sizes of neurons are looked at
LOOKS: Final = np.arange(1, 9) / 8.0


@dataclass(frozen=True)
class SeriesHistory:
    """The last step: the unit of time of its series, 0 if it had none, and its length in such units.

    cut: whether an event ended it, or will end the next one soon. Of several segments the last one counts.
    events: of a step by collocation, how many there were.
    """

    unit: float = 0.0
    cut: bool = True
    length: float = 0.0
    events: float = 0.0

    @staticmethod
    def of(attempt: TrialStep) -> "SeriesHistory":
        """That of a step that was made."""
        if attempt.segments:
            return SeriesHistory.after(attempt.segments[-1])
        return SeriesHistory(cut=attempt.length < attempt.wanted, events=len(attempt.events))

    @staticmethod
    def after(segment: TaylorSegment) -> "SeriesHistory":
        """That of a segment."""
        return SeriesHistory(
            segment.series.unit, segment.length < segment.horizon, segment.length / segment.series.unit
        )

    @property
    def near(self) -> bool:
        """Whether the next event is not to be expected far away."""
        return self.cut and self.length < SERIES.near

    def outlasted(self, trace: Callable[[], float], wanted: Callable[[], float]) -> bool:
        """Whether stiffness held series up so much that a step by collocation outlasts the next ones."""
        held = self.length * self.unit
        return not self.cut and held * trace() > SERIES.slow and wanted() > SERIES.farther * held


@dataclass(frozen=True)
class _Lookahead:
    """What is ahead: the first event of a neuron that is not small, and the small ones with events (l,)."""

    watch: SeriesEvents
    next_event: NextEvent | None
    passing: Index


class SeriesStepper:
    """Tries steps by power series, to the tolerances of a ``CollocationStepper``."""

    def __init__(self, stepper: CollocationStepper) -> None:
        self.stepper = stepper

    def attempt(
        self, context: StepContext, wanted: Callable[[], float], room: float, history: SeriesHistory
    ) -> TrialStep | None:
        """A step no longer than ``room``; None where collocation is the better way.

        wanted: tells the length of a step by collocation; history: of the last step. Where kinks follow each
        other closely, the step goes on over several of them.
        """
        segments: list[TaylorSegment] = []
        while len(segments) < SERIES.most_segments:
            segment = self._segment(context, wanted, room, history)
            if segment is None:
                break
            segments.append(segment)
            history = SeriesHistory.after(segment)
            if segment.passing.size or not history.near:
                break
            x, room, wanted = np.array([history.length]), room - segment.length, _never
            residual = (segment.series.powers(x) @ segment.series.residual)[0]
            context = StepContext(segment.end, self.stepper.samples, residual, None, len(segment.end))
        return self._joined(segments) if segments else None

    def _joined(self, segments: list[TaylorSegment]) -> TrialStep:
        """Segments that follow each other as one step."""
        last, samples = segments[-1], self.stepper.samples
        end = last.end.rebalanced()
        residual = predictions(end, samples) - samples.targets
        total, done, parts = sum(segment.length for segment in segments), 0.0, []
        for segment in segments:
            parts.append(replace(segment.events, t=(done + segment.length * segment.events.t) / total))
            done += segment.length
        events = parts[0] if len(parts) == 1 else in_order(parts)
        return TrialStep(last.horizon, last.path, end, events, residual, last.error, tuple(segments))

    def _segment(
        self, context: StepContext, wanted: Callable[[], float], room: float, history: SeriesHistory
    ) -> TaylorSegment | None:
        """The next segment of a step; None where it should end before."""
        # where there will be kinks, series lead up to those of few
        most = min(SERIES.most_pairs, KINKS.pairs if history.events else SERIES.most_pairs)
        if not 0 < context.neurons.z.size <= most or self.stepper.samples.labelled:
            return None
        went_on = history.unit > 0.0
        fastest = 1.0 / history.unit if went_on else max(context.rate, context.trace)
        stiff = not went_on and wanted() * context.trace > SERIES.stiff
        if (
            fastest < SERIES.slowest
            or (not went_on and wanted() * context.rate > SERIES.steep)
            or (stiff and not history.cut)
            or history.outlasted(lambda: context.trace, wanted)
        ):
            return None
        unit = 1.0 / fastest
        room = min(room, 2.0 * SERIES.farthest * unit)  # times of up to 1e300 overflow in units
        series = TaylorSeries(context.neurons, self.stepper.samples, context.residual, unit)
        size, rtol = rms(context.residual) + self.stepper.tolerances.scale, self.stepper.tolerances.rtol
        lookahead = None
        first_look = SERIES.next_look if went_on else SERIES.first_look
        for degree in (first_look, DEGREE) if history.near else (DEGREE,):
            series.extend(degree)
            horizon = min(series.horizon(SERIES.error * rtol * size, SERIES.own_error * rtol), room / unit)
            if not 0.0 < horizon < SERIES.farthest:
                return None
            lookahead = self._ahead(series, horizon)
            if lookahead is None:
                return None
            if lookahead.next_event is not None:
                held = self._held(lookahead, series, lookahead.next_event.x, context)
                if held < lookahead.next_event.x:
                    return self._throughout(lookahead, series, held, room, context)
                return self._until(lookahead.next_event, lookahead, series, horizon)
            if stiff:
                return None
        assert lookahead is not None
        stiffness = horizon * unit * context.trace
        if (stiffness > SERIES.slow or stiffness < SERIES.calm) and SERIES.far * horizon * unit < wanted():
            return None
        held = self._held(lookahead, series, horizon, context)
        return self._throughout(lookahead, series, held, room, context)

    def _held(self, lookahead: _Lookahead, series: TaylorSeries, x: float, context: StepContext) -> float:
        """How much of the way to x a path holds along which small neurons are to be moved."""
        if lookahead.passing.size == 0:
            return x
        error = self.stepper.tolerances.error(series.path(x * series.unit), context)
        return x if error <= 1.0 else x * step_factor(error)

    def _ahead(self, series: TaylorSeries, horizon: float) -> _Lookahead | None:
        """What happens on the way; None where the series are no good, or too much happens."""
        neurons = series.neurons
        if _wakes(series):
            return None
        watch = SeriesEvents(series, self.stepper.tolerances.hysteresis)
        looked = series.powers(horizon * LOOKS)
        tolerance = self.stepper.tolerances.tolerance(series.start)
        added = self._added(series, looked)
        small: Mask = added <= tolerance
        passing: Mask = np.zeros(len(neurons), dtype=bool)
        if neurons.delta.min(initial=0.0) < 0.0:
            outputs = bernstein(series.outputs * np.sign(neurons.outputs), horizon)
            passing |= np.isfinite(first_negative(outputs)[1])
            if not small[passing].all():
                return None
        brackets = watch.crossings(horizon)
        due = indices(np.isfinite(brackets[1]))
        if due.size == 0:
            return _Lookahead(watch, None, indices(passing))
        rows = watch.rows(due)
        light = small[rows]
        passing[rows[light]] = True
        if added[passing].sum() > SERIES.altogether * tolerance:
            return None
        if light.all():
            return _Lookahead(watch, None, indices(passing))
        if neurons.z.size > KINKS.pairs:
            return None
        first = watch.first(horizon, brackets, due[~light], SERIES.together * tolerance)
        if first is None:
            return None
        passing[first[1]] = True
        return _Lookahead(watch, first[0], indices(passing))

    def _added(self, series: TaylorSeries, looked: Array) -> Array:
        """What neurons (b,) add to the predictions at most, whatever happens to them on the way."""
        neurons = series.neurons
        peak = np.square(looked @ series.outputs).max(axis=0)
        added: Array = neurons.gain * (peak + np.maximum(0.0, -neurons.delta)) * series.samples.spread
        return added

    def _until(
        self, next_event: NextEvent, lookahead: _Lookahead, series: TaylorSeries, horizon: float
    ) -> TaylorSegment | None:
        """The segment that ends with an event."""
        if not next_event.x > SERIES.soon * horizon:
            return None
        there = series.neurons_at(np.array([next_event.x]))
        changed = lookahead.watch.after(there, next_event)
        if changed is None:
            return None
        after, event = changed
        end = put(there, np.array([next_event.row]), after)
        left = series.samples.shrunk(next_event.x * series.unit)
        segment = TaylorSegment(
            series,
            next_event.x * series.unit,
            horizon * series.unit,
            end.decayed(left),
            event,
            lookahead.passing,
        )
        return self._passed(segment)

    def _throughout(
        self, lookahead: _Lookahead, series: TaylorSeries, horizon: float, room: float, context: StepContext
    ) -> TaylorSegment | None:
        """The segment as far as the series hold."""
        length = room if horizon == room / series.unit else horizon * series.unit
        end = series.neurons_at(np.array([horizon])).decayed(series.samples.shrunk(length))
        segment = self._passed(TaylorSegment(series, length, length, end, no_events(), lookahead.passing))
        return segment and replace(segment, error=self.stepper.tolerances.error(segment.path, context))

    def _passed(self, segment: TaylorSegment) -> TaylorSegment | None:
        """The segment, with small neurons put where they go; None if they turn out not to be small."""
        passing, stepper = segment.passing, self.stepper
        if passing.size == 0:
            return segment
        try:
            swept = sweep(
                segment.before,
                stepper.samples,
                segment.path,
                stepper.tolerances.hysteresis,
                abandoned=stepper.abandoned,
            )
        except StallError:
            return None
        nodes = RADAU.nodes * segment.length / segment.series.unit
        changed = rms(swept.predictions - _predictions(segment.series, nodes, passing))
        if changed > stepper.tolerances.tolerance(segment.series.start):
            return None
        events = in_order([swept.events, segment.events])
        there = swept.end.decayed(stepper.samples.shrunk(segment.length))
        return replace(segment, end=put(segment.end, passing, there), events=events, record=swept.record)


def _never() -> float:
    """Collocation is no way to go on after a kink."""
    return np.inf


def _wakes(series: TaylorSeries) -> bool:
    """Whether a pre-activation rests on its kink but for rounding: by the series it would move."""
    neurons, speeds = series.neurons, series.z[1]
    resting = np.abs(speeds[(neurons.z == 0.0) & (neurons.status != SLIDING)])
    resting = resting[resting > 0.0]
    return resting.size > 0 and bool(resting.min() <= SERIES.rounding * np.abs(speeds).max())


def _predictions(series: TaylorSeries, x: Array, rows: Index) -> Array:
    """What some neurons add to the predictions at x (k,): (k, q)."""
    neurons, at = series.neurons.take(rows), series.powers(x)
    z = (at @ series.z[:, rows].reshape(len(series.z), -1)).reshape(x.size, *neurons.z.shape)
    hidden = hidden_values(neurons, z.transpose(1, 0, 2), series.samples)
    outputs = at @ series.outputs[:, rows] * neurons.gain
    added: Array = np.matmul(outputs[:, None, :], hidden.transpose(1, 0, 2))[:, 0]
    return added
