"""The picture of a range: results over one number, the present value, and what the theory says."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.network import Array
from reluflow.plot.canvas import Trace
from reluflow.plot.cells import FROZEN, Role, Row, Segment, put
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.sweep import is_logarithmic, scaled, scaled_axis, value_axis
from reluflow.plot.views.chart import Chart, legend, sentence, stacked

#: the marks of several curves in one picture
_DIGITS: Final = "123456789"


@dataclass(frozen=True)
class Part:
    """One curve: a word for it, its values (k,) and, where there is one, the theory's (k,)."""

    label: str
    y: Array
    theory: Array | None = None


@dataclass(frozen=True)
class RangePicture:
    """``parts`` over the number ``x`` (k,), increasing; NaN where nothing is known.

    ``failed`` (k,): runs without any result; ``blank`` (k,): runs without this one. ``present``: the number
    as it is now, None where it is not set. ``theory_name``: which theory it is.
    """

    x: Array
    parts: tuple[Part, ...]
    failed: npt.NDArray[np.bool_]
    blank: npt.NDArray[np.bool_]
    present: float | None = None
    theory_name: str = ""


class RangeDrawing:
    """A picture drawn once, on which a cursor then goes from point to point."""

    def __init__(self, picture: RangePicture, width: int, height: int, glyphs: Glyphs) -> None:
        """``width`` x ``height`` cells, of which the last row says what the marks are."""
        self._picture, self._size, self._glyphs = picture, (width, height), glyphs
        #: the curves with any values
        self._parts = [part for part in picture.parts if np.isfinite(part.y).any()]
        theory = [part.theory for part in self._parts if part.theory is not None]
        known = [each[np.isfinite(each)] for each in (*(part.y for part in self._parts), *theory)]
        every = np.concatenate(known) if known else np.empty(0)
        self._log_x, self._log_y = is_logarithmic(picture.x), is_logarithmic(every)
        self._x = scaled(picture.x, self._log_x)
        heights = scaled(every, self._log_y) if every.size else np.array([0.0, 1.0])
        axes = scaled_axis(self._x, self._log_x), value_axis(heights, self._log_y)
        self._chart = Chart(width, height - 1, *axes, glyphs)
        self._is_empty = not every.size and not (picture.failed.any() or picture.blank.any())
        self._drawn = [] if self._is_empty else self._chart.rows(self._traces())

    def rows(self, cursor: int) -> list[Row]:
        """The picture with the cursor at a place on the axis."""
        if self._is_empty:
            return sentence("no point is solved yet", *self._size)
        width, height = self._size
        rows, at, bottom = list(self._drawn), float(self._x[cursor]), self._chart.y.limits[0]
        found = [
            (float(scaled(part.y, self._log_y)[cursor]), self._mark(number)[0])
            for number, part in enumerate(self._parts)
        ]
        sign = self._glyphs.point if self._picture.failed[cursor] else self._glyphs.up
        for value, mark in [each for each in found if np.isfinite(each[0])] or [(bottom, sign)]:
            self._chart.put(rows, at, value, mark, "cursor")
        column, row = self._chart.cell(at, bottom)
        if row + 1 < len(rows):  # there is an axis: the cursor is seen there without colour, too
            rows[row + 1] = put(rows[row + 1], column, self._glyphs.up, "strong")
        return stacked([rows, [self._key(width)]], width, height)

    def _mark(self, number: int) -> tuple[str, Role]:
        """The sign of a curve, and its role."""
        if len(self._parts) == 1:
            return self._glyphs.positive, "strong"
        return _DIGITS[number % len(_DIGITS)], FROZEN[number % len(FROZEN)]

    def _traces(self) -> list[Trace]:
        """The present value, the curves, and what has no value, on the axis."""
        picture, chart, x = self._picture, self._chart, self._x
        traces = self._present()
        for part in self._parts:
            if part.theory is not None:
                traces.append(chart.line(x, scaled(part.theory, self._log_y), "theory"))
        for number, part in enumerate(self._parts):
            y, (mark, role) = scaled(part.y, self._log_y), self._mark(number)
            known = np.isfinite(y)
            traces.append(chart.line(x, y, "curve"))
            traces.append(chart.marks(x[known], y[known], role, mark))
        bottom = np.full(x.size, chart.y.limits[0])
        traces.append(chart.marks(x[picture.blank], bottom[picture.blank], "dim", self._glyphs.still))
        traces.append(chart.marks(x[picture.failed], bottom[picture.failed], "error", self._glyphs.point))
        return traces

    def _present(self) -> list[Trace]:
        value = self._picture.present
        if value is None or (self._log_x and value <= 0.0):
            return []
        at = float(scaled(np.array([value]), self._log_x)[0])
        low, high = self._chart.x.limits
        return [self._chart.upright(at, "key")] if low <= at <= high else []

    def _key(self, width: int) -> Row:
        picture, glyphs = self._picture, self._glyphs
        entries: list[tuple[str, Role]] = []
        for number, part in enumerate(self._parts):
            mark, role = self._mark(number)
            entries.append((f"{mark} {part.label}", role))
        if self._present():
            entries.append((f"{glyphs.mark} now", "key"))
        if picture.failed.any():
            entries.append((f"{glyphs.point} failed or too long", "error"))
        if picture.blank.any():
            entries.append((f"{glyphs.still} has none", "dim"))
        if any(part.theory is not None for part in self._parts):
            entries.append((f"{glyphs.horizontal} theory", "theory"))
            entries.append((f"({picture.theory_name})", "dim"))
        return [Segment(" ", "text"), *legend(entries, width - 1)]
