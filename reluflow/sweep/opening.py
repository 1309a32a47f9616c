"""A sweep's folder as it is read: its study, and its table, at any moment of a running or killed sweep."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from reluflow.store.locations import expanded
from reluflow.sweep.columns import Column, Heading, as_integers, read_column
from reluflow.sweep.rows import Rows, read_rows, writers_of
from reluflow.sweep.study import Study, read_study


@dataclass(frozen=True)
class Sweep:
    """A sweep's folder. It is not watched: what was read once stays as it was."""

    path: Path
    study: Study
    #: sentences on what could not be read, once the table was asked for
    troubles: list[str] = field(default_factory=list)

    def table(self) -> dict[str, Column]:
        """The rows so far, sorted by the grid, as columns (k,) by name.

        ``number`` in the grid, the varied keys, ``status``, ``reason``, ``success``, ``time``, ``loss``,
        ``variation_norm``, ``nuclear_norm``, ``parameter_norm_squared``, ``rank``, ``saddles`` (how many),
        ``escape_times`` (joined by ";"), ``wall_seconds`` and the measures. Text is of dtype object; numbers
        that a run does not have are NaN.
        """
        return dict(self._table)

    @cached_property
    def rows(self) -> Rows:
        """The rows as they are written."""
        rows = read_rows(self.path, self.study)
        self.troubles.extend(rows.troubles)
        return rows

    @property
    def missing(self) -> int:
        """How many points have no row."""
        return self.study.grid.size - len(self.rows.numbers)

    @cached_property
    def _table(self) -> Mapping[str, Column]:
        rows = self.rows
        varied = set(self.study.grid.keys)
        columns: dict[str, Column] = {"number": rows.numbers}
        for heading, cells in zip(rows.headings, rows.cells, strict=True):
            column = self._column(heading, cells)
            whole = heading.kind == "whole" and heading.name in varied
            columns[heading.name] = as_integers(column) if whole else column
        return columns

    def _column(self, heading: Heading, cells: list[str]) -> Column:
        try:
            return read_column(cells, heading.kind)
        except ValueError:
            column = np.array([_number(cell) for cell in cells])
            self.troubles.append(
                f"{self.path}: some cells of {heading.name} are no numbers, and are left out"
            )
            return column


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def open_sweep(path: str | Path) -> Sweep:
    """Open the folder of a sweep. Raises SweepError in one sentence for anything else."""
    folder = expanded(path)
    return Sweep(folder, read_study(folder))


def progress_of(sweep: Sweep) -> dict[str, Any]:
    """How far a sweep is, for ``--json``: points, rows, how their runs ended, and who writes."""
    rows = sweep.rows
    statuses = Counter(rows.column("status"))
    return {
        "sweep": sweep.path,
        "points": sweep.study.grid.size,
        "rows": len(rows.numbers),
        "missing": sweep.missing,
        "statuses": dict(sorted(statuses.items())),
        "successes": rows.column("success").count("true"),
        "writers": writers_of(sweep.path),
    }
