"""Leaving because the system says so: SIGTERM, SIGINT, or SIGHUP when the terminal or the connection is gone.

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

from reluflow.session import Session

#: how long the run may take to be written
SAVE_SECONDS: Final = 20.0
#: how long the app may then take to leave; with no terminal left it would write to it for ever
LEAVE_SECONDS: Final = 2.0


class Farewell:
    """Saves what is not saved, asks the app to leave, and ends the process if it does not.

    All of it happens in a thread of its own, because the thread of the app may hang in a write to a
    terminal that is no more. ``leave`` is called with the exit code, 128 + the signal's number.
    """

    def __init__(self, session: Session, leave: Callable[[int], None]) -> None:
        self._session = session
        self._leave = leave
        self._leaving = False
        self._terminal = _terminal_settings()

    def install(self) -> None:
        """Listen for the signals; to be called in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if not self._leaving:
            self._leaving = True
            threading.Thread(target=self._end, args=(128 + number,), daemon=True).start()

    def _end(self, code: int) -> None:
        self._session.keep(SAVE_SECONDS)
        self._leave(code)
        time.sleep(LEAVE_SECONDS)
        # Reached only if the app still hangs: otherwise the process, and this thread with it, is gone.
        _restore_terminal(self._terminal)
        os._exit(code)


def _terminal_settings() -> list[Any] | None:
    try:
        return termios.tcgetattr(sys.__stdin__) if sys.__stdin__ else None
    except (termios.error, OSError, ValueError):
        return None


def _restore_terminal(settings: list[Any] | None) -> None:
    if settings is not None and sys.__stdin__:
        try:
            termios.tcsetattr(sys.__stdin__, termios.TCSANOW, settings)
        except (termios.error, OSError, ValueError):
            return
