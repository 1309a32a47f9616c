"""The app, composed of the parts that answer its user, around one live run."""

import math
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from inspect import isawaitable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from rich.console import RenderableType
from textual.binding import BindingType
from textual.reactive import var
from textual.screen import Screen

from reluflow.errors import ReluflowError, escaped, sentence
from reluflow.live.frame import Frame
from reluflow.live.session import Session
from reluflow.plot.glyphs import Glyphs
from reluflow.store.last_session import LastSession
from reluflow.store.preset import Preset
from reluflow.store.run_directory import Run
from reluflow.store.settings import Settings
from reluflow.tui.actions import BY_ID
from reluflow.tui.bindings import bindings, rebound
from reluflow.tui.controllers.circles import Circles
from reluflow.tui.controllers.closeups import CloseUps
from reluflow.tui.controllers.comparison import Comparison
from reluflow.tui.controllers.copying import Copying
from reluflow.tui.controllers.folders import Folders
from reluflow.tui.controllers.layout import Layout
from reluflow.tui.controllers.opening import Opening
from reluflow.tui.controllers.pages import Pages
from reluflow.tui.controllers.parameters import Parameters
from reluflow.tui.controllers.persistence import KEEP_SECONDS, Persistence
from reluflow.tui.controllers.refresh import LOOKS_PER_FRAME, Refresh
from reluflow.tui.controllers.saving import Saving
from reluflow.tui.controllers.table import Table
from reluflow.tui.controllers.theory import Theory
from reluflow.tui.controllers.tour import Tour
from reluflow.tui.controllers.transport import Transport
from reluflow.tui.crash import crash_message
from reluflow.tui.cursor import Cursor
from reluflow.tui.drawings import Drawing
from reluflow.tui.export import save_screenshot
from reluflow.tui.listening import Listening
from reluflow.tui.moment import Moment
from reluflow.tui.screens.dialogue import FullPage
from reluflow.tui.screens.main_screen import MainScreen
from reluflow.tui.terminal.app import TerminalApp
from reluflow.tui.terminal.passing import tell_in_passing
from reluflow.tui.widgets.rows_panel import ROLE_CLASSES

if TYPE_CHECKING:
    from reluflow.store.run_folder import RunFolder
    from reluflow.sweep.opening import Sweep

_Answer = TypeVar("_Answer")

#: Seconds after the first picture at which the form of parameters is filled in.
FORM_SECONDS: Final = 0.02


class Explorer(Listening, TerminalApp):
    """Shows a session.

    ``complaints`` are told at once, and so is ``greeting``, which of a run waits until that is there.
    ``last``: the session to take up, whose preset ``session`` runs; ``guided``: whether to begin with the
    tour; ``at_end``: whether to begin, paused, at the end of a run that is opened. ``remember``: whether to
    keep this session for the next start. ``timer`` False leaves it to the caller to ``pull``, as tests do.
    ``left``: runs that were left behind, to be offered. ``shown``: a folder to be shown at once.
    """

    CSS_PATH = "explorer.tcss"
    TITLE = "reluflow"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = bindings()
    COMPONENT_CLASSES: ClassVar[set[str]] = set(ROLE_CLASSES)

    # a var, because a reactive of the app repaints the whole screen
    moment: var[Moment | None] = var(None)

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
        shown: "Sweep | RunFolder | None" = None,
        timer: bool = True,
    ) -> None:
        super().__init__()
        self.session, self.glyphs, self.settings = session, glyphs, settings or Settings()
        self._greeting, self._complaints = greeting, complaints
        self._last, self._at_end, self._guided, self._left = last, at_end, guided, left
        self._shown, self._remember, self._timer = shown, remember, timer
        #: the preset that the form shows, and how often one was turned back to by then
        self._in_form: tuple[Preset | None, int] = (None, 0)
        self._compose_parts()
        self._connect()

    def _compose_parts(self) -> None:
        session, actions = self.session, rebound(self.settings.keymap)
        self.cursor = cursor = Cursor(session.frame)
        self.refresher = Refresh(self.settings.fps, cursor, time.monotonic, time.thread_time)
        self.transport = Transport(session, cursor, self)
        self.table = Table(self)
        self.main = MainScreen(self.glyphs, actions, self.table)
        self.layout = Layout(self.main, self)
        self.parameters = parameters = Parameters(session, cursor, self)
        self.comparison = Comparison(session, cursor, parameters, self)
        self.opening = Opening(cursor, parameters, self, self.glyphs)
        self.folders = Folders(parameters, self.opening, self, self.glyphs)
        self.circles = Circles(self)
        self.saving = Saving(session, cursor, parameters, self, self.exit)
        keys = {action.id: action.shown for action in actions}
        self.tour = Tour(cursor, parameters, self.comparison, self.opening, keys, self)
        self.theory, self.closeups = Theory(self), CloseUps(self)
        self.pages = Pages(
            cursor, self.transport, self.table, self.layout, self.glyphs, actions, self, self.action_do
        )
        screenshot = partial(save_screenshot, self)
        self.copying = Copying(
            cursor,
            parameters,
            self.table,
            self,
            self.copy_to_clipboard,
            screenshot,
            lambda: _drawing_on(self.screen),
        )
        kept = (self.comparison, self.table, self.tour, self.layout, self.main)
        self.persistence = Persistence(session, cursor, parameters, *kept, self)

    def _connect(self) -> None:
        """Let the panels follow the parts that own what they show."""
        main = self.main
        main.focused_panel = self.layout.follow_focus
        self.table.moved = main.view.point_at
        self.circles.chosen = main.view.draw_circle
        self.tour.changed = main.card.show
        self.theory.changed = main.show_theory
        self.closeups.changed = main.loss.show_closeup
        main.loss.wants = self.closeups.look_at
        compared = self.comparison
        compared.changed = lambda: main.loss.show_frozen(compared.frozen, self.parameters.origins)

    def get_default_screen(self) -> Screen[None]:
        return self.main

    def on_mount(self) -> None:
        self.set_class(self.glyphs.name == "ascii", "-ascii")
        self.set_keymap(dict(self.settings.keymap))
        if self.settings.theme is not None:
            self.theme = self.settings.theme
        self.layout.begin(self.size)
        if self._last is not None:
            self.persistence.restore(self._last)
        elif self._at_end:
            self.cursor.await_time(math.inf, coming=False)
        elif self._guided:
            self.tour.begin()
        if self._remember and self._timer:
            self.set_interval(KEEP_SECONDS, self.persistence.keep)
        if self._greeting:
            self.opening.greet(self._greeting, of_run=self._at_end)
        for complaint in self._complaints:
            self.complain(complaint)
        if self._shown is not None:
            self.folders.show(self._shown)
        if self._left:
            self.opening.offer(self._left)
        if self._timer:
            self.set_interval(1.0 / (LOOKS_PER_FRAME * self.settings.fps), self.look)
            self.session.front.on_frame = self.note_frame
        self.call_after_refresh(self.pull)

    def exit(self, result: None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        # before the first picture there is nothing newer than what was kept
        if self._remember and self.moment is not None:
            self.persistence.keep_now()
        super().exit(result, return_code, message)

    def last_words(self, error: BaseException) -> str:
        return crash_message(error, self.session)

    # --- what there is to show ---

    def pull(self, seconds: float = 0.0, overdue: bool = False) -> None:
        """Go on by so much time and show the session's newest frame, if anything changed.

        ``overdue``: to show a new run also if it has hardly begun.
        """
        self.refresher.begin()
        self.moment = self.cursor.take(self.session.frame, seconds, overdue)

    def look(self) -> None:
        """Pull if it is time for a frame, unless the terminal has not caught up with those before."""
        due = None if self.pacer.congested else self.refresher.due(self.session.frame)
        if due is not None:
            self.pull(*due)

    def note_frame(self) -> None:
        """In the solver's thread: a new run is looked at at once, its later frames when they are due."""
        shown = self.moment
        if shown is None or shown.frame.generation != self.session.frame.generation:
            self.call_later(self.look)

    async def watch_moment(self, old: Moment | None, moment: Moment | None) -> None:
        # a watcher may come late: when the app leaves, the panels go before it does
        if moment is None or not self.main.is_whole:
            return
        self.parameters.follow(moment.live)
        self.opening.follow(moment.live)
        with self.batch_update():
            self.theory.follow(moment)
            self.main.show(moment, self.theory.marks)
            self.closeups.follow(moment)
            self.pages.follow(moment)
            self.tour.follow(moment)
        await self._show_parameters(moment.live, first=old is None)
        self.comparison.follow(moment.frame)
        if self.saving.follow(moment.live):
            await self.main.form.mark_saved(self.parameters.saved)

    async def _show_parameters(self, live: Frame, first: bool) -> None:
        """Fill in the form for another preset; on the first picture a moment later, as it takes as long."""
        preset, turns, (known, then) = live.preset, self.parameters.turns, self._in_form
        if preset is not self.parameters.present or (preset is known and turns == then):
            return
        self._in_form = preset, turns

        async def open_form() -> None:
            if self.main.form.is_attached:
                await self.main.form.load(preset, self.parameters.saved)
            self.session.front.open()

        if first:
            self.set_timer(FORM_SECONDS, open_form)
        else:
            await self.main.form.load(preset, self.parameters.saved)

    # --- what the parts ask of the app ---

    @property
    def screens(self) -> Sequence[Screen[Any]]:
        """The screen of the panels and what is laid over it, the topmost last."""
        return self.screen_stack

    def ask(self, screen: Screen[_Answer], answered: Callable[[_Answer | None], Any]) -> None:
        """Lay a page or a question over the panels; ``answered`` is called with what it returns."""
        self.push_screen(screen, answered)

    def in_background(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have something awaited beside everything else."""
        # without a description Textual makes one of all arrays that the work is about
        self.run_worker(work, description="beside the run")  # type: ignore[arg-type]

    def say(self, text: str) -> None:
        """Tell the user something."""
        tell_in_passing(self, escaped(text))

    def complain(self, error: ReluflowError | OSError | str) -> None:
        """Tell the user what went wrong."""
        text = sentence(error) if isinstance(error, Exception) else error
        tell_in_passing(self, escaped(text), severity="error")

    # --- keys ---

    async def action_do(self, id: str) -> None:
        """Have an action of the registry carried out."""
        method, arguments = self.answer_to(id)
        if isawaitable(done := method(*arguments)):
            await done

    def answer_to(self, id: str) -> tuple[Callable[..., object], tuple[Any, ...]]:
        """The method of the part of the app that answers an action, and its arguments."""
        part, name, arguments = BY_ID[id].answer
        return getattr(attrgetter(part)(self) if part else self, name), arguments

    async def action_quit(self) -> None:
        self.saving.quit()

    def action_focus_next(self) -> None:
        self.layout.step_focus(1)

    def action_focus_previous(self) -> None:
        self.layout.step_focus(-1)


def _drawing_on(page: Screen[Any]) -> Drawing | None:
    """The figure for print of what is on screen, if there is one."""
    return page.drawing() if isinstance(page, MainScreen | FullPage) else None
