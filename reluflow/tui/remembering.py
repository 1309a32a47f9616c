"""Keeping what is on screen for the next start, and taking up what was kept."""

import asyncio
import contextlib
from functools import partial
from typing import Any, Final

from textual import work

from reluflow.live.playback import SPEEDS
from reluflow.store.guide_file import guide_is_done
from reluflow.store.last_session import LastSession, write_session
from reluflow.store.preset import Preset
from reluflow.tui.background import Broken, in_thread
from reluflow.tui.compare import FrozenRun, solved
from reluflow.tui.layout import PANELS
from reluflow.tui.layout_keys import LayoutKeys
from reluflow.tui.view_choices import choices_of, give_back
from reluflow.tui.widgets.frame_panel import FramePanel

#: Seconds between two looks at whether there is something new to keep: what a killed app may forget.
KEEP_SECONDS: Final = 5.0
#: Solving the curves behind anew waits for the run in front, but not for longer.
_PATIENCE: Final = 3.0
_LOOK: Final = 0.1


class Remembering(LayoutKeys):
    """The app's memory."""

    _kept: LastSession | None = None

    def last_session(self) -> LastSession:
        """What there is to keep."""
        playback = self.cursor.playback
        view: dict[str, Any] = choices_of(self.screen_stack[0].query(FramePanel))
        view |= {"panel": self.panel, "zoomed": self.zoomed, "guided": self.guided}
        if self.form_wanted is not None:
            view["parameters"] = self.form_wanted
        return LastSession(
            self.changes.present,
            playback.t,
            playback.clock,
            playback.speed,
            self.table.cursor,
            view,
            tuple(run.preset for run in self.frozen),
        )

    def take_up(self, last: LastSession) -> None:
        """Show what was on screen when the app was left; the curves behind are solved anew."""
        give_back(self.screen_stack[0].query(FramePanel), last.view)
        panel = next((panel for panel in PANELS if panel == last.view.get("panel")), self.panel)
        self.zoomed = last.view.get("zoomed") is True
        wanted = last.view.get("parameters")
        self.form_wanted = wanted if isinstance(wanted, bool) else None
        self.go_to_panel(panel)
        self.table.await_neuron(last.neuron)
        self.cursor.playback.clock = last.clock
        if last.speed in SPEEDS:
            self.cursor.playback.speed = last.speed
        self.guided = last.view.get("guided") is True and not guide_is_done()
        self.cursor.await_time(last.t, coming=False)
        if last.frozen:
            self._freeze_again(last.frozen)

    @work
    async def _freeze_again(self, presets: tuple[Preset, ...]) -> None:
        waited = 0.0
        while not self.session.frame.over and waited < _PATIENCE:
            await asyncio.sleep(_LOOK)
            waited += _LOOK
        for preset in presets:
            run = await in_thread(partial(solved, preset, lambda: not self.is_running))
            if isinstance(run, FrozenRun):
                self.frozen = (*self.frozen, run)
            elif isinstance(run, Broken):
                self.complain(f"the curve of {preset.name} cannot be solved anew: {run.sentence}")
            else:
                self.complain(run)

    async def keep(self) -> None:
        """Write the session if there is anything new in it, without holding up the screen."""
        session = self.last_session()
        if session != self._kept:
            self._kept = session
            written = await in_thread(lambda: _write(session))
            if isinstance(written, Broken):
                self.complain(f"what is on screen cannot be kept for the next start: {written.sentence}")

    def keep_now(self) -> None:
        """Write the session before leaving."""
        _write(self.last_session())


def _write(session: LastSession) -> None:
    # A disc that is full must not end the app; the next start then takes up an older session, or none.
    with contextlib.suppress(OSError):
        write_session(session)
