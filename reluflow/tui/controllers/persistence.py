"""The persistence controller writes the last session and restores it at the next start."""

import asyncio
import contextlib
from collections.abc import Mapping
from functools import partial
from typing import Any, Final, Protocol

from reluflow.live.playback import SPEEDS
from reluflow.live.session import Session
from reluflow.store.guide_file import guide_is_done
from reluflow.store.last_session import LastSession, write_session
from reluflow.store.preset import Preset
from reluflow.tui.arrangement import PANELS
from reluflow.tui.background import Broken, in_thread
from reluflow.tui.controllers.comparison import Comparison
from reluflow.tui.controllers.host import Host
from reluflow.tui.controllers.layout import Layout
from reluflow.tui.controllers.parameters import Parameters
from reluflow.tui.controllers.table import Table
from reluflow.tui.controllers.tour import Tour
from reluflow.tui.cursor import Cursor
from reluflow.tui.frozen_runs import FrozenRun, solved

#: Seconds between two looks at whether there is something new to keep: what a killed app may forget.
KEEP_SECONDS: Final = 5.0
#: Solving the curves behind anew waits for the run in front, but not for longer than so many seconds.
_PATIENCE: Final = 3.0
_LOOK: Final = 0.1


class Choices(Protocol):
    """The panels, as far as they hold what the user chose to see."""

    def choices(self) -> dict[str, Any]:
        """Every choice by ``panel.name``."""

    def adopt(self, choices: Mapping[str, Any]) -> None:
        """Take choices back; those of another version may be missing or mean nothing."""


class Persistence:
    """Writes the last session and restores it."""

    def __init__(
        self,
        session: Session,
        cursor: Cursor,
        parameters: Parameters,
        comparison: Comparison,
        table: Table,
        tour: Tour,
        layout: Layout,
        panels: Choices,
        host: Host,
    ) -> None:
        self._session, self._cursor, self._host = session, cursor, host
        self._parameters, self._comparison, self._table = parameters, comparison, table
        self._tour, self._layout, self._panels = tour, layout, panels
        self._kept: LastSession | None = None

    def last_session(self) -> LastSession:
        """The session as it is to be restored."""
        playback, layout = self._cursor.playback, self._layout
        view = self._panels.choices()
        view |= {"panel": layout.panel, "zoomed": layout.zoomed, "guided": self._tour.on}
        if layout.form_wanted is not None:
            view["parameters"] = layout.form_wanted
        return LastSession(
            self._parameters.present,
            playback.t,
            playback.clock,
            playback.speed,
            self._table.cursor,
            view,
            tuple(run.preset for run in self._comparison.frozen),
        )

    def restore(self, last: LastSession) -> None:
        """Show what was on screen when the app was left; the curves behind are solved anew."""
        layout, playback = self._layout, self._cursor.playback
        self._panels.adopt(last.view)
        layout.zoomed = last.view.get("zoomed") is True
        wanted = last.view.get("parameters")
        layout.form_wanted = wanted if isinstance(wanted, bool) else None
        layout.go_to_panel(next((panel for panel in PANELS if panel == last.view.get("panel")), layout.panel))
        self._table.await_neuron(last.neuron)
        playback.clock = last.clock
        if last.speed in SPEEDS:
            playback.speed = last.speed
        self._tour.on = last.view.get("guided") is True and not guide_is_done()
        self._cursor.await_time(last.t, coming=False)
        if last.frozen:
            self._host.in_background(partial(self._solve_frozen, last.frozen))

    async def _solve_frozen(self, presets: tuple[Preset, ...]) -> None:
        waited = 0.0
        while not self._session.frame.over and waited < _PATIENCE:
            await asyncio.sleep(_LOOK)
            waited += _LOOK
        for preset in presets:
            run = await in_thread(partial(solved, preset, lambda: not self._host.is_running))
            if isinstance(run, FrozenRun):
                self._comparison.add(run)
            elif isinstance(run, Broken):
                self._host.complain(f"the curve of {preset.name} cannot be solved anew: {run.sentence}")
            else:
                self._host.complain(run)

    async def keep(self) -> None:
        """Write the session if there is anything new in it, without holding up the screen."""
        session = self.last_session()
        if session != self._kept:
            self._kept = session
            written = await in_thread(lambda: _write(session))
            if isinstance(written, Broken):
                sentence = f"what is on screen cannot be kept for the next start: {written.sentence}"
                self._host.complain(sentence)

    def keep_now(self) -> None:
        """Write the session before leaving."""
        _write(self.last_session())


def _write(session: LastSession) -> None:
    # A disc that is full must not end the app; the next start then takes up an older session, or none.
    with contextlib.suppress(OSError):
        write_session(session)
