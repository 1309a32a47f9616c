"""What two runs differ in: the loss at the same flow times, the escapes, the first event that is another."""

from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

import numpy as np

from reluflow.flow.events import Change, Events
from reluflow.network import Array
from reluflow.observe.plateaus import escapes_of, find_saddles, refine

#: Losses below this share of the first one are not compared: they are rounding soon.
RESOLVED: Final = 1e-12
#: Runs have parted where their losses differ by more than this share.
PARTED: Final = 1e-3
#: Events within this share of the time at which the shorter run ends are not missed in the other.
END: Final = 1e-3


@dataclass(frozen=True)
class EventDifference:
    """The first event of a neuron that is another one, or is missing, in the other run.

    ``t``: the earlier of both times. ``one`` and ``other``: what happens, as "exit of sample 3", None where
    nothing does.
    """

    t: float
    neuron: int
    one: str | None
    other: str | None


@dataclass(frozen=True)
class Difference:
    """Of two runs up to the flow time ``until``, at which the shorter one ends.

    ``loss``: the largest difference of the losses at one time, relative to the larger of both, and when,
    ``loss_at``. ``parted_at``: the first time at which it is more than ``PARTED``; None if it never is.
    ``escapes``: pairs of escape times, in order, one of both None where a run has fewer.
    """

    until: float
    loss: float
    loss_at: float
    parted_at: float | None
    escapes: tuple[tuple[float | None, float | None], ...]
    first_event: EventDifference | None

    @property
    def escape_shift(self) -> float | None:
        """The largest shift of an escape, relative to its time; None where their numbers differ."""
        shifts = [
            None if one is None or other is None else abs(one - other) / max(abs(one), abs(other))
            for one, other in self.escapes
        ]
        known = [shift for shift in shifts if shift is not None]
        return max(known, default=0.0) if len(known) == len(shifts) else None


def difference(
    t: Array, losses: tuple[Array, Array], settled: tuple[bool, bool], events: tuple[Events, Events]
) -> Difference:
    """Of two runs whose losses (k,) are known at the same flow times ``t`` (k,), increasing from their start.

    ``settled``: whether each run ended because its loss got small enough.
    """
    until = float(t[-1])
    one, other = losses
    least = RESOLVED * max(float(one[0]), float(other[0]))
    larger = np.maximum(one, other)
    with np.errstate(divide="ignore", invalid="ignore"):
        gaps = np.where(larger > least, np.abs(one - other) / larger, 0.0)
    parted = np.flatnonzero(gaps > PARTED)
    escapes = [
        escapes_of(find_saddles({"t": t, "loss": loss}, is_settled))
        for loss, is_settled in zip(losses, settled, strict=True)
    ]
    return Difference(
        until,
        float(gaps.max()),
        float(t[int(np.argmax(gaps))]),
        float(t[parted[0]]) if parted.size else None,
        tuple((first, second) for first, second in zip_longest(*escapes)),
        first_other_event(*events, until),
    )


def loss_at(t: Array, loss: Array, times: Array) -> Array:
    """A recorded loss (k,) at other flow times, on the monotone cubic of its logarithm."""
    later = np.diff(t, prepend=-np.inf) > 0.0
    usable = later & np.isfinite(loss) & (loss > 0.0)
    fine_t, fine = refine(t[usable], np.log(loss[usable]))
    values: Array = np.exp(np.interp(times, fine_t, fine))
    return values


def first_other_event(one: Events, other: Events, until: float) -> EventDifference | None:
    """The earliest event at which the course of a neuron through its activations differs; None if none does.

    Neurons are compared one by one: which of two neurons is first at about the same time does not matter.
    """
    if not len(one) or not len(other):
        return None  # at least one of the methods keeps no log of events
    last = (1.0 - END) * until
    found: list[EventDifference] = []
    courses = [_courses(each.take(each.t <= until)) for each in (one, other)]
    for neuron in sorted(set(courses[0]) | set(courses[1])):
        for here, there in zip_longest(*(course.get(neuron, []) for course in courses)):
            if here is not None and there is not None and here[1:] == there[1:]:
                continue
            t = min(each[0] for each in (here, there) if each is not None)
            if t <= last:
                found.append(EventDifference(t, neuron, _words(here), _words(there)))
            break
    return min(found, key=lambda each: each.t, default=None)


_Step = tuple[float, int, int]


def _courses(events: Events) -> dict[int, list[_Step]]:
    """The events of each neuron: time, sample, kind."""
    courses: dict[int, list[_Step]] = {}
    columns = (each.tolist() for each in (events.neuron, events.t, events.sample, events.kind))
    for neuron, t, sample, kind in zip(*columns, strict=True):
        courses.setdefault(neuron, []).append((t, sample, kind))
    return courses


def _words(step: _Step | None) -> str | None:
    if step is None:
        return None
    name = Change(step[2]).name.lower().replace("_", " ")
    return name if step[1] < 0 else f"{name} of sample {step[1] + 1}"
