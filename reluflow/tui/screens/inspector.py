"""The inspector shows pages about one neuron, sample, plateau or event."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from reluflow.live.frame import Frame
from reluflow.plot.cells import Row, Segment
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.phases import Plateau
from reluflow.plot.views.facts import Sheet
from reluflow.plot.views.plateau_page import Judgement
from reluflow.tui.background import Broken, in_thread
from reluflow.tui.drawings import Drawing, of_run, usual
from reluflow.tui.page_source import KINDS, Kind, PageSource, judge
from reluflow.tui.panel_keys import bindings_of
from reluflow.tui.screens.dialogue import FullPage
from reluflow.tui.widgets.page import Page
from reluflow.tui.widgets.rows_panel import heading_with_keys

_KEYS: Final = "esc leaves  up/down next  tab other kind  g go there"


class InspectorPage(Page):
    """One page. Only the lines on screen are made: there may be very many below the head."""

    def __init__(self, source: PageSource, kind: Kind, neuron: int, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self.kind: Kind = kind
        self._source = source
        self._numbers: dict[Kind, int] = {"neuron": neuron, "sample": 0}
        self._sheet: tuple[int, Sheet | str] | None = None
        #: what the theory says of a plateau, and of which one it was asked
        self._judgement: Judgement | None = None
        self._asked: tuple[int, int, float] | None = None

    @property
    def number(self) -> int:
        """Which one of its kind is shown."""
        chosen = self._numbers.get(self.kind, self._source.nearest(self.kind))
        return min(max(chosen, 0), max(self._source.count(self.kind) - 1, 0))

    @property
    def neuron(self) -> int:
        """The neuron looked at last."""
        return min(max(self._numbers["neuron"], 0), max(self._source.count("neuron") - 1, 0))

    @property
    def time(self) -> float | None:
        """When the plateau or the event shown is, None for what is always there."""
        return self._source.time_of(self.kind, self.number)

    def drawing(self) -> Drawing | None:
        """All neurons over time, or the loss with a cursor at what is shown."""
        frame, time = self._source.frame, self.time
        if self.kind == "neuron":
            return of_run("neurons", frame, usual([frame.preset]))
        at = self._source.t if time is None else time
        return of_run("loss", frame, replace(usual([frame.preset]), at=at))

    def show(self, source: PageSource) -> None:
        """Draw another frame, or another time of it."""
        if source.same(self._source):
            return
        self._source = source
        self._anew()

    def go(self, by: int) -> None:
        """To another of the same kind, staying at the same lines of the page."""
        before = self.number
        self._numbers[self.kind] = before + by
        if self.number != before:
            self._follow()
            self._anew()
        self._numbers[self.kind] = self.number

    def turn(self, by: int) -> None:
        """To another kind."""
        self._follow()
        self.kind = KINDS[(KINDS.index(self.kind) + by) % len(KINDS)]
        self._first = 0
        self._anew()

    def _follow(self) -> None:
        """Other pages are then about the neuron and the sample of the event shown here."""
        pair = self._source.pair(self.number) if self.kind == "event" else None
        if pair is not None:
            self._numbers["neuron"], self._numbers["sample"] = pair[0], max(pair[1], 0)

    def _anew(self) -> None:
        self._sheet = None
        self._ask()
        self.redraw()

    def on_mount(self) -> None:
        self._ask()

    def _ask(self) -> None:
        """Have the theory judge a plateau, in a thread: that may take a while."""
        source, number = self._source, self.number
        if self.kind != "plateau" or source.count("plateau") == 0:
            return
        key = (source.frame.generation, number, source.state_on(number).t)
        if key != self._asked:
            self._asked, self._judgement = key, None
            self.run_worker(partial(self._judge, source, number), exclusive=True)  # type: ignore[arg-type]

    async def _judge(self, source: PageSource, number: int) -> None:
        found = await in_thread(lambda: judge(source, number))
        if isinstance(found, Broken):
            found = Judgement(None, None, f"breaks down: {found.sentence}")
        self._judgement = found
        self._sheet = None
        self.redraw()

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        held = self._sheet
        if held is None or held[0] != width:
            made = self._source.sheet(self.kind, self.number, self._judgement, width, self.glyphs)
            held = self._sheet = width, made
        sheet = held[1]
        if isinstance(sheet, str):
            top = heading_with_keys(self.kind, _KEYS, width, self.glyphs)
            return [*top, [Segment(f" {sheet}", "dim")]]
        top, head = heading_with_keys(sheet.title, _KEYS, width, self.glyphs), sheet.head
        lines = [
            head[row] if row < len(head) else sheet.line(row - len(head))
            for row in self.in_view(len(head) + sheet.count, height - len(top))
        ]
        return [*top, *lines]


@dataclass(frozen=True)
class InspectorResult:
    """The neuron that was inspected last, and a time to go to, if any."""

    neuron: int
    t: float | None = None


class Inspector(FullPage[InspectorResult]):
    """Shows one thing of a run at a time."""

    topic = "looking closely"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,i", "leave", show=False),
        *bindings_of("Inspector"),
    ]
    DEFAULT_CSS = """
    Inspector InspectorPage { width: 100%; height: 100%; padding: 0 1; background: $background; }
    """

    def __init__(
        self,
        frame: Frame,
        t: float,
        neuron: int,
        glyphs: Glyphs,
        plateaus: Sequence[Plateau] = (),
        kind: Kind = "neuron",
    ) -> None:
        super().__init__()
        self.page = InspectorPage(PageSource(frame, t, plateaus), kind, neuron, glyphs)

    def compose(self) -> ComposeResult:
        yield self.page

    def on_mount(self) -> None:
        self.page.focus()

    def drawing(self) -> Drawing | None:
        return self.page.drawing()

    def show(self, frame: Frame, t: float, plateaus: Sequence[Plateau] = ()) -> None:
        """Follow the run: draw another frame, or another time of it."""
        self.page.show(PageSource(frame, t, plateaus))

    @property
    def neuron(self) -> int:
        """The neuron looked at last."""
        return self.page.neuron

    def action_go(self, by: int) -> None:
        self.page.go(by)

    def action_turn(self, by: int) -> None:
        self.page.turn(by)

    def action_leave(self) -> None:
        self.dismiss(InspectorResult(self.page.neuron))

    def action_go_there(self) -> None:
        """To the time of the plateau or event, and back to the panels."""
        self.dismiss(InspectorResult(self.page.neuron, self.page.time))
