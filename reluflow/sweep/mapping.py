"""Groups of rows laid out on two axes, and the rows of each place."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reluflow.network import Array
from reluflow.sweep.columns import Column
from reluflow.sweep.summary import Groups

Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Map:
    """``across`` (nx,) and ``up`` (ny,): the values on the axes, numbers in increasing order.

    ``group`` (ny, nx): the place of the group of each cell, -1 where there is none; ``values`` (ny, nx): its
    share of successes or its median, NaN where there is none.
    """

    across: Column
    up: Column
    group: Places
    values: Array

    def of_groups(self, numbers: Array) -> Array:
        """Numbers (g,) of the groups on the cells (ny, nx), NaN where there is none."""
        return np.where(self.group >= 0, numbers[self.group], np.nan)


def value_of(groups: Groups) -> Array:
    """The number (g,) that stands for each group: its share of successes, or its median."""
    return groups.success_rate if groups.value == "success" else groups.quartiles[:, 1]


def laid_out(groups: Groups) -> Map:
    """Groups by one column or two on a map; with one it has a single row."""
    across, column = _distinct(groups, 0)
    up, row = np.array([""], dtype=object), np.zeros(len(column), dtype=np.intp)
    if len(groups.at) > 1:
        up, row = _distinct(groups, 1)
    group = np.full((up.size, across.size), -1, dtype=np.intp)
    group[row, column] = np.arange(len(column))
    values = np.full(group.shape, np.nan)
    values[row, column] = value_of(groups)
    return Map(across, up, group, values)


def _distinct(groups: Groups, which: int) -> tuple[Column, Places]:
    """The values that rows are grouped by, text in the order of the groups, and the place of each group."""
    values, ranks = groups.at[which], groups.ranks[which]
    order = ranks if values.dtype.kind in "OU" else values
    _, first, places = np.unique(order, return_index=True, return_inverse=True)
    return values[first], places


def furthest(groups: Groups, theory: Array) -> tuple[int, float] | None:
    """The group that is furthest from the theory's numbers (g,), and by how much.

    That is the difference of shares of successes, and of other values the relative one; None where there is
    nothing to compare.
    """
    found = value_of(groups)
    apart = np.abs(found - theory)
    if groups.value != "success":
        apart = np.divide(apart, np.abs(theory), out=np.full_like(apart, np.nan), where=theory != 0.0)
    if not np.isfinite(apart).any():
        return None
    place = int(np.nanargmax(apart))
    return place, float(apart[place])


def rows_of(table: Mapping[str, Column], groups: Groups, place: int) -> Places:
    """The places (k,) in the table of the rows of a group, also of one without a value of a key."""
    inside = []
    for name, column in zip(groups.by, groups.at, strict=True):
        value = column[place]
        inside.append(table[name] == value if value == value else table[name] != table[name])
    return np.flatnonzero(np.logical_and.reduce(inside))
