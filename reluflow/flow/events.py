"""The log of changes of activation."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from reluflow.network import Array


class Change(IntEnum):
    """What happened to a pair (neuron, sample)."""

    #: it became active
    ENTER = 0
    #: it became inactive
    EXIT = 1
    #: the neuron began to slide along the sample's hyperplane
    SLIDE = 2
    #: it stopped sliding, and the sample became active
    RELEASE_ON = 3
    #: it stopped sliding, and the sample became inactive
    RELEASE_OFF = 4
    #: it became inactive, and it was the last one: the neuron never moves again
    DIE = 5
    #: the neuron's output weight changed its sign (sample is -1); no change of activation
    FLIP = 6
    #: how the neuron goes on is left open by plain descent, whatever its rate, and was chosen (sample is -1):
    #: see ``lorentz.limit_of_descent``; no change of activation
    CHOICE = 7


#: what is compared with kinds below: NumPy asks a member of an enumeration for much before it is a number
FLIP: Final = int(Change.FLIP)


@dataclass(frozen=True)
class Events:
    """Events in the order of time: t (k,), neuron (k,), sample (k,), kind (k,) of ``Change``."""

    t: Array
    neuron: npt.NDArray[np.int32]
    sample: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return int(self.t.size)

    def take(self, rows: Any) -> "Events":
        """Some of these events."""
        return Events(self.t[rows], self.neuron[rows], self.sample[rows], self.kind[rows])

    @property
    def changes(self) -> int:
        """How many of them change an activation."""
        return int(np.count_nonzero(self.kind < FLIP))


def no_events() -> Events:
    """An empty list of events."""
    return Events(np.zeros(0), np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int8))


def in_order(parts: list[Events]) -> Events:
    """Events of several neurons, by time; ties in the order in which they were found."""
    parts = [part for part in parts if len(part)]
    if not parts:
        return no_events()
    if len(parts) == 1 and len(parts[0]) == 1:
        return parts[0]
    joined = Events(
        np.concatenate([part.t for part in parts]),
        np.concatenate([part.neuron for part in parts]),
        np.concatenate([part.sample for part in parts]),
        np.concatenate([part.kind for part in parts]),
    )
    return joined.take(np.argsort(joined.t, kind="stable"))


class EventLog:
    """All events so far, 17 bytes each; beyond ``limit`` the earliest are dropped.

    Storage doubles when it is full, so that a million events cost no more than their own bytes twice.
    """

    def __init__(self, limit: int = 20_000_000) -> None:
        self.limit = limit
        self.dropped = 0
        self._size = 0
        self._store = no_events()

    @property
    def events(self) -> Events:
        """What is kept, to read; it stays as it is while the log goes on, and costs nothing to hand out.

        Events are only ever written behind those that are there, or to new storage.
        """
        kept = self._store.take(slice(0, self._size))
        for column in _columns(kept):
            column.setflags(write=False)
        return kept

    def extend(self, events: Events) -> None:
        """Append events that are later than all so far."""
        if len(events) == 0:
            return
        needed = self._size + len(events)
        if needed > self.limit:
            kept = in_order([self._store.take(slice(0, self._size)), events])
            self.dropped += needed - self.limit // 2
            self._store = kept.take(slice(needed - self.limit // 2, None))
            self._size = len(self._store)
            return
        if needed > len(self._store):
            self._grow(max(needed, 2 * self._size, 1024))
        where = slice(self._size, needed)
        self._store.t[where] = events.t
        self._store.neuron[where] = events.neuron
        self._store.sample[where] = events.sample
        self._store.kind[where] = events.kind
        self._size = needed

    def _grow(self, size: int) -> None:
        old = self._store
        larger = Events(
            np.zeros(size), np.zeros(size, np.int32), np.zeros(size, np.int32), np.zeros(size, np.int8)
        )
        for target, source in zip(_columns(larger), _columns(old), strict=True):
            target[: self._size] = source[: self._size]
        self._store = larger

    def pack(self) -> dict[str, Any]:
        """Plain arrays from which ``unpack`` restores the log."""
        kept = self._store.take(slice(0, self._size))
        return {
            "events/t": kept.t,
            "events/neuron": kept.neuron,
            "events/sample": kept.sample,
            "events/kind": kept.kind,
            "events_dropped": self.dropped,
        }

    def unpack(self, saved: Mapping[str, Any]) -> None:
        """Go back to what ``pack`` gave."""
        self._store = Events(
            np.array(saved["events/t"], dtype=np.float64),
            np.array(saved["events/neuron"], dtype=np.int32),
            np.array(saved["events/sample"], dtype=np.int32),
            np.array(saved["events/kind"], dtype=np.int8),
        )
        self._size = len(self._store)
        self.dropped = int(saved["events_dropped"])


def _columns(events: Events) -> tuple[npt.NDArray[Any], ...]:
    return events.t, events.neuron, events.sample, events.kind
