"""The app: panels around one live run. It shows frames and passes keys on; it computes nothing."""

import asyncio
import contextlib
import math
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from textual import events
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.reactive import reactive
from textual.widgets import Static

from reluflow.errors import ReluflowError
from reluflow.plot.axes import short
from reluflow.plot.glyphs import Glyphs
from reluflow.session import SPEEDS, Frame, Session
from reluflow.store.preset import Preset, load_preset
from reluflow.tui.bindings import bindings
from reluflow.tui.farewell import Farewell
from reluflow.tui.messages import CursorMoved, ParametersApplied, ParametersLeft
from reluflow.tui.screens.help_page import HelpPage
from reluflow.tui.screens.preset_list import PresetList
from reluflow.tui.screens.question import QuitQuestion
from reluflow.tui.screens.save_preset import SavePreset, SaveRequest
from reluflow.tui.widgets.key_footer import KeyFooter
from reluflow.tui.widgets.loss_panel import LossPanel
from reluflow.tui.widgets.neuron_table import NeuronTable
from reluflow.tui.widgets.neuron_view import NeuronView
from reluflow.tui.widgets.parameter_form import ParameterForm
from reluflow.tui.widgets.status_line import StatusLine

FRAMES_PER_SECOND: Final = 10
#: the least room in which the panels say anything
LEAST_SIZE: Final = (60, 20)
#: from this width on the parameters are shown from the start
WIDE: Final = 120
_OVER: Final = ("converged", "stationary", "time", "steps", "wall", "interrupted", "failed")


class Explorer(App[None]):
    """Shows a session. ``timer`` False leaves it to the caller to ``pull`` frames, as tests do."""

    CSS_PATH = "explorer.tcss"
    TITLE = "reluflow"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = bindings()

    frame: reactive[Frame | None] = reactive(None)

    def __init__(
        self,
        session: Session,
        glyphs: Glyphs,
        *,
        greeting: str | None = None,
        timer: bool = True,
        signals: bool = False,
    ) -> None:
        super().__init__()
        self.session = session
        self.glyphs = glyphs
        self._greeting = greeting
        self._timer = timer
        self._signals = signals
        self._saved: Mapping[str, Any] = session.frame.preset.values
        self._saving_as: str | None = None
        self._form_wanted: bool | None = None
        self._last_note = 0
        self._exit_when_saved = False

    def compose(self) -> ComposeResult:
        yield StatusLine(self.glyphs, id="status")
        with Horizontal(id="main"):
            yield ParameterForm(id="parameters")
            with Vertical(id="panels"):
                with Horizontal(id="pictures"):
                    yield LossPanel(self.glyphs, id="loss")
                    yield NeuronView(self.glyphs, id="directions")
                yield NeuronTable(self.glyphs, id="neurons")
        yield KeyFooter(self.glyphs, id="footer")
        yield Static("", id="too-small", markup=False)

    def on_mount(self) -> None:
        self.set_class(self.glyphs.name == "ascii", "-ascii")
        self.query_one(NeuronTable).focus()
        if self._signals:
            loop = asyncio.get_running_loop()
            Farewell(self.session, lambda code: _leave(loop, self, code)).install()
        if self._greeting:
            self.notify(self._greeting, markup=False)
        if self._timer:
            self.set_interval(1.0 / FRAMES_PER_SECOND, self.pull)
        self.session.play()
        self.call_after_refresh(self.pull)

    # --- frames ---

    def pull(self) -> None:
        """Show the session's newest frame if it is not on screen yet."""
        newest = self.session.frame
        if self.frame is None or newest.number != self.frame.number:
            self.frame = newest

    async def watch_frame(self, old: Frame | None, frame: Frame | None) -> None:
        if frame is None:
            return
        with self.batch_update():
            self.query_one(StatusLine).show(frame, self.session.speed)
            self.query_one(LossPanel).show(frame)
            self.query_one(NeuronView).show(frame)
            self.query_one(NeuronTable).show(frame)
        if old is None or old.preset is not frame.preset:
            await self.query_one(ParameterForm).load(frame.preset, self._saved)
        if frame.note is not None and frame.note.number != self._last_note:
            self._last_note = frame.note.number
            await self._tell(frame)

    async def _tell(self, frame: Frame) -> None:
        """Say how a save went, and do what waited for it."""
        assert frame.note is not None
        severity = "error" if frame.note.failed else "information"
        self.notify(frame.note.text, severity=severity, markup=False)  # type: ignore[arg-type]
        if self._saving_as is not None:
            self._saving_as = None
            if not frame.note.failed:
                self._saved = frame.preset.values
                await self.query_one(ParameterForm).mark_saved(self._saved)
        elif self._exit_when_saved:
            self._exit_when_saved = False
            if not frame.note.failed:
                self.exit()

    # --- layout ---

    def on_resize(self, event: events.Resize) -> None:
        width, height = event.size
        least_width, least_height = LEAST_SIZE
        small = width < least_width or height < least_height
        self.screen_stack[0].set_class(small, "-too-small")
        self.query_one("#too-small", Static).update(
            f"needs at least {least_width} x {least_height}, found {width} x {height}"
        )
        self._fold(width)

    def _fold(self, width: int) -> None:
        """Show the parameters if they were asked for, or unasked where there is room."""
        shown = self._form_wanted if self._form_wanted is not None else width >= WIDE
        base = self.screen_stack[0]
        base.set_class(shown, "-parameters")
        base.set_class(width < WIDE, "-narrow")

    # --- keys ---

    def action_play(self) -> None:
        if self.session.frame.status in _OVER:
            self.notify("the run is over; r starts it again", markup=False)
            return
        self.session.toggle()
        self.pull()

    def action_step(self) -> None:
        self.session.step()
        self.pull()

    def action_reset(self) -> None:
        self.session.reset()
        self.pull()

    def action_speed(self, by: int) -> None:
        nearest = min(range(len(SPEEDS)), key=lambda i: _gap(SPEEDS[i], self.session.speed))
        self.session.set_speed(SPEEDS[min(max(nearest + by, 0), len(SPEEDS) - 1)])
        if self.frame is not None:
            self.query_one(StatusLine).show(self.frame, self.session.speed)

    def action_log_time(self) -> None:
        self.query_one(LossPanel).toggle_log_time()

    def action_parameters(self) -> None:
        """Go to the parameters, unfolding them first; from among them, fold them away."""
        if self._in_parameters():
            self._form_wanted = False
            self.query_one(NeuronTable).focus()
        else:
            self._form_wanted = True
            self.call_after_refresh(self.query_one(ParameterForm).focus_first)
        self._fold(self.size.width)

    def action_open(self) -> None:
        self.push_screen(PresetList(), self._open)

    def _open(self, name: str | None) -> None:
        if name is None:
            return
        try:
            preset = load_preset(name)
        except ReluflowError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self._saved = preset.values
        self._start(preset)

    def action_save(self) -> None:
        frame = self.session.frame
        self.push_screen(SavePreset(_own_name(frame.preset), f"t = {short(frame.t)}"), self._save)

    def _save(self, request: SaveRequest | None) -> None:
        if request is not None:
            self._saving_as = request.name
            self.session.save_preset(request.name, request.with_state, request.overwrite)

    def action_write(self) -> None:
        self.session.save_run()

    def action_help(self) -> None:
        self.push_screen(HelpPage(self.glyphs))

    async def action_quit(self) -> None:
        self.session.pause()
        self.pull()
        if self.session.frame.unsaved:
            self.push_screen(QuitQuestion(), self._quit)
        else:
            self.exit()

    def _quit(self, answer: str | None) -> None:
        if answer == "leave":
            self.exit()
        elif answer == "save":
            self._exit_when_saved = True
            self.session.save_run()

    # --- what widgets say ---

    def on_cursor_moved(self, event: CursorMoved) -> None:
        self.query_one(NeuronView).point_at(event.neuron)

    def on_parameters_applied(self, event: ParametersApplied) -> None:
        preset = self.session.frame.preset
        try:
            self._start(preset.with_values(event.changes))
        except ReluflowError as error:
            self.notify(str(error), severity="error", markup=False)

    def on_parameters_left(self, event: ParametersLeft) -> None:
        self.query_one(NeuronTable).focus()
        if self.size.width < WIDE:
            self._form_wanted = None
            self._fold(self.size.width)

    def on_descendant_focus(self) -> None:
        self._hint()

    def on_descendant_blur(self) -> None:
        self._hint()

    def _hint(self) -> None:
        for footer in self.screen_stack[0].query(KeyFooter):
            footer.set_editing(self._in_parameters())

    def _in_parameters(self) -> bool:
        focused = self.focused
        return focused is not None and any(isinstance(a, ParameterForm) for a in focused.ancestors)

    def _start(self, preset: Preset) -> None:
        self.session.change(preset)
        self.pull()


def _leave(loop: asyncio.AbstractEventLoop, app: Explorer, code: int) -> None:
    """Have the app exit; may be called from any thread, also when the app has gone already."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(lambda: app.exit(return_code=code))


def _gap(one: float, other: float) -> float:
    """Distance of two speeds by their logarithms; two infinities are the same."""
    return 0.0 if one == other else abs(math.log(min(one, 1e6)) - math.log(min(other, 1e6)))


def _own_name(preset: Preset) -> str:
    """A name to start from: shipped presets cannot be saved over."""
    return preset.name if preset.name.startswith("my-") else f"my-{preset.name}"
