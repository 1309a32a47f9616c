"""The parts of a run as a viewer sees them: plateaus with names, and the escapes between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from reluflow.network import Array
from reluflow.observe.plateaus import falling, find_saddles, held_levels
from reluflow.plot.settings import PHASES

Kind = Literal["plateau", "escape"]
#: what playing can pause at
Stop = Literal["plateau", "escape", "event"]


@dataclass(frozen=True)
class Plateau:
    """A plateau and the escape from it.

    ``number`` counts from 1. Flow times: at ``begin`` a twentieth of the drop to ``loss`` is left, at
    ``leave`` a twentieth of the next drop is done, at ``escape`` three quarters of it, at ``arrive`` all but
    a twentieth. The last three are None while the run has not left it.
    """

    number: int
    begin: float
    leave: float | None
    escape: float | None
    arrive: float | None
    loss: float

    @property
    def name(self) -> str:
        """S1, S2, ..."""
        return f"S{self.number}"


def plateaus_of(series: Mapping[str, Array], settled: bool) -> tuple[Plateau, ...]:
    """The plateaus of a recorded series; ``settled`` as in ``find_saddles``."""
    saddles = find_saddles(series, settled)
    if not saddles:
        return ()
    t, falls = np.asarray(series["t"]), falling(series)
    held = (saddle.loss for saddle in held_levels(series, settled))
    levels = [float(falls[0]), *held, float(falls[-1])]
    found = []
    for i, saddle in enumerate(saddles):
        before, level, after = levels[i : i + 3]
        begin = 0.0 if i == 0 else _fallen_to(t, falls, level + PHASES.edge * (before - level))
        leave = arrive = None
        if saddle.end is not None:
            leave = _fallen_to(t, falls, level - PHASES.edge * (level - after))
            arrive = _fallen_to(t, falls, after + PHASES.edge * (level - after))
        found.append(Plateau(i + 1, max(begin, saddle.start), leave, saddle.end, arrive, saddle.loss))
    return tuple(found)


def _fallen_to(t: Array, loss: Array, level: float) -> float:
    """The first recorded time at which the loss is at or below a level, linear between two rows."""
    i = int(np.argmax(loss <= level))
    if i == 0:
        return float(t[0])
    drop = float(loss[i - 1] - loss[i])
    share = float(loss[i - 1] - level) / drop if drop > 0.0 else 1.0
    return float(t[i - 1] + share * (t[i] - t[i - 1]))


def plateau_at(plateaus: Sequence[Plateau], t: float) -> Plateau | None:
    """The plateau that the run is on at a time, None during escapes and after the last one."""
    for plateau in plateaus:
        if plateau.begin <= t and (plateau.leave is None or t < plateau.leave):
            return plateau
    return None


def escape_at(plateaus: Sequence[Plateau], t: float) -> Plateau | None:
    """The plateau that the run is just leaving at a time, None when it does not."""
    for plateau in plateaus:
        if plateau.leave is not None and plateau.arrive is not None and plateau.leave <= t < plateau.arrive:
            return plateau
    return None


def place_of(plateaus: Sequence[Plateau], t: float) -> str:
    """Where in the run a time is, in words: "on S2", "leaving S1", "after S3"; "" without plateaus."""
    on, leaving = plateau_at(plateaus, t), escape_at(plateaus, t)
    if on is not None:
        return f"on {on.name}"
    if leaving is not None:
        return f"leaving {leaving.name}"
    left = [plateau for plateau in plateaus if plateau.leave is not None and plateau.leave <= t]
    return f"after {left[-1].name}" if left else ""


def focus_of(plateaus: Sequence[Plateau], end: float) -> float:
    """The time up to which a run of length ``end`` is worth looking at closely.

    A run often creeps towards zero loss for far longer than everything before took.
    """
    last = plateaus[-1].arrive if plateaus else None
    return end if last is None else min(end, PHASES.focus * last)


def next_time(plateaus: Sequence[Plateau], t: float, kind: Kind, forward: bool = True) -> float | None:
    """When the next (or the previous) plateau or escape begins, if there is one."""
    times = [plateau.begin if kind == "plateau" else plateau.leave for plateau in plateaus]
    known = [time for time in times if time is not None]
    # A cursor that has been put on a beginning stands there but for rounding.
    near = 1e-9 * abs(t)
    if forward:
        return min((time for time in known if time > t + near), default=None)
    return max((time for time in known if time < t - near), default=None)
