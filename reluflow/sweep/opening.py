"""A sweep's folder as it is read: its study, and its table, at any moment of a running or killed sweep."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from reluflow.store.locations import expanded
from reluflow.store.summary_table import Told
from reluflow.sweep.columns import Column, Heading
from reluflow.sweep.parts import writers_of
from reluflow.sweep.rows import Rows, read_rows
from reluflow.sweep.study import Study, read_study


class Tabulated(Protocol):
    """A study and its rows so far, wherever they are."""

    @property
    def path(self) -> Path:
        """The folder of the sweep, or what it is called."""

    @property
    def study(self) -> Study: ...

    def table(self) -> dict[str, Column]:
        """As of ``Sweep``."""


@dataclass(frozen=True)
class SweepInMemory:
    """Rows that no folder holds; ``columns`` as those of ``Sweep.table``."""

    path: Path
    study: Study
    columns: Mapping[str, Column]

    def table(self) -> dict[str, Column]:
        """The columns."""
        return dict(self.columns)


@dataclass(frozen=True, repr=False)
class Sweep(Told):
    """A sweep's folder. It is not watched: what was read once stays as it was.

    >>> reluflow.open_sweep("scales").missing
    0
    """

    path: Path
    study: Study
    #: sentences on what could not be read, once the table was asked for
    troubles: list[str] = field(default_factory=list)

    def _told(self) -> tuple[str, Mapping[str, Any]]:
        study = self.study
        varied = ", ".join(study.grid.keys)
        return str(self.path), {"preset": study.preset.name, "varied": varied, "points": study.grid.size}

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
        return tabulated(self.study, rows.headings, rows.numbers, rows.columns)


def tabulated(
    study: Study, headings: Iterable[Heading], numbers: Column, columns: Mapping[str, Column]
) -> dict[str, Column]:
    """The columns of ``Sweep.table`` from those of rows with such ``numbers`` (k,) in the grid."""
    varied, found = set(study.grid.keys), {"number": numbers}
    for heading in headings:
        column = columns[heading.name]
        # of a result one may be missing, now or in another sweep: they are floats in all of them
        is_result = heading.kind == "whole" and heading.name not in varied
        found[heading.name] = column.astype(np.float64) if is_result else column
    return found


def open_sweep(path: str | Path) -> Sweep:
    """Open the folder of a sweep. Raises SweepError in one sentence for anything else.

    >>> reluflow.open_sweep("scales").table()["init.scale"].tolist()
    [0.01, 0.001]
    """
    folder = expanded(path)
    return Sweep(folder, read_study(folder))


def progress_of(sweep: Sweep) -> dict[str, Any]:
    """How far a sweep is, for ``--json``: points, rows, how their runs ended, and who writes."""
    rows = sweep.rows
    statuses = Counter(rows.columns["status"].tolist())
    return {
        "sweep": sweep.path,
        "points": sweep.study.grid.size,
        "rows": len(rows.numbers),
        "missing": sweep.missing,
        "statuses": dict(sorted(statuses.items())),
        "successes": int(np.count_nonzero(rows.columns["success"])),
        "writers": writers_of(sweep.path),
    }
