"""The picture of the loss: drawn once for a recorded run, then marked with the cursor frame by frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.network import Array
from reluflow.plot.axes import Limits, Tick, decade_ticks, linear_ticks, short
from reluflow.plot.canvas import Trace, draw
from reluflow.plot.cells import Row, Segment, fit, plain, put
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.loss_curve import Curve, LossAxes, decimate
from reluflow.plot.phases import Plateau

#: a label and its tick need about so many cells along the axis below, and so many rows beside it
_TICK_CELLS: Final = 8
_DECADE_CELLS: Final = 7
_TICK_ROWS: Final = 3
#: a dotted curve has no more dots than this
_MOST_DOTS: Final = 2000
#: smallest canvas that still says something
_LEAST: Final = (4, 2)


@dataclass(frozen=True)
class LossPicture:
    """Rows of text. The canvas in them starts ``left`` cells from the edge and is ``inner`` cells large."""

    rows: list[Row]
    left: int
    inner: tuple[int, int]
    axes: LossAxes


def draw_loss(
    curve: Curve,
    axes: LossAxes,
    size: tuple[int, int],
    glyphs: Glyphs,
    *,
    frozen: Sequence[Curve] = (),
    plateaus: Sequence[Plateau] = (),
) -> LossPicture:
    """The picture without a cursor on ``size`` = (width, height) cells.

    ``frozen`` curves are dotted and carry the letters a, b, ... at their ends; ``plateaus`` are named and
    their losses led to the axis by thin lines. Too small a panel shows only the curve, or nothing.
    """
    width, height = size
    ticks = _loss_ticks(axes, max((height - 2) // _TICK_ROWS, 1))
    left = max((len(tick.label) for tick in ticks), default=0) + 1
    inner = (width - left, height - 2)
    if inner[0] < _LEAST[0] or inner[1] < _LEAST[1]:
        return LossPicture(draw(width, height, [_line(curve, axes, width, glyphs)]), 0, size, axes)
    traces = [_dots(other, axes, inner, glyphs) for other in frozen]
    canvas = draw(*inner, [*traces, _line(curve, axes, inner[0], glyphs)])
    canvas = _named_plateaus(canvas, plateaus, axes, inner, glyphs)
    for letter, trace in zip("abcdefghij", traces, strict=False):
        canvas = _lettered(canvas, trace, inner, letter)
    rows = [_beside(row, left, glyphs) for row in canvas]
    for tick in ticks:
        at = inner[1] - 1 - _cell(tick.at, axes.loss, inner[1], glyphs.dots[1])
        rows[at] = put(rows[at], 0, tick.label.rjust(left - 1), "axis")
        rows[at] = put(rows[at], left - 1, glyphs.tick_left, "axis")
    return LossPicture([*rows, *_below(axes, left, inner[0], glyphs)], left, inner, axes)


def with_cursor(picture: LossPicture, now: float, glyphs: Glyphs) -> list[Row]:
    """The picture with a line at flow time ``now``, and the curve beyond it faint."""
    axes = picture.axes
    column = _column(now, axes, picture.inner[0], glyphs)
    if column is None:
        return picture.rows
    at = picture.left + column
    return [_marked(row, at, glyphs) if y < picture.inner[1] else row for y, row in enumerate(picture.rows)]


def time_at(picture: LossPicture, column: int) -> float:
    """The flow time in a column of the panel, within its axis."""
    axes, width = picture.axes, picture.inner[0]
    share = min(max((column - picture.left) / max(width - 1, 1), 0.0), 1.0)
    at = axes.time[0] + share * (axes.time[1] - axes.time[0])
    return float(10.0**at) if axes.log_time else at


def _marked(row: Row, at: int, glyphs: Glyphs) -> Row:
    marked: Row = []
    start = 0
    for text, role in row:
        end = start + len(text)
        if role == "curve" and end > at + 1:
            kept = max(at + 1 - start, 0)
            marked += [Segment(text[:kept], role)] if kept else []
            marked.append(Segment(text[kept:], "future"))
        else:
            marked.append(Segment(text, role))
        start = end
    if 0 <= at < start and plain(row)[at] == " ":
        return put(marked, at, glyphs.mark, "mark")
    return marked


def _column(t: float, axes: LossAxes, width: int, glyphs: Glyphs) -> int | None:
    """The column of a flow time, None where the axis does not reach."""
    if axes.log_time and not t > 0.0:
        return 0
    at = float(np.log10(t)) if axes.log_time else t
    if not at <= axes.time[1]:
        return None
    return _cell(at, axes.time, width, glyphs.dots[0])


def _named_plateaus(
    canvas: list[Row], plateaus: Sequence[Plateau], axes: LossAxes, inner: tuple[int, int], glyphs: Glyphs
) -> list[Row]:
    """A name over each plateau, with its loss where there is room, and a line from there to the axis."""
    width, height = inner
    rows = list(canvas)
    free = 0
    for plateau in plateaus:
        begin = _column(plateau.begin, axes, width, glyphs)
        at = axes.height(plateau.loss)
        if begin is None or at is None or not axes.loss[0] <= at <= axes.loss[1]:
            continue
        leave = _column(plateau.leave, axes, width, glyphs) if plateau.leave is not None else None
        end = width - 1 if leave is None else leave
        level = height - 1 - _cell(at, axes.loss, height, glyphs.dots[1])
        rows[level] = _led_to_axis(rows[level], begin, glyphs)
        y = level - 1 if level > 0 else level + 1
        for label in (f"{plateau.name} {short(_rounded(plateau.loss))}", plateau.name):
            start = min(max((begin + end - len(label)) // 2, free), width - len(label))
            text = plain(rows[y]) if y < height else ""
            if start >= free and text[start : start + len(label)].strip() == "":
                rows[y] = put(rows[y], start, label, "level")
                free = start + len(label) + 1
                break
    return rows


def _rounded(loss: float) -> float:
    return float(f"{loss:.3g}")


def _led_to_axis(row: Row, end: int, glyphs: Glyphs) -> Row:
    """A dotted line over the empty cells up to ``end``."""
    text = plain(row)
    for column in range(0, min(end, len(text)), 2):
        if text[column] == " ":
            row = put(row, column, glyphs.level, "level")
    return row


def _lettered(canvas: list[Row], trace: Trace, inner: tuple[int, int], letter: str) -> list[Row]:
    """The letter of a frozen run, two cells before the end of its curve."""
    inside = np.flatnonzero((trace.y >= 0.0) & (trace.y <= 1.0))
    if inside.size == 0:
        return canvas
    last = inside[-1]
    column = max(int(np.floor(trace.x[last] * (inner[0] - 1) + 0.5)) - 1, 0)
    row = inner[1] - 1 - int(np.floor(trace.y[last] * (inner[1] - 1) + 0.5))
    rows = list(canvas)
    rows[row] = put(rows[row], column, letter, "frozen")
    return rows


def _line(curve: Curve, axes: LossAxes, width: int, glyphs: Glyphs) -> Trace:
    x, y = decimate(curve, axes.time, width * glyphs.dots[0])
    return Trace(x, _heights(y, axes.loss), "curve", glyphs.curve, line=True)


def _dots(curve: Curve, axes: LossAxes, inner: tuple[int, int], glyphs: Glyphs) -> Trace:
    """A curve as dots, one every cell of its length, so that it is told from a line without colour."""
    width, height = inner
    x, y = decimate(curve, axes.time, width)
    y = _heights(y, axes.loss)
    shown = np.isfinite(y)
    x, y = x[shown], np.clip(y[shown], 0.0, 1.0)
    if x.size > 1:
        pieces = np.hypot(np.diff(x) * width, np.diff(y) * height)
        length = np.concatenate([[0.0], np.cumsum(pieces)])
        places = np.linspace(0.0, length[-1], min(int(length[-1]) + 1, _MOST_DOTS))
        x, y = np.interp(places, length, x), np.interp(places, length, y)
    return Trace(x, y, "frozen", "." if glyphs.name == "ascii" else glyphs.curve)


def _loss_ticks(axes: LossAxes, most: int) -> list[Tick]:
    return decade_ticks(axes.loss, most) if axes.log_loss else linear_ticks(axes.loss, most)


def _heights(y: Array, limits: Limits) -> Array:
    """Losses as shares of the canvas's height. A curve that leaves it below does so once, to its edge."""
    heights: Array = (y - limits[0]) / (limits[1] - limits[0])
    gone = heights < 0.0
    heights[gone & np.roll(gone, 1)] = np.nan
    return heights


def _cell(value: float, limits: Limits, cells: int, dots: int) -> int:
    """The cell that the curve passes at a value: the canvas rounds to dots, of which a cell has several."""
    share = min(max((value - limits[0]) / (limits[1] - limits[0]), 0.0), 1.0)
    return int(np.floor(share * (cells * dots - 1) + 0.5)) // dots


def _beside(row: Row, left: int, glyphs: Glyphs) -> Row:
    return [Segment(" " * (left - 1) + glyphs.vertical, "axis"), *row]


def _below(axes: LossAxes, left: int, width: int, glyphs: Glyphs) -> list[Row]:
    if axes.log_time:
        ticks = decade_ticks(axes.time, max(width // _DECADE_CELLS, 1))
    else:
        ticks = linear_ticks(axes.time, max(width // _TICK_CELLS, 1))
    line = [Segment(" " * (left - 1) + glyphs.corner + glyphs.horizontal * width, "axis")]
    labels = fit([], left + width)
    free = 0
    for tick in ticks:
        at = left + _cell(tick.at, axes.time, width, glyphs.dots[0])
        line = put(line, at, glyphs.tick_below, "axis")
        start = _label_start(tick, at, left + width)
        if start >= free:
            labels = put(labels, start, tick.label, "axis")
            free = start + len(tick.label) + 1
    return [line, labels]


def _label_start(tick: Tick, at: int, width: int) -> int:
    """Centred under its tick, but inside the panel."""
    return max(min(at - len(tick.label) // 2, width - len(tick.label)), 0)
