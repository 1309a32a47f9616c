"""What a step that was tried has come to: along one path, or by power series with a leg up to every kink."""

from dataclasses import dataclass
from functools import cached_property

from reluflow.flow.events import Events
from reluflow.flow.lorentz.neurons import Neurons
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.samples import Index
from reluflow.flow.lorentz.segments import Kept
from reluflow.flow.lorentz.taylor import Taylor
from reluflow.network import Array


@dataclass(frozen=True)
class Leg:
    """A part of a step made by power series (``leap``): its length, and how far they would have held.

    end, events: the neurons there and what happened, at positions 0 .. 1 of the leg. passing: rows of neurons
    that were moved along the path of the residual all the same, the error of that, if it is known, and what
    dense output needs of these neurons.
    """

    series: Taylor
    length: float
    reach: float
    end: Neurons
    events: Events
    passing: Index
    error: float = 0.0
    kept: Kept | None = None

    @cached_property
    def path(self) -> Path:
        """The residual."""
        return self.series.path(self.length)

    @property
    def before(self) -> Neurons:
        """The passing neurons at its start."""
        return self.series.neurons.take(self.passing)


@dataclass(frozen=True)
class Attempt:
    """A step that was tried, and where it leads; it is shorter than ``wanted`` where it ends at a kink.

    path: that of the residual, over the last leg if there are several. end, events: the network there and
    what happened; residual (q,). ``end`` is None and the error infinite where Newton's method did not
    converge. legs: of a step by power series. kept: what dense output needs, if it is known.
    """

    wanted: float
    path: Path
    end: Neurons | None
    events: Events
    residual: Array
    error: float
    legs: tuple[Leg, ...] = ()
    kept: Kept | None = None

    @property
    def length(self) -> float:
        """Of the step."""
        return sum(leg.length for leg in self.legs) or self.path.length
