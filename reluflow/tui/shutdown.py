"""The app ends on a signal: SIGTERM, say, or SIGHUP when the terminal or the connection is gone.

Control-c in the terminal is a key of the app, not a signal.
"""

import os
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from reluflow.live.frame import Notice
from reluflow.live.session import Session
from reluflow.signals import ENDING, exit_code
from reluflow.tui.terminal.ownership import RESTORING, in_background

#: Seconds that the run may take to be written; if it takes longer, what was written before is there.
SAVE_SECONDS: Final = 0.8
#: Seconds that the app may take to leave; without a terminal it may hang.
LEAVE_SECONDS: Final = 0.5


class Shutdown:
    """Saves what is not saved, asks the app to leave, and ends the process if it does not.

    All of it happens in a thread of its own, because the thread of the app may hang in a write to a
    terminal that is no more. To be made, and installed, before the app takes the terminal.

    Attributes
    ----------
    leave: called with the exit code, 128 + the signal's number; returns whether there is an app to leave.
    """

    def __init__(self, session: Session) -> None:
        self.leave: Callable[[int], bool] = lambda _: False
        self._session = session
        self._leaving = False
        self._terminal = _terminal_settings()
        self._message: str | None = None

    def install(self) -> None:
        """Listen for the signals, also under nohup: who loses a terminal app's terminal cannot get it back.

        To be called in the main thread.
        """
        for number in ENDING:
            signal.signal(number, self._on_signal)

    def tell(self) -> None:
        """Write in one line where the run is, if a signal came and this was not written before."""
        message, self._message = self._message, None
        if message is not None:
            _write(message)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if not self._leaving:
            self._leaving = True
            threading.Thread(target=self._end, args=(number,), daemon=True).start()

    def _end(self, number: int) -> None:
        saved = self._session.keep(SAVE_SECONDS)
        run = location_of(saved, self._session)
        self._message = f"reluflow: ended by {signal.Signals(number).name}; {run}\n"
        leaves = self.leave(exit_code(number))
        if leaves:
            time.sleep(LEAVE_SECONDS)
        # Reached only if there is no app, or one that hangs: otherwise the process, and this thread, is gone.
        _restore_terminal(self._terminal, leaves)
        self.tell()
        os._exit(exit_code(number))


def location_of(saved: Notice | None, session: Session) -> str:
    """A sentence on where the run is, after a request to write it."""
    if saved is not None:
        return saved.text
    return "there was no run to save" if session.place is None else f"the run is in {session.place}"


def _terminal_settings() -> list[Any] | None:
    try:
        return termios.tcgetattr(sys.__stdin__) if sys.__stdin__ else None
    except (termios.error, OSError, ValueError):
        return None


def _restore_terminal(settings: list[Any] | None, leaves: bool) -> None:
    """Give the terminal back as it was, if the app still has it or ``leaves`` it (settings come first)."""
    present = _terminal_settings()
    if settings is None or present is None or not sys.__stdin__ or (present == settings and not leaves):
        return
    _write(RESTORING)
    if in_background(sys.__stdin__.fileno()):
        return  # whoever is in front has set it for itself
    try:
        termios.tcsetattr(sys.__stdin__, termios.TCSANOW, settings)
    except (termios.error, OSError, ValueError):
        return


def _write(text: str) -> None:
    """Write past the stream, whose lock the hanging app may hold, to a terminal that may be full."""
    try:
        os.set_blocking(2, False)
        os.write(2, text.encode(errors="replace"))
    except OSError:
        return
