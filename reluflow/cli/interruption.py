"""Ctrl-C, SIGTERM and SIGHUP as a wish that the run sees soon, so that it is saved and resumable."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Self

from reluflow.cli.leaving import SIGNALS
from reluflow.errors import ExitCode

#: what may be set to receive a signal
_Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None


class Interruption:
    """While entered, a signal only sets ``name``, which is that of the first one.

    The handlers that were there before come back at the end.
    """

    def __init__(self) -> None:
        self.name: str | None = None
        #: what the process then ends with
        self.code = ExitCode.INTERRUPTED
        self._previous: dict[int, _Handler] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                previous = signal.getsignal(number)
                if previous is not signal.SIG_IGN:  # as under nohup: whoever started us wants it so
                    self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    def _receive(self, number: int, _: FrameType | None) -> None:
        if self.name is None:
            self.name, self.code = signal.Signals(number).name, ExitCode.of_signal(number)
