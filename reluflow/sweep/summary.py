"""Rows grouped by the values of some columns: how many, quartiles of a number, the share of successes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from reluflow.errors import SweepError
from reluflow.network import Array
from reluflow.store.schema import show, suggestion
from reluflow.sweep.columns import Column
from reluflow.sweep.conditions import fulfilled, parse_conditions, require_known
from reluflow.sweep.escapes import ESCAPE_TIMES, escape_number, escapes_of, is_escape
from reluflow.sweep.grid import Grid
from reluflow.sweep.opening import Tabulated

#: The quantile of the normal distribution of a two-sided interval of 95 %.
NORMAL_95: Final = 1.959963984540054

Codes = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Groups:
    """Rows grouped ``by`` columns, one place (g,) a group.

    ``at``: for each of these columns its values (g,). ``value``: name of the number of which ``quartiles``
    (g, 3) are, lower, median and upper, over the rows that have it. ``count`` (g,) rows, ``successes`` (g,)
    among them. ``first`` (g,): place of the first row of each group in the table. ``ranks``: for each of the
    columns the place (g,) of its values in their order.
    """

    by: tuple[str, ...]
    at: tuple[Column, ...]
    value: str
    quartiles: Array
    count: Codes
    successes: Codes
    first: Codes
    ranks: tuple[Codes, ...]

    @property
    def success_rate(self) -> Array:
        """The share of successes (g,)."""
        return self.successes / self.count

    @property
    def interval(self) -> Array:
        """Wilson's interval (g, 2) of the success rate, 95 %."""
        return np.array([wilson(int(k), int(n)) for k, n in zip(self.successes, self.count, strict=True)])


def wilson(successes: int, count: int) -> tuple[float, float]:
    """Wilson's score interval of a probability, 95 %, from so many successes; 0 to 1 for none at all."""
    if count == 0:
        return 0.0, 1.0
    z2, share = NORMAL_95**2, successes / count
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = NORMAL_95 / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def chosen(sweep: Tabulated, where: str | None, option: str = "--where") -> dict[str, Column]:
    """The rows for which the conditions hold, on columns and on the keys that are the same for all.

    Raises SweepError, which begins with ``option``, for names that are neither.
    """
    table = sweep.table()
    if where is None:
        return table
    conditions = parse_conditions(where, option)
    names = {**sweep.study.constants, **table}
    require_known(conditions, names, option)
    holds = np.broadcast_to(fulfilled(conditions, names), len(table["number"]))
    return {name: column[holds] for name, column in table.items()}


def numbers_of(table: Mapping[str, Column], name: str, option: str = "--value") -> Array:
    """A number (k,) of every row: a column, ``success`` as 1 or 0, ``escape:K``, escape_times for the first.

    Raises SweepError for text and for names that there are not.
    """
    if name == ESCAPE_TIMES or is_escape(name):
        return escapes_of(table[ESCAPE_TIMES], 1 if name == ESCAPE_TIMES else escape_number(name, option))
    if name not in table:
        raise SweepError(f"{option}: there is no column {show(name)}{suggestion(name, table)}")
    column = table[name]
    if column.dtype.kind == "O":
        raise SweepError(f"{option} {name}: it is text; expected a column of numbers, or escape:1")
    return column.astype(np.float64)


def grouped(table: Mapping[str, Column], by: Sequence[str], value: str, grid: Grid | None = None) -> Groups:
    """The rows of a table by the values of some columns, in the order of the axes of a ``grid``.

    Columns that are no axes are in increasing order; without a grid groups are in that of their first rows.
    Raises SweepError for names that there are not.
    """
    for name in by:
        if name not in table:
            raise SweepError(f"there is no column {show(name)} to group by{suggestion(name, table)}")
    values, count = numbers_of(table, value), len(table["number"])
    codes, ranks = np.zeros(count, dtype=np.intp), []
    for name in by:
        if grid is not None and name in grid.keys:
            own = grid.places(table["number"], name)
        else:
            own = np.unique(table[name], return_inverse=True)[1]
        ranks.append(own)
        codes = codes * (int(own.max(initial=0)) + 1) + own
    _, first, codes = np.unique(codes, return_index=True, return_inverse=True)
    if grid is None:
        order = np.argsort(first, kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(order.size)
        codes, first = rank[codes], first[order]
    return Groups(
        tuple(by),
        tuple(table[name][first] for name in by),
        value,
        _quartiles(values, codes, first.size),
        np.bincount(codes, minlength=first.size).astype(np.intp),
        np.bincount(codes, weights=table["success"], minlength=first.size).astype(np.intp),
        first,
        tuple(each[first] for each in ranks),
    )


def _quartiles(values: Array, codes: Codes, count: int) -> Array:
    """Quartiles (g, 3) of the values of each group, linear between values as NumPy has them; NaN for none."""
    known = ~np.isnan(values)
    values, codes = values[known], codes[known]
    order = np.lexsort((values, codes))
    values = values[order]
    sizes = np.bincount(codes, minlength=count)
    ends = np.cumsum(sizes)
    found = np.full((count, 3), np.nan)
    some = sizes > 0
    for place, share in enumerate((0.25, 0.5, 0.75)):
        at = share * (sizes[some] - 1)
        low = np.floor(at).astype(int)
        begin = (ends - sizes)[some]
        one, other = values[begin + low], values[begin + np.minimum(low + 1, sizes[some] - 1)]
        with np.errstate(invalid="ignore"):
            between = one + (at - low) * (other - one)
        found[some, place] = np.where(one == other, one, between)
    return found


def require_axes(x: str | None, y: str | None) -> None:
    """Raise SweepError where there is one axis of a map only, or both are the same."""
    if y is not None and x is None:
        raise SweepError("--y is given without --x; expected both for a map")
    if y is not None and x == y:
        raise SweepError(f"--x and --y are both {x}; expected two keys, or --x alone for a curve")


def usual_groups(keys: Sequence[str]) -> tuple[str, ...]:
    """The varied keys that rows are grouped by unless told otherwise: all but seeds."""
    return tuple(key for key in keys if not key.endswith(".seed"))


def records(groups: Groups) -> list[dict[str, Any]]:
    """One entry a group, for JSON and the like."""
    found = []
    for place in range(len(groups.count)):
        low, high = wilson(int(groups.successes[place]), int(groups.count[place]))
        lower, median, upper = groups.quartiles[place]
        found.append(
            {
                **{name: column[place] for name, column in zip(groups.by, groups.at, strict=True)},
                "count": int(groups.count[place]),
                "lower_quartile": lower,
                "median": median,
                "upper_quartile": upper,
                "successes": int(groups.successes[place]),
                "success_rate": float(groups.successes[place] / groups.count[place]),
                "success_low": low,
                "success_high": high,
            }
        )
    return found
