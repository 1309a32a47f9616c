"""The picture of the loss: drawn once for a recorded run, then marked with the cursor frame by frame."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from reluflow.network import Array
from reluflow.plot.axes import Limits, Tick, decade_ticks, linear_ticks
from reluflow.plot.canvas import Trace, draw
from reluflow.plot.cells import FROZEN, Role, Row, Segment, fit, put
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.loss_curve import Curve, LossAxes, decimate
from reluflow.plot.loss_marks import plateau_columns, with_plateaus, with_theory
from reluflow.plot.loss_place import LossPicture, cell_of
from reluflow.plot.loss_window import part_of
from reluflow.plot.phases import Plateau
from reluflow.plot.settings import LOSS_PICTURE
from reluflow.theory.landmarks import Landmark

#: The roles of curves beside the loss of the same run, by their letters: held-out loss and objective.
BESIDE: Final[Mapping[str, Role]] = {"H": FROZEN[4], "O": FROZEN[5]}


def draw_loss(
    curve: Curve,
    axes: LossAxes,
    size: tuple[int, int],
    glyphs: Glyphs,
    *,
    frozen: Mapping[int, Curve] | None = None,
    beside: Mapping[str, Curve] | None = None,
    plateaus: Sequence[Plateau] = (),
    theory: Sequence[Landmark] = (),
) -> LossPicture:
    """The picture without a cursor on ``size`` = (width, height) cells.

    ``frozen`` curves, by their number, are dotted, each in its colour, and carry the letters a, b, ... at
    their ends, and so do other curves of the same run, ``beside``, by their letters; ``plateaus`` are shaded
    and named, and their losses led to the axis by thin lines; ``theory``: escapes that are predicted. On the
    axes of a window only what is inside is drawn. Too small a panel shows only the curve, or nothing.
    """
    width, height = size
    if not axes.whole:
        curve = part_of(curve, axes.time)
        frozen = {number: part_of(other, axes.time) for number, other in (frozen or {}).items()}
        beside = {letter: part_of(other, axes.time) for letter, other in (beside or {}).items()}
    ticks = _loss_ticks(axes, max((height - 2) // LOSS_PICTURE.tick_rows, 1))
    left = max((len(tick.label) for tick in ticks), default=0) + 1
    inner = (width - left, height - 2)
    if inner[0] < LOSS_PICTURE.smallest[0] or inner[1] < LOSS_PICTURE.smallest[1]:
        return LossPicture(draw(width, height, [_line(curve, axes, width, glyphs)]), 0, size, axes)
    traces = {
        "abcdefghij"[number]: _dots(other, axes, inner, glyphs, FROZEN[number % len(FROZEN)])
        for number, other in (frozen or {}).items()
    }
    for letter, other in (beside or {}).items():
        traces[letter] = _dots(other, axes, inner, glyphs, BESIDE[letter])
    canvas = draw(*inner, [*traces.values(), _line(curve, axes, inner[0], glyphs)])
    canvas = with_plateaus(canvas, plateaus, axes, inner, glyphs)
    canvas = with_theory(canvas, theory, axes, inner, glyphs)
    for letter, trace in traces.items():
        canvas = _lettered(canvas, trace, inner, letter)
    rows = [_beside(row, left, glyphs) for row in canvas]
    for tick in ticks:
        at = inner[1] - 1 - cell_of(tick.at, axes.loss, inner[1], glyphs.dots[1])
        rows[at] = put(rows[at], 0, tick.label.rjust(left - 1), "axis")
        rows[at] = put(rows[at], left - 1, glyphs.tick_left, "axis")
    return LossPicture([*rows, *_below(axes, plateaus, left, inner[0], glyphs)], left, inner, axes)


def _lettered(canvas: list[Row], trace: Trace, inner: tuple[int, int], letter: str) -> list[Row]:
    """The letter of a curve, two cells before its end."""
    inside = np.flatnonzero((trace.y >= 0.0) & (trace.y <= 1.0))
    if inside.size == 0:
        return canvas
    last = inside[-1]
    column = max(int(np.floor(trace.x[last] * (inner[0] - 1) + 0.5)) - 1, 0)
    row = inner[1] - 1 - int(np.floor(trace.y[last] * (inner[1] - 1) + 0.5))
    rows = list(canvas)
    rows[row] = put(rows[row], column, letter, trace.role)
    return rows


def _line(curve: Curve, axes: LossAxes, width: int, glyphs: Glyphs) -> Trace:
    x, y = decimate(curve, axes.time, width * glyphs.dots[0])
    heights = _heights(y, axes.loss) if axes.whole else _share(y, axes.loss)
    return Trace(x, heights, "curve", glyphs.curve, line=True, cut=not axes.whole)


def _dots(curve: Curve, axes: LossAxes, inner: tuple[int, int], glyphs: Glyphs, role: Role) -> Trace:
    """A curve as dots, one every cell of its length, so that it is told from a line without colour."""
    width, height = inner
    x, y = decimate(curve, axes.time, width)
    y = _heights(y, axes.loss) if axes.whole else _share(y, axes.loss)
    shown = np.isfinite(y) & (axes.whole | ((y >= 0.0) & (y <= 1.0)))
    x, y = x[shown], np.clip(y[shown], 0.0, 1.0)
    if x.size > 1:
        pieces = np.hypot(np.diff(x) * width, np.diff(y) * height)
        length = np.concatenate([[0.0], np.cumsum(pieces)])
        places = np.linspace(0.0, length[-1], min(int(length[-1]) + 1, LOSS_PICTURE.most_dots))
        x, y = np.interp(places, length, x), np.interp(places, length, y)
    return Trace(x, y, role, "." if glyphs.name == "ascii" else glyphs.curve)


def _loss_ticks(axes: LossAxes, most: int) -> list[Tick]:
    return decade_ticks(axes.loss, most) if axes.log_loss else linear_ticks(axes.loss, most)


def _heights(y: Array, limits: Limits) -> Array:
    """Losses as shares of the canvas's height. A curve that leaves it below does so once, to its edge."""
    heights = _share(y, limits)
    gone = heights < 0.0
    heights[gone & np.roll(gone, 1)] = np.nan
    return heights


def _share(y: Array, limits: Limits) -> Array:
    heights: Array = (y - limits[0]) / (limits[1] - limits[0])
    return heights


def _beside(row: Row, left: int, glyphs: Glyphs) -> Row:
    return [Segment(" " * (left - 1) + glyphs.vertical, "axis"), *row]


def _below(axes: LossAxes, plateaus: Sequence[Plateau], left: int, width: int, glyphs: Glyphs) -> list[Row]:
    """The axis of time, heavy along the plateaus, and its labels."""
    if axes.log_time:
        ticks = decade_ticks(axes.time, max(width // LOSS_PICTURE.decade_cells, 1))
    else:
        ticks = linear_ticks(axes.time, max(width // LOSS_PICTURE.tick_cells, 1))
    line = [Segment(" " * (left - 1) + glyphs.corner + glyphs.horizontal * width, "axis")]
    for plateau in plateaus:
        begin, end = plateau_columns(plateau, axes, width, glyphs) or (0, 0)
        line = put(line, left + begin, glyphs.heavy * (end - begin), "axis")
    labels = fit([], left + width)
    free = 0
    for tick in ticks:
        at = left + cell_of(tick.at, axes.time, width, glyphs.dots[0])
        line = put(line, at, glyphs.tick_below, "axis")
        start = _label_start(tick, at, left + width)
        if start >= free:
            labels = put(labels, start, tick.label, "axis")
            free = start + len(tick.label) + 1
    return [line, labels]


def _label_start(tick: Tick, at: int, width: int) -> int:
    """Centred under its tick, but inside the panel."""
    return max(min(at - len(tick.label) // 2, width - len(tick.label)), 0)
