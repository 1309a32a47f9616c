"""A list of rows with columns, of which only the visible ones are made."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.binding import BindingType

from reluflow.errors import escaped
from reluflow.plot.cells import Role, Row, Segment
from reluflow.plot.glyphs import Glyphs
from reluflow.tui.panel_keys import bindings_of
from reluflow.tui.widgets.frame_panel import FramePanel
from reluflow.tui.widgets.rows_panel import heading

#: Cells between two columns.
_GAP: Final = "  "
#: Cells of a column that must fit, or else it is left out.
_LEAST: Final = 9


@dataclass(frozen=True)
class Lines:
    """``count`` lines under ``titles``, whose ``cells`` are made when they are shown.

    ``marked``: the role of a sign before a line, and the sign; ``empty``: the sentence where there is none.
    """

    titles: tuple[str, ...]
    count: int
    cells: Callable[[int], Sequence[str]]
    marked: Callable[[int], tuple[str, Role]] = lambda _: (" ", "text")
    empty: str = "nothing"


class RowList(FramePanel):
    """Draws lines with a cursor, which stays on its line while others come and go (see ``go_to``).

    ``moved`` is called with a line when the cursor goes there.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("RowList")
    #: rows above the lines: the heading and the titles
    TOP: ClassVar = 2

    def __init__(self, title: str, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self._title = title
        self._details: Sequence[str] = ("",)
        self._lines = Lines((), 0, lambda _: ())
        self._first = 0
        self._widths: list[int] = []
        #: how many of the columns fit
        self._fitting = 0
        self.cursor = 0
        self.moved: Callable[[int], None] = lambda _: None

    @property
    def count(self) -> int:
        """How many lines there are."""
        return self._lines.count

    def fill(self, lines: Lines, title: str, detail: str | Sequence[str], cursor: int | None = None) -> None:
        """Show other lines, or the same ones anew; the cursor goes to a line, or stays on its number.

        ``detail``: as in ``heading``.
        """
        if lines.titles != self._lines.titles:
            self._widths = [len(each) for each in lines.titles]
        self._lines, self._title = lines, title
        self._details = (detail,) if isinstance(detail, str) else detail
        self.cursor = self._inside(self.cursor if cursor is None else cursor)
        self.redraw()

    def go_to(self, line: int) -> None:
        """Put the cursor on a line, or the nearest that there is."""
        before, self.cursor = self.cursor, self._inside(line)
        if self.cursor != before:
            self.moved(self.cursor)
        self.redraw()

    def _inside(self, line: int) -> int:
        return max(min(line, self._lines.count - 1), 0)

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        lines, room = self._lines, max(height - self.TOP, 1)
        self._first = min(max(self._first, self.cursor - room + 1, 0), self.cursor)
        self._first = max(min(self._first, lines.count - room), 0)
        shown = range(self._first, min(self._first + room, lines.count))
        place = f"{shown.start + 1}-{shown.stop} of {lines.count}" if len(shown) < lines.count else ""
        details = [", ".join(each for each in (place, detail) if each) for detail in self._details]
        top = heading(self._title, details, width, self.glyphs)
        if not lines.count:
            return [top, [Segment(f" {lines.empty}", "dim")]]
        cells = {line: [escaped(cell) for cell in lines.cells(line)] for line in shown}
        for row in cells.values():
            self._widths = [max(one, len(cell)) for one, cell in zip(self._widths, row, strict=True)]
        self._fitting = _fitting(self._widths, width)
        head = [Segment(f"  {self._joined(lines.titles)}", "axis")]
        return [top, head, *(self._row(line, cells[line]) for line in shown)]

    def _joined(self, cells: Sequence[str]) -> str:
        pairs = list(zip(cells, self._widths, strict=True))[: self._fitting]
        return _GAP.join(cell.ljust(width) for cell, width in pairs)

    def _row(self, line: int, cells: Sequence[str]) -> Row:
        sign, role = self._lines.marked(line)
        here = line == self.cursor
        return [Segment(f"{sign} ", role), Segment(self._joined(cells), "cursor" if here else "text")]

    def action_move(self, by: int) -> None:
        self.go_to(self.cursor + by)

    def action_page(self, by: int) -> None:
        self.go_to(self.cursor + by * max(self.size.height - self.TOP - 1, 1))

    def action_end(self, last: bool) -> None:
        self.go_to(self._lines.count - 1 if last else 0)

    def on_click(self, event: events.Click) -> None:
        line = self._first + event.y - self.TOP
        if event.y >= self.TOP and line < self._lines.count:
            self.go_to(line)

    def on_mouse_scroll_down(self) -> None:
        self.go_to(self.cursor + 3)

    def on_mouse_scroll_up(self) -> None:
        self.go_to(self.cursor - 3)


def _fitting(widths: Sequence[int], width: int) -> int:
    """How many columns fit side by side behind the sign, one at least; the last one may be cut."""
    ends = itertools.accumulate((each + len(_GAP) for each in widths), initial=len(_GAP))
    needed = [start + min(each, _LEAST) for start, each in zip(ends, widths, strict=False)]
    return max(sum(each <= width for each in needed), 1)
