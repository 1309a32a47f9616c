"""The playback: the flow time that is on show, and how it moves.

Playing is not solving. A solver may finish in a moment or take minutes. The playback moves over what has been
recorded, by a clock that the user chooses; where the solver is slower it follows the newest state.
"""

import math
from dataclasses import dataclass
from typing import Final

from reluflow.observe.history import CLOCKS, Clock, History

#: Offered speeds. By change, 1 is about an e-fold of the loss or a radian of rotation a second.
SPEEDS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, math.inf)
DEFAULT_SPEED: Final = 2.0
#: Seconds that a whole run of the present length takes at speed 1, by clocks other than change.
WHOLE_RUN: Final = 40.0


@dataclass
class Playback:
    """``t``: flow time of the cursor. ``stop_at``: where to pause next, if anywhere."""

    t: float = 0.0
    playing: bool = True
    clock: Clock = "change"
    speed: float = DEFAULT_SPEED
    stop_at: float | None = None

    def advance(self, seconds: float, history: History, over: bool) -> bool:
        """Move on by so much wall time; whether the cursor moved.

        ``over``: the run has ended, so that at its end playing ends too. At the end of a run that still
        goes on the cursor waits for more.
        """
        if not self.playing:
            return False
        before = self.t
        self.t = min(self._target(seconds, history), history.end)
        if self.stop_at is not None and self.t >= self.stop_at:
            self.t, self.stop_at, self.playing = self.stop_at, None, False
        elif over and self.t >= history.end:
            self.playing = False
        return self.t != before

    def _target(self, seconds: float, history: History) -> float:
        if math.isinf(self.speed):
            return history.end
        rate = self.speed
        if self.clock != "change":
            rate *= history.reading(self.clock, history.end) / WHOLE_RUN
        return history.time_of(self.clock, history.reading(self.clock, self.t) + rate * seconds)

    def toggle(self, history: History, over: bool) -> None:
        """Pause or play; from the end of a run that is over, play from the start."""
        self.stop_at = None
        self.playing = not self.playing
        if self.playing and over and self.t >= history.end:
            self.t = 0.0

    def go_to(self, t: float, history: History) -> None:
        """Put the cursor at a time, paused."""
        self.playing, self.stop_at = False, None
        self.t = min(max(t, 0.0), history.end)

    def next_clock(self) -> None:
        """Change to the next of the clocks."""
        self.clock = CLOCKS[(CLOCKS.index(self.clock) + 1) % len(CLOCKS)]

    def change_speed(self, by: int) -> None:
        """To a neighbouring speed of those on offer."""
        self.speed = SPEEDS[min(max(SPEEDS.index(self.speed) + by, 0), len(SPEEDS) - 1)]
