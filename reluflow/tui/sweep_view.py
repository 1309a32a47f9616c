"""What is looked at of a sweep: its rows as a map or a curve, the place of the cursor, the runs there."""

import math
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from reluflow.plot.axes import short
from reluflow.plot.sweep import Curve
from reluflow.sweep.columns import Column, written_cell
from reluflow.sweep.curves import curve_of
from reluflow.sweep.mapping import Map, Places, laid_out, rows_of, value_of
from reluflow.sweep.opening import Sweep
from reluflow.sweep.summary import Groups, chosen, grouped, usual_groups
from reluflow.sweep.theory_line import Line

#: Columns of a row that stand in the list of runs, behind the varied keys.
_LISTED: Final = ("status", "success", "time", "loss", "variation_norm", "escape_times", "wall_seconds")
_TITLES: Final = {"variation_norm": "norm", "escape_times": "escapes", "wall_seconds": "seconds"}
#: Columns of numbers that are no results.
_NO_RESULTS: Final = ("number",)
#: Escapes that can be drawn, at most.
_MOST_ESCAPES: Final = 9


class SweepView:
    """The choices of a user who looks at a ``sweep``, and what follows from them.

    ``x``, ``y`` (None for a curve), ``value`` and ``where`` are set by ``choose``. ``cursor``: column and row
    on the map; a curve has one row.
    """

    def __init__(self, sweep: Sweep) -> None:
        keys = [axis.keys[0] for axis in sweep.study.grid.axes if len(axis) > 1]
        keys = [*usual_groups(keys), *keys] or [sweep.study.grid.keys[0]]
        self._keys = tuple(dict.fromkeys(keys))
        self.x, self.y = self._keys[0], self._keys[1] if len(usual_groups(self._keys)) > 1 else None
        self.where = ""
        self.cursor = (0, 0)
        self.sweep = sweep
        self.value = "success" if self.y is not None or "escape:1" not in self.values else "escape:1"

    def adopt(self, sweep: Sweep) -> None:
        """Look at a newer state of the same folder."""
        self.sweep = sweep
        self._forget()

    def choose(self, **choices: Any) -> None:
        """Set ``x``, ``y``, ``value`` or ``where``. Raises SweepError for conditions that cannot be read."""
        if "where" in choices:
            chosen(self.sweep, choices["where"] or None, "filter")
        number = self.number
        for name, choice in choices.items():
            setattr(self, name, choice)
        self._forget()
        self.go_to_number(number)

    def _forget(self) -> None:
        for name in ("table", "groups", "map", "values"):
            self.__dict__.pop(name, None)
        self.go_to(*self.cursor)

    # --- what there is to choose from ---

    @cached_property
    def values(self) -> tuple[str, ...]:
        """The numbers that can be drawn."""
        table = self.sweep.table()
        counts = table["saddles"] if "saddles" in table else np.zeros(1)
        most = int(np.nanmax(counts)) if np.isfinite(counts).any() else 0
        names = ["success", *(f"escape:{k + 1}" for k in range(min(most, _MOST_ESCAPES)))]
        names += [name for name, column in table.items() if column.dtype.kind in "fib"]
        return tuple(dict.fromkeys(n for n in names if n not in _NO_RESULTS and n not in self._keys))

    def next_value(self, by: int) -> None:
        """Draw the next of the numbers."""
        place = self.values.index(self.value) if self.value in self.values else 0
        self.choose(value=self.values[(place + by) % len(self.values)])

    def next_across(self) -> None:
        """Put the next of the varied keys on the lower axis."""
        keys = self._keys
        x = keys[(keys.index(self.x) + 1) % len(keys)]
        # the two change places where the next one is on the other axis
        self.choose(x=x, y=self.x if x == self.y else self.y)

    def next_up(self) -> None:
        """Put the next of the varied keys on the axis upwards, or none for a curve."""
        others = [key for key in self._keys if key != self.x] + [None]
        self.choose(y=others[(others.index(self.y) + 1) % len(others)])

    # --- what follows ---

    @cached_property
    def table(self) -> Mapping[str, Column]:
        """The rows for which the conditions hold."""
        return chosen(self.sweep, self.where or None)

    @cached_property
    def groups(self) -> Groups:
        """The rows by what is on the axes."""
        return grouped(self.table, [self.x, *([self.y] if self.y else [])], self.value, self.sweep.study.grid)

    @cached_property
    def map(self) -> Map:
        """The groups on the axes."""
        return laid_out(self.groups)

    @property
    def is_curve(self) -> bool:
        """Whether there is one axis, of numbers, and more than one point on it."""
        return self.y is None and self.map.across.dtype.kind in "if" and self.map.across.size > 1

    def curve(self, theory: Line | None) -> Curve:
        """The curve over the one axis."""
        return curve_of(self.groups, theory)

    def words(self) -> tuple[list[str], list[str]]:
        """The words of both axes."""
        across, up = ([_word(value) for value in each] for each in (self.map.across, self.map.up))
        return across, up

    # --- the cursor ---

    def go_to(self, column: int, row: int) -> None:
        """Put the cursor on a cell, or the nearest that there is."""
        rows, columns = self.map.group.shape
        self.cursor = (max(min(column, columns - 1), 0), max(min(row, rows - 1), 0))

    def go_to_number(self, number: int | None) -> None:
        """Put the cursor on the cell of a point of the grid, if it is among the rows."""
        place = np.flatnonzero(self.table["number"] == number)
        if number is None or not place.size:
            return
        column = int(np.flatnonzero(self.map.across == self.table[self.x][place[0]])[0])
        row = 0 if self.y is None else int(np.flatnonzero(self.map.up == self.table[self.y][place[0]])[0])
        self.go_to(column, row)

    @property
    def rows(self) -> Places:
        """The places in the table of the runs under the cursor."""
        if not self.map.group.size:
            return np.zeros(0, dtype=np.intp)
        group = int(self.map.group[self.cursor[1], self.cursor[0]])
        return np.zeros(0, dtype=np.intp) if group < 0 else rows_of(self.table, self.groups, group)

    @property
    def number(self) -> int | None:
        """The first point of the grid under the cursor."""
        rows = self.rows
        return int(self.table["number"][rows[0]]) if rows.size else None

    def sentence(self, theory: Line | None = None) -> str:
        """The cell under the cursor in words, and what the theory says of it."""
        if not self.map.group.size:
            return "no rows yet" if not self.where else f"no row is {self.where}"
        column, row = self.cursor
        at = [f"{self.x} = {_word(self.map.across[column])}"]
        at += [f"{self.y} = {_word(self.map.up[row])}"] if self.y else []
        group = int(self.map.group[row, column])
        if group < 0:
            return f"{', '.join(at)}: no run"
        count, value = int(self.groups.count[group]), float(value_of(self.groups)[group])
        told = "none" if value != value else short(float(f"{value:.4g}"))
        if self.value == "success":
            low, high = self.groups.interval[group]
            told += f" ({int(self.groups.successes[group])} of {count}; {low:.2g} to {high:.2g})"
        elif count > 1:
            told = f"median {told} of {count} runs"
        foreseen = math.nan if theory is None or self.is_curve else float(theory.values[group])
        told += "" if math.isnan(foreseen) else f"; theory {short(float(f'{foreseen:.4g}'))}"
        return f"{', '.join(at)}: {self.value} {told}"

    # --- the list of runs ---

    @property
    def titles(self) -> tuple[str, ...]:
        """The titles of the list of runs."""
        keys = self.sweep.study.grid.keys
        return (*(key.split(".")[-1] for key in keys), *(_TITLES.get(name, name) for name in self._columns))

    @property
    def _columns(self) -> tuple[str, ...]:
        return tuple(name for name in (*_LISTED, *self.sweep.study.measures) if name in self.table)

    def cells(self, place: int) -> list[str]:
        """The cells of a row of the table, for the list."""
        names = (*self.sweep.study.grid.keys, *self._columns)
        return [_word(self.table[name][place], name) for name in names]


def _word(value: Any, name: str = "") -> str:
    """A value in a few characters."""
    if name == "escape_times":
        return " ".join(short(float(f"{float(each):.4g}")) for each in str(value).split(";") if each)
    if isinstance(value, float | np.floating):
        return "-" if value != value else short(float(f"{float(value):.4g}"))
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return written_cell(value)


def signature(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What changes when rows are written to a sweep's folder: its files, with their sizes and times."""
    found = []
    try:
        for path in folder.iterdir():
            if path.is_file():
                told = path.stat()
                found.append((path.name, told.st_size, told.st_mtime_ns))
    except OSError:
        return ()
    return tuple(sorted(found))
