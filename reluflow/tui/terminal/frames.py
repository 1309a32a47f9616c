"""The frame rate: as the settings say, but lower while a solver needs the processor.

Solver and screen share one interpreter. While a run is being solved the screen uses at most a fixed share of
a core, so that a slow machine or a large terminal shows fewer frames. When the run is solved there is no such
limit.
"""

from typing import Final

#: the largest share of a core that frames may use while a solver is at work
SHARE: Final = 0.08
#: frames are never further apart than this, in seconds
LONGEST: Final = 0.5
#: how much of the newest cost goes into the mean
_WEIGHT: Final = 0.3


class Frames:
    """Counts when the last frame began, and the processor time that frames cost the thread that draws."""

    def __init__(self, fps: float, now: float, spent: float) -> None:
        """``now``: seconds of a clock; ``spent``: seconds of processor time of this thread so far."""
        self._period = self._pause = 1.0 / fps
        self._begun = self._reckoned = now
        self._spent = spent
        self._cost = 0.0

    def begin(self, now: float, spent: float) -> None:
        """A frame is begun: all that was spent since the last one is what that one cost."""
        self._cost += _WEIGHT * (spent - self._spent - self._cost)
        self._begun, self._spent = now, spent
        # counted from when it was due, so that checking at intervals does not make the rate lower
        due = self._reckoned + self._pause
        self._reckoned = due if due <= now < due + self._period else now

    def since(self, now: float) -> float:
        """Seconds since the last frame was begun."""
        return now - self._begun

    def is_due(self, now: float, solving: bool) -> bool:
        """Whether it is time for the next one; ``solving``: whether the solver is at work."""
        dear = min(self._cost / SHARE, LONGEST) if solving else 0.0
        self._pause = max(self._period, dear)
        return now >= self._reckoned + self._pause
