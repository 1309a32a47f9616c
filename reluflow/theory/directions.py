"""The directions to which the small neurons of a network are drawn, and how many of them go to each.

Under the residual r = y - h of a state a small neuron of sign s climbs s G_r along the sphere, G_r(w) =
(1/n) sum_k r_k sigma(<w, x_k>), and comes to rest in an extremal direction, where it grows at the rate s G_r
(Maennel, Bousquet, Gelly 2018; Boursier and Flammarion 2024). The data alone decide how many such directions
there are; the width only decides how many neurons lie in the basin of each. Neurons are followed in closed
form (``small_neurons``), so that the counts are exact as long as the residual rests.
"""

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from reluflow.errors import ProblemError, counted
from reluflow.flow.base import State
from reluflow.network import Array, residuals, row_norms
from reluflow.problem import Problem
from reluflow.theory.alignment import Attractor, basins, extremal_directions, gather, unfitted
from reluflow.theory.cones import CONES, count_cones
from reluflow.theory.escape import Bound, escape_rates
from reluflow.theory.forecast import waiting_time
from reluflow.theory.origin import at_origin
from reluflow.theory.resting import growth_rate_bound, is_large, moving
from reluflow.theory.small_neurons import OFF, ON, SLIDING, Index, Mask, final_growth


@dataclass(frozen=True)
class DirectionRules:
    """How the directions in which small neurons end are found, and who counts as aligned."""

    #: degrees from a direction within which neurons count as aligned with it
    aligned: float = 5.0
    #: radians up to which directions of one sign are one
    same: float = 1e-5
    #: cosine with an input below which a direction is on its kink
    on_kink: float = 1e-9
    #: share of the growth-rate bound at the start below which a rate is rounding of a residual at rest
    slowest: float = 1e-5
    #: share of the loss of a network of vanishing size below which nothing is left to fit
    fitted: float = 1e-6
    #: random neurons of each sign, at most
    drawn: int = 500
    #: share that these have of all neurons that are followed
    share: float = 0.2
    #: value of n^2 min(n, d) m up to which m neurons are followed: a neuron takes about 3e-8 seconds times
    #: it, all of them some 20 seconds
    work: float = 7e8
    #: neurons with fewer of which nothing is learned
    fewest: int = 50


RULES: Final = DirectionRules()


@dataclass(frozen=True)
class Direction:
    """One direction in which neurons of one sign come to rest.

    ``rate``: s G_r there, per unit of the problem's flow time; ``maximum``: whether it is a local maximum of
    s G_r, or is only come to by neurons that never see some sample orthogonal to all that they see;
    ``active``, ``kinks``: the samples seen there, and those along whose kinks neurons slide; ``basin``: share
    of random neurons of that sign that go there, ``basin_error`` its standard error; ``neurons``: those of
    the network that do; ``aligned``: its small neurons of that sign within ``RULES.aligned`` degrees by now;
    ``escape``: flow time at which those that go there would be large if nothing else changed, None if there
    are none.
    """

    sign: int
    direction: Array
    rate: float
    maximum: bool
    active: tuple[int, ...]
    kinks: tuple[int, ...]
    basin: float
    basin_error: float
    neurons: tuple[int, ...]
    aligned: int
    escape: float | None


@dataclass(frozen=True)
class Directions:
    """All of them at flow time ``t``, fastest first.

    ``exact``: whether no local maximum can be missing, else they are what ``drawn`` random neurons of each
    sign found. ``gamma_all``, ``gamma_available``: the fastest growth of any neuron and of this network's.
    ``left``: share of the loss at zero that is left. Of ``width`` neurons ``followed`` were looked at:
    ``large`` ones have grown, ``idle`` ones are small and nothing pulls on them, ``fading`` ones come to rest
    without growing; each other is in one basin. ``at_origin``: those that are there or shrink to it for ever.
    ``decay``: that of the weights, per unit of flow time as all rates, from which it is not taken off.
    """

    t: float
    found: tuple[Direction, ...]
    exact: bool
    drawn: int
    gamma_all: Bound
    gamma_available: float
    left: float
    width: int
    followed: int
    large: int
    idle: int
    fading: int
    at_origin: int
    decay: float

    @property
    def fitted(self) -> bool:
        """Whether nothing is left that could be fitted: samples that are zero keep their loss."""
        return self.left <= RULES.fitted or self.gamma_all.high == 0.0


def directions(problem: Problem, state: State | None = None, seed: int = 0) -> Directions:
    """The directions under the residual of ``state`` (the start if None), and where its neurons go.

    Of a network so wide that this takes more than ``RULES.work`` only the first neurons are followed.
    Raises ProblemError for data on which not even ``RULES.fewest`` neurons could be.
    """
    each = problem.samples**2 * min(problem.samples, problem.dimension)
    if RULES.fewest * each > RULES.work:
        raise ProblemError(
            f"{problem.samples} samples in {counted(problem.dimension, 'dimension')} are too many for "
            "neurons to be followed one by one; expected samples^2 x min(samples, dimensions) of at most "
            f"{RULES.work / RULES.fewest:.2g}"
        )
    return _Search(problem, state or State(0.0, problem.weights, problem.output_weights), seed).run()


@dataclass
class _Place:
    """A direction, how many random neurons of each sign came to it, and the network's groups that do."""

    lead: Attractor
    drawn: int = 0
    own: list[Attractor] = field(default_factory=list)


class _Search:
    """The parts of ``directions``, from what all of them need."""

    def __init__(self, problem: Problem, state: State, seed: int) -> None:
        self.problem, self.seed = problem, seed
        weights, outputs = state.weights, state.output_weights
        self.residual = problem.left(weights, outputs)
        off = residuals(weights, outputs, problem.inputs, problem.targets, problem.slope)
        at_zero = problem.value(-problem.targets)
        self.left = problem.value(off) / at_zero if at_zero > 0.0 else 0.0
        #: how forces change with the predictions (n,)
        self.bend = problem.curvature(weights, outputs)
        mass = np.abs(state.output_weights) * row_norms(state.weights)
        most = int(RULES.work / (problem.samples**2 * min(problem.samples, problem.dimension)))
        self.count = min(int(RULES.share * most), RULES.drawn)
        self.most = most - 2 * self.count
        self.state = State(state.t, state.weights[: self.most], state.output_weights[: self.most])
        self.large: Mask = is_large(mass, problem)[: self.most]
        moves = np.zeros(self.large.size, dtype=bool)
        if self.left > RULES.fitted:
            moves[moving(problem, self.state, self.residual)] = True
        #: small neurons under way
        self.small: Index = np.flatnonzero(moves & ~self.large)

    def run(self) -> Directions:
        places, exact = self._places() if self.left > RULES.fitted else ([], True)
        for one in self._own() if self.left > RULES.fitted else ():
            _at(places, one).own.append(one)
        found = sorted((self._described(place) for place in places), key=lambda one: -one.rate)
        # from the wall of a cone, where no neuron starts, one may come to more than there are to be found
        found = [one for one in found if one.maximum or one.basin > 0.0 or one.neurons]
        problem = self.problem
        slowest = RULES.slowest * problem.speed * growth_rate_bound(problem.inputs, problem.pull_at_zero)
        found = [one for one in found if one.rate > slowest]
        followed, large = self.large.size, int(np.count_nonzero(self.large))
        return Directions(
            self.state.t,
            tuple(found),
            exact,
            self.count,
            self._gamma_all(found, exact),
            max((one.rate for one in found if one.neurons), default=0.0),
            self.left,
            self.problem.width,
            followed,
            large,
            followed - large - self.small.size,
            self.small.size - sum(len(one.neurons) for one in found),
            at_origin(self.problem, self.state, self.residual).size if self.left > RULES.fitted else 0,
            problem.weight_decay,
        )

    def _places(self) -> tuple[list[_Place], bool]:
        """Local maxima where all of them can be found, and what random neurons come to."""
        inputs, residual, slope = self.problem.inputs, self.residual, self.problem.slope
        rows = inputs[unfitted(inputs, residual)]
        places: list[_Place] = []
        exact = count_cones(len(rows), int(np.linalg.matrix_rank(rows))) <= CONES.most
        if exact:
            found = extremal_directions(inputs, residual, self.seed, slope)
            places, exact = [_Place(one) for one in found.attractors], found.exact
        rng = np.random.default_rng(self.seed)
        for sign in (1.0, -1.0):
            weights = rng.normal(size=(self.count, inputs.shape[1]))
            for one in basins(weights, sign * row_norms(weights), inputs, residual, slope=slope):
                _at(places, one).drawn += one.neurons.size
        return places, exact

    def _own(self) -> list[Attractor]:
        """Groups of the network's small neurons, with indices into the network."""
        weights, outputs = self.state.weights[self.small], self.state.output_weights[self.small]
        ends = final_growth(weights, outputs, self.problem.inputs, self.residual, slope=self.problem.slope)
        return [replace(one, neurons=self.small[one.neurons]) for one in gather(ends)]

    def _described(self, place: _Place) -> Direction:
        lead, speed = place.lead, self.problem.speed
        share = place.drawn / self.count
        neurons = np.sort(np.concatenate([np.zeros(0, np.intp), *(one.neurons for one in place.own)]))
        return Direction(
            lead.sign,
            lead.direction,
            lead.rate * speed,
            self._is_maximum(lead),
            tuple(np.flatnonzero(lead.status == ON).tolist()),
            tuple(np.flatnonzero(lead.status == SLIDING).tolist()),
            share,
            float(np.sqrt(share * (1.0 - share) / self.count)),
            tuple(neurons.tolist()),
            self._aligned(lead),
            self._escape(place) if place.own else None,
        )

    def _is_maximum(self, lead: Attractor) -> bool:
        """Not if s G_r rises across a kink that neurons on its other side never come to."""
        inputs = self.problem.inputs
        on_kink = np.abs(inputs @ lead.direction) <= RULES.on_kink * row_norms(inputs)
        rises = (lead.sign * self.residual > 0.0) & unfitted(inputs, self.residual)
        return not np.any(on_kink & rises & (lead.status == OFF))

    def _aligned(self, lead: Attractor) -> int:
        same = self.small[np.sign(self.state.output_weights[self.small]) == lead.sign]
        weights = self.state.weights[same]
        norms = row_norms(weights)
        chords = row_norms(weights / np.where(norms > 0.0, norms, 1.0)[:, None] - lead.direction)
        return int(np.count_nonzero(chords <= 2.0 * np.sin(0.5 * np.radians(RULES.aligned))))

    def _escape(self, place: _Place) -> float:
        """When the neurons that go there would be large; those that were not followed count on average."""
        masses = np.array([one.log_mass for one in place.own])
        share = np.log(self.problem.width / self.large.size)
        group = replace(place.lead, log_mass=float(np.logaddexp.reduce(masses) + share))
        wait = waiting_time(group, self.problem.inputs, self.bend, self.problem.slope)
        return self.state.t + max(wait, 0.0) / self.problem.speed

    def _gamma_all(self, found: list[Direction], exact: bool) -> Bound:
        low = max((one.rate for one in found), default=0.0)
        if exact:
            return Bound(low, low)
        problem = self.problem
        bound = escape_rates(problem.inputs, self.residual, problem.slope).all
        low = max(low, problem.speed * bound.low)
        return Bound(low, low if bound.exact else max(low, problem.speed * bound.high))


def _at(places: list[_Place], found: Attractor) -> _Place:
    """The place of a direction, a new one if there is none yet."""
    for place in places:
        apart = float(np.linalg.norm(place.lead.direction - found.direction))
        if place.lead.sign == found.sign and apart <= RULES.same:
            return place
    places.append(_Place(found))
    return places[-1]
