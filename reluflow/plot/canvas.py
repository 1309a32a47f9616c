"""The one module that knows plotext (5.3.2): traces in, rows of segments out.

plotext is used for one thing, turning points and lines into characters. Everything that its version 5
gets wrong is kept from it: logarithms, limits, ticks and labels are ours, and what it is given is
finite, inside the canvas and short (a point far outside is rasterised for minutes, infinity raises).
It draws on one global figure, so this module is for one thread only.

The figure is set up once and draws into a ``_Drawing``. The matrix that plotext brings makes a string of all
cells, also of the empty ones, which takes longer than to draw a curve and would have to be parsed. Each
trace is drawn by itself and remembered, so that of several curves only changed ones are drawn anew.
"""

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Final

import numpy as np
import plotext

from reluflow.network import Array
from reluflow.plot.cells import Role, Row, Segment

#: the dots, across and down, that plotext tells apart in a cell; other markers have one
_DOTS: Final = {"braille": (2, 4), "hd": (2, 2)}
#: traces that are remembered: those of a few pictures
_REMEMBERED: Final = 64

#: a cell's column, its row from the lowest, and the character in it
Mark = tuple[int, int, str]


class Marks:
    """Marks in the order in which they are drawn.

    A curve on a large screen has thousands, and as tuples those that are remembered take 60 MB.
    """

    def __init__(self) -> None:
        self._columns, self._rows = array("H"), array("H")
        self._signs: list[str] = []

    def add(self, column: int, row: int, sign: str) -> None:
        self._columns.append(column)
        self._rows.append(row)
        self._signs.append(sys.intern(sign))  # of the few signs there are, one object each

    def __iter__(self) -> Iterator[Mark]:
        return zip(self._columns, self._rows, self._signs, strict=True)


@dataclass(frozen=True)
class Trace:
    """Points on the unit square: ``x`` and ``y`` (k,), (0, 0) is the middle of the lowest left cell.

    ``marker`` is "braille", "hd" or one character; ``line`` joins the points. Points that are not
    finite are left out, points outside are moved to the edge. ``cut``: points above and below are not moved
    but, with what joins them to others, cut off.
    """

    x: Array
    y: Array
    role: Role
    marker: str
    line: bool = False
    cut: bool = False


def draw(width: int, height: int, traces: Sequence[Trace]) -> list[Row]:
    """``height`` rows of ``width`` cells; later traces are drawn over earlier ones."""
    if width < 1 or height < 1:
        return [[] for _ in range(max(height, 0))]
    drawn: dict[int, tuple[list[str], list[Role]]] = {}
    for trace in traces:
        for column, row, sign in _marks(trace, width, height):
            if row not in drawn:
                drawn[row] = ([" "] * width, ["text"] * width)
            signs, roles = drawn[row]
            signs[column], roles[column] = sign, trace.role
    empty = Segment(" " * width, "text")
    return [_row(*drawn[row]) if row in drawn else [empty] for row in reversed(range(height))]


def _row(signs: list[str], roles: list[Role]) -> Row:
    """Neighbours of the same role as one segment."""
    row, at = [], 0
    for role, cells in groupby(roles):
        end = at + len(list(cells))
        row.append(Segment("".join(signs[at:end]), role))
        at = end
    return row


def _marks(trace: Trace, width: int, height: int) -> Iterable[Mark]:
    finite = np.isfinite(trace.x) & np.isfinite(trace.y)
    if not finite.any():
        return ()
    # What is one canvas away is not drawn, and no further to be rasterised.
    beyond = 1.0 if trace.cut else 0.0
    x, y = np.clip(trace.x[finite], 0.0, 1.0), np.clip(trace.y[finite], -beyond, 1.0 + beyond)
    # Points on the dot of the one before draw nothing, and each costs as much as a line.
    across, down = _DOTS.get(trace.marker, (1, 1))
    column, row = np.floor(x * (width * across - 1) + 0.5), np.floor(y * (height * down - 1) + 0.5)
    apart = np.append(True, (np.diff(column) != 0.0) | (np.diff(row) != 0.0))
    points = np.stack([x[apart], y[apart]])
    return _plotted((width, height), trace.marker, trace.line, points.tobytes())


@lru_cache(_REMEMBERED)
def _plotted(size: tuple[int, int], marker: str, line: bool, points: bytes) -> Marks:
    """What plotext makes of a trace; ``points`` are the bytes of x and y (2, k)."""
    monitor = plotext.main().monitor
    if not isinstance(monitor.matrix, _Drawing):
        _set_up()
        monitor = plotext.main().monitor
        monitor.matrix = _Drawing()
    plotext.clear_data()
    plotext.plotsize(*size)
    plotext.xlim(0.0, 1.0)
    plotext.ylim(0.0, 1.0)
    x, y = np.frombuffer(points).reshape(2, -1).tolist()
    (plotext.plot if line else plotext.scatter)(x, y, marker=marker)
    plotext.build()
    return monitor.matrix.marks


def _set_up() -> None:
    """A canvas of any size, without axes."""
    plotext.clear_figure()
    plotext.limit_size(False, False)
    plotext.xaxes(False, False)
    plotext.yaxes(False, False)
    plotext.xticks([], [])
    plotext.yticks([], [])


class _Drawing:
    """Takes the place of plotext's ``matrix_class``: the methods that it calls for a canvas without axes."""

    marks: Marks

    def set_matrices(self) -> None:
        self.marks = Marks()

    def insert_element(self, col: int, row: int, marker: str, *look: object) -> None:
        self.marks.add(col, row, marker)

    def set_size(self, cols: int, rows: int) -> None:
        """plotext leaves out what is outside."""

    def set_axes_color(self, color: object) -> None:
        """There are no axes."""

    def set_canvas_color(self, color: object) -> None:
        """The ground is the panel's."""

    def set_canvas_area(self, *limits: int) -> None:
        """All of it, as there are no axes."""

    def set_canvas(self) -> None:
        """Nobody wants the string."""

    def get_canvas(self) -> str:
        return ""
