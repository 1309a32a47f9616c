"""The parts that pages about one thing are made of: numbers with their formulas, and curves over time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from reluflow.flow.events import Events
from reluflow.network import Array
from reluflow.plot.axes import short, sticky_time
from reluflow.plot.cells import Role, Row, Segment, fit, wrap
from reluflow.plot.event_words import event_text
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.settings import PAGE
from reluflow.plot.views.chart import Axis, Chart, decade_limits


@dataclass(frozen=True)
class Picture:
    """``values`` (k,) over times ``t`` (k,), with the axis that they are drawn on."""

    title: str
    t: Array
    values: Array
    axis: Axis


@dataclass(frozen=True)
class Sheet:
    """A page: ``head`` rows, and ``count`` lines below them that are made one by one."""

    title: str
    head: list[Row]
    count: int
    line: Callable[[int], Row]


def sheet(title: str, head: Sequence[Row], width: int, count: int, line: Callable[[int], Row]) -> Sheet:
    """A page whose head has a width; what is longer goes on below, under the same column."""
    lines = [fit(line, width) for row in head for line in wrap(row, width, _hanging(row, width))]
    return Sheet(title, lines, count, line)


def _hanging(row: Row, width: int) -> int:
    """Where a row goes on: under its last column, or under its second where that leaves too little room."""
    before = sum(len(text) for text, _ in row[:-1])
    return before if before <= width // 2 else PAGE.name + 1


def fact(name: str, value: str, formula: str, role: Role = "text") -> Row:
    """A number and what is behind it."""
    return [
        Segment(f" {name:<{PAGE.name}}", "dim"),
        Segment(f"{value:<{PAGE.value}}", role),
        Segment(f"{' ' if len(value) >= PAGE.value else ''}{formula}", "axis"),
    ]


def remark(name: str, text: str) -> Row:
    """A sentence in place of a number."""
    return [Segment(f" {name:<{PAGE.name}}", "dim"), Segment(text, "text")]


def event_fact(name: str, events: Events, row: int | None) -> Row:
    """One of some events, or that there is none."""
    if row is None:
        return fact(name, "none", "in what is recorded")
    return fact(name, f"t = {short(float(events.t[row]))}", event_text(events, row))


def events_about(events: Events, t: float) -> list[Row]:
    """The first of some events after a flow time, and the last up to it."""
    after = int(np.searchsorted(events.t, t, side="right"))
    return [
        event_fact("next event", events, after if after < len(events) else None),
        event_fact("last event", events, after - 1 if after else None),
    ]


def columns_head(what: str, state: str, names: Sequence[str], width: int) -> Row:
    """The heads over ``columns_row``."""
    before = f"{what:>7}  {state:<9}"
    return [Segment(before + _columns(names, width - len(before)), "axis")]


def columns_row(what: int, mark: str, word: str, role: Role, numbers: Sequence[str], width: int) -> Row:
    """A line of a page: which it is, its state as a mark and a word, and numbers."""
    number, state = f"{what:>7}  ", f"{mark} {word:<7}"
    columns = _columns(numbers, width - len(number) - len(state))
    return fit([Segment(number, "dim"), Segment(state, role), Segment(columns, "text")], width)


def _columns(texts: Sequence[str], room: int) -> str:
    """Texts in columns; the last ones are left out where there is no room, as part of a number is another."""
    wide = min(max(room // len(texts), PAGE.least_column), PAGE.column)
    return "".join(text.rjust(wide) for text in texts[: max(room // wide, 0)])


def curves(
    pictures: Sequence[Picture], now: float, width: int, glyphs: Glyphs, log: bool = False
) -> list[Row]:
    """Two pictures with a line at the present, side by side where there is room; ``log``: over log time."""
    if width < PAGE.side_by_side:
        return [row for picture in pictures for row in _curve(picture, now, width, glyphs, log)]
    half = (width - PAGE.gap) // 2
    left, right = (_curve(picture, now, half, glyphs, log) for picture in pictures)
    gap = Segment(" " * PAGE.gap, "text")
    return [[*one, gap, *other] for one, other in zip(left, right, strict=True)]


def _curve(picture: Picture, now: float, width: int, glyphs: Glyphs, log: bool) -> list[Row]:
    later = picture.t > 0.0
    if log and later.any():
        t, values = np.log10(picture.t[later]), picture.values[later]
        axis, at = Axis(decade_limits(t), "log"), float(np.log10(now)) if now > 0.0 else float(t[0])
    else:
        t, values, at = picture.t, picture.values, now
        axis = Axis(sticky_time(None, float(t[-1]) or 1.0))
    chart = Chart(width, PAGE.curve_height, axis, picture.axis, glyphs)
    rows = chart.rows([chart.upright(at), chart.line(t, values)])
    return [fit([Segment(f" {picture.title}", "strong")], width), *(fit(row, width) for row in rows)]
