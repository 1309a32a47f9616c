"""Whether the thread in front, which shows the run, is at work."""

import threading
from collections.abc import Callable
from typing import Final

#: Seconds for which building and solving wait for the first picture, at most.
FIRST_SECONDS: Final = 1.0


class Front:
    """The state of the thread that shows the run, for the thread that solves.

    Two threads of Python share one interpreter. If the solver did not wait, it would hardly be faster, but
    every frame and every key would take twice as long. Therefore the solver waits between two steps while
    the thread in front works, for a limited time.
    """

    def __init__(self) -> None:
        self._idle = threading.Event()
        self._idle.set()
        #: set once the first picture is there
        self.pictured = threading.Event()
        self.pictured.set()
        #: called, in the solver's thread, when there is a newer frame
        self.on_frame: Callable[[], None] = lambda: None

    def is_busy(self) -> bool:
        """Whether it is at work."""
        return not self._idle.is_set()

    def begin(self) -> None:
        """It has something to do."""
        self._idle.clear()

    def rest(self) -> None:
        """It waits for keys and frames."""
        self._idle.set()

    def prepare(self) -> None:
        """The first picture is about to be shown; it comes twice as fast if nothing is solved meanwhile."""
        self.pictured.clear()

    def open(self) -> None:
        """The first picture is there."""
        self.pictured.set()

    def wait(self, seconds: float) -> bool:
        """Wait until it rests, no longer than so many seconds; whether it does."""
        self.wait_for_picture()
        return self._idle.wait(seconds)

    def wait_for_picture(self) -> None:
        """Wait until the first picture is there, for a limited time."""
        if not self.pictured.is_set():
            self.pictured.wait(FIRST_SECONDS)
            self.pictured.set()
