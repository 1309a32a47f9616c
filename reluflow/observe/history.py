"""A run so far as something to move about in: any time, by any clock.

A history is a view that never changes: recorded states, spaced by change, and the series of the run. Between
two recorded states, which are at most a small rotation apart, directions and log norms are interpolated
linearly; that is for looking at, while recorded states themselves are exact.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Final, Literal

import numpy as np

from reluflow.flow.base import State
from reluflow.flow.events import Events, no_events
from reluflow.network import Array, row_norms
from reluflow.observe.change import Shape

#: What can run evenly: movement of the state, flow time, its logarithm, steps of the solver, changes of
#: activation.
Clock = Literal["change", "time", "log time", "steps", "events"]
CLOCKS: Final[tuple[Clock, ...]] = ("change", "time", "log time", "steps", "events")


@dataclass(frozen=True)
class History:
    """A run so far.

    ``states`` (j,): in order of time, at least one, from t = 0. ``path`` (j,): movement up to each of
    them. ``series``: columns (k,) over the same time. ``events``: changes of activation, none of them later;
    none at all if the solver does not look for them.
    """

    states: Sequence[State]
    path: Array
    series: Mapping[str, Array]
    events: Events = field(default_factory=no_events)

    @classmethod
    def of_record(cls, states: Sequence[State], series: Mapping[str, Array], events: Events) -> "History":
        """From what was written of a run; the movement up to each state is measured between them anew."""
        losses = np.interp([state.t for state in states], series["t"], series["loss"])
        shapes = [Shape.of(state, float(loss)) for state, loss in zip(states, losses, strict=True)]
        moves = [after.distance(before) for before, after in pairwise(shapes)]
        return cls(states, np.concatenate([[0.0], np.cumsum(moves)]), series, events)

    @property
    def end(self) -> float:
        """The last flow time there is."""
        return self.states[-1].t

    @cached_property
    def times(self) -> list[float]:
        return [state.t for state in self.states]

    def state_at(self, t: float) -> State:
        """The state at a flow time, which is brought into the history's range."""
        i = bisect_right(self.times, t) - 1
        if i < 0:
            return self.states[0]
        before = self.states[i]
        if i + 1 == len(self.states) or t == before.t:
            return before
        after = self.states[i + 1]
        return _between(before, after, t)

    def recorded_at(self, t: float) -> State:
        """The last recorded state at or before a time: exact, as the solver gave it."""
        return self.states[max(bisect_right(self.times, t) - 1, 0)]

    def loss_at(self, t: float) -> float:
        """The loss at a flow time, linear in ln(loss) between recorded rows."""
        with np.errstate(divide="ignore"):
            logs = np.log(np.maximum(self.series["loss"], np.finfo(float).tiny))
        return float(np.exp(np.interp(t, self.series["t"], logs)))

    def step_at(self, t: float) -> int:
        """Steps that the solver had taken at a flow time."""
        i = int(np.searchsorted(self.series["t"], t, side="right")) - 1
        return int(self.series["step"][max(i, 0)])

    def reading(self, clock: Clock, t: float) -> float:
        """What a clock shows at a flow time."""
        times, readings = self._dial(clock)
        return float(np.interp(t, times, readings))

    def time_of(self, clock: Clock, reading: float) -> float:
        """The flow time at which a clock shows a reading, within the history."""
        return float(self.times_of(clock, np.array(reading)))

    def times_of(self, clock: Clock, readings: Array) -> Array:
        """The flow times at which a clock shows readings (..), within the history."""
        times, shown = self._dial(clock)
        return np.interp(readings, shown, times)

    def neighbour(self, t: float, forward: bool) -> float:
        """The time of the solver's next step after ``t``, or of the last one before it."""
        ends = self._step_ends
        if forward:
            i = int(np.searchsorted(ends, t, side="right"))
            return float(ends[min(i, ends.size - 1)])
        return float(ends[max(int(np.searchsorted(ends, t, side="left")) - 1, 0)])

    @cached_property
    def event_times(self) -> Array:
        """The flow times at which something changed, each once."""
        t = self.events.t
        times: Array = t[np.append(np.diff(t) > 0.0, True)] if t.size else t
        return times

    def events_at(self, t: float) -> Events:
        """What changed at exactly this flow time, one of ``event_times``."""
        first, last = (int(np.searchsorted(self.events.t, t, side=side)) for side in ("left", "right"))
        return self.events.take(slice(first, last))

    def changes_until(self, t: float) -> int:
        """How many changes of activation there are up to a flow time and at it."""
        return self.events.take(slice(int(np.searchsorted(self.events.t, t, side="right")))).changes

    def next_event(self, t: float, forward: bool = True) -> float | None:
        """When something changes next after a flow time, or last before it; None if never."""
        times = self.event_times
        if forward:
            i = int(np.searchsorted(times, t, side="right"))
            return float(times[i]) if i < times.size else None
        i = int(np.searchsorted(times, t, side="left")) - 1
        return float(times[i]) if i >= 0 else None

    def _dial(self, clock: Clock) -> tuple[Array, Array]:
        if clock == "change":
            return np.asarray(self.times), self.path
        times = self.series["t"]
        if clock == "steps":
            return times, self.series["step"]
        if clock == "events":
            return self._event_dial
        if clock == "log time":
            first = times[1] if times.size > 1 else 1.0
            return times, np.log(np.maximum(times, first) / first) + (times > 0.0)
        return times, times

    @cached_property
    def _event_dial(self) -> tuple[Array, Array]:
        """The start, every time at which something changes, and the end: one apart from each other."""
        inside = self.event_times[(self.event_times > 0.0) & (self.event_times < self.end)]
        times = np.concatenate([[0.0], inside, [self.end]])
        return times, np.arange(float(times.size))

    @cached_property
    def _step_ends(self) -> Array:
        """Times at which the recorded steps of the solver ended, the start among them."""
        steps = self.series["step"]
        last = np.append(steps[1:] != steps[:-1], True)
        ends: Array = self.series["t"][last]
        return ends


def _between(before: State, after: State, t: float) -> State:
    share = (t - before.t) / (after.t - before.t)
    old, new = row_norms(before.weights), row_norms(after.weights)
    live = (old > 0.0) & (new > 0.0)
    safe_old, safe_new = np.where(live, old, 1.0), np.where(live, new, 1.0)
    norms = np.exp((1.0 - share) * np.log(safe_old) + share * np.log(safe_new))
    directions = (1.0 - share) * before.weights / safe_old[:, None] + share * after.weights / safe_new[
        :, None
    ]
    lengths = row_norms(directions)
    scale = np.where(live & (lengths > 0.0), norms / np.where(lengths > 0.0, lengths, 1.0), 0.0)
    weights = np.where(live[:, None], directions * scale[:, None], before.weights)
    outputs = np.where(
        before.output_weights * after.output_weights > 0.0,
        np.sign(before.output_weights) * _geometric(before.output_weights, after.output_weights, share),
        (1.0 - share) * before.output_weights + share * after.output_weights,
    )
    return State(t, weights, outputs)


def _geometric(first: Array, last: Array, share: float) -> Array:
    tiny = np.finfo(float).tiny
    logs = (1.0 - share) * np.log(np.maximum(np.abs(first), tiny)) + share * np.log(
        np.maximum(np.abs(last), tiny)
    )
    values: Array = np.exp(logs)
    return values
