"""The refresh controller decides when the next frame of a session is shown."""

from collections.abc import Callable
from typing import Final

from reluflow.live.frame import Frame
from reluflow.tui.cursor import Cursor
from reluflow.tui.terminal.frames import Frames

#: Looks at the session for each frame.
LOOKS_PER_FRAME: Final = 2
#: Seconds for which the picture of the old run stays once there is a new one that has hardly begun.
EXPECTED_SECONDS: Final = 0.3
#: After a longer time than this without a look (a stopped process) the cursor does not jump.
_LONGEST_PAUSE: Final = 0.5


class Refresh:
    """Decides how far the cursor goes on at a look at the session.

    ``clock`` gives seconds, ``spent`` the seconds of processor time of the thread that draws.
    """

    def __init__(
        self, fps: float, cursor: Cursor, clock: Callable[[], float], spent: Callable[[], float]
    ) -> None:
        self._cursor, self._clock, self._spent = cursor, clock, spent
        self._frames = Frames(fps, clock(), spent())
        #: since when another run than that on show is there, but has not come far enough to be shown
        self._expecting: float | None = None

    def begin(self) -> None:
        """A frame is begun."""
        self._frames.begin(self._clock(), self._spent())

    def due(self, newest: Frame) -> tuple[float, bool] | None:
        """The seconds that the cursor goes on by, None if it is not time for a frame.

        With them: whether to show a new run though it has hardly begun. Another run than the one on show is
        shown at once: a picture of the old one once more would only keep it waiting.
        """
        now, moment = self._clock(), self._cursor.moment
        if moment is not None and moment.frame.generation == newest.generation:
            self._expecting, overdue = None, False
            due = self._frames.is_due(now, newest.status == "running")
        else:
            self._expecting = now if self._expecting is None else self._expecting
            overdue = now - self._expecting > EXPECTED_SECONDS
            due = overdue or self._cursor.is_ready(newest)
        return (min(self._frames.since(now), _LONGEST_PAUSE), overdue) if due else None
