"""One step by power series: for few neurons, while the flow is not stiff, the cheapest way to go on.

A large neuron that changes an activation gives the residual a kink, over which a smooth path cannot go.
The series (``taylor``) say when the first one is, and lead right there; without one they go as far as they
hold. They need no iteration. Small neurons may change activations on the way: they are moved along the
path of the residual that they do not change, each from event to event.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.flow.events import Events, in_order, no_events
from reluflow.flow.lorentz.collocation import RADAU
from reluflow.flow.lorentz.control import Curve, rms
from reluflow.flow.lorentz.motion import predictions, sweep
from reluflow.flow.lorentz.neurons import SLIDING, Mask, Neurons, hidden_values, put
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.rounds import StallError
from reluflow.flow.lorentz.samples import Index
from reluflow.flow.lorentz.step import Attempt, Stepper
from reluflow.flow.lorentz.taylor import DEGREE, Taylor
from reluflow.flow.lorentz.watch import LOOKS, Happening, Watch
from reluflow.network import Array

#: errors at the end of the series: of the residual, in units of rtol rms(r), and of neurons, of rtol
ERROR, OWN_ERROR = 0.1, 0.01
#: powers with which an event is looked for at first
FIRST_LOOK: Final = 8
#: where the series are held up by stiffness, or nothing moves but what is small (reach times trace(K)), a
#: step by collocation that is this many times as long is better
SLOW, CALM, FAR = 4.0, 1e-3, 1.5
#: ... and so it is where it is stiff: h trace(K), h |D|
STIFF, STEEP = 30.0, 4.0
#: ... or where kinks would be more than this many over the number of pairs of a neuron and a sample
CROWDED: Final = 1e5
#: events between which the residual changes by no more than this share of Newton's tolerance are one
TOGETHER: Final = 0.5
#: an event sooner than this share of the reach is left to collocation
SOON: Final = 1e-9
#: a velocity this small (relative) at rest is rounding
ROUNDING: Final = 1e-12


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
        self, curve: Curve, wanted: Callable[[], float], room: float, unit: float | None
    ) -> Attempt | None:
        """A step no longer than ``room``; None where collocation is the better way.

        wanted: tells the length of a step by collocation; unit: the scale of time, if it is known.
        """
        if unit is None:
            length, fastest = wanted(), max(curve.rate, curve.trace)
            if fastest == 0.0 or length * curve.rate > STEEP or length * curve.trace > STIFF:
                return None
            unit = 1.0 / fastest
        if curve.neurons.weights.shape[1] == 0:
            return None
        series = Taylor(curve.neurons, self.stepper.samples, curve.residual, unit)
        size, rtol = rms(curve.residual) + self.stepper.scale, self.stepper.rtol
        series.extend(FIRST_LOOK)
        reach = min(series.reach(ERROR * rtol * size, OWN_ERROR * rtol), room / unit)
        sight = self._ahead(series, reach)
        if sight is not None and sight.happening is None:
            series.extend(DEGREE)
            reach = min(series.reach(ERROR * rtol * size, OWN_ERROR * rtol), room / unit)
            sight = self._ahead(series, reach)
        if sight is None:
            return None
        if sight.happening is not None:
            return self._until(sight.happening, series, sight, reach, curve)
        stiffness = reach * unit * curve.trace
        if (stiffness > SLOW or stiffness < CALM) and FAR * reach * unit < wanted():
            return None
        return self._throughout(series, sight, reach, room, curve)

    def _ahead(self, series: Taylor, reach: float) -> _Sight | None:
        """What happens on the way; None where the series are no good, or too much happens."""
        neurons = series.neurons
        if _wakes(series):
            return None
        watch = Watch(series, self.stepper.slack)
        looked = series.powers(reach * LOOKS)
        small, flips = self._small(series, looked), np.zeros(0, np.intp)
        if neurons.delta.min(initial=0.0) < 0.0:
            flips = np.flatnonzero((looked @ series.outputs * neurons.outputs < 0.0).any(axis=0))
            if not small[flips].all():
                return None
        below = watch.below(looked)
        due = np.flatnonzero(below.any(axis=0))
        if due.size == 0:
            return _Sight(watch, None, flips)
        rows = watch.rows(due)
        light = small[rows]
        passing = np.union1d(rows[light], flips)
        if light.all():
            return _Sight(watch, None, passing)
        if np.count_nonzero(~light) * neurons.z.size > CROWDED:
            return None
        below[:, due[light]] = False
        first = watch.first(reach, below, TOGETHER * self.stepper.tolerance(series.start))
        return None if first is None else _Sight(watch, first[0], np.union1d(passing, first[1]))

    def _small(self, series: Taylor, looked: Array) -> Mask:
        """Neurons (b,) that add next to nothing to the predictions, whatever happens to them on the way."""
        neurons = series.neurons
        peak = np.square(looked @ series.outputs).max(axis=0)
        spread = float(np.sqrt(series.samples.squares.max()))
        added = neurons.gain * (peak + np.maximum(0.0, -neurons.delta)) * spread
        small: Mask = added <= self.stepper.tolerance(series.start)
        return small

    def _until(
        self, happening: Happening, series: Taylor, sight: _Sight, reach: float, curve: Curve
    ) -> Attempt | None:
        """The step that ends with an event."""
        if not happening.x > SOON * reach:
            return None
        there = series.neurons_at(np.array([happening.x]))
        after = sight.watch.after(there, happening)
        if after is None:
            return None
        end = put(there, np.array([happening.row]), after[0])
        return self._joined(
            series, happening.x, happening.x * series.unit, sight.passing, curve, end, after[1]
        )

    def _throughout(
        self, series: Taylor, sight: _Sight, reach: float, room: float, curve: Curve
    ) -> Attempt | None:
        """The step as far as the series hold."""
        length = room if reach == room / series.unit else reach * series.unit
        return self._joined(
            series, reach, length, sight.passing, curve, series.neurons_at(np.array([reach])), no_events()
        )

    def _joined(
        self,
        series: Taylor,
        x: float,
        length: float,
        passing: Index,
        curve: Curve,
        end: Neurons,
        last: Events,
    ) -> Attempt | None:
        """The step to ``end``, with the small neurons put where they go; None if they are not that small."""
        stepper, samples = self.stepper, self.stepper.samples
        path = Path(series.powers(x * RADAU.nodes) @ series.residual, length)
        events, error = last, 0.0
        if len(last) == 0 or passing.size:
            error = stepper.error(path, curve)
        if passing.size:
            if error > 1.0:
                return None
            some = series.neurons.take(passing)
            try:
                swept = sweep(some, samples, path, stepper.slack, abandoned=stepper.abandoned)
            except StallError:
                return None
            supposed = _predictions(series, x * RADAU.nodes, passing)
            if rms(swept.predictions - supposed) > stepper.tolerance(series.start):
                return None
            end, events = put(end, passing, swept.end), in_order([swept.events, last])
        end = end.rebalanced()
        residual = predictions(end, samples) - samples.targets
        return Attempt(length, path, end, events, residual, 0.0 if len(last) else error, series, passing)


def _wakes(series: Taylor) -> bool:
    """Whether a pre-activation rests on its kink but for rounding: by the series it would move."""
    neurons = series.neurons
    rests = (neurons.z == 0.0) & (neurons.status != SLIDING)
    if not rests.any():
        return False
    speeds = np.abs(series.z[1])
    resting = speeds[rests]
    return bool(((resting > 0.0) & (resting <= ROUNDING * speeds.max())).any())


def _predictions(series: Taylor, x: Array, rows: Index) -> Array:
    """What some neurons add to the predictions at x (k,): (k, q)."""
    neurons, at = series.neurons.take(rows), series.powers(x)
    z = (at @ series.z[:, rows].reshape(len(series.z), -1)).reshape(x.size, *neurons.z.shape)
    hidden = hidden_values(neurons, z.transpose(1, 0, 2), series.samples)
    outputs = at @ series.outputs[:, rows] * neurons.gain
    added: Array = np.matmul(outputs[:, None, :], hidden.transpose(1, 0, 2))[:, 0]
    return added
