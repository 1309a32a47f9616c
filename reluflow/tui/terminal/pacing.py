"""Flow control: no more pictures are written than the connection to the terminal carries.

A slow connection accepts what is written at once and keeps it in buffers. A key then shows its effect only
when everything that was written before has arrived. Therefore the app asks for the position of the terminal's
cursor after each picture; the terminal answers once it has drawn that. While two questions are open nothing
is painted, and all changes are painted in one picture when an answer comes. A terminal that never answers is
not asked again, and the app paints at the frame rate of the settings.
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from textual import events
from textual.geometry import Size
from textual.timer import Timer

from reluflow.tui.terminal.private import OpenApp


@dataclass(frozen=True)
class PacingSettings:
    """How many answers the app waits for, and how long."""

    #: Questions that may be open while the app paints. With one, every picture would wait for the way to the
    #: terminal and back.
    most_open: int = 2
    #: seconds until an answer is given up, from a terminal that has answered before and from any other
    known_seconds: float = 5.0
    unknown_seconds: float = 1.0
    #: Seconds to wait for open answers on leaving, as the shell would take them for typed text; from a
    #: terminal that has answered before and from any other.
    last_seconds: float = 1.0
    unknown_last_seconds: float = 0.1
    #: seconds after which the size of the terminal is taken to have settled
    settled_seconds: float = 0.05


PACING: Final = PacingSettings()


class Pacer:
    """The count of open questions, shared by the thread that paints and the one that reads.

    ``on_answer`` is called, in the reading thread, when the terminal has caught up.
    """

    def __init__(self, on_answer: Callable[[], None] = lambda: None) -> None:
        self._on_answer = on_answer
        # reentrant: a signal that suspends the app may come while the main thread holds it
        self._changed = threading.Condition(threading.RLock())
        self._open = 0
        self._answers = False
        self._silent = False
        self._leaving = False

    @property
    def congested(self) -> bool:
        """Whether to wait before the next picture."""
        return self._open >= PACING.most_open and not self._silent

    @property
    def patience(self) -> float:
        """Seconds after which to stop waiting."""
        return PACING.known_seconds if self._answers else PACING.unknown_seconds

    def ask(self) -> bool:
        """Whether to ask now; if so the question counts as open."""
        with self._changed:
            if self._leaving or (self._silent and self._open):
                return False
            self._open += 1
            return True

    def answered(self) -> bool:
        """An answer came; whether it belongs to a question of the app."""
        with self._changed:
            if not self._open:
                return False
            self._open -= 1
            self._answers, self._silent = True, False
            self._changed.notify_all()
        self._on_answer()
        return True

    def give_up(self) -> None:
        """The answers did not come in time: they were lost, or this terminal never gives any."""
        with self._changed:
            self._silent = not self._answers
            self._open = 1 if self._silent else 0

    def start(self) -> None:
        """The terminal is ours (again): whatever was open was asked before."""
        with self._changed:
            self._open, self._leaving = 0, False

    def finish(self) -> None:
        """Wait a moment for what is still open, and ask no more."""
        with self._changed:
            self._leaving = True
            seconds = PACING.last_seconds if self._answers else PACING.unknown_last_seconds
            self._changed.wait_for(lambda: not self._open, seconds)
            self._open = 0


@runtime_checkable
class PacedDriver(Protocol):
    """A driver that can ask the terminal how far it has come, and how large it is."""

    def ask(self) -> None: ...

    def terminal_size(self) -> tuple[int, int]: ...


class PacedApp(OpenApp):
    """An app that paints no faster than its terminal."""

    def __init__(self) -> None:
        self.pacer = Pacer(self._on_answer)
        self._hold: ExitStack | None = None
        self._missed = False
        #: the size of the terminal when it was last at rest, and what waits for the next rest
        self._settled: Size | None = None
        self._settling: Timer | None = None
        super().__init__()

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Resize):
            await super().on_event(event)
            return
        if isinstance(driver := self.terminal_driver, PacedDriver):
            # The handler of a signal may be interrupted by that of the next one between asking for the size
            # and posting it: then the newest event tells an older size.
            size = Size(*driver.terminal_size())
            event = events.Resize(size, size)
        await super().on_event(event)
        if self._settled is None:
            self._settled = event.size
            return
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(PACING.settled_seconds, lambda: self._settle(event.size))

    def _settle(self, size: Size) -> None:
        """Paint everything if the size has changed and is what it was: Textual would paint nothing.

        In between, what was on the terminal may have been cut off.
        """
        if size == self._settled:
            self._missed = True
            if self._hold is None:
                self.repaint()
        self._settled = size

    def post_display_hook(self) -> None:
        """A picture was written, or left out while painting was on hold."""
        if self._hold is not None:
            self._missed = True
        elif isinstance(driver := self.terminal_driver, PacedDriver):
            driver.ask()
            if self.pacer.congested:
                self._hold = ExitStack()
                self._hold.enter_context(self.batch_update())
                self.set_timer(self.pacer.patience, lambda hold=self._hold: self._waited(hold))

    def repaint(self) -> None:
        """Paint the whole screen, whatever is on the terminal and whatever was waited for."""
        if self._hold is not None:
            self._hold.close()
            self._hold = None
        self._missed = False
        if self.screen_stack:  # a terminal may come to rest while the app leaves
            self.screen.refresh()
            self.screen.check_idle()

    def _on_answer(self) -> None:
        self.call_later(self._go_on)

    def _waited(self, hold: ExitStack) -> None:
        if hold is self._hold:
            self.pacer.give_up()
            self._go_on()

    def _go_on(self) -> None:
        """Paint what has changed since painting was put on hold."""
        if self._hold is None or self.pacer.congested:
            return
        if self._missed:
            self.repaint()
        else:
            self._hold.close()
            self._hold = None
            self.screen.check_idle()
