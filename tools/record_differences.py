"""How two measurements of one case differ: bit for bit, and within a relative tolerance."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from record_cases import KINDS, Arrays, Measured

#: relative; what a change of the order of floating-point operations may come to in times and losses
TOLERANCE: Final = 1e-9
#: entries that are digests of arrays of which the record keeps the values
KEPT: Final = {"series/t": "t", "series/loss": "loss", "events/t": "event_t"}
#: entries that are digests of numbers which follow from others, and are not judged by themselves
NOT_JUDGED: Final = (
    "checkpoint", "columns", "series/others", "snapshots/states", "snapshots/t", "verify/numbers",
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """An entry that is not the same; ``close``: whether it is within the tolerance, None if not judged."""

    name: str
    close: bool | None
    words: str


def differences(
    old: Measured, new: Measured, tolerances: Mapping[str, float] | None = None
) -> list[Difference]:
    """Every entry that differs by a bit, in the order of names; empty if none does.

    tolerances: of some entries, by name, in place of TOLERANCE.
    """
    found = []
    for name in sorted(old.entries.keys() | new.entries.keys()):
        before, now = (each.entries.get(name) for each in (old, new))
        if json.dumps(before, sort_keys=True) != json.dumps(now, sort_keys=True):
            tolerance = (tolerances or {}).get(name, TOLERANCE)
            found.append(_difference(name, before, now, old.arrays, new.arrays, tolerance))
    return found


def _difference(name: str, before: Any, now: Any, old: Arrays, new: Arrays, tolerance: float) -> Difference:
    if before is None or now is None:
        return Difference(name, False, "is new" if before is None else "is not there any more")
    if name in NOT_JUDGED:
        return Difference(name, None, "other bits")
    if name == "events/what":
        return Difference(name, False, _other_events(old, new))
    if name in KEPT:
        apart = worst(old[KEPT[name]], new[KEPT[name]])
        words = "another number of them" if apart is None else f"up to {apart:.2g} apart"
        return Difference(name, apart is not None and apart <= tolerance, words)
    apart = _apart(before, now)
    words = f"{json.dumps(before)} -> {json.dumps(now)}"
    if apart is not None:
        words = f"{apart:.2g} apart: {words}"
    return Difference(name, apart is not None and apart <= tolerance, words)


def worst(old: np.ndarray, new: np.ndarray) -> float | None:
    """The largest relative difference of two arrays; None where their shapes differ."""
    if old.shape != new.shape:
        return None
    gap = np.abs(old - new)
    gap[(old == new) | (np.isnan(old) & np.isnan(new))] = 0.0
    size = np.maximum(np.abs(old), np.abs(new))
    relative = np.divide(gap, size, out=np.where(np.isnan(gap), np.inf, 0.0), where=gap > 0.0)
    return float(relative.max(initial=0.0))


def _apart(before: Any, now: Any) -> float | None:
    """The largest relative difference of two plain values; None where more than numbers differ."""
    if isinstance(before, dict) and isinstance(now, dict):
        if before.keys() != now.keys():
            return None
        return _apart([before[key] for key in before], [now[key] for key in before])
    if isinstance(before, list) and isinstance(now, list):
        if len(before) != len(now):
            return None
        parts = [_apart(*pair) for pair in zip(before, now, strict=True)]
        return None if None in parts else max((part for part in parts if part is not None), default=0.0)
    if type(before) is type(now) is float:
        return worst(np.array([before]), np.array([now]))
    return 0.0 if type(before) is type(now) and before == now else None


def _other_events(old: Arrays, new: Arrays) -> str:
    """The first event that is another one, and whether each neuron and sample has the same ones."""
    before, now = old["event_what"], new["event_what"]
    common = min(before.shape[1], now.shape[1])
    apart = np.flatnonzero((before[:, :common] != now[:, :common]).any(axis=0))
    first = int(apart[0]) if apart.size else common
    words = f"event {first} of {before.shape[1]} is {_event(new, first)}, was {_event(old, first)}"
    if before.shape == now.shape:
        orders = [np.lexsort((what[1], what[0])) for what in (before, now)]  # stable
        if np.array_equal(before[:, orders[0]], now[:, orders[1]]):
            gap = worst(old["event_t"][orders[0]], new["event_t"][orders[1]])
            words += f"; only their order is another one, and the time of each is up to {gap:.2g} apart"
    return words


def _event(arrays: Arrays, index: int) -> str:
    if index >= arrays["event_t"].size:
        return "none"
    neuron, sample, kind = arrays["event_what"][:, index]
    return f"{KINDS[kind]} of neuron {neuron}, sample {sample} at t = {arrays['event_t'][index]:.12g}"
