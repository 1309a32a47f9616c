"""The thread in front of a session, as the solver's thread sees it."""

import threading


class Front:
    """Whether the thread that shows the run has something to do.

    Two threads of Python share one interpreter: solving on would not be faster, but what is on screen, and
    every key, would take twice as long. So the solver waits between two steps, though never for ever.
    """

    def __init__(self) -> None:
        self._idle = threading.Event()
        self._idle.set()

    def is_busy(self) -> bool:
        """Whether it is at work."""
        return not self._idle.is_set()

    def begin(self) -> None:
        """It has something to do."""
        self._idle.clear()

    def rest(self) -> None:
        """It waits for keys and frames."""
        self._idle.set()

    def wait(self, seconds: float) -> bool:
        """Wait until it rests, no longer than so many seconds; whether it does."""
        return self._idle.wait(seconds)
