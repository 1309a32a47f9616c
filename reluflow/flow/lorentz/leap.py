"""One step by power series: for few neurons, while the flow is not stiff, the cheapest way to go on.

A large neuron that changes an activation gives the residual a kink, over which a smooth path cannot go.
The series (``taylor``) say when the first one is, and lead right there; without one they go as far as they
hold. They need no iteration, and where kinks are close to each other a step has a leg to each. Small
neurons may change activations on the way: they are moved along the path of the residual that they do not
change, each from event to event.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reluflow.flow.events import in_order, no_events
from reluflow.flow.lorentz.attempt import Attempt, Leg
from reluflow.flow.lorentz.bernstein import bernstein, first_negative
from reluflow.flow.lorentz.collocation import RADAU
from reluflow.flow.lorentz.control import MEETABLE, Curve, rms
from reluflow.flow.lorentz.motion import predictions, sweep
from reluflow.flow.lorentz.neurons import SLIDING, Mask, hidden_values, put
from reluflow.flow.lorentz.pace import factor
from reluflow.flow.lorentz.rounds import StallError
from reluflow.flow.lorentz.samples import Index
from reluflow.flow.lorentz.step import Stepper
from reluflow.flow.lorentz.taylor import DEGREE, Taylor
from reluflow.flow.lorentz.watch import Happening, Watch
from reluflow.network import Array

#: errors at the end of the series: of the residual, in units of rtol rms(r), and of neurons, of rtol
ERROR, OWN_ERROR = 0.1, 0.03
#: powers with which an event is looked for at first: after a step by collocation; after an event that was no
#: further (in units of time) than this
FIRST_LOOK, NEXT_LOOK, NEAR = 8, 6, 1.0
#: where the series are held up by stiffness, or nothing moves but what is small (reach times trace(K)), a
#: step by collocation that is this many times as long is better
SLOW, CALM, FAR = 4.0, 1e-4, 1.5
#: ... and so it is after one by collocation where such steps are long (h trace(K)) and no event is near, or
#: where small neurons grow by this (h |D|)
STIFF, STEEP = 30.0, 4.0
#: ... or for so many pairs of a neuron and a sample: then series take longer, and much memory
MOST_PAIRS: Final = 12_000
#: small neurons with events may add this much altogether, in units of Newton's tolerance
ALTOGETHER: Final = 3.0
#: events between which the residual changes by no more than this share of Newton's tolerance are one
TOGETHER: Final = 0.5
#: where rates are below this nothing moves, and the unit of time would overflow in products
SLOWEST: Final = 1e-150
#: series that hold for longer than this (in units of time) tell that nothing moves, as when the last neuron
#: that moved has died, and their powers would overflow: collocation goes further
FARTHEST: Final = 1e12
#: the most legs of a step
MOST_LEGS: Final = 16
#: shares of the way at which the sizes of neurons are looked at
LOOKS: Final = np.arange(1, 9) / 8.0
#: an event sooner than this share of the reach is left to collocation
SOON: Final = 1e-9
#: a velocity this small (relative) at rest is rounding
ROUNDING: Final = 1e-12


@dataclass(frozen=True)
class Lately:
    """The last step: the unit of time of its series, 0 if it had none, and its length in such units.

    cut: whether an event ended it, or will end the next one soon. Of several legs the last one counts.
    """

    unit: float = 0.0
    cut: bool = True
    length: float = 0.0

    @staticmethod
    def of(attempt: Attempt) -> "Lately":
        """That of a step that was made."""
        if attempt.legs:
            return Lately.after(attempt.legs[-1])
        return Lately(cut=attempt.length < attempt.wanted)

    @staticmethod
    def after(leg: Leg) -> "Lately":
        """That of a leg."""
        return Lately(leg.series.unit, leg.length < leg.reach, leg.length / leg.series.unit)

    @property
    def near(self) -> bool:
        """Whether the next event is not to be expected far away."""
        return self.cut and self.length < NEAR


@dataclass(frozen=True)
class _Sight:
    """What is ahead: the first event of a neuron that is not small, and the small ones with events (l,)."""

    watch: Watch
    happening: Happening | None
    passing: Index


class Leaper:
    """Tries steps by power series, to the tolerances of a ``Stepper``."""

    def __init__(self, stepper: Stepper) -> None:
        self.stepper = stepper

    def attempt(
        self, curve: Curve, wanted: Callable[[], float], room: float, lately: Lately
    ) -> Attempt | None:
        """A step no longer than ``room``; None where collocation is the better way.

        wanted: tells the length of a step by collocation; lately: the last step. Where kinks follow each
        other closely, the step goes on over several of them.
        """
        legs: list[Leg] = []
        while len(legs) < MOST_LEGS:
            leg = self._leg(curve, wanted, room, lately)
            if leg is None:
                break
            legs.append(leg)
            lately = Lately.after(leg)
            if leg.passing.size or not lately.near:
                break
            x, room, wanted = np.array([lately.length]), room - leg.length, _never
            residual = (leg.series.powers(x) @ leg.series.residual)[0]
            curve = Curve(leg.end, self.stepper.samples, residual, None, len(leg.end))
        return self._joined(legs) if legs else None

    def _joined(self, legs: list[Leg]) -> Attempt:
        """Legs that follow each other as one step."""
        last, samples = legs[-1], self.stepper.samples
        end = last.end.rebalanced()
        residual = predictions(end, samples) - samples.targets
        total, done, parts = sum(leg.length for leg in legs), 0.0, []
        for leg in legs:
            parts.append(replace(leg.events, t=(done + leg.length * leg.events.t) / total))
            done += leg.length
        events = parts[0] if len(parts) == 1 else in_order(parts)
        return Attempt(last.reach, last.path, end, events, residual, last.error, tuple(legs))

    def _leg(self, curve: Curve, wanted: Callable[[], float], room: float, lately: Lately) -> Leg | None:
        """The next leg of a step; None where it should end before."""
        if not 0 < curve.neurons.z.size <= MOST_PAIRS:
            return None
        leapt = lately.unit > 0.0
        fastest = 1.0 / lately.unit if leapt else max(curve.rate, curve.trace)
        stiff = not leapt and wanted() * curve.trace > STIFF
        if fastest < SLOWEST or (not leapt and wanted() * curve.rate > STEEP) or (stiff and not lately.cut):
            return None
        unit = 1.0 / fastest
        room = min(room, 2.0 * FARTHEST * unit)  # times of up to 1e300 overflow in units
        series = Taylor(curve.neurons, self.stepper.samples, curve.residual, unit)
        size, rtol = rms(curve.residual) + self.stepper.scale, self.stepper.rtol
        sight = None
        first_look = NEXT_LOOK if leapt else FIRST_LOOK
        for degree in (first_look, DEGREE) if lately.near else (DEGREE,):
            series.extend(degree)
            reach = min(series.reach(ERROR * rtol * size, OWN_ERROR * rtol), room / unit)
            if not 0.0 < reach < FARTHEST:
                return None
            sight = self._ahead(series, reach)
            if sight is None:
                return None
            if sight.happening is not None:
                held = self._held(sight, series, sight.happening.x, curve)
                if held < sight.happening.x:
                    return self._throughout(sight, series, held, room, curve)
                return self._until(sight.happening, sight, series, reach)
            if stiff:
                return None
        assert sight is not None
        stiffness = reach * unit * curve.trace
        if (stiffness > SLOW or stiffness < CALM) and FAR * reach * unit < wanted():
            return None
        held = self._held(sight, series, reach, curve)
        return self._throughout(sight, series, held, room, curve)

    def _held(self, sight: _Sight, series: Taylor, x: float, curve: Curve) -> float:
        """How much of the way to x a path holds along which small neurons are to be moved."""
        if sight.passing.size == 0:
            return x
        error = self.stepper.error(series.path(x * series.unit), curve)
        return x if error <= 1.0 else x * factor(error)

    def _ahead(self, series: Taylor, reach: float) -> _Sight | None:
        """What happens on the way; None where the series are no good, or too much happens."""
        neurons = series.neurons
        if _wakes(series):
            return None
        watch = Watch(series, self.stepper.slack)
        looked = series.powers(reach * LOOKS)
        tolerance = self.stepper.tolerance(series.start)
        added = self._added(series, looked)
        small: Mask = added <= tolerance
        passing: Mask = np.zeros(len(neurons), dtype=bool)
        if neurons.delta.min(initial=0.0) < 0.0:
            outputs = bernstein(series.outputs * np.sign(neurons.outputs), reach)
            passing |= np.isfinite(first_negative(outputs)[1])
            if not small[passing].all():
                return None
        brackets = watch.crossings(reach)
        due = np.flatnonzero(np.isfinite(brackets[1]))
        if due.size == 0:
            return _Sight(watch, None, np.flatnonzero(passing))
        rows = watch.rows(due)
        light = small[rows]
        passing[rows[light]] = True
        if added[passing].sum() > ALTOGETHER * tolerance:
            return None
        if light.all():
            return _Sight(watch, None, np.flatnonzero(passing))
        if neurons.z.size > MEETABLE:
            return None
        first = watch.first(reach, brackets, due[~light], TOGETHER * tolerance)
        if first is None:
            return None
        passing[first[1]] = True
        return _Sight(watch, first[0], np.flatnonzero(passing))

    def _added(self, series: Taylor, looked: Array) -> Array:
        """What neurons (b,) add to the predictions at most, whatever happens to them on the way."""
        neurons = series.neurons
        peak = np.square(looked @ series.outputs).max(axis=0)
        added: Array = neurons.gain * (peak + np.maximum(0.0, -neurons.delta)) * series.samples.spread
        return added

    def _until(self, happening: Happening, sight: _Sight, series: Taylor, reach: float) -> Leg | None:
        """The leg that ends with an event."""
        if not happening.x > SOON * reach:
            return None
        there = series.neurons_at(np.array([happening.x]))
        changed = sight.watch.after(there, happening)
        if changed is None:
            return None
        after, event = changed
        end = put(there, np.array([happening.row]), after)
        leg = Leg(series, happening.x * series.unit, reach * series.unit, end, event, sight.passing)
        return self._passed(leg)

    def _throughout(
        self, sight: _Sight, series: Taylor, reach: float, room: float, curve: Curve
    ) -> Leg | None:
        """The leg as far as the series hold."""
        length = room if reach == room / series.unit else reach * series.unit
        end = series.neurons_at(np.array([reach]))
        leg = self._passed(Leg(series, length, length, end, no_events(), sight.passing))
        return leg and replace(leg, error=self.stepper.error(leg.path, curve))

    def _passed(self, leg: Leg) -> Leg | None:
        """The leg, with small neurons put where they go; None if they turn out not to be small."""
        passing, stepper = leg.passing, self.stepper
        if passing.size == 0:
            return leg
        try:
            swept = sweep(leg.before, stepper.samples, leg.path, stepper.slack, abandoned=stepper.abandoned)
        except StallError:
            return None
        nodes = RADAU.nodes * leg.length / leg.series.unit
        changed = rms(swept.predictions - _predictions(leg.series, nodes, passing))
        if changed > stepper.tolerance(leg.series.start):
            return None
        events = in_order([swept.events, leg.events])
        return replace(leg, end=put(leg.end, passing, swept.end), events=events, kept=swept.kept)


def _never() -> float:
    """Collocation is no way to go on after a kink."""
    return np.inf


def _wakes(series: Taylor) -> bool:
    """Whether a pre-activation rests on its kink but for rounding: by the series it would move."""
    neurons, speeds = series.neurons, series.z[1]
    resting = np.abs(speeds[(neurons.z == 0.0) & (neurons.status != SLIDING)])
    resting = resting[resting > 0.0]
    return resting.size > 0 and bool(resting.min() <= ROUNDING * np.abs(speeds).max())


def _predictions(series: Taylor, x: Array, rows: Index) -> Array:
    """What some neurons add to the predictions at x (k,): (k, q)."""
    neurons, at = series.neurons.take(rows), series.powers(x)
    z = (at @ series.z[:, rows].reshape(len(series.z), -1)).reshape(x.size, *neurons.z.shape)
    hidden = hidden_values(neurons, z.transpose(1, 0, 2), series.samples)
    outputs = at @ series.outputs[:, rows] * neurons.gain
    added: Array = np.matmul(outputs[:, None, :], hidden.transpose(1, 0, 2))[:, 0]
    return added
