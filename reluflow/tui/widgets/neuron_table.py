"""The neurons one by one."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from reluflow.flow.base import State
from reluflow.observe.neurons import describe
from reluflow.plot.cells import Row
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.table import header_row, neuron_row
from reluflow.tui.messages import CursorMoved
from reluflow.tui.moment import Moment
from reluflow.tui.widgets.frame_panel import FramePanel
from reluflow.tui.widgets.rows_panel import heading


class NeuronTable(FramePanel):
    """A table that computes and draws the visible rows only: its cost does not grow with the network."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("K", "jump(False)", show=False),
        Binding("J", "jump(True)", show=False),
    ]

    #: rows above the neurons: the heading and the heads of the columns
    TOP: ClassVar = 2

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self.cursor = 0
        self._first = 0
        self._moment: Moment | None = None

    def show(self, moment: Moment) -> None:
        """Draw the state of a newer moment; the cursor stays on its neuron if there is one of that number."""
        before, self._moment = self._moment, moment
        if before is None or before.state is not moment.state:
            self._go(self.cursor)
            self.redraw()

    @property
    def width_of_network(self) -> int:
        """Number of neurons in the state on screen."""
        state = self._moment.state if self._moment else None
        return 0 if state is None else int(state.output_weights.size)

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        moment = self._moment
        problem = moment.frame.problem if moment else None
        if moment is None or moment.state is None or problem is None:
            return [heading("neurons", "", width, self.glyphs)]
        m = self.width_of_network
        rows = max(height - self.TOP, 0)
        self._first = min(max(self._first, self.cursor - rows + 1, 0), self.cursor)
        last = min(self._first + rows, m)
        part = slice(self._first, last)
        state = moment.state
        shown = State(state.t, state.weights[part], state.output_weights[part])
        table = describe(shown, problem)
        head = header_row(m - 1, problem.samples, table.angle_meaning, width)
        place = f"{self._first}-{last - 1} of {m}" if last - self._first < m else f"all {m}"
        lines = [
            neuron_row(table, i, self._first + i, m - 1, width, self.glyphs, self._first + i == self.cursor)
            for i in range(last - self._first)
        ]
        return [heading("neurons", place, width, self.glyphs), head, *lines]

    def action_move(self, by: int) -> None:
        self._move_to(self.cursor + by)

    def action_page(self, by: int) -> None:
        self._move_to(self.cursor + by * max(self.size.height - self.TOP - 1, 1))

    def action_jump(self, to_end: bool) -> None:
        self._move_to(self.width_of_network - 1 if to_end else 0)

    def on_click(self, event: events.Click) -> None:
        if event.y >= self.TOP:
            self._move_to(self._first + event.y - self.TOP)

    def on_mouse_scroll_down(self) -> None:
        self.action_move(3)

    def on_mouse_scroll_up(self) -> None:
        self.action_move(-3)

    def _move_to(self, neuron: int) -> None:
        if self._go(neuron):
            self.redraw()

    def _go(self, neuron: int) -> bool:
        """Put the cursor on a neuron, or the nearest there is; whether that is another than before."""
        neuron = max(min(neuron, self.width_of_network - 1), 0)
        moved = neuron != self.cursor
        self.cursor = neuron
        if moved:
            self.post_message(CursorMoved(neuron))
        return moved
