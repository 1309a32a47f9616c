"""The one module that knows plotext (5.3.2): traces in, rows of segments out.

plotext is used for one thing, turning points and lines into characters. Everything that its version 5
gets wrong is kept from it: logarithms, limits, ticks and labels are ours, and what it is given is
finite, inside the canvas and short (a point far outside is rasterised for minutes, infinity raises).
It draws on one global figure, so this module is for one thread only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import plotext

from reluflow.network import Array
from reluflow.plot.cells import ROLES, Role, Row, Segment

#: plotext's colour numbers stand for roles; they start past the sixteen that have names
_FIRST_COLOUR: Final = 16
_ESCAPE: Final = re.compile(r"\x1b\[([0-9;]*)m")
_FOREGROUND: Final = "38;5;"


@dataclass(frozen=True)
class Trace:
    """Points on the unit square: ``x`` and ``y`` (k,), (0, 0) is the middle of the lowest left cell.

    ``marker`` is "braille", "hd" or one character; ``line`` joins the points. Points that are not
    finite are left out, points outside are moved to the edge.
    """

    x: Array
    y: Array
    role: Role
    marker: str
    line: bool = False


def draw(width: int, height: int, traces: Sequence[Trace]) -> list[Row]:
    """``height`` rows of ``width`` cells; later traces are drawn over earlier ones."""
    if width < 1 or height < 1:
        return [[] for _ in range(max(height, 0))]
    _prepare(width, height)
    for trace in traces:
        _add(trace)
    return [_parse(line) for line in plotext.build().split("\n")[:height]]


def _prepare(width: int, height: int) -> None:
    plotext.clear_figure()
    plotext.limit_size(False, False)
    plotext.plotsize(width, height)
    plotext.xaxes(False, False)
    plotext.yaxes(False, False)
    plotext.xticks([], [])
    plotext.yticks([], [])
    plotext.xlim(0.0, 1.0)
    plotext.ylim(0.0, 1.0)
    # A canvas without a signal has no limits for plotext, so an invisible one is always there.
    plotext.scatter([0.0], [0.0], marker=" ", color=_FIRST_COLOUR + ROLES.index("text"))


def _add(trace: Trace) -> None:
    finite = np.isfinite(trace.x) & np.isfinite(trace.y)
    if not finite.any():
        return
    x = np.clip(trace.x[finite], 0.0, 1.0).tolist()
    y = np.clip(trace.y[finite], 0.0, 1.0).tolist()
    put = plotext.plot if trace.line else plotext.scatter
    put(x, y, marker=trace.marker, color=_FIRST_COLOUR + ROLES.index(trace.role))


def _parse(line: str) -> Row:
    """A line with colour escapes to segments, neighbours of the same role joined."""
    row: Row = []
    role: Role = "text"
    pieces = _ESCAPE.split(line)
    for index, piece in enumerate(pieces):
        if index % 2:
            role = _role(piece, role)
        elif piece and row and row[-1].role == role:
            row[-1] = Segment(row[-1].text + piece, role)
        elif piece:
            row.append(Segment(piece, role))
    return row


def _role(code: str, present: Role) -> Role:
    if code.startswith(_FOREGROUND):
        return ROLES[int(code[len(_FOREGROUND) :]) - _FIRST_COLOUR]
    # Anything else is a reset, or a background that we never asked for and never show.
    return "text" if code == "0" else present
