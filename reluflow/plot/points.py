"""A picture of a few samples that are edited, over what the network makes of them."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.flow.base import State
from reluflow.network import Array, predictions
from reluflow.plot.axes import Limits
from reluflow.plot.canvas import Trace
from reluflow.plot.cells import Role, Row
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.views.chart import Axis, Chart, round_limits, tame
from reluflow.problem import Problem

#: share of the extent of the points that is free on each side
_MARGIN: Final = 0.25
#: Limits that are so many times as wide as they need be are made anew.
_TOO_WIDE: Final = 4.0
#: neurons from which on the line h = 0 is looked for once a cell, not at each dot
_MANY: Final = 200


@dataclass(frozen=True)
class Window:
    """What part of the plane of the points is seen: limits across and up."""

    across: Limits
    up: Limits

    @classmethod
    def around(cls, values: Array) -> "Window":
        """Round limits around points (n, 2), with some room."""
        return cls(*(_roomy(values[:, k]) for k in range(2)))

    def with_room_for(self, values: Array) -> "Window":
        """This one, as long as all points (n, 2) are inside, so that a point moves on a still ground.

        It is not kept where it is far wider than the points need, since one that was far away has come back.
        """
        low, high = np.array([self.across, self.up]).T
        around = Window.around(values)
        fits = bool(np.all((values >= low) & (values <= high)))
        return self if fits and self._is_little_wider_than(around) else around

    def _is_little_wider_than(self, other: "Window") -> bool:
        mine, others = (np.array([each.across, each.up]) for each in (self, other))
        return bool(np.all(np.diff(mine) <= _TOO_WIDE * np.diff(others)))


def _roomy(values: Array) -> Limits:
    low, high = float(values.min()), float(values.max())
    margin = _MARGIN * (high - low) or max(abs(low), 1.0)
    return round_limits(np.array([low - margin, high + margin]))


class PointsPicture:
    """``values`` (n, d + 1) of samples in a window, drawn in ``width`` x ``height`` cells.

    With one coordinate the target is drawn over it, and h as a curve; with two the plane of inputs, signs of
    targets as markers, and the line on which h = 0.
    """

    def __init__(self, values: Array, window: Window, width: int, height: int, glyphs: Glyphs) -> None:
        self._values, self._glyphs = values, glyphs
        self.chart = Chart(width, height, Axis(window.across), Axis(window.up), glyphs)
        self.flat = values.shape[1] == 2

    @property
    def places(self) -> Array:
        """Where the points (n, 2) are drawn."""
        return self._values[:, :2]

    def rows(self, chosen: int, state: State | None, problem: Problem | None) -> list[Row]:
        """The picture with the ``chosen`` point marked, over the function of a ``state``, if there is one."""
        chart, glyphs = self.chart, self._glyphs
        traces = [chart.level(0.0)] if self.flat else []
        if state is not None and problem is not None:
            traces.append(self._function(state, problem))
        x, y = self.places.T
        for sign, role, marker in self._kinds():
            some = np.sign(self._values[:, -1]) == sign
            traces.append(chart.marks(x[some], y[some], role, marker))
        rows = chart.rows(traces)
        markers = {1.0: glyphs.positive_cursor, -1.0: glyphs.negative_cursor}
        marker = markers.get(float(np.sign(self._values[chosen, -1])), glyphs.point)
        chart.put(rows, float(x[chosen]), float(y[chosen]), marker, "cursor")
        return rows

    def _kinds(self) -> tuple[tuple[float, Role, str], ...]:
        glyphs = self._glyphs
        return (
            (0.0, "still", glyphs.point),
            (-1.0, "negative", glyphs.negative),
            (1.0, "positive", glyphs.positive),
        )

    def _function(self, state: State, problem: Problem) -> Trace:
        chart, dots = self.chart, self._glyphs.dots
        if not self.flat and problem.width > _MANY:
            dots = (1, 1)
        grid = np.linspace(*chart.x.limits, max(chart.width * dots[0], 2))
        if self.flat:
            return chart.line(grid, self._network(state, problem, grid[:, None]))
        upward = np.linspace(*chart.y.limits, max(chart.height * dots[1], 2))
        across, up = (each.ravel() for each in np.meshgrid(grid, upward, indexing="ij"))
        signs = self._network(state, problem, np.column_stack([across, up])) > 0.0
        signs = signs.reshape(grid.size, upward.size)
        edge = np.zeros_like(signs)
        edge[:-1] |= signs[:-1] != signs[1:]
        edge[:, :-1] |= signs[:, :-1] != signs[:, 1:]
        on = edge.ravel()
        return Trace(chart.x.share(across[on]), chart.y.share(up[on]), "curve", self._glyphs.curve)

    def _network(self, state: State, problem: Problem, points: Array) -> Array:
        """h (k,) at inputs (k, d), to which a bias is appended where the problem has one."""
        missing = problem.dimension - points.shape[1]
        if missing not in (0, 1):
            return np.full(len(points), np.nan)  # another problem, which is not on screen for long
        inputs = np.column_stack([points, np.ones((len(points), missing))])
        with np.errstate(all="ignore"):
            return tame(predictions(state.weights, state.output_weights, inputs, problem.slope))

    def nearest(self, column: int, row: int) -> int | None:
        """The point drawn at a cell or right beside it, the last of several; None if none is."""
        cells = [self.chart.cell(float(x), float(y)) for x, y in self.places]
        near = [max(abs(column - at[0]), abs(row - at[1])) for at in cells]
        best = min(range(len(near)), key=lambda number: (near[number], -number))
        return best if near[best] <= 1 else None

    def place(self, column: int, row: int) -> tuple[float, float]:
        """What stands at the middle of a cell, at most at the edge, in as few digits as tell cells apart."""
        chart = self.chart
        cells = (column - chart.gutter, chart.height - 1 - row)
        ends = (chart.x.limits, chart.y.limits)
        found = []
        for cell, most, (low, high) in zip(cells, self._cells, ends, strict=True):
            digit = _digit((high - low) / most)
            value = low + min(max(cell / most, 0.0), 1.0) * (high - low)
            found.append(_cut(round(value / digit) * digit, digit))
        return found[0], found[1]

    def moved(self, number: int, columns: int, rows: int) -> tuple[float, float]:
        """Where a point comes to that goes on by so many cells, by round numbers; it may leave the window."""
        chart = self.chart
        found = []
        for value, by, most, (low, high) in zip(
            self.places[number], (columns, -rows), self._cells, (chart.x.limits, chart.y.limits), strict=True
        ):
            cell = (high - low) / most
            step = round(cell / _digit(cell)) * _digit(cell)
            found.append(_cut(float(value) + by * step, step) if by else float(value))
        return found[0], found[1]

    @property
    def _cells(self) -> tuple[int, int]:
        return max(self.chart.width - 1, 1), max(self.chart.height - 1, 1)


def _digit(size: float) -> float:
    """The power of ten at or below a size."""
    return 10.0 ** math.floor(math.log10(size))


def _cut(value: float, step: float) -> float:
    """The value without what rounding has left on it, which is tiny against the step."""
    places = 6 - math.floor(math.log10(step))
    return round(value, places) + 0.0
