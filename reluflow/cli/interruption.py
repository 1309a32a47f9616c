"""A signal that ends a command as a wish that the run sees soon, so that it is saved and resumable."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, Self

from reluflow.errors import ExitCode
from reluflow.signals import ENDING, exit_code

#: Seconds that a step gets to be given up after a signal. Steps of all methods but lsoda, whose compiled code
#: nothing can break off in order, take a fraction of one.
PATIENCE: Final = 3.0

#: what may be set to receive a signal
_Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None


class BrokenOffError(BaseException):
    """The step that was being taken when a signal came could not be given up; it is not waited for.

    Like KeyboardInterrupt it is raised anywhere, and passes through all that catches every Exception.
    """


class Interruption:
    """While entered, a signal only sets ``name``, which is that of the first one.

    The handlers that were there before come back at the end.
    """

    def __init__(self) -> None:
        #: whether to raise BrokenOffError once the patience is over
        self._breaks_off, self._patience = False, PATIENCE
        self.name: str | None = None
        #: what the process then ends with
        self.code: int = ExitCode.INTERRUPTED
        self._previous: dict[int, _Handler] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in ENDING:
                previous = signal.getsignal(number)
                if previous is not signal.SIG_IGN:  # as under nohup: whoever started us wants it so
                    self._previous[number] = signal.signal(number, self._receive)
            if hasattr(signal, "setitimer"):
                self._previous[signal.SIGALRM] = signal.signal(signal.SIGALRM, self.break_off)
        return self

    def __exit__(self, *_: object) -> None:
        self._wait(0.0)
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    @contextmanager
    def breaking_off(self, patience: float | None = None) -> Iterator[None]:
        """While entered, what does not end within ``patience`` seconds (PATIENCE) after a signal is left by
        BrokenOffError.

        Where the system has no timer (Windows) it is waited for.
        """
        self._breaks_off, self._patience = True, PATIENCE if patience is None else patience
        if self.name is not None:
            self._wait(self._patience)
        try:
            yield
        finally:
            self._breaks_off, self._patience = False, PATIENCE

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While entered, within ``breaking_off``, nothing is broken off: files are being written."""
        before, self._breaks_off = self._breaks_off, False
        try:
            yield
        finally:
            self._breaks_off = before

    def _receive(self, number: int, _: FrameType | None) -> None:
        if self.name is None:
            self.name, self.code = signal.Signals(number).name, exit_code(number)
            self._wait(self._patience)

    def break_off(self, *_: object) -> None:
        """The timer of a signal has run down: end what may be broken off, or ask again later.

        Without a signal before it is an alarm of somebody else's, who wants the run to end like any other.
        """
        if self.name is None:
            self._receive(signal.SIGALRM, None)
            return
        if self._breaks_off:
            raise BrokenOffError
        self._wait(self._patience)

    def _wait(self, seconds: float) -> None:
        """Be called again after so many seconds; never, for 0."""
        if signal.SIGALRM in self._previous:
            signal.setitimer(signal.ITIMER_REAL, seconds)
