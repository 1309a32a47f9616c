"""The page of a sweep: its map or curve, and below it the runs of the cell under the cursor."""

import time
from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from reluflow.errors import ReluflowError
from reluflow.plot.glyphs import Glyphs
from reluflow.sweep.opening import Sweep, open_sweep
from reluflow.sweep.theory_line import Line, theory_line
from reluflow.tui.background import Broken, in_thread
from reluflow.tui.drawings import Drawing, of_sweep
from reluflow.tui.panel_keys import bindings_of
from reluflow.tui.screens.ask_line import AskLine
from reluflow.tui.screens.dialogue import FullPage
from reluflow.tui.sweep_view import SweepView, signature
from reluflow.tui.widgets.row_list import Lines, RowList
from reluflow.tui.widgets.sweep_panel import SweepPanel

#: Seconds between two looks at a folder that others write to; and so many times as long as reading it takes.
LOOKS_EVERY: Final = 1.0
_SLOWER: Final = 3.0
_HINT: Final = (
    "init.scale<1e-3 rank=2   status=failed   success=true\n"
    "NAME OP VALUE, several: all of them must hold; nothing: all rows"
)


class SweepPage(FullPage[int | None]):
    """Returns the number of the point whose run is to be opened, or None.

    A sweep that others are writing is followed.
    """

    topic = "sweep"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("SweepPage")
    DEFAULT_CSS = """
    SweepPage > Vertical { width: 100%; height: 100%; padding: 0 1; background: $background; }
    SweepPage SweepPanel { height: 3fr; }
    SweepPage RowList { height: 2fr; min-height: 5; }
    SweepPage.-table SweepPanel { height: 1fr; min-height: 7; }
    SweepPage.-table RowList { height: 3fr; }
    """

    def __init__(self, view: SweepView, glyphs: Glyphs) -> None:
        super().__init__()
        self._view = view
        self._folder = view.sweep.path
        self._seen = signature(self._folder)
        self.panel = SweepPanel(view, glyphs, id="map")
        self.rows = RowList("runs", glyphs, id="runs")
        self._asked: object = None
        self._theory: Line | None = None

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self.panel
            yield self.rows

    def on_mount(self) -> None:
        self.panel.moved = self._list
        self.rows.moved = self._follow_row
        self.panel.focus()
        self.show()
        self.set_timer(LOOKS_EVERY, self._look)

    def drawing(self) -> Drawing | None:
        view = self._view
        return of_sweep(view.sweep, x=view.x, y=view.y, value=view.value, where=view.where or None)

    def show(self) -> None:
        """Draw the view as it is."""
        sweep = self._view.sweep
        rows, size = len(sweep.table()["number"]), sweep.study.grid.size
        words = [self._view.where] if self._view.where else []
        words += [f"{rows} of {size} runs" if rows < size else f"{size} runs", *sweep.troubles]
        self.panel.detail = ", ".join(words)
        self.panel.show(self._theory)
        self._list()
        self._ask_theory()

    @property
    def _has_table(self) -> bool:
        return self.has_class("-table")

    def _list(self) -> None:
        """List the runs of the cell, or all rows with the cursor on the first of the cell."""
        view = self._view
        rows = view.rows
        if self._has_table:
            places, title, line = (
                range(len(view.table["number"])),
                "all runs",
                int(rows[0]) if rows.size else 0,
            )
        else:
            places, title, line = rows.tolist(), "runs of the cell", 0
        lines = Lines(view.titles, len(places), lambda at: view.cells(places[at]), empty="no run here")
        hint = "enter opens  v value  a u axes  / filter  t table"
        self.rows.fill(lines, title, hint, line)

    def _follow_row(self, line: int) -> None:
        """Let the cursor of the map follow that of the table."""
        if self._has_table:
            self._view.go_to_number(int(self._view.table["number"][line]))
            self.panel.redraw()

    # --- keys ---

    def action_open(self) -> None:
        """Open the run on the line under the cursor."""
        places = range(len(self._view.table["number"])) if self._has_table else self._view.rows
        if len(places):
            self.dismiss(int(self._view.table["number"][places[self.rows.cursor]]))

    def action_turn(self, what: str) -> None:
        """The next value, or the next key on one of the axes."""
        if what == "across":
            self._view.next_across()
        elif what == "up":
            self._view.next_up()
        else:
            self._view.next_value(1 if what == "value" else -1)
        self._theory = None
        self.show()

    def action_table(self) -> None:
        """List all rows, or those of the cell."""
        self.toggle_class("-table")
        (self.rows if self._has_table else self.panel).focus()
        self._list()

    def action_other(self) -> None:
        """The focus to the other panel."""
        (self.panel if self.rows.has_focus else self.rows).focus()

    def action_filter(self) -> None:
        """Ask which rows to look at."""
        page = AskLine("Rows to look at", "where", self._view.where, _HINT, self._read, wide=True)
        self.app.push_screen(page, lambda where: None if where is None else self.show())

    def _read(self, text: str) -> str:
        self._view.choose(where=text.strip())
        self._theory = None
        return text

    # --- what comes later ---

    @work(exclusive=True, group="theory")
    async def _ask_theory(self) -> None:
        """Ask the theory of a curve or a map, once for each, in a thread."""
        view = self._view
        asked = (view.sweep, view.x, view.y, view.value, view.where)
        if asked == self._asked:
            return
        self._asked = asked
        study, groups, table = view.sweep.study, view.groups, view.table
        line = await in_thread(lambda: theory_line(study, groups, table))
        if not isinstance(line, Broken) and asked == self._asked:
            self._theory = line
            self.panel.show(line)

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        """Read the folder again if it has changed, and come back later."""
        began, wait = time.monotonic(), LOOKS_EVERY
        found = signature(self._folder)
        if found != self._seen:
            self._seen = found
            sweep = await in_thread(lambda: _read_again(self._folder))
            wait = max(wait, _SLOWER * (time.monotonic() - began))
            if isinstance(sweep, Sweep) and self.is_attached:
                number, line = self._view.number, self.rows.cursor
                self._view.adopt(sweep)
                self._view.go_to_number(number)
                self._theory = None
                self.show()
                self.rows.go_to(line)
        if self.is_attached:
            self.set_timer(wait, self._look)


def _read_again(folder: object) -> Sweep | None:
    """A sweep with its table read; None where there is none to read any more."""
    try:
        sweep = open_sweep(str(folder))
        sweep.table()
    except ReluflowError:
        return None
    return sweep
