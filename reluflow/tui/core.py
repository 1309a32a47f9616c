"""What every part of the app stands on: the session, the cursor, and the moment on screen."""

import math
import time
from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Any, Final, TypeVar

from textual.reactive import var
from textual.screen import Screen

from reluflow.errors import ReluflowError, escaped, sentence
from reluflow.live.frame import Frame
from reluflow.live.session import Session
from reluflow.plot.glyphs import Glyphs
from reluflow.store.preset import Preset
from reluflow.store.run_directory import Run
from reluflow.store.settings import Settings
from reluflow.training.resumption import stored_run
from reluflow.tui.actions import BY_ID
from reluflow.tui.bindings import rebound
from reluflow.tui.changes import Changes
from reluflow.tui.compare import MOST, FrozenRun, Origin
from reluflow.tui.controllers.table import Table
from reluflow.tui.controllers.transport import Transport
from reluflow.tui.cursor import Cursor
from reluflow.tui.moment import Moment
from reluflow.tui.terminal.app import TerminalApp
from reluflow.tui.terminal.frames import Frames

_Answer = TypeVar("_Answer")

#: Looks at the session for each frame.
LOOKS_PER_FRAME: Final = 2
#: Seconds for which the picture of the old run stays once there is a new one that has hardly begun.
EXPECTED_SECONDS: Final = 0.3
#: After a longer time than this without a look (a stopped process) the cursor does not jump.
_LONGEST_PAUSE: Final = 0.5


class Core(TerminalApp):
    """The app without panels and keys."""

    # a var, because a reactive of the app repaints the whole screen
    moment: var[Moment | None] = var(None)
    frozen: var[tuple[FrozenRun, ...]] = var(())
    #: whether the tour is on
    guided = False
    #: the generation of the run that a branch was asked of, and the time that it begins at
    branched: tuple[int, float] | None = None

    def __init__(self, session: Session, glyphs: Glyphs, settings: Settings) -> None:
        super().__init__()
        self.session = session
        self.glyphs = glyphs
        self.settings = settings
        self.actions = rebound(settings.keymap)
        self.cursor = Cursor(session.frame)
        self.transport = Transport(session, self.cursor, self)
        self.table = Table(self)
        self.changes = Changes(session.frame.preset)
        #: where branches began, by the name of their preset
        self.origins: dict[str, Origin] = {}
        self._on_file: dict[str, Mapping[str, Any]] = {}
        self.is_on_file(session.frame.preset)
        #: since when another run than that on show is there, but has not come far enough to be shown
        self._expecting: float | None = None
        self._frames = Frames(settings.fps, time.monotonic(), time.thread_time())

    async def action_do(self, id: str) -> None:
        """Have an action of the registry carried out."""
        method, arguments = self.answer_to(id)
        done = method(*arguments)
        if isawaitable(done):
            await done

    def answer_to(self, id: str) -> tuple[Callable[..., object], tuple[Any, ...]]:
        """The method of the part of the app that answers an action, and its arguments."""
        part, name, arguments = BY_ID[id].answer
        method = getattr(self, f"action_{name}") if part == "app" else getattr(getattr(self, part), name)
        return method, arguments

    @property
    def saved(self) -> Mapping[str, Any]:
        """The values on file of the preset that is run."""
        present = self.changes.present
        return self._on_file.get(present.name, present.values)

    def is_on_file(self, preset: Preset) -> None:
        """A preset was read from its file, or written to it."""
        self._on_file[preset.name] = preset.values

    def pull(self, seconds: float = 0.0, overdue: bool = False) -> None:
        """Go on by so much time and show the session's newest frame, if anything changed.

        ``overdue``: to show a new run also if it has hardly begun.
        """
        self._frames.begin(time.monotonic(), time.thread_time())
        self.moment = self.cursor.take(self.session.frame, seconds, overdue)

    def look(self) -> None:
        """Pull if it is time for a frame, or at once if there is another run to show.

        While the terminal has not caught up there is no point in either; and a picture of the old run once
        more would only keep the new one waiting.
        """
        if self.pacer.congested:
            return
        now, shown, newest = time.monotonic(), self.moment, self.session.frame
        if shown is not None and shown.frame.generation == newest.generation:
            self._expecting, overdue = None, False
            due = self._frames.is_due(now, newest.status == "running")
        else:
            self._expecting = now if self._expecting is None else self._expecting
            overdue = now - self._expecting > EXPECTED_SECONDS
            due = overdue or self.cursor.is_ready(newest)
        if due:
            self.pull(min(self._frames.since(now), _LONGEST_PAUSE), overdue)

    def start(self, preset: Preset, *, keep_place: bool = False) -> None:
        """Run another preset; ``keep_place`` leaves the cursor at its share of the run."""
        self.changes.go(preset)
        self.run_preset(preset, keep_place=keep_place)

    def run_preset(self, preset: Preset, *, keep_place: bool = False) -> None:
        """Run a preset that the list of changes knows already."""
        self.branched = None
        try:
            found = stored_run(preset)
        except ReluflowError as error:
            self.complain(error)
            return
        if keep_place:
            self.cursor.hold_place()
        if found is None:
            self.session.change(preset)
            self.session.run()
        else:
            self._show_stored(*found)
        self.pull()

    def _show_stored(self, run: Run, preset: Preset) -> None:
        """Show what a run directory holds, to its end; only other stop rules make the run go on by itself."""
        goes_on = preset.values != run.preset.values
        self.changes.replace(preset)
        self.session.change(preset, run)
        (self.session.run if goes_on else self.session.halt)()
        self.cursor.await_time(math.inf)

    def freeze(self) -> bool:
        """Keep the curve of the run on show for comparison; whether there is one."""
        run = self._kept_of(self.moment.frame) if self.moment is not None else None
        if run is not None:
            # the same run again, perhaps further on, takes the place of what was kept of it
            others = tuple(kept for kept in self.frozen if not kept.is_same_run(run))
            self.frozen = (*others, run)[-MOST:]
        return run is not None

    def _kept_of(self, frame: Frame) -> FrozenRun | None:
        return FrozenRun.of(frame, self.origins.get(frame.preset.name))

    def ask(self, screen: Screen[_Answer], answered: Callable[[_Answer | None], None]) -> None:
        """Lay a page or a question over the panels; ``answered`` is called with what it returns."""
        self.push_screen(screen, answered)

    def say(self, text: str) -> None:
        """Tell the user something."""
        self.notify(escaped(text), markup=False)

    def complain(self, error: ReluflowError | OSError | str) -> None:
        """Tell the user what went wrong."""
        text = sentence(error) if isinstance(error, Exception) else error
        self.notify(escaped(text), severity="error", markup=False)
