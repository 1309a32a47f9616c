"""Drives the app in tests: a real session, frames pulled by hand, and the screen as text."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual_private import (
    Asked,
    give_way_to_all,
    has_messages,
    lay_out,
    messages_in_passing,
    paint_what_was_put_off,
    painted_at_rest,
    press_key,
    strips_of,
    styles_parsed_once,
)

from reluflow.live.frame import Frame
from reluflow.live.session import Session
from reluflow.plot.glyphs import BRAILLE, Glyphs
from reluflow.store.preset import load_preset
from reluflow.store.run_directory import Run
from reluflow.tui.app import Explorer
from reluflow.tui.controllers.theory import Theory
from reluflow.tui.moment import Moment
from reluflow.tui.widgets.parameter_form import ParameterForm

DEADLINE = 30.0
POLL = 0.005
#: A problem that is solved in a few hundredths of a second, with two plateaus.
SMALL = {"network.width": 8}


@dataclass
class Driver:
    app: Explorer
    pilot: Pilot[None]
    session: Session

    @property
    def moment(self) -> Moment:
        """What is on screen."""
        assert self.app.moment is not None
        return self.app.moment

    @property
    def has_begun(self) -> bool:
        """Whether the screen has a problem, or why there is none."""
        newest = self.app.moment.live if self.app.moment is not None else None
        return newest is not None and bool(newest.history or newest.error)

    @property
    def frame(self) -> Frame:
        """The frame whose history is on screen."""
        return self.moment.frame

    async def until(self, holds: Callable[[], object], what: str, seconds: float = 0.0) -> None:
        """Pull, each time with so many seconds for the cursor, until something holds."""
        end = time.monotonic() + DEADLINE
        while True:
            self.app.pull(seconds)
            # Not a pause of the pilot: that waits for an idle processor, which a busy solver never grants.
            await asyncio.sleep(POLL)
            if holds():
                break
            assert time.monotonic() < end, f"never: {what}\n{self.text}"
        await self.drained()

    async def press(self, *keys: str) -> None:
        for key in keys:
            await press_key(self.app, key)
            await self.drained()

    async def drained(self) -> None:
        """Wait until every message, and every message that came of one, has been dealt with; then paint.

        An app that has ended deals with none; what ended it is raised where its test leaves it.
        """
        painted = False
        while self.app.is_running:
            await give_way_to_all()
            lay_out(self.app.screen)
            asked = Asked(self._route())
            await give_way_to_all()
            nodes = [self.app, *(node for screen in self.app.screen_stack for node in screen.walk_children())]
            if not asked.unanswered and not any(map(has_messages, (*nodes, *self.app.screen_stack))):
                if painted or not paint_what_was_put_off(self.app.screen):
                    break
                painted = True
                continue
            # something waits for a timer or a thread
            await asyncio.sleep(POLL)
            while asked.unanswered:
                await asyncio.sleep(POLL)

    def _route(self) -> list[MessagePump]:
        """What carries out what a key asks for: the app, its screens, what has the focus and is around it."""
        screen = self.app.screen
        return list(dict.fromkeys([*(screen.focused or screen).ancestors_with_self, *self.app.screen_stack]))

    async def resize(self, width: int, height: int) -> None:
        await self.pilot.resize_terminal(width, height)
        await self.drained()

    async def play(self, seconds: float) -> None:
        """Let the cursor go on by so much time."""
        self.app.pull(seconds)
        await self.drained()

    async def solved(self) -> Frame:
        """Wait until the run that was asked for last is over and on screen."""
        asked = self.session.mark()
        await self._unwatched(asked.is_set, "the run that was asked for")
        generation = self.session.frame.generation
        self.session.run()
        await self._unwatched(
            lambda: self.session.frame.over and self.session.frame.generation >= generation,
            "the end of the run",
        )
        await self.until(
            lambda: self.frame.over and self.frame.generation >= generation and not self.frame.error,
            "the end of the run, on screen",
        )
        return self.frame

    async def halted_at(self, steps: int) -> Frame:
        """Let the solver take some steps, then halt it."""
        for _ in range(steps):
            self.session.step()
        await self.settled()
        assert self.frame.steps >= steps
        return self.frame

    async def settled(self) -> None:
        """Wait until the worker has done all that it was told before, and show it."""
        done = self.session.mark()
        await self._unwatched(done.is_set, "the end of what the worker was told")
        self.app.pull()
        await self.drained()

    async def _unwatched(self, holds: Callable[[], object], what: str) -> None:
        """Wait for something in the solver's thread, whose frames until then nobody draws."""
        end = time.monotonic() + DEADLINE
        while not holds():
            await asyncio.sleep(POLL)
            assert time.monotonic() < end, f"never: {what}\n{self.text}"

    @property
    def lines(self) -> list[str]:
        """What is on screen, line by line."""
        return lines_of(self.app.screen)

    @property
    def messages(self) -> str:
        """What was told in passing, the newest last."""
        return "\n".join(messages_in_passing(self.app))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def shown(self, selector: str) -> bool:
        """Whether a widget is on screen."""
        widget = self.app.screen_stack[0].query_one(selector, Widget)
        return widget.region.area > 0 and all(part.display for part in widget.ancestors_with_self)


def lines_of(screen: Screen[Any]) -> list[str]:
    """What is on a screen, line by line."""
    return [strip.text for strip in strips_of(screen)]


async def _give_way(*_: float) -> None:
    await asyncio.sleep(0)


async def _no_fields(*_: object) -> None:
    pass


def _nothing_foreseen(*_: object) -> None:
    pass


@asynccontextmanager
async def explorer(
    preset: str = "orthogonal-toy",
    size: tuple[int, int] = (100, 34),
    glyphs: Glyphs = BRAILLE,
    overrides: dict[str, Any] | None = None,
    running: bool = False,
    stored: Run | None = None,
    live: bool = False,
    form: bool = False,
    painting: bool = False,
    theory: bool = False,
    **options: Any,
) -> AsyncIterator[Driver]:
    """The app on a preset, with the solver halted before its first step unless it is to run.

    ``form``: whether the test is about the fields of the parameters too, which take as long to make as all
    the rest of the app. Without it there are none.
    ``painting``: whether the test is about what is painted when. Without it each state in which the app comes
    to rest is painted once, as nobody looks at those in between: sixty a second take a third of the time.
    ``theory``: whether predictions of the run on show are made, half a second after it has come. Without it
    there are none: most tests are over before, and where the machine is slow they would be made for nobody.
    """
    session = Session(load_preset(preset, overrides or {}), running=running, stored=stored, live=live)
    app = Explorer(session, glyphs, timer=False, **options)
    # Textual's own waiting is for an idle processor, which a solver in its thread never grants.
    patches: list[AbstractContextManager[Any]] = [
        patch(f"textual.{module}.wait_for_idle", _give_way) for module in ("app", "pilot")
    ]
    patches.append(styles_parsed_once())
    if not painting:
        patches.append(painted_at_rest())
    if not theory:
        patches.append(patch.object(Theory, "follow", _nothing_foreseen))
    if not form:
        patches.append(patch.object(ParameterForm, "load", _no_fields))
    try:
        with ExitStack() as patched:
            for each in patches:
                patched.enter_context(each)
            async with app.run_test(size=size, notifications=True) as pilot:
                driver = Driver(app, pilot, session)
                await driver.until(lambda: driver.has_begun, "a problem on screen")
                if form:
                    await driver.until(lambda: session.frame.error or app.main.form.first_field, "the form")
                yield driver
    finally:
        session.close()
