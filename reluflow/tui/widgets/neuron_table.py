"""The panel of the table of neurons."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual import events
from textual.binding import BindingType

from reluflow.plot.axes import short
from reluflow.plot.cells import Row, Segment
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.table import Layout, Line, header_row, neuron_row
from reluflow.tui.controllers.table import Table
from reluflow.tui.panel_keys import bindings_of
from reluflow.tui.widgets.frame_panel import FramePanel
from reluflow.tui.widgets.rows_panel import heading


class NeuronTable(FramePanel):
    """Draws the visible lines of a ``Table`` only: its cost does not grow with the network.

    All neurons are looked at where the order depends on them, and then column by column.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("NeuronTable")

    #: rows above the neurons: the heading and the heads of the columns
    TOP: ClassVar = 2

    def __init__(self, table: Table, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self._table = table
        table.changed = self.redraw
        self._first = 0
        self._arrangement = 0

    def choices(self) -> dict[str, Any]:
        return self._table.choices()

    def adopt(self, choices: Mapping[str, Any]) -> None:
        self._table.adopt(choices)

    # --- drawing ---

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        table, roster = self._table, self._table.roster
        if roster is None:
            return [heading("neurons", "", width, self.glyphs)]
        last = self._scroll(max(height - self.TOP, 0))
        numbers = table.numbers(self._first, last)
        layout = Layout.of(roster.width, roster.problem.samples, width)
        columns = roster.some(numbers, growth=table.measures_all and "growth" in layout.columns)
        lines = [
            neuron_row(
                columns,
                Line(i, number, self._group(number, layout), number == table.cursor),
                layout,
                self.glyphs,
            )
            for i, number in enumerate(int(number) for number in numbers)
        ]
        # another reference than the usual one is told above, where there is room at any width
        usual = columns.angle_meaning if table.reference.kind == "usual" else ""
        samples, decays = roster.problem.samples, roster.problem.weight_decay > 0.0
        head = header_row(layout, table.sorting, samples, usual, self.glyphs, decays)
        top = heading("neurons", self._detail(last, columns.angle_meaning), width, self.glyphs)
        if not lines:
            lines = [[Segment(f" no neuron is {table.choice.text}; / chooses others", "dim")]]
        return [top, head, *lines]

    def _scroll(self, room: int) -> int:
        """Bring the cursor among ``room`` lines; the line past the last one shown."""
        table = self._table
        if table.arrangements != self._arrangement:
            self._arrangement, self._first = table.arrangements, 0
        line = table.line_of(table.cursor)
        self._first = min(max(self._first, line - room + 1, 0), line, max(table.count - room, 0))
        return min(self._first + room, table.count)

    def _group(self, number: int, layout: Layout) -> str:
        """12 neurons, where they are grouped; else the number of the cluster and how many are in it."""
        table, roster = self._table, self._table.roster
        if roster is None or "group" not in layout.columns or not table.measures_all:
            return ""
        cluster = int(roster.clusters.of[number])
        if cluster < 0:
            return "-"
        size = int(roster.clusters.size[cluster])
        if table.grouped:
            return f"{size} neuron{'s' if size > 1 else ''}"
        return f"{cluster + 1} ({size})" if size > 1 else "alone"

    def _detail(self, last: int, meaning: str) -> str:
        table = self._table
        words = [table.choice.text] if table.choice.tests else []
        if table.grouped:
            words.append("a line a group")
        if table.reference.kind != "usual":
            words.append(f"angle {meaning}")
        if table.roster is not None and table.sorted_at not in (None, table.roster.state.t):
            words.append(f"order of t = {short(table.sorted_at or 0.0)}")
        whole = (
            f"{table.count}" if table.count == table.width else f"{table.count} (of {table.width} neurons)"
        )
        shown = last - self._first
        place = f"all {whole}" if shown == table.count else f"{self._first + 1}-{last} of {whole}"
        return ", ".join([*words, place])

    # --- the cursor ---

    def action_move(self, by: int) -> None:
        self._table.move(by)

    def action_page(self, by: int) -> None:
        self._table.move(by * max(self.size.height - self.TOP - 1, 1))

    def action_end(self, last: bool) -> None:
        self._table.go_to_end(last)

    def on_click(self, event: events.Click) -> None:
        line = self._first + event.y - self.TOP
        if event.y >= self.TOP and line < self._table.count:
            self._table.go_to(self._table.neuron_on(line))

    def on_mouse_scroll_down(self) -> None:
        self._table.move(3)

    def on_mouse_scroll_up(self) -> None:
        self._table.move(-3)
