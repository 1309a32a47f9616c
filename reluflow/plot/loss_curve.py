"""The loss over time: log10 of the loss against linear or logarithmic time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.network import Array
from reluflow.plot.axes import Limits, Tick, decade_ticks, linear_ticks, sticky_decades, sticky_time
from reluflow.plot.canvas import Trace, draw
from reluflow.plot.cells import Row, Segment, fit, put
from reluflow.plot.glyphs import Glyphs

#: a logarithmic time axis reaches back so many decades at most; what was before is left of the panel
_TIME_DECADES: Final = 8.0
#: a label and its tick need about so many cells along the axis below, and so many rows beside it
_TICK_CELLS: Final = 8
_DECADE_CELLS: Final = 7
_TICK_ROWS: Final = 3
#: smallest canvas that still says something
_LEAST: Final = (4, 2)


@dataclass(frozen=True)
class Curve:
    """What can be drawn of a recorded series: ``x`` (k,) sorted, ``low`` and ``high`` (k,) log10 of the loss.

    ``x`` is flow time, or its log10. ``low`` and ``high`` are the extremes of the loss around each row.
    """

    x: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class LossAxes:
    """Limits of both axes in plotted units: time (or its log10) and log10 of the loss."""

    log_time: bool
    time: Limits
    loss: Limits


def curve_of(series: Mapping[str, Array], log_time: bool) -> Curve:
    """The finite, positive part of a series with columns t, loss and (if there) loss_low, loss_high."""
    t = np.asarray(series["t"], dtype=np.float64)
    loss = np.asarray(series["loss"], dtype=np.float64)
    low = np.asarray(series.get("loss_low", loss), dtype=np.float64)
    high = np.asarray(series.get("loss_high", loss), dtype=np.float64)
    fine = np.isfinite(t) & np.isfinite(high) & (high > 0.0)
    fine &= (t > 0.0) if log_time else (t >= 0.0)
    t, low, high = t[fine], low[fine], high[fine]
    # A loss of exactly zero has no logarithm; the row is then drawn at its other end.
    low = np.where(np.isfinite(low) & (low > 0.0), np.minimum(low, high), high)
    order = np.argsort(t, kind="stable")
    x = np.log10(t[order]) if log_time else t[order]
    return Curve(x, np.log10(low[order]), np.log10(high[order]))


def fit_axes(previous: LossAxes | None, curve: Curve, log_time: bool) -> LossAxes:
    """Axes that show the curve: the previous ones as long as they do."""
    if previous is not None and previous.log_time != log_time:
        previous = None
    if curve.x.size == 0:
        return previous or LossAxes(log_time, (0.0, 1.0), (-1.0, 0.0))
    last = float(curve.x[-1])
    time = sticky_time(previous.time if previous else None, last)
    if log_time:
        first = max(float(curve.x[0]), last - _TIME_DECADES)
        time = sticky_decades(previous.time if previous else None, first, last)
        time = (max(time[0], time[1] - _TIME_DECADES), time[1])
    bottom, top = float(curve.low.min()), float(curve.high.max())
    return LossAxes(log_time, time, sticky_decades(previous.loss if previous else None, bottom, top))


def loss_rows(
    curve: Curve,
    axes: LossAxes,
    size: tuple[int, int],
    glyphs: Glyphs,
    now: float | None = None,
    levels: Sequence[float] = (),
) -> list[Row]:
    """The panel: ``size`` = (width, height) cells. ``now`` is a flow time, ``levels`` are losses.

    Too small a panel shows only the curve, or nothing.
    """
    width, height = size
    ticks = decade_ticks(axes.loss, max((height - 2) // _TICK_ROWS, 1))
    gutter = max((len(tick.label) for tick in ticks), default=0) + 1
    inner = (width - gutter, height - 2)
    if inner[0] < _LEAST[0] or inner[1] < _LEAST[1]:
        return draw(width, height, [_curve_trace(curve, axes, width, glyphs)])
    canvas = draw(*inner, _traces(curve, axes, inner, glyphs, now, levels))
    rows = [_beside(row, gutter, glyphs) for row in canvas]
    for tick in ticks:
        at = inner[1] - 1 - _cell(tick.at, axes.loss, inner[1], glyphs.dots[1])
        rows[at] = put(
            put(rows[at], 0, tick.label.rjust(gutter - 1), "axis"), gutter - 1, glyphs.tick_left, "axis"
        )
    return [*rows, *_below(axes, gutter, inner[0], glyphs)]


def decimate(curve: Curve, limits: Limits, columns: int) -> tuple[Array, Array]:
    """At most two points a column that keep every extreme: places in [0, 1] and log10 losses.

    Points left of the limits are left out but for the last one, which is moved to the edge so that
    the curve enters the panel.
    """
    begin = max(int(np.searchsorted(curve.x, limits[0], side="right")) - 1, 0)
    end = int(np.searchsorted(curve.x, limits[1], side="right"))
    x, low, high = curve.x[begin:end], curve.low[begin:end], curve.high[begin:end]
    if x.size == 0:
        return np.empty(0), np.empty(0)
    place = np.clip((x - limits[0]) / (limits[1] - limits[0]), 0.0, 1.0)
    column = np.floor(place * max(columns - 1, 1) + 0.5)
    starts = np.flatnonzero(np.diff(column, prepend=-1.0))
    ends = np.append(starts[1:], x.size) - 1
    tops, bottoms = np.maximum.reduceat(high, starts), np.minimum.reduceat(low, starts)
    rising = high[ends] > high[starts]
    pairs = np.stack([np.where(rising, bottoms, tops), np.where(rising, tops, bottoms)], axis=1)
    return np.repeat(place[starts], 2), pairs.ravel()


def _traces(
    curve: Curve,
    axes: LossAxes,
    inner: tuple[int, int],
    glyphs: Glyphs,
    now: float | None,
    levels: Sequence[float],
) -> list[Trace]:
    width, height = inner
    traces = []
    for level in levels:
        if level > 0.0 and _inside(np.log10(level), axes.loss):
            row = _cell(np.log10(level), axes.loss, height, glyphs.dots[1])
            y = np.full(width, row / max(height - 1, 1))
            traces.append(Trace(np.linspace(0.0, 1.0, width), y, "level", glyphs.level))
    if now is not None and (now > 0.0 or not axes.log_time):
        at = float(np.log10(now)) if axes.log_time else now
        if _inside(at, axes.time):
            column = _cell(at, axes.time, width, glyphs.dots[0])
            x = np.full(height, column / max(width - 1, 1))
            traces.append(Trace(x, np.linspace(0.0, 1.0, height), "mark", glyphs.mark))
    return [*traces, _curve_trace(curve, axes, width, glyphs)]


def _curve_trace(curve: Curve, axes: LossAxes, width: int, glyphs: Glyphs) -> Trace:
    x, y = decimate(curve, axes.time, width * glyphs.dots[0])
    bottom, top = axes.loss
    return Trace(x, (y - bottom) / (top - bottom), "curve", glyphs.curve, line=True)


def _inside(value: float, limits: Limits) -> bool:
    return bool(limits[0] <= value <= limits[1])


def _share(value: float, limits: Limits) -> float:
    return float((value - limits[0]) / (limits[1] - limits[0]))


def _cell(value: float, limits: Limits, cells: int, dots: int) -> int:
    """The cell that the curve passes at a value: the canvas rounds to dots, of which a cell has several."""
    share = min(max(_share(value, limits), 0.0), 1.0)
    return int(np.floor(share * (cells * dots - 1) + 0.5)) // dots


def _beside(row: Row, gutter: int, glyphs: Glyphs) -> Row:
    return [Segment(" " * (gutter - 1) + glyphs.vertical, "axis"), *row]


def _below(axes: LossAxes, gutter: int, width: int, glyphs: Glyphs) -> list[Row]:
    if axes.log_time:
        ticks = decade_ticks(axes.time, max(width // _DECADE_CELLS, 1))
    else:
        ticks = linear_ticks(axes.time, max(width // _TICK_CELLS, 1))
    line = [Segment(" " * (gutter - 1) + glyphs.corner + glyphs.horizontal * width, "axis")]
    labels = fit([], gutter + width)
    free = 0
    for tick in ticks:
        at = gutter + _cell(tick.at, axes.time, width, glyphs.dots[0])
        line = put(line, at, glyphs.tick_below, "axis")
        start = _label_start(tick, at, gutter + width)
        if start >= free:
            labels = put(labels, start, tick.label, "axis")
            free = start + len(tick.label) + 1
    return [line, labels]


def _label_start(tick: Tick, at: int, width: int) -> int:
    """Centred under its tick, but inside the panel."""
    return max(min(at - len(tick.label) // 2, width - len(tick.label)), 0)
