"""Drives the app in tests: a real session, frames pulled by hand, and the screen as text."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from textual.pilot import Pilot
from textual.widget import Widget

from reluflow.plot.glyphs import BRAILLE, Glyphs
from reluflow.session import Frame, Session
from reluflow.store.preset import load_preset
from reluflow.tui.app import Explorer

DEADLINE = 30.0
POLL = 0.005


@dataclass
class Driver:
    app: Explorer
    pilot: Pilot[None]
    session: Session

    @property
    def frame(self) -> Frame:
        """The frame on screen."""
        assert self.app.frame is not None
        return self.app.frame

    async def until(self, holds: Callable[[], object], what: str) -> None:
        """Pull frames until something holds."""
        end = time.monotonic() + DEADLINE
        while True:
            self.app.pull()
            # Not a pause of the pilot: that waits for an idle processor, which a busy solver never grants.
            await asyncio.sleep(POLL)
            if holds():
                break
            assert time.monotonic() < end, f"never: {what}\n{self.text}"
        await self.pilot.pause(0.0)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def paused_at(self, steps: int = 1) -> Frame:
        """Let the run take some steps, then pause it."""
        self.session.play()
        await self.until(lambda: self.session.frame.steps >= steps, f"{steps} steps")
        self.session.pause()
        await self.settled()
        assert self.frame.status not in ("playing", "building")
        return self.frame

    async def settled(self) -> None:
        """Wait until the worker has done all that it was told before, and show it."""
        done = threading.Event()
        self.session._commands.put(done.set)
        await self.until(done.is_set, "the end of what the worker was told")
        self.app.pull()
        await self.pilot.pause()

    @property
    def lines(self) -> list[str]:
        """What is on screen, line by line."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def shown(self, selector: str) -> bool:
        """Whether a widget is on screen."""
        widget = self.app.screen_stack[0].query_one(selector, Widget)
        return widget.region.area > 0 and all(part.display for part in widget.ancestors_with_self)


@asynccontextmanager
async def explorer(
    preset: str = "orthogonal-toy",
    size: tuple[int, int] = (130, 40),
    glyphs: Glyphs = BRAILLE,
    overrides: dict[str, Any] | None = None,
    playing: bool = False,
    **options: Any,
) -> AsyncIterator[Driver]:
    """The app on a preset, paused or playing slowly; the session is closed at the end."""
    # A solver of many small steps, so that there is something to pause between.
    session = Session(load_preset(preset, {"solver.method": "polar"} | (overrides or {})))
    session.set_speed(0.5)
    app = Explorer(session, glyphs, timer=False, **options)
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            driver = Driver(app, pilot, session)
            await driver.until(lambda: session.frame.state or session.frame.error, "a problem")
            if not playing:
                session.pause()
                await driver.settled()
            yield driver
    finally:
        session.close()
