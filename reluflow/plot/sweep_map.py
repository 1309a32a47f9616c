"""A map with a cursor: cells by shade and by number, as much of it as fits around the cursor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.network import Array
from reluflow.plot.axes import short
from reluflow.plot.cells import Role, Row, Segment, put
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.sweep import PLAIN_SHADES, SHADES, cell_width, is_logarithmic, labels, scaled, shade

#: Cells of the screen that a cell of the map gets, at most; and from which on its value is written in it.
_WIDEST: Final = 13
_WITH_VALUE: Final = 7
#: Rows of the screen that a row of the map gets, at most.
_TALLEST: Final = 3
#: Rows below the map: the axis, its words, and what the shades mean.
_BELOW: Final = 3
#: The roles of the numbers from the lowest values to the highest.
_ROLES: Final[tuple[Role, ...]] = ("dim", "text", "curve")


@dataclass(frozen=True)
class MapPicture:
    """``values`` (ny, nx), NaN where there is none, with the words of both axes and ``names`` of x, y, value.

    ``limits`` of the values, None for those that there are.
    """

    values: Array
    x: Sequence[str]
    y: Sequence[str]
    names: tuple[str, str, str]
    limits: tuple[float, float] | None = None


def map_view(
    picture: MapPicture, cursor: tuple[int, int], width: int, height: int, glyphs: Glyphs
) -> list[Row]:
    """Rows of cells, y upwards; ``cursor`` = (column, row) is always among what is shown."""
    values = picture.values
    seen = values[np.isfinite(values)]
    if not seen.size:
        return [[Segment(f" no run has a number for {picture.names[2]}", "dim")]]
    gutter = max(len(word) for word in picture.y) + 2
    room = max(width - gutter - 1, 1)
    cell = cell_width(picture.x, room, _WIDEST)
    columns = _window(cursor[0], values.shape[1], room // cell)
    tall = max(1, min(_TALLEST, (height - _BELOW) // values.shape[0]))
    lines = _window(cursor[1], values.shape[0], max(height - _BELOW, 1))
    log = picture.limits is None and is_logarithmic(values)
    low, high = picture.limits or (float(seen.min()), float(seen.max()))
    ends = scaled(np.array([low, high]), log)
    scale = _Scale(log, float(ends[0]), float(ends[1]), glyphs)
    rows: list[Row] = []
    for line in reversed(lines):
        for part in range(tall):
            here, is_middle = line == cursor[1], part == tall // 2
            word, mark = picture.y[line] if is_middle else "", glyphs.focus if here and is_middle else " "
            row: Row = [Segment(f"{word.rjust(gutter - 2)}{mark}{glyphs.vertical}", "axis")]
            row += [
                _cell(values[line, column], cell, scale, here and column == cursor[0], is_middle)
                for column in columns
            ]
            rows.append(row)
    axis: Row = [
        Segment(" " * (gutter - 1) + glyphs.corner + glyphs.horizontal * (cell * len(columns)), "axis")
    ]
    at = gutter + (cursor[0] - columns[0]) * cell + (cell - 1) // 2
    rows.append(put(axis, at, glyphs.up, "strong"))
    rows.append([Segment(" " * gutter + labels([picture.x[each] for each in columns], cell), "axis")])
    rows.append(_legend(picture, scale, (low, high), (len(columns), len(lines))))
    return rows


def _window(cursor: int, count: int, room: int) -> range:
    """The places to show, at most ``room`` of them, with the cursor in their middle where there are more."""
    room = max(min(room, count), 1)
    first = min(max(cursor - room // 2, 0), count - room)
    return range(first, first + room)


class _Scale:
    """From values to shades and digits."""

    def __init__(self, log: bool, low: float, high: float, glyphs: Glyphs) -> None:
        self.log = log
        self._low, self._high = low, high
        self.shades = PLAIN_SHADES if glyphs.name == "ascii" else SHADES

    def shade(self, value: float) -> str:
        return shade(self._at(value), self._low, self._high, self.shades)

    def digit(self, value: float) -> str:
        """0 for the lowest values to 9 for the highest."""
        return shade(self._at(value), self._low, self._high, "0123456789")

    def _at(self, value: float) -> float:
        return float(scaled(np.array([value]), self.log)[0])


def _cell(value: float, width: int, scale: _Scale, here: bool, is_told: bool) -> Segment:
    """Shades around the value, or its digit, if it ``is_told``; the cursor is in brackets where they fit."""
    sign, digit = scale.shade(value), scale.digit(value)
    if not is_told:
        digit = sign
    word = (
        (short(float(f"{value:.3g}")) if width >= _WITH_VALUE else digit)
        if np.isfinite(value) and is_told
        else sign
    )
    text = word.center(width, sign) if len(word) <= width else digit.center(width, sign)
    if here:
        text = f"[{text[1:-1]}]" if width >= 3 else text
        return Segment(text, "cursor")
    level = int(scale.digit(value).strip() or 0) * len(_ROLES) // 10
    return Segment(text, _ROLES[level])


def _legend(picture: MapPicture, scale: _Scale, limits: tuple[float, float], shown: tuple[int, int]) -> Row:
    x, y, value = picture.names
    low, high = (short(float(f"{each:.3g}")) for each in limits)
    log = ", logarithmic" if scale.log else ""
    text = f" {value}: {scale.shades[0]}0 {low} to {scale.shades[-1]}9 {high}{log}; {x} across"
    text += f", {y} up" if y else ""
    whole = picture.values.shape
    if shown != (whole[1], whole[0]):
        text += f"; {shown[0]} x {shown[1]} of {whole[1]} x {whole[0]} cells"
    return [Segment(text, "dim")]
