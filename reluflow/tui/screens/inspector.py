"""The page about one neuron, laid over the panels."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from reluflow.frame import Frame
from reluflow.observe.inspection import drift_of, inspect, record_of
from reluflow.plot.axes import short
from reluflow.plot.cells import Row, Segment
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.views.neuron_page import Facts, head_rows, sample_row
from reluflow.tui.widgets.page import Page
from reluflow.tui.widgets.rows_panel import heading


class NeuronPage(Page):
    """The page of one neuron. Only the lines on screen are made: there may be very many samples."""

    def __init__(self, frame: Frame, t: float, neuron: int, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self._frame, self._t = frame, t
        self.neuron = self._nearest(neuron)
        self._facts: Facts | None = None

    def show(self, frame: Frame, t: float) -> None:
        """Draw another frame, or another time of it."""
        if frame is self._frame and t == self._t:
            return
        self._frame, self._t, self._facts = frame, t, None
        self.neuron = self._nearest(self.neuron)
        self.redraw()

    def next_neuron(self, by: int) -> None:
        """Go to another neuron, staying at the same lines of the page."""
        neuron = self._nearest(self.neuron + by)
        if neuron != self.neuron:
            self.neuron, self._facts = neuron, None
            self.redraw()

    def _nearest(self, neuron: int) -> int:
        problem = self._frame.problem
        return min(max(neuron, 0), problem.width - 1) if problem is not None else 0

    def _gather(self) -> Facts | None:
        """The facts about the neuron, once for each neuron and moment."""
        history, problem = self._frame.history, self._frame.problem
        if self._facts is None and history is not None and problem is not None:
            state = history.state_at(self._t)
            self._facts = Facts(
                inspect(state, problem, self.neuron),
                record_of(history, problem, self.neuron),
                state.t,
                drift_of(history, self._t, self.neuron),
                problem.speed,
                problem.targets,
            )
        return self._facts

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        facts = self._gather()
        hints = "up/down neuron  pgup/pgdn scroll  esc leaves"
        if facts is None:
            top = heading("neuron", hints, width, self.glyphs)
            return [top, [Segment(" there is no run to look at yet", "dim")]]
        title = f"neuron {self.neuron} at t = {short(facts.t)}"
        head = head_rows(facts, width, self.glyphs)
        lines = [
            head[row] if row < len(head) else sample_row(facts, row - len(head), width, self.glyphs)
            for row in self.in_view(len(head) + facts.samples, height)
        ]
        return [heading(title, hints, width, self.glyphs), *lines]


class Inspector(ModalScreen[int]):
    """Shows a neuron of a run at a time; returns the number of the one looked at last."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "leave", show=False),
        Binding("up", "neuron(-1)", show=False),
        Binding("down", "neuron(1)", show=False),
    ]
    DEFAULT_CSS = """
    Inspector NeuronPage { width: 100%; height: 100%; padding: 0 1; background: $background; }
    """

    def __init__(self, frame: Frame, t: float, neuron: int, glyphs: Glyphs) -> None:
        super().__init__()
        self._page = NeuronPage(frame, t, neuron, glyphs)

    def compose(self) -> ComposeResult:
        yield self._page

    def on_mount(self) -> None:
        self._page.focus()

    def show(self, frame: Frame, t: float) -> None:
        """Follow the run: draw another frame, or another time of it."""
        self._page.show(frame, t)

    def action_neuron(self, by: int) -> None:
        self._page.next_neuron(by)

    def action_leave(self) -> None:
        self.dismiss(self._page.neuron)
