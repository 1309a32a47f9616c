"""The grid of a study: every combination of the values of its axes, numbered from 0."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from reluflow.errors import SweepError
from reluflow.sweep.axes import Axis

#: Points of one grid, at most: a few arrays of that length are held while it is solved.
MOST_POINTS: Final = 10**7


@dataclass(frozen=True)
class Grid:
    """``axes``, of which the last varies fastest. Raises SweepError for axes that make no grid."""

    axes: tuple[Axis, ...]

    def __post_init__(self) -> None:
        if not self.axes:
            raise SweepError("there is nothing to vary; expected --over KEY=V1,V2,... or a section [sweep]")
        if len(set(self.keys)) < len(self.keys):
            twice = next(key for key in self.keys if self.keys.count(key) > 1)
            raise SweepError(f"{twice} is varied by two axes; expected one axis for each key")
        if self.size > MOST_POINTS:
            raise SweepError(f"the axes make {self.size:.3g} runs; expected at most {MOST_POINTS:.0e}")

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The varied keys, in the order of the axes."""
        return tuple(key for axis in self.axes for key in axis.keys)

    @cached_property
    def size(self) -> int:
        """How many points there are."""
        return math.prod(len(axis) for axis in self.axes)

    def point(self, number: int) -> tuple[Any, ...]:
        """The values of the varied keys, in their order, at a point."""
        found: list[tuple[Any, ...]] = []
        for axis in reversed(self.axes):
            number, place = divmod(number, len(axis))
            found.append(axis.values[place])
        return tuple(value for values in reversed(found) for value in values)

    def changes(self, number: int) -> dict[str, Any]:
        """The changes of the preset at a point, by key."""
        return dict(zip(self.keys, self.point(number), strict=True))

    def places(self, numbers: npt.NDArray[np.int64], key: str) -> npt.NDArray[np.intp]:
        """For each point (k,) the first place on the axis of a varied key at which its value stands."""
        size = 1
        for axis in reversed(self.axes):
            if key in axis.keys:
                break
            size *= len(axis)
        seen: dict[Any, int] = {}
        values = (value[axis.keys.index(key)] for value in axis.values)
        first = np.array([seen.setdefault(value, place) for place, value in enumerate(values)], dtype=np.intp)
        return first[numbers // size % len(axis)]

    def merged(self, other: "Grid") -> "Grid":
        """The axes of this grid with the values of both; ``other`` has the same axes, in any order."""
        theirs = {axis.keys: axis for axis in other.axes}
        return Grid(tuple(axis.merged(theirs[axis.keys]) for axis in self.axes))

    def has_axes_of(self, other: "Grid") -> bool:
        """Whether the same keys are varied together."""
        return {axis.keys for axis in self.axes} == {axis.keys for axis in other.axes}


def replaced(axes: Sequence[Axis], by: Sequence[Axis]) -> tuple[Axis, ...]:
    """``axes`` with those of the same keys replaced, and the other new ones behind them."""
    given = {key for axis in by for key in axis.keys}
    return (*(axis for axis in axes if not given & set(axis.keys)), *by)
