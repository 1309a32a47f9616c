"""The base of the app: it processes keys one after the other, and ends in order without a terminal."""

import asyncio
import os
import signal
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.console import RenderableType
from textual import events
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message_pump import MessagePump

from reluflow.tui.terminal.driver import TerminalDriver
from reluflow.tui.terminal.pacing import PacedApp


@dataclass(frozen=True)
class KeySettings:
    """How keys wait for each other."""

    #: Keys that may wait. Where more come, the oldest are dropped: a person does not type so many.
    waiting: int = 1000
    #: What a key causes takes at most so many messages, one after the other: of a field, its form, a
    #: dialogue, the app.
    rounds: int = 3
    #: Seconds after which to check whether the marker of a key was lost with a widget that was removed. After
    #: so many checks the next key is processed though the one before is not done.
    check_seconds: float = 1.0
    checks: int = 10


class UnexpectedEndError(Exception):
    """The app has ended for an unknown reason."""


def _drop_enters(waiting: deque[events.Key | events.Paste]) -> None:
    """Drop the enters that come first."""
    while waiting and isinstance(first := waiting[0], events.Key) and first.key == "enter":
        waiting.popleft()


class TerminalApp(PacedApp):
    """An app that processes a key only when everything that the key before caused is done.

    Textual puts a key into the queue of the widget that has the focus when the key arrives; the key takes
    effect later. If keys arrive faster, the second one goes to a dialogue that the first has closed, or to
    the panels behind a dialogue that the first opens. Here a marker follows each key through the same
    message queues, from the widget up to the app and a few times over, and the next key waits for it.

    Of several enters in a burst that answer a dialogue the first does so. The others were meant for it too,
    not for what is below, and are dropped.
    """

    # Textual's selection of text fails on a widget that is removed while it is clicked on
    ALLOW_SELECT = False
    KEYS: ClassVar = KeySettings()

    def __init__(self) -> None:
        self._waiting: deque[events.Key | events.Paste] = deque(maxlen=self.KEYS.waiting)
        self._current = 0
        self._number = 0
        #: the screens as they were when enter was pressed that is being processed
        self._entered: Sequence[object] = ()
        self._check_timer: asyncio.TimerHandle | None = None
        self._gone = False
        super().__init__()

    def get_driver_class(self) -> type[Driver]:
        usual = super().get_driver_class()
        return TerminalDriver if usual is LinuxDriver else usual

    # --- keys ---

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
        elif self._current:
            self._waiting.append(event)
        else:
            await self._process(event)

    async def _process(self, event: events.Event) -> None:
        self._number += 1
        number = self._current = self._number
        is_enter = isinstance(event, events.Key) and event.key == "enter"
        self._entered = list(self.screen_stack) if is_enter else ()
        route = self._route()
        self._check_later(route, number, self.KEYS.checks)
        await super().on_event(event)
        self._send_marker(route, number, self.KEYS.rounds)

    def _check_later(self, route: Sequence[MessagePump], number: int, checks: int) -> None:
        if self._check_timer is not None:
            self._check_timer.cancel()
        self._check_timer = asyncio.get_running_loop().call_later(
            self.KEYS.check_seconds, lambda: self.call_later(self._check, route, number, checks - 1)
        )

    async def _check(self, route: Sequence[MessagePump], number: int, checks: int) -> None:
        """Go on if the marker of this key was lost: a marker on its way waits in one of the queues."""
        if number != self._current:
            return
        queues = (*route, *self._route(), self)
        if checks and any(each.is_running and each.message_queue_size for each in queues):
            self._check_later(route, number, checks)
        else:
            await self._next(number)

    def _route(self) -> Sequence[MessagePump]:
        """The queues that a key passes: of the widget in focus and of everything around it."""
        screen = self.screen
        return (screen.focused or screen).ancestors_with_self[:-1]

    def _send_marker(self, before: Sequence[MessagePump], number: int, rounds: int) -> None:
        """Send a marker along the route that a key took, and along the one that it would take by now."""
        now = self._route()
        self._pass_marker([*before, *(each for each in now if each not in before)], number, rounds, now)

    def _pass_marker(
        self, rest: Sequence[MessagePump], number: int, rounds: int, route: Sequence[MessagePump]
    ) -> None:
        for place, each in enumerate(rest):
            if each.call_later(self._pass_marker, rest[place + 1 :], number, rounds, route):
                return
        self.call_later(self._arrived, number, rounds - 1, route)

    async def _arrived(self, number: int, rounds: int, route: Sequence[MessagePump]) -> None:
        if rounds and number == self._current:
            self._send_marker(route, number, rounds)
        else:
            await self._next(number)

    async def _next(self, number: int) -> None:
        """Process the next key, if it waits for the one of this number."""
        if number != self._current:
            return
        self._current = 0
        screens = self.screen_stack
        if len(screens) < len(self._entered) and screens == self._entered[: len(screens)]:
            _drop_enters(self._waiting)
        if self._waiting:
            await self._process(self._waiting.popleft())

    # --- the end ---

    def terminal_is_gone(self) -> None:
        """From any thread: the terminal cannot be written to; end as on SIGHUP."""
        if not self._gone:
            self._gone = True
            os.kill(os.getpid(), signal.SIGHUP)

    def leave(self, code: int) -> bool:
        """From any thread: end the app with an exit code; whether it was there."""
        loop = self.event_loop
        if loop is None or not self.is_running:
            return False
        try:
            loop.call_soon_threadsafe(lambda: self.exit(return_code=code))
        except RuntimeError:  # the loop has ended
            return False
        return True

    def last_words(self, error: BaseException) -> str:
        """The message to print when an error ends the app."""
        return f"{type(error).__name__}: {error}"

    def on_failure(self, error: Exception) -> None:
        """End for an exception that nobody expected; Textual restores the terminal and prints."""
        if self.has_failed:
            return  # what comes of the first one
        if self.is_leaving:
            # a part that was about to be shown misses another that is gone, which does not matter any more
            self.stop_messages()
        else:
            self.fail(error, self.last_words(error))

    def panic(self, *renderables: RenderableType) -> None:
        """End for an error in Textual's own threads, which Textual itself would not count as one."""
        self.on_failure(UnexpectedEndError(" ".join(str(each) for each in renderables)))

    def report_failure(self, error: Any) -> None:
        """From any thread: end the app because of an error outside its messages."""
        self.call_later(self.on_failure, error)
