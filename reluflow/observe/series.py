"""The series of a run: rows of numbers, one an observation, that stay bounded in number."""

import math
from collections.abc import Mapping
from copy import copy
from typing import Any, Final

import numpy as np

from reluflow.flow.margins import MARGINS
from reluflow.network import Array

#: Columns of the series. loss_low and loss_high bound the loss since the row before.
COLUMNS: Final[tuple[str, ...]] = (
    "t",
    "step",
    "loss",
    "loss_low",
    "loss_high",
    "gradient_norm",
    "variation_norm",
)
#: A column of runs that have held-out samples: the loss there.
HELD_OUT_LOSS: Final = "held_out_loss"
#: A column of runs with weight decay: the loss and what the decay adds.
OBJECTIVE: Final = "objective"
_T, _LOSS, _LOW, _HIGH = (COLUMNS.index(name) for name in ("t", "loss", "loss_low", "loss_high"))
#: Rows of the series for which there is room at first.
FIRST_ROWS: Final = 1024


def columns_of(held_out: bool, decays: bool, of_labels: bool) -> tuple[str, ...]:
    """The columns of a run, with held-out samples, with weight decay, with a loss of labels, or without."""
    more = ((held_out, (HELD_OUT_LOSS,)), (decays, (OBJECTIVE,)), (of_labels, MARGINS))
    return COLUMNS + tuple(name for there, names in more if there for name in names)


class Series:
    """Rows of numbers, one an observation; when there are ``limit`` of them, half are dropped, and so on.

    Of a series that was thinned, rows stay between which the path of ln(loss) or ln(time) is as long as the
    spacing. The newest row is always there. A dropped row leaves its lowest and highest loss to the next one
    that stays.
    """

    def __init__(self, limit: int, columns: tuple[str, ...] = COLUMNS) -> None:
        """``columns``: ``COLUMNS``, and those of this run behind them."""
        self._limit = max(limit, 16)
        self.names = columns
        self._rows = np.empty((min(self._limit, FIRST_ROWS), len(columns)))
        self._count = 0
        self._spacing = 0.0
        self._provisional = False

    @property
    def rows(self) -> Array:
        """A copy, (k, columns)."""
        return self._rows[: self._count].copy()

    @property
    def columns(self) -> Array:
        """A copy, (columns, k)."""
        return np.array(self._rows[: self._count].T, order="C")

    def add(self, row: Array) -> None:
        """Take a row, whose bounds of the loss become those since the row that is then before it."""
        if self._provisional:
            self._count -= 1
            _inherit(row, self._rows[self._count :][:1])
        if self._count == self._limit:
            _inherit(row, self._thinned())
        elif self._count == len(self._rows):
            self._make_room(min(2 * self._count, self._limit))
        last = self._rows[self._count - 1] if self._count else None
        self._provisional = last is not None and _moved(last, row) < self._spacing
        self._rows[self._count] = row
        self._count += 1

    def cut(self, t: float) -> float:
        """Drop the rows from ``t`` on; returns the highest loss since the last row that is left."""
        kept = int(np.searchsorted(self._rows[: self._count, _T], t))
        high = float(self._rows[kept, _HIGH]) if kept < self._count else -np.inf
        self._count, self._provisional = kept, False
        return high

    def _thinned(self) -> Array:
        """Drop rows evenly along the path of the series; those (k, columns) behind the last that stays.

        The path goes on by the larger of the changes of ln(loss) and ln(time) from row to row. The spacing is
        such that half of the rows stay, or every second one where nothing moves.
        """
        rows = self._rows[: self._count].copy()
        moves = [_moved(rows[i], rows[i + 1]) for i in range(self._count - 1)]
        path = np.concatenate([[0.0], np.cumsum(moves)])
        self._spacing = 2.0 * path[-1] / self._limit
        keep = [0]
        for i in range(1, self._count):
            if path[i] - path[keep[-1]] >= self._spacing:
                keep.append(i)
        if len(keep) > self._limit // 2 + 1:  # nothing moves at all: by number
            keep = list(range(0, self._count, 2))
        starts = np.array([0, *(np.array(keep[:-1]) + 1)])
        kept = rows[keep].copy()
        until = rows[: keep[-1] + 1]
        kept[:, _LOW] = np.minimum.reduceat(until[:, _LOW], starts)
        kept[:, _HIGH] = np.maximum.reduceat(until[:, _HIGH], starts)
        self._rows[: len(kept)] = kept
        self._count = len(kept)
        return rows[keep[-1] + 1 :]

    @property
    def last_loss(self) -> float:
        """That of the newest row."""
        return float(self._rows[self._count - 1, _LOSS])

    def kept(self, added: int) -> "Series":
        """What ``go_back`` goes back to after no more than so many rows were added."""
        kept = copy(self)
        # rows are written behind the last, or in its place; thinned, they are all written anew
        begin = 0 if self._count + added >= self._limit else max(self._count - 1, 0)
        kept._rows = self._rows[begin : self._count].copy()
        return kept

    def go_back(self, kept: "Series") -> None:
        """Be as when it was kept."""
        self._count, self._spacing, self._provisional = kept._count, kept._spacing, kept._provisional
        self._rows[self._count - len(kept._rows) : self._count] = kept._rows

    def _make_room(self, rows: int) -> None:
        held, self._rows = self.rows, np.empty((rows, len(self.names)))
        self._rows[: self._count] = held

    def pack(self) -> dict[str, Any]:
        return {"rows": self.rows, "spacing": self._spacing, "provisional": self._provisional}

    def unpack(self, saved: Mapping[str, Any]) -> None:
        rows = np.asarray(saved["rows"])
        self._count, self._limit = 0, max(self._limit, len(rows))
        if len(rows) > len(self._rows):
            self._make_room(len(rows))
        self._rows[: len(rows)], self._count = rows, len(rows)
        self._spacing, self._provisional = float(saved["spacing"]), bool(saved["provisional"])


def _inherit(row: Array, dropped: Array) -> None:
    """Let the bounds of the loss of a row hold for rows (k, columns) before it, too, which are dropped."""
    row[_LOW] = np.min(dropped[:, _LOW], initial=row[_LOW])
    row[_HIGH] = np.max(dropped[:, _HIGH], initial=row[_HIGH])


def _moved(last: Array, row: Array) -> float:
    """Movement between two rows: the larger of the changes of ln(loss) and ln(time)."""
    tiny = 1e-300
    fall = abs(math.log(max(last[_LOSS], tiny)) - math.log(max(row[_LOSS], tiny)))
    return max(fall, math.log(row[_T] / last[_T]) if last[_T] > 0.0 else 1.0)
