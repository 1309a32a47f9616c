"""What a step that was tried has come to: along one path, or by Taylor segments, one up to every kink."""

from dataclasses import dataclass
from functools import cached_property
from math import inf

from reluflow.flow.events import Events, no_events
from reluflow.flow.lorentz.motion_record import SweepRecord
from reluflow.flow.lorentz.neurons import Neurons
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.samples import Index
from reluflow.flow.lorentz.taylor import TaylorSeries
from reluflow.network import Array


@dataclass(frozen=True)
class TaylorSegment:
    """A part of a step made by power series (``series_step``): its length, and how far they would have held.

    end, events: the neurons there and what happened, at positions 0 .. 1 of the segment. passing: rows of
    neurons that were moved along the path of the residual all the same; error: of that path, if it is known;
    record: what dense output needs of them.
    """

    series: TaylorSeries
    length: float
    horizon: float
    end: Neurons
    events: Events
    passing: Index
    error: float = 0.0
    record: SweepRecord | None = None

    @cached_property
    def path(self) -> Path:
        """The residual."""
        return self.series.path(self.length)

    @property
    def before(self) -> Neurons:
        """The passing neurons at its start."""
        return self.series.neurons.take(self.passing)


@dataclass(frozen=True)
class TrialStep:
    """A step that was tried, and where it leads; it is shorter than ``wanted`` where it ends at a kink.

    path: that of the residual, over the last segment if there are several. end, events: the network there and
    what happened; residual (q,). ``end`` is None and the error infinite where Newton's method did not
    converge. segments: of a step by power series. record: what dense output needs, if it is known.
    """

    wanted: float
    path: Path
    end: Neurons | None
    events: Events
    residual: Array
    error: float
    segments: tuple[TaylorSegment, ...] = ()
    record: SweepRecord | None = None

    @property
    def length(self) -> float:
        """Of the step."""
        return sum(segment.length for segment in self.segments) or self.path.length

    @classmethod
    def rejected(cls, wanted: float, path: Path, residual: Array) -> "TrialStep":
        """A step that leads nowhere, from a residual (q,)."""
        return cls(wanted, path, None, no_events(), residual, inf)
