"""A chart with two axes, for all views: values to cells, marks, the frame around them."""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reluflow.network import Array
from reluflow.plot.axes import Limits, Tick, decade_ticks, linear_ticks, round_up
from reluflow.plot.canvas import Trace, draw
from reluflow.plot.cells import Role, Row, Segment, fit, put
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.settings import CHART


@dataclass(frozen=True)
class Axis:
    """``limits`` in plotted units; ``kind``: "linear", "log" (values are log10) or "whole" numbers."""

    limits: Limits
    kind: str = "linear"

    def share(self, values: Array) -> Array:
        """0 at the lower limit, 1 at the upper one."""
        low, high = self.limits
        with np.errstate(over="ignore"):
            shares: Array = (values - low) / (high - low)
        return shares

    def ticks(self, most: int) -> list[Tick]:
        """At most about ``most`` of them."""
        if self.kind == "log":
            return decade_ticks(self.limits, most)
        ticks = linear_ticks(self.limits, most)
        return [tick for tick in ticks if self.kind == "linear" or tick.at == round(tick.at)]


class Chart:
    """``width`` x ``height`` cells with axes to the left and below, where there is room for them."""

    def __init__(self, width: int, height: int, x: Axis, y: Axis, glyphs: Glyphs) -> None:
        self._size = (width, height)
        self.x, self.y, self.glyphs = x, y, glyphs
        self._ticks = y.ticks(max((height - 2) // CHART.tick_rows, 1))
        self.gutter = max((len(tick.label) for tick in self._ticks), default=0) + 1
        self.width, self.height = width - self.gutter, height - 2
        self._framed = self.width >= CHART.smallest[0] and self.height >= CHART.smallest[1]
        if not self._framed:
            self.gutter, self.width, self.height = 0, max(width, 0), max(height, 0)

    def line(self, x: Array, y: Array, role: Role = "curve") -> Trace:
        """A line through values (k,)."""
        return Trace(self.x.share(x), self.y.share(y), role, self.glyphs.curve, line=True)

    def level(self, y: float, role: Role = "axis") -> Trace:
        """A horizontal line at a value, nothing where that is outside."""
        share = float(self.y.share(np.array([y]))[0])
        inside = 0.0 <= share <= 1.0
        row = math.floor(share * (self.height - 1) + 0.5) if inside else 0
        x = np.linspace(0.0, 1.0, max(self.width, 1)) if inside else np.empty(0)
        return Trace(x, np.full(x.size, row / max(self.height - 1, 1)), role, self.glyphs.level)

    def upright(self, x: float, role: Role = "mark") -> Trace:
        """A vertical line at a value."""
        share = np.clip(self.x.share(np.array([x]))[0], 0.0, 1.0)
        y = np.linspace(0.0, 1.0, max(self.height, 1))
        return Trace(np.full(y.size, share), y, role, self.glyphs.mark)

    def marks(self, x: Array, y: Array, role: Role, marker: str) -> Trace:
        """A mark at each pair of values (k,) inside, one a cell however many there are."""
        column, row = self.x.share(x), self.y.share(y)
        inside = (column >= 0.0) & (column <= 1.0) & (row >= 0.0) & (row <= 1.0)
        wide, high = max(self.width - 1, 1), max(self.height - 1, 1)
        column = np.floor(column[inside] * wide + 0.5)
        row = np.floor(row[inside] * high + 0.5)
        code = np.unique(row * (wide + 1) + column)
        return Trace((code % (wide + 1)) / wide, (code // (wide + 1)) / high, role, marker)

    def rows(self, traces: Sequence[Trace]) -> list[Row]:
        """The chart with its traces, later ones over earlier ones."""
        canvas = draw(self.width, self.height, traces)
        if not self._framed:
            return [fit(row, self._size[0]) for row in canvas]
        edge = Segment(" " * (self.gutter - 1) + self.glyphs.vertical, "axis")
        rows: list[Row] = [[edge, *row] for row in canvas]
        for tick in self._ticks:
            _, at = self.cell(self.x.limits[0], tick.at)
            label = tick.label.rjust(self.gutter - 1) + self.glyphs.tick_left
            rows[at] = put(rows[at], 0, label, "axis")
        return [*rows, *self._below()]

    def put(self, rows: list[Row], x: float, y: float, text: str, role: Role) -> None:
        """Write on rows of this chart at a pair of values; nothing where that is outside."""
        pair = np.array([x, y])
        low, high = np.array([self.x.limits, self.y.limits]).T
        if rows and np.all((pair >= low) & (pair <= high)):
            column, row = self.cell(x, y)
            rows[row] = put(rows[row], column, text, role)

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """Column and row, from the top, of the cell at a pair of values; outside, the nearest."""
        across = float(np.clip(self.x.share(np.array([x]))[0], 0.0, 1.0))
        up = float(np.clip(self.y.share(np.array([y]))[0], 0.0, 1.0))
        row = self.height - 1 - math.floor(up * (self.height - 1) + 0.5)
        return self.gutter + math.floor(across * (self.width - 1) + 0.5), row

    def _below(self) -> list[Row]:
        glyphs, width = self.glyphs, self.gutter + self.width
        line = [Segment(" " * (self.gutter - 1) + glyphs.corner + glyphs.horizontal * self.width, "axis")]
        labels, free = fit([], width), 0
        for tick in self.x.ticks(max(self.width // CHART.tick_cells, 1)):
            at, _ = self.cell(tick.at, self.y.limits[0])
            line = put(line, at, glyphs.tick_below, "axis")
            start = max(min(at - len(tick.label) // 2, width - len(tick.label)), 0)
            if start >= free:
                labels = put(labels, start, tick.label, "axis")
                free = start + len(tick.label) + 1
        return [line, labels]


def tame(values: Array) -> Array:
    """Values without NaN and infinity: zero, and the largest number a chart works with."""
    most = CHART.largest
    if values.size and max(values.max(), -values.min()) <= most:
        return values
    return np.clip(np.nan_to_num(values, posinf=most, neginf=-most), -most, most)


def round_limits(values: Array) -> Limits:
    """Limits at round numbers around finite values (k,): they change seldom while the values move.

    Values that are all zero stand in the middle of -1 to 1.
    """
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    if low == high == 0.0:
        return -1.0, 1.0
    least = max(1e-6 * max(abs(low), abs(high)), CHART.shortest)
    if high - low < least:
        low, high = low - least, high + least
    step = round_up((high - low) / 4.0)
    return step * math.floor(low / step + 1e-9), step * math.ceil(high / step - 1e-9)


def decade_limits(logs: Array, deepest: float = math.inf) -> Limits:
    """Whole decades around the finite ones of log10 values, at least one, ``deepest`` of them at most."""
    seen = logs[np.isfinite(logs)]
    if seen.size == 0:
        return (-1.0, 0.0)
    top = float(math.ceil(seen.max()))
    bottom = max(float(math.floor(seen.min())), top - deepest)
    return (min(bottom, top - 1.0), top)


def stacked(parts: Sequence[Sequence[Row]], width: int, height: int) -> list[Row]:
    """Parts below one another, cut and filled to ``height`` rows of ``width`` cells."""
    rows = [fit(row, width) for part in parts for row in part][: max(height, 0)]
    return rows + [fit([], width)] * (height - len(rows))


def sentence(text: str, width: int, height: int) -> list[Row]:
    """A sentence in place of a picture."""
    lines = textwrap.wrap(text, max(width - 2, 1))
    return stacked([[[Segment(f" {line}", "dim")] for line in lines]], width, height)


def legend(entries: Sequence[tuple[str, Role]], width: int) -> Row:
    """The entries that fit on a line; the first are the most important."""
    row: Row = []
    left = width
    for text, role in entries:
        if len(text) > left:
            continue
        row.append(Segment(f"{text}  ", role))
        left -= len(text) + 2
    return row
