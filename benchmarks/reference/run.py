"""The state of an integration, and where it ends."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .corners import excess, growth, rays
from .kinks import Array, Indices, Kinks, Real
from .neurons import Drive, Neurons
from .search import Margins, sliding_margins
from .series import Segment

#: how much all directions may still turn or grow before the time limit in a network at rest
REST = 1e-12
#: a pull below this share of its terms, which are as large as this share of the first residual, is rounding
ROUNDED, FLOOR = 1e-13, 1e-16
#: events without progress in time that mean a tie
STUCK = 400


class GaveUpError(Exception):
    """The reference has no answer, with the reason."""


@dataclass(frozen=True)
class Limits:
    """Where a run ends: loss over first loss, flow time, seconds of wall time, steps."""

    loss: float = 1e-9
    time: float = 1e4
    wall: float = 60.0
    steps: int = 200_000


@dataclass
class Piece:
    """A recorded piece of the residual's path: from when, how long, and its coefficients (N + 1, n)."""

    start: float
    segment: Segment

    def loss(self, t: float) -> float:
        share = min(max((t - self.start) / float(self.segment.length), 0.0), 1.0)
        r = self.segment.residual(Real(share))
        return float(r @ r / (2 * r.size))


@dataclass
class Run:
    """Neurons at a time t; ``alive`` are those that anything moves.

    ``first`` is the largest residual of the start.
    """

    kinks: Kinks
    neurons: Neurons
    drive: Drive
    limits: Limits
    t: np.longdouble
    alive: npt.NDArray[np.intp]
    first: np.longdouble = field(default_factory=lambda: Real(0))
    #: neurons that can move along one line only: its direction (d,)
    lines: dict[int, Array] = field(default_factory=dict)
    #: what ends the sliding of the neurons that slide, and the places of the rays of those in a corner
    margins: dict[int, Margins] = field(default_factory=dict)
    rays: dict[int, Array] = field(default_factory=dict)
    #: how neurons came to the corners that hold them
    arrivals: dict[int, tuple[Array, Array]] = field(default_factory=dict)
    steps: int = 0
    slid: bool = False
    events: dict[str, int] = field(default_factory=dict)
    choices: list[str] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    #: length of the last step, and that of the last one with all terms of the series
    taken: np.longdouble = field(default_factory=lambda: Real(np.inf))
    reach: float = 0.0
    #: length of the next implicit step, series to take before it, and how many more after a failure
    leap: float = 0.0
    wait: int = 3
    patience: int = 3

    def count(self, kind: str) -> None:
        self.events[kind] = self.events.get(kind, 0) + 1

    def choose(self, what: str, j: int) -> None:
        """Note that descent leaves the way on open."""
        self.choices.append(f"{what}, neuron {j} at t = {float(self.t):.6g}")

    def residual(self) -> Array:
        return self.neurons.residual(self.kinks)

    def loss(self) -> np.longdouble:
        r = self.residual()
        return r @ r / (2 * r.size)

    def take_sides(self, j: int) -> None:
        """Renew what follows from the sides of neuron j."""
        self.drive.renew(j, self.neurons.sides[j], self.kinks)
        slid = np.flatnonzero(self.neurons.sides[j] == 0)
        self.slid = self.slid or slid.size > 0
        self._watch(j, slid)
        self.lines.pop(j, None)
        line = self.kinks.line(slid)
        if line is not None:
            self.lines[j] = line

    def _watch(self, j: int, slid: Indices) -> None:
        """What ends the sliding of neuron j."""
        self.margins.pop(j, None)
        self.rays.pop(j, None)
        sides, sign = self.neurons.sides[j], int(self.neurons.sign[j])
        if excess(self.kinks, slid):
            places = rays(self.kinks, slid)
            rows = -growth(self.kinks, sign, sides, slid, places, self.kinks.forces)
            count = np.arange(len(rows))
            self.margins[j] = Margins(rows, np.full_like(count, j), count, np.zeros_like(count))
            self.rays[j] = places
        elif slid.size:
            self.margins[j] = sliding_margins(j, sign, sides, self.kinks)

    def keep_to_lines(self) -> None:
        """Take w and z of neurons that move along one line from the place on it.

        Such a neuron may shrink without end, and what rounding adds to w or z elsewhere would stay.
        """
        for j, line in self.lines.items():
            place = self.neurons.w[j] @ line
            self.neurons.w[j] = self.neurons.outside[j] + place * line
            self.neurons.z[j] = np.where(self.neurons.z[j] == 0, 0, place * (self.kinks.inputs @ line))

    def bury(self) -> None:
        """Leave out neurons that nothing moves: no sample is active, or they are exactly zero."""
        moved = np.any(self.drive.derivatives != 0, axis=1) | np.any(self.neurons.sides == 0, axis=1)
        still = np.all(self.neurons.w == 0, axis=1) & (self.neurons.a == 0)
        self.alive = np.flatnonzero(moved & ~still)

    def ended(self, first: np.longdouble, seconds: float) -> str:
        """Why the run ends here, or nothing."""
        if self.loss() <= self.limits.loss * first:
            return "loss"
        if self.t >= self.limits.time:
            return "time"
        if self.steps >= self.limits.steps or seconds > self.limits.wall:
            return "wall"
        return "rest" if self.at_rest() else ""

    def at_rest(self) -> bool:
        """Whether no neuron is pulled any more, up to rounding or for the time that is left."""
        pulls, r = self.drive.pulls[self.alive, self.kinks.samples :], self.residual()
        now = np.max(np.abs(pulls @ r), axis=1, initial=Real(0))
        terms = np.max(np.abs(pulls) @ (ROUNDED * np.abs(r) + FLOOR * self.first), axis=1, initial=Real(0))
        return bool(np.all((now <= terms) | (now * (self.limits.time - self.t) < REST)))

    def check_progress(self) -> None:
        recent = self.pieces[-STUCK:]
        if len(recent) == STUCK and recent[0].start == float(self.t):
            raise GaveUpError(f"events without end at t = {float(self.t):.6g}")
