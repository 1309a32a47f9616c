"""The page of a range shows how a result of the run depends on one number."""

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer

from reluflow.plot.glyphs import Glyphs
from reluflow.tui.drawings import Drawing, of_range
from reluflow.tui.range_solving import RangeSolving
from reluflow.tui.screens.dialogue import FullPage
from reluflow.tui.widgets.range_panel import RangePanel

#: Seconds between two pictures while points come, at least.
DRAWS_EVERY: Final = 0.2


class RangePage(FullPage[int | None]):
    """Returns the number of a point whose run is to be opened, or None.

    What is missing is solved while the page is there, beside the live run, which it leaves alone.
    """

    topic = "range of a number"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,percent_sign", "leave", show=False),
        Binding("enter", "open", show=False),
        Binding("h", "halt", show=False),
    ]
    DEFAULT_CSS = """
    RangePage RangePanel { width: 100%; height: 100%; padding: 0 1; background: $background; }
    """

    def __init__(self, solving: RangeSolving, present: float | None, glyphs: Glyphs) -> None:
        super().__init__()
        self._solving = solving
        self._drawing: Timer | None = None
        self.panel = RangePanel(solving, present, glyphs)

    def drawing(self) -> Drawing | None:
        """What is solved so far of the result on show; None where that is nothing yet."""
        columns = self.panel.columns
        return of_range(self._solving.study, self._solving.table.columns(), columns) if columns else None

    def compose(self) -> ComposeResult:
        yield self.panel

    def on_mount(self) -> None:
        self.panel.focus()
        # the threads that solve only post
        self._solving.changed = lambda: self.call_later(self._wait)
        self._solving.begin()
        self.panel.show()

    def _wait(self) -> None:
        """Draw what is new; what comes within a moment, but for the first point, is drawn together."""
        if not self._solving.table.solved:
            self.panel.show()
        elif self._drawing is None:
            self._drawing = self.set_timer(DRAWS_EVERY, self._draw)

    def _draw(self) -> None:
        self._drawing = None
        self.panel.show()

    def on_unmount(self) -> None:
        self._solving.changed = lambda: None
        self._solving.halt()

    def action_open(self) -> None:
        self.dismiss(self.panel.cursor)

    def action_halt(self) -> None:
        """Solve no more points, or go on."""
        if self._solving.is_running:
            self._solving.halt()
        else:
            self._solving.begin()
        self.panel.show()
