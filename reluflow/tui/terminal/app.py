"""An app at a terminal: keys one after the other, and an end in order when the terminal is gone."""

import asyncio
import os
import signal
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from rich.console import RenderableType
from textual import events
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message_pump import MessagePump

from reluflow.tui.terminal.driver import TerminalDriver
from reluflow.tui.terminal.pacing import PacedApp

#: Keys that wait; where more come the oldest are dropped: nobody typed them one by one.
MOST_WAITING: Final = 1000
#: What a key sets off goes through at most so many messages: of a field, its form, a dialogue, the app.
_WAVES: Final = 3
#: Seconds after which to look whether the mark of a key was lost, with a widget that was removed; after so
#: many looks the next key is handed on though the one before is at work.
_PATIENCE: Final = 1.0
_MOST_LOOKS: Final = 10


class UnexpectedEndError(Exception):
    """The app has ended and nobody knows why."""


class TerminalApp(PacedApp):
    """An app that hands on a key when all that the one before set off is done.

    Textual puts keys into the queue of the widget that has the focus when they come; what a key does comes
    later. Of keys faster than that the second would go to a dialogue that the first has closed, or to the
    panels behind one that it opens. Here a mark follows each key along the way of its messages, from the
    widget up to the app and a few times over, and the next key waits for it.
    """

    # Textual's selection of text fails on a widget that is removed while it is clicked on
    ALLOW_SELECT = False

    def __init__(self) -> None:
        self._waiting: deque[events.Key | events.Paste] = deque(maxlen=MOST_WAITING)
        self._in_hand = 0
        self._number = 0
        self._patience: asyncio.TimerHandle | None = None
        self._gone = False
        super().__init__()

    def get_driver_class(self) -> type[Driver]:
        usual = super().get_driver_class()
        return TerminalDriver if usual is LinuxDriver else usual

    # --- keys ---

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
        elif self._in_hand:
            self._waiting.append(event)
        else:
            await self._hand_on(event)

    async def _hand_on(self, event: events.Event) -> None:
        self._number += 1
        number = self._in_hand = self._number
        way = self._way()
        self._look_later(way, number, _MOST_LOOKS)
        await super().on_event(event)
        self._send_mark(way, number, _WAVES)

    def _look_later(self, way: Sequence[MessagePump], number: int, looks: int) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._patience = asyncio.get_running_loop().call_later(
            _PATIENCE, lambda: self.call_later(self._look, way, number, looks - 1)
        )

    async def _look(self, way: Sequence[MessagePump], number: int, looks: int) -> None:
        """Go on if the mark of this key is nowhere any more: on its way it waits behind what is done."""
        if number != self._in_hand:
            return
        if looks and any(each.is_running and each.message_queue_size for each in (*way, *self._way())):
            self._look_later(way, number, looks)
        else:
            await self._next(number)

    def _way(self) -> Sequence[MessagePump]:
        """What a key goes through: the widget in focus and all around it."""
        screen = self.screen
        return (screen.focused or screen).ancestors_with_self[:-1]

    def _send_mark(self, before: Sequence[MessagePump], number: int, waves: int) -> None:
        """Send a mark the way that a key took, and the way that it would take by now."""
        now = self._way()
        self._pass_mark([*before, *(each for each in now if each not in before)], number, waves, now)

    def _pass_mark(
        self, rest: Sequence[MessagePump], number: int, waves: int, way: Sequence[MessagePump]
    ) -> None:
        for place, each in enumerate(rest):
            if each.call_later(self._pass_mark, rest[place + 1 :], number, waves, way):
                return
        self.call_later(self._arrived, number, waves - 1, way)

    async def _arrived(self, number: int, waves: int, way: Sequence[MessagePump]) -> None:
        if waves and number == self._in_hand:
            self._send_mark(way, number, waves)
        else:
            await self._next(number)

    async def _next(self, number: int) -> None:
        """Hand on the next key, if it is still this one that it waits for."""
        if number != self._in_hand:
            return
        self._in_hand = 0
        if self._waiting:
            await self._hand_on(self._waiting.popleft())

    # --- the end ---

    def terminal_is_gone(self) -> None:
        """From any thread: nobody sees the app any more; as when the system says so."""
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
        """What is to be said when an error ends the app."""
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
        """What Textual does for an error in its own threads, of which it then forgets that there was one."""
        self.on_failure(UnexpectedEndError(" ".join(str(each) for each in renderables)))

    def broke(self, error: Any) -> None:
        """From any thread: end the app because of an error outside its messages."""
        self.call_later(self.on_failure, error)
