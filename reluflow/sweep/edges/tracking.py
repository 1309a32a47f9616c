"""Edge tracking: along the boundary between two outcomes, to the saddle or the kink that lies on it.

Bisection of a path finds two starts that differ in rounding and end differently. Their solutions stay
together near the boundary for as long as their difference takes to grow; where they part another bisection,
between the two states there, follows the boundary further (Skufca, Yorke and Eckhardt 2006, for smooth
systems). What attracts on the boundary is a saddle. The flow of ReLU networks has kinks as well, from which
both sides are pushed off: there is no saddle then, and the two part at once, however close they start.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from reluflow.errors import EdgeError
from reluflow.flow.base import State
from reluflow.network import residuals
from reluflow.problem import Problem
from reluflow.store.preset import Preset
from reluflow.sweep.edges.following import Parting, followed
from reluflow.sweep.edges.kinks import Kink, parting_kink
from reluflow.sweep.edges.outcomes import Endings, Outcome
from reluflow.sweep.edges.paths import Path, mixture, path_between
from reluflow.sweep.edges.saddles import Saddle, resting_saddle

#: Bisections over which the boundary is shown, and after which it is given up.
FEWEST: Final = 3
MOST: Final = 10
#: Difference of ln(loss) below which two runs end alike.
ALIKE: Final = 1e-3
#: Two sides are followed for so many times as long as they take to their ends.
_LONGER: Final = 2.0


@dataclass(frozen=True)
class Bracket:
    """Coordinates of a path on two sides of a boundary, how runs from there end, and how many were halved."""

    one: float
    other: float
    ends: tuple[Outcome, Outcome]
    halvings: int


@dataclass(frozen=True)
class Bisection:
    """One bisection and how far it carries along the boundary.

    ``began``: flow time since the start of the path; ``gap``: largest |w_j - w'_j| / |w_j| of the two sides
    there; ``parted``: flow time at which it has grown to about 1e-3, at the ``rate``; ``loss`` there.
    """

    began: float
    gap: float
    halvings: int
    parted: float
    rate: float
    loss: float


@dataclass(frozen=True)
class Edge:
    """What lies between two outcomes.

    ``kind``: "saddle", "kink", or "moving" where neither was reached. ``path`` in words and ``at``, its
    coordinate on the boundary; ``outcomes`` in words, of both presets' sides next to the boundary. ``sides``:
    the problems from which the last bisection began, with their networks then; they differ by ``gap``.
    """

    kind: str
    path: str
    at: float
    outcomes: tuple[Outcome, Outcome]
    bisections: tuple[Bisection, ...]
    kink: Kink | None
    saddle: Saddle | None
    sides: tuple[Problem, Problem]

    @property
    def sentence(self) -> str:
        """What was found, in a few words."""
        one, other = self.outcomes
        words = f"one side {one.words}, the other {other.words}; between them "
        if self.saddle is not None:
            return (
                f"{words}is a saddle at loss {self.saddle.loss:.6g}, from which both depart at the rate "
                f"{self.saddle.rate:.4g}"
            )
        if self.kink is not None:
            kink = self.kink
            place = f"of sample {kink.sample + 1} for neuron {kink.neuron} at t = {kink.t:.6g}"
            return f"{words}is a kink, {place}"
        return f"{words}the boundary has come to no rest by t = {self.bisections[-1].parted:.6g}"


def edge_between(
    one: Preset,
    other: Preset,
    look: Callable[[Bisection], None] = lambda _: None,
    interrupted_by: Callable[[], str | None] = lambda: None,
) -> Edge:
    """Track the boundary between the outcomes of two presets.

    Parameters
    ----------
    one, other: presets that differ in one number, or in starts of equal signs on the same data. Runs go on to
        their ends, a fit (stop.loss, or 1e-6 of the loss at the start) or rest, whatever [stop] says else.
    look: called after every bisection.
    interrupted_by: asked now and then; where it names who wants the tracking to end, StoppedError is raised.

    Raises EdgeError for other presets, for two that end alike, and for outcomes between which there is no
    boundary; and what building a problem or a solver raises.

    >>> edge = reluflow.edge_between(reluflow.load_preset("edge-caught"), reluflow.load_preset("edge-missed"))
    >>> edge.kind, round(edge.saddle.loss, 6), round(edge.saddle.rate, 4)
    ('saddle', 0.333333, 0.3333)
    """
    path = path_between(one, other)
    endings = Endings.of(one, path.problem(path.first), interrupted_by)
    return track(path, endings, look)


def track(path: Path, endings: Endings, look: Callable[[Bisection], None] = lambda _: None) -> Edge:
    """Track the boundary on a path; see ``edge_between``."""
    first = bisected(path, endings)
    bracket, segment, began = first, path, 0.0
    bisections: list[Bisection] = []
    while True:
        sides = segment.problem(bracket.one), segment.problem(bracket.other)
        parting = followed(*sides, endings, _LONGER * max(end.time for end in bracket.ends))
        bisections.append(_bisection(began, bracket, parting, sides[0]))
        look(bisections[-1])
        kink = parting_kink(parting, sides[0], began)
        saddle = None if kink else resting_saddle(parting.parted, sides[0], parting.rate, endings)
        if kink or (saddle and len(bisections) >= FEWEST) or len(bisections) == MOST:
            kind = "kink" if kink else "saddle" if saddle else "moving"
            ends = first.ends if len(bisections) == 1 else bracket.ends
            return Edge(kind, path.what, first.one, ends, tuple(bisections), kink, saddle, sides)
        began += parting.parted.t
        parted = [_at(sides[0], state) for state in (parting.parted.one, parting.parted.other)]
        segment = mixture(sides[0], parted[0], parted[1], f"the states on both sides at t = {began:.6g}")
        bracket = bisected(segment, endings)


def bisected(path: Path, endings: Endings) -> Bracket:
    """Halve a path down to two neighbouring coordinates with different outcomes.

    Of the two halves the one goes on whose ends differ more in ln(loss), so that a jump is found where there
    is one. Raises EdgeError if both ends are alike, or where the loss at the end changes continuously.
    """
    ends = [(place, endings(path.problem(place))) for place in (path.first, path.last)]
    if _alike(*(outcome for _, outcome in ends)):
        raise EdgeError(
            f"{path.what}: both ends have one outcome ({ends[0][1].words}); expected two that end differently"
        )
    halvings = 0
    while (place := path.between(ends[0][0], ends[1][0])) is not None:
        outcome = endings(path.problem(place))
        jumps = [abs(outcome.value - end.value) for _, end in ends]
        ends[1 if jumps[0] >= jumps[1] else 0] = (place, outcome)
        halvings += 1
    (one, first), (other, last) = ends
    if _alike(first, last):
        raise EdgeError(
            f"{path.what}: the loss at the end changes continuously, at {one:.9g} as elsewhere; expected "
            "outcomes with a boundary between them"
        )
    return Bracket(one, other, (first, last), halvings)


def _alike(one: Outcome, other: Outcome) -> bool:
    return abs(one.value - other.value) <= ALIKE


def _bisection(began: float, bracket: Bracket, parting: Parting, problem: Problem) -> Bisection:
    parted = parting.parted
    return Bisection(
        began,
        parting.start.apart,
        bracket.halvings,
        began + parted.t,
        parting.rate,
        _loss(problem, parted.one),
    )


def _at(problem: Problem, state: State) -> Problem:
    """The problem with the network of a state as its start."""
    return replace(problem, weights=state.weights, output_weights=state.output_weights)


def _loss(problem: Problem, state: State) -> float:
    residual = residuals(state.weights, state.output_weights, problem.inputs, problem.targets, problem.slope)
    return problem.value(residual)
