"""A moment is a run at the flow time of the cursor; every panel draws the same one."""

from dataclasses import dataclass

from reluflow.flow.base import State
from reluflow.live.frame import Frame
from reluflow.observe.history import Clock
from reluflow.plot.phases import Plateau, Stop


@dataclass(frozen=True, eq=False)
class Moment:
    """A frame and a place in its history.

    ``t``, ``loss``, ``step``, ``state``: at the cursor (loss nan and state None without a history).
    ``live``: the newest frame, which is another than ``frame`` only while a new run has little to show.
    ``waits_for``: what playing will pause at. ``plateaus``: of all that is recorded.
    """

    frame: Frame
    live: Frame
    t: float
    loss: float
    step: int
    state: State | None
    playing: bool
    clock: Clock
    speed: float
    waits_for: Stop | None
    plateaus: tuple[Plateau, ...]

    @property
    def at_head(self) -> bool:
        """Whether the cursor is where the recording ends."""
        history = self.frame.history
        return history is None or self.t >= history.end
