"""When the next frame is due: as often as the settings say, but not at the solver's expense.

Solver and screen share one interpreter, so that what one takes the other has not. While something is being
solved the screen takes no more than a share of a core: on a slow machine, or in a large terminal, it shows
fewer frames. Once the run is solved it has all the time it wants.
"""

from typing import Final

#: the most that frames take from a solver at work
SHARE: Final = 0.08
#: frames are never further apart than this, in seconds
LONGEST: Final = 0.5
#: how much of the newest cost goes into the mean
_WEIGHT: Final = 0.3


class Frames:
    """Keeps account of frames: when the last one was begun, and what they cost the thread that draws them."""

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
        # from when it was due, so that the beat at which one looks does not make the pace slower
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
