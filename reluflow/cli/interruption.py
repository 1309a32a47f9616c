"""Ctrl-C and SIGTERM as a wish that the run sees between two steps, so that it is saved and resumable."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self

#: Signals that end a run in order; SIGHUP comes when the terminal goes away (Windows has none).
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

#: what may be set to receive a signal
_Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None


class Interruption:
    """While entered, a signal only sets ``name``. A second one breaks off a step that takes too long.

    While ``shielded`` nothing is broken off. The handlers that were there before come back at the end.
    """

    def __init__(self) -> None:
        self.name: str | None = None
        self._shields = 0
        self._previous: dict[int, _Handler] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                previous = signal.getsignal(number)
                if previous is not signal.SIG_IGN:  # as under nohup: whoever started us wants it so
                    self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Let what is done here be finished, whatever signals come."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1

    def _receive(self, number: int, _: FrameType | None) -> None:
        if self.name is not None and not self._shields:
            raise KeyboardInterrupt
        self.name = signal.Signals(number).name
