"""What may be chosen about a figure, and which words of ``reluflow plot`` say so; without matplotlib."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reluflow.errors import ReluflowError
from reluflow.plot.circles import FULLEST, CircleChoice
from reluflow.registry.figures import CLOCKS as CLOCKS
from reluflow.registry.figures import Clock as Clock

_AT_A_TIME: Final = ("directions", "function", "field")
_OVER_TIME: Final = ("loss", "neurons", "spectrum", "eigen", "angles", "margins", "departure")
#: the kinds of figures of runs for which each option means something
MEANT_FOR: Final[Mapping[str, tuple[str, ...]]] = {
    "time": _OVER_TIME,
    "linear": ("loss",),
    "no-theory": ("loss",),
    "circle": ("field",),
    "at": ("loss", *_AT_A_TIME),
    "size": (*_OVER_TIME, *_AT_A_TIME, "sweep"),
}
#: inches: the least and the most that a side of a figure may have
SIDES: Final = (1.0, 50.0)


@dataclass(frozen=True)
class Choices:
    """What may be chosen.

    ``clock``: the time below curves; ``log``: of the loss; ``at``: the flow time of which a state is shown
    (None: the last); ``theory``: whether predictions stand beside the loss; ``circle``: of directions, on
    which the field is drawn; ``title``: words above the figure; ``size``: its width and height in inches,
    None for those of a column.
    """

    clock: Clock = "time"
    log: bool = True
    at: float | None = None
    theory: bool = True
    circle: CircleChoice = FULLEST
    title: str = ""
    size: tuple[float, float] | None = None

    def words(self, kind: str) -> list[str]:
        """The options that choose so for a kind of figure, but for the title."""
        clock = next(name for name, clock in CLOCKS.items() if clock == self.clock)
        found = {
            "time": ["--time", clock],
            "linear": [] if self.log else ["--linear"],
            "no-theory": [] if self.theory else ["--no-theory"],
            "circle": ["--circle", str(self.circle)] if self.circle.words else [],
            "at": ["--at", repr(self.at)] if self.at is not None else [],
        }
        return [word for name, words in found.items() if kind in MEANT_FOR[name] for word in words]


USUAL: Final = Choices()


def read_size(text: str) -> tuple[float, float]:
    """Width and height of a figure in inches, as in 7x2.6. Raises ReluflowError."""
    width, _, height = text.lower().partition("x")
    try:
        sides = float(width), float(height)
    except ValueError:
        sides = math.nan, math.nan
    if not all(SIDES[0] <= side <= SIDES[1] for side in sides):
        raise ReluflowError(
            f"--size {text}: expected WIDTHxHEIGHT in inches, such as 7x2.6, of {SIDES[0]:g} to {SIDES[1]:g}"
        )
    return sides
