"""The app: panels around one live run. It shows moments and passes keys on; it computes nothing."""

import contextlib
import math
from collections.abc import Sequence
from typing import ClassVar, Final

from rich.console import RenderableType
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Static

from reluflow.errors import ReluflowError
from reluflow.live.session import Session
from reluflow.plot.glyphs import Glyphs
from reluflow.store.last_session import LastSession
from reluflow.store.preset import Preset, typed_values
from reluflow.store.run_directory import Run
from reluflow.store.settings import Settings
from reluflow.tui.bindings import bindings
from reluflow.tui.compare import FrozenRun
from reluflow.tui.compare_keys import CompareKeys
from reluflow.tui.core import LOOKS_PER_FRAME
from reluflow.tui.foresight import Foresight
from reluflow.tui.guide_keys import GuideKeys
from reluflow.tui.layout import PANELS
from reluflow.tui.messages import KnobTurned, ParametersApplied, TimeChosen
from reluflow.tui.mishap import Mishaps
from reluflow.tui.moment import Moment
from reluflow.tui.remembering import KEEP_SECONDS, Remembering
from reluflow.tui.terminal.painting import PaintedScreen
from reluflow.tui.tool_keys import ToolKeys
from reluflow.tui.widgets.guide_card import GuideCard
from reluflow.tui.widgets.key_footer import KeyFooter
from reluflow.tui.widgets.loss_panel import LossPanel
from reluflow.tui.widgets.neuron_table import NeuronTable
from reluflow.tui.widgets.neuron_view import NeuronView
from reluflow.tui.widgets.parameter_form import ParameterForm
from reluflow.tui.widgets.status_line import StatusLine
from reluflow.tui.widgets.tab_bar import TabBar
from reluflow.tui.widgets.timeline import Timeline

#: Seconds after the first picture at which the form of parameters is filled in.
FORM_SECONDS: Final = 0.02
#: A run that takes no more seconds of solving than this is solved anew at each turn of a knob.
AT_ONCE_SECONDS: Final = 3.0


class Explorer(ToolKeys, CompareKeys, GuideKeys, Remembering, Mishaps):
    """Shows a session.

    ``greeting`` and ``complaints`` are told at once. ``last``: the session to take up, whose preset
    ``session`` runs; ``guided``: whether to begin with the tour; ``at_end``: whether to begin, paused, at the
    end of what is recorded. ``remember``: whether to keep this session for the next start. ``timer`` False
    leaves it to the caller to ``pull``, as tests do. ``left``: runs that were left behind, to be offered.
    """

    CSS_PATH = "explorer.tcss"
    TITLE = "reluflow"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = bindings()

    def __init__(
        self,
        session: Session,
        glyphs: Glyphs,
        settings: Settings | None = None,
        *,
        greeting: str | None = None,
        complaints: Sequence[str] = (),
        last: LastSession | None = None,
        at_end: bool = False,
        guided: bool = False,
        remember: bool = False,
        left: Sequence[Run] = (),
        timer: bool = True,
    ) -> None:
        super().__init__(session, glyphs, settings or Settings())
        self._greeting = greeting
        self._complaints = complaints
        self._last = last
        self._at_end = at_end
        self.guided = guided
        self._remember = remember
        self._timer = timer
        self._left = left
        self._last_note = 0
        self._in_form: Preset | None = None
        self._foresight = Foresight(
            lambda work: self.run_worker(work),  # type: ignore[arg-type]
            self._foresee,
            self.complain,
        )

    def get_default_screen(self) -> Screen[None]:
        return PaintedScreen()

    def compose(self) -> ComposeResult:
        status, timeline = StatusLine(self.glyphs, id="status"), Timeline(self.glyphs, id="timeline")
        loss, view = LossPanel(self.glyphs, id="loss"), NeuronView(self.glyphs, id="directions")
        table, form = NeuronTable(self.table, self.glyphs, id="neurons"), ParameterForm(id="parameters")
        card = GuideCard(self.glyphs, id="guide")
        # found once: a query walks through all widgets, and there are ten frames a second
        self._needed = (status, loss, view, table, timeline, card, form)
        self._showing = (status, loss, view, self.table, timeline)
        self.table.moved = view.point_at
        yield status
        yield TabBar(self.glyphs, [self.keys[f"panel_{panel}"] for panel in PANELS], id="tabs")
        with Horizontal(id="main"):
            yield form
            with Vertical(id="panels"):
                with Horizontal(id="pictures"):
                    yield loss
                    yield view
                yield table
        yield card
        yield timeline
        yield KeyFooter(self.glyphs, self.actions, id="footer")
        yield Static("", id="too-small", markup=False)

    def on_mount(self) -> None:
        self.set_class(self.glyphs.name == "ascii", "-ascii")
        self.set_keymap(dict(self.settings.keymap))
        if self.settings.theme is not None:
            self.theme = self.settings.theme
        self.begin_layout()
        if self._last is not None:
            self.take_up(self._last)
        elif self._at_end:
            self.cursor.await_time(math.inf, coming=False)
        elif self.guided:
            self.begin_guide()
        if self._remember and self._timer:
            self.set_interval(KEEP_SECONDS, self.keep)
        if self._greeting:
            self.say(self._greeting)
        for complaint in self._complaints:
            self.complain(complaint)
        if self._left:
            self.offer_left(self._left)
        if self._timer:
            self.set_interval(1.0 / (LOOKS_PER_FRAME * self.settings.fps), self.look)
            self.session.front.told = self._told
        self.call_after_refresh(self.pull)

    def exit(self, result: None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        # before the first picture there is nothing newer than what was kept
        if self._remember and self.moment is not None:
            self.keep_now()
        super().exit(result, return_code, message)

    # --- what there is to show ---

    async def watch_moment(self, old: Moment | None, moment: Moment | None) -> None:
        # a watcher may come late: when the app leaves, the panels go before it does
        if moment is None or not all(panel.is_attached for panel in self._needed):
            return
        self.adopt_branch(moment.live)
        self.take_refusal(moment.live)
        with self.batch_update():
            self._foresight.look(moment)
            for part in self._showing:
                part.show(moment)
            self.follow(moment)
            self.guide_along(moment)
        frame = moment.live
        if frame.preset is self.changes.present and frame.preset is not self._in_form:
            self._in_form = frame.preset
            if old is None:
                # on the first picture there is all but the form, which takes as long as the rest of it
                self.set_timer(FORM_SECONDS, lambda: self._open_form(frame.preset))
            else:
                await self.query_one(ParameterForm).load(frame.preset, self.saved)
        self.compare_if_awaited(moment.frame)
        if frame.note is not None and frame.note.number != self._last_note:
            self._last_note = frame.note.number
            if self.saved_as(frame):
                await self.query_one(ParameterForm).mark_saved(self.saved)

    def _told(self) -> None:
        """In the solver's thread: a new run is looked at at once, its later frames when they are due."""
        shown = self.moment
        if shown is None or shown.frame.generation != self.session.frame.generation:
            self.call_later(self.look)

    async def _open_form(self, preset: Preset) -> None:
        for form in self.query(ParameterForm):
            await form.load(preset, self.saved)
        self.session.front.open()

    def _foresee(self) -> None:
        """Hand what the theory says to the panels that show it."""
        seen = self._foresight.seen
        for loss in self.query(LossPanel):
            loss.foresee(seen)
        for view in self.query(NeuronView):
            view.foresee(seen)

    def watch_frozen(self, runs: tuple[FrozenRun, ...]) -> None:
        for panel in self.query(LossPanel):
            panel.show_frozen(runs, self.origins)

    # --- keys ---

    def action_redraw(self) -> None:
        """Draw everything anew, whatever something else has written on the terminal."""
        self.repaint()

    def action_log_time(self) -> None:
        self.query_one(LossPanel).next_time()

    def action_scale(self) -> None:
        self.query_one(LossPanel).next_scale()

    def action_theory(self) -> None:
        self.query_one(LossPanel).toggle_theory()

    def action_view(self) -> None:
        self.query_one(NeuronView).next_view()

    # --- what widgets say ---

    def on_time_chosen(self, event: TimeChosen) -> None:
        self.transport.go_to(event.t)

    def on_parameters_applied(self, event: ParametersApplied) -> None:
        try:
            self.start(self.changes.present.with_values(typed_values(event.changes)))
        except ReluflowError as error:
            self.complain(error)

    def on_knob_turned(self, event: KnobTurned) -> None:
        """Solve anew at once if the run takes no time; else the number waits in its field for enter."""
        if self.session.frame.wall_seconds <= AT_ONCE_SECONDS:
            with contextlib.suppress(ReluflowError):
                self.start(self.changes.present.with_values(event.changes), keep_place=True)
