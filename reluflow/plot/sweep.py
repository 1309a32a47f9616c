"""Curve and map of a sweep: a number over one varied key, or over two."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.network import Array
from reluflow.plot.axes import short
from reluflow.plot.canvas import Trace
from reluflow.plot.cells import Row, Segment
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.settings import SWEEP
from reluflow.plot.views.chart import Axis, Chart, decade_limits, round_limits

#: Shades of a map from its lowest value to its highest, and of one without values.
SHADES: Final = "·░▒▓█"
PLAIN_SHADES: Final = ".:+*#"
_NOTHING: Final = " "
#: Cells of a column of a map, unless its words are longer; and those in which a text can be cut off.
_USUAL: Final = 8
_LEAST_OF_TEXT: Final = 6
#: Results that differ by less than this share are the same; and their share between them and an axis' ends.
_SAME: Final = 1e-5
_AROUND: Final = 0.1


@dataclass(frozen=True)
class Curve:
    """Medians ``y`` (k,) with quartiles ``low`` and ``high`` (k,) over ``x`` (k,); ``theory`` (k,) or None.

    ``name``: what it is; ``theory_name``: what the theory's line is.
    """

    x: Array
    y: Array
    low: Array
    high: Array
    name: str
    theory: Array | None = None
    theory_name: str = ""


def is_logarithmic(values: Array) -> bool:
    """Whether values are drawn on a logarithmic axis: positive, and far apart."""
    seen = values[np.isfinite(values)]
    return bool(seen.size and seen.min() > 0.0 and seen.max() > SWEEP.log_factor * seen.min())


def curve_rows(curve: Curve, width: int, height: int, glyphs: Glyphs, cursor: int | None = None) -> list[Row]:
    """The curve with its quartiles as marks and the theory's line, in rows of cells.

    ``cursor``: the place of a point that is marked, None for none.
    """
    log_x = is_logarithmic(curve.x)
    parts = [curve.y, curve.low, curve.high, *([] if curve.theory is None else [curve.theory])]
    every = np.concatenate(parts)
    log_y = is_logarithmic(every)
    x = scaled(curve.x, log_x)
    y, low, high = (scaled(each, log_y) for each in (curve.y, curve.low, curve.high))
    seen = scaled(every[np.isfinite(every)], log_y)
    if not seen.size:
        return [[Segment(f"no run has a number for the {curve.name.split(',')[0]}", "dim")]]
    chart = Chart(width, height - 1, scaled_axis(x, log_x), value_axis(seen, log_y), glyphs)
    traces: list[Trace] = []
    if curve.theory is not None:
        traces.append(chart.line(x, scaled(curve.theory, log_y), "theory"))
    for place in range(x.size):  # the quartiles, as an upright stroke
        ends = np.array([low[place], high[place]])
        if np.all(np.isfinite(ends)):
            traces.append(chart.line(np.full(2, x[place]), ends, "dim"))
    traces.append(chart.line(x, y, "curve"))
    traces.append(chart.marks(x, y, "strong", glyphs.positive))
    below: list[Row] = [[Segment(f"{glyphs.positive} {curve.name}", "strong")]]
    if curve.theory is not None:
        below.append([Segment(f"{glyphs.horizontal} theory: {curve.theory_name}", "theory")])
    rows = chart.rows(traces)
    if cursor is not None:
        height_of = float(y[cursor]) if np.isfinite(y[cursor]) else chart.y.limits[0]
        chart.put(rows, float(x[cursor]), height_of, glyphs.positive_cursor, "cursor")
    return [*rows, *below]


def scaled(values: Array, log: bool) -> Array:
    """Values in the units of an axis: as they are, or their log10."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log10(values) if log else values


def scaled_axis(values: Array, log: bool) -> Axis:
    """An axis about values in its units: whole decades, or round numbers."""
    seen = values[np.isfinite(values)]
    return Axis(decade_limits(seen) if log else round_limits(seen), "log" if log else "linear")


def value_axis(values: Array, log: bool) -> Axis:
    """An axis about results in its units; those that are the same but for rounding are not torn apart."""
    seen = values[np.isfinite(values)]
    if not log and seen.size and np.ptp(seen) <= _SAME * np.abs(seen).max():
        seen = float(seen[0]) * np.array([1.0 - _AROUND, 1.0 + _AROUND]) if seen[0] else np.array([-1.0, 1.0])
    return scaled_axis(seen, log)


def map_rows(
    values: Array, x: Sequence[str], y: Sequence[str], names: tuple[str, str, str], width: int, glyphs: Glyphs
) -> list[Row]:
    """Values (len(y), len(x)) as shades, y upwards, with the words of both axes; NaN where there is no run.

    ``names`` of x, y and the value.
    """
    shades = PLAIN_SHADES if glyphs.name == "ascii" else SHADES
    seen = values[np.isfinite(values)]
    if not seen.size:
        return [[Segment(f"no run has a number for {names[2]}", "dim")]]
    log = is_logarithmic(values)
    levels = scaled(values, log)
    low, high = float(np.nanmin(levels)), float(np.nanmax(levels))
    gutter = max(len(word) for word in y) + 1
    cell = cell_width(x, width - gutter - 1, _USUAL)
    shown = min(len(x), max((width - gutter - 1) // cell, 1))
    rows: list[Row] = []
    for row in range(len(y) - 1, -1, -1):
        marks = "".join(shade(levels[row, column], low, high, shades) * cell for column in range(shown))
        rows.append([Segment(y[row].rjust(gutter - 1) + glyphs.vertical, "axis"), Segment(marks, "curve")])
    rows.append([Segment(" " * (gutter - 1) + glyphs.corner + glyphs.horizontal * (cell * shown), "axis")])
    rows.append([Segment(" " * gutter + labels(x[:shown], cell), "axis")])
    ends = [10.0**each if log else each for each in (low, high)]
    scale = f"{shades[0]} {short(ends[0])} to {shades[-1]} {short(ends[1])}{', logarithmic' if log else ''}"
    rows.append([Segment(f"{names[2]} ({scale}) over {names[0]} (across) and {names[1]} (up)", "dim")])
    if shown < len(x):
        rows.append([Segment(f"the last {len(x) - shown} columns do not fit into {width} cells", "dim")])
    return rows


def shade(value: float, low: float, high: float, shades: str) -> str:
    """The shade of a value between two limits, a blank for none."""
    if not math.isfinite(value):
        return _NOTHING
    share = (value - low) / (high - low) if high > low else 1.0
    return shades[min(int(share * len(shades)), len(shades) - 1)]


def cell_width(words: Sequence[str], room: int, usual: int) -> int:
    """Cells for each column of a map: the ``usual`` ones, or as many as its words need if there is room."""
    wanted = max([usual, *(len(word) + 1 for word in words)])
    return max(1, min(wanted, room // max(len(words), 1)))


def labels(words: Sequence[str], cell: int) -> str:
    """Words under their columns, as many as fit without touching; of texts that are too long a part."""
    line, free = "", 0
    if cell >= _LEAST_OF_TEXT and any(re.search("[a-df-z[]", word) for word in words):
        words = [word if len(word) < cell else f"{word[: cell - 3]}.." for word in words]
    for place, word in enumerate(words):
        at = place * cell
        if at >= free and at >= len(line):
            line = line.ljust(at) + word
            free = len(line) + 1
    return line
