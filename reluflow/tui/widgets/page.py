"""The base of pages longer than the screen; only the rows on screen are made."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from reluflow.plot.glyphs import Glyphs
from reluflow.tui.widgets.rows_panel import RowsPanel


class Page(RowsPanel, can_focus=True):
    """Rows under a heading, scrolled by keys and wheel."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup,b", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("home", "scroll_lines(-1000000)", show=False),
        Binding("end", "scroll_lines(1000000)", show=False),
        Binding("j", "scroll_lines(1)", show=False),
        Binding("k", "scroll_lines(-1)", show=False),
    ]

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self._first = 0

    def in_view(self, rows: int, height: int) -> range:
        """The rows to show, of so many, in ``height`` cells under the heading."""
        room = max(height, 0)
        self._first = min(self._first, max(rows - room, 0))
        return range(self._first, min(self._first + room, rows))

    def action_page(self, by: int) -> None:
        self.action_scroll_lines(by * max(self.size.height - 2, 1))

    def action_scroll_lines(self, by: int) -> None:
        # how far there is to scroll is known where the rows are made
        self._first = max(self._first + by, 0)
        self.redraw()

    def on_mouse_scroll_down(self) -> None:
        self.action_scroll_lines(3)

    def on_mouse_scroll_up(self) -> None:
        self.action_scroll_lines(-3)
