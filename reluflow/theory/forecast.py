"""When a network leaves the plateau that it is on, from its state alone and without a free parameter.

Residuals are y - h, of losses of labels minus their forces. While r hardly moves, small neurons are flowed in
closed form and grouped by the direction w in which they end. A group of mass u_0 (its sum of |a_j||w_j| now)
that grows alone is large at

    t_half = t + ln(u* / u_0) / (2 gamma),  gamma = s G_r(w),  u* = n gamma / sum_k b_k sigma(<w, x_k>)^2,

with b_k the curvature of the loss, 1 of the square: u* is the mass at which it has fitted what lies along w,
and at u*/2 the loss has fallen by 3/8 gamma u*, three quarters of what the group takes away. Several groups,
and the neurons that are large already, compete and turn: from where the first group is as good as aligned,
the flow of the bundles (``bundled_flow``) says when the loss has fallen by as much [derived].
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.flow.base import State
from reluflow.network import Array, activation, row_norms
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory.alignment import Attractor, gather
from reluflow.theory.bundled_flow import Neurons, bundled, time_to_fall
from reluflow.theory.effort import TooLongError, flow_of_bundles
from reluflow.theory.escape import loss_at_own_speed
from reluflow.theory.readings import time_of_loss
from reluflow.theory.resting import AT_REST, growth_rate_bound, is_large, moving
from reluflow.theory.small_neurons import Field, FinalGrowth, Index, final_growth_in, flowed
from reluflow.theory.start_growth import start_growth


@dataclass(frozen=True)
class ForecastRules:
    """How the next escape is forecast."""

    #: radians within which final directions grow together
    together: float = 0.03
    #: times the waiting time of the first group up to which groups compete with it
    rivals: float = 1.5
    #: share of its full mass that the first group has at the moment from which on the bundles are followed
    seed: float = 1e-6
    #: rounds in which kinks that would be met only after the escape are left out
    rounds: int = 6
    #: share of the first group's full mass that a group has at least, when that has half of it, to be seen
    #: by then
    faded: float = 1e-6
    #: neurons that are followed from now on where some are large already, at most: the residual may move
    few: int = 60
    #: pairs of bundle and sample (see ``effort.flow_of_bundles``) whose flow is solved for, at most (it
    #: takes a second or two then): more are hardly less than the network itself
    pairs: int = 20_000


FORECAST: Final = ForecastRules()


class TooManyBundlesError(TooLongError):
    """More bundles compete for the next escape than their flow is solved for."""


#: what too many bundles would do
TO_COMPETE: Final = "compete for the next escape: as much to solve for as the run itself"


def require_few(bundles: int, samples: int, most: float, what: str, least: bool = False) -> None:
    """Raise TooManyBundlesError where the flow of bundles would cost more than ``most``.

    ``least``: there are so many groups of neurons, and so at least as many bundles on their way there.
    """
    if flow_of_bundles(bundles, samples) > most:
        count = f"at least {bundles}" if least else f"{bundles}"
        raise TooManyBundlesError(f"{count} bundles of neurons on {samples} samples {what}")


@dataclass(frozen=True)
class Forecast:
    """The next escape.

    ``time``: flow time of the problem's loss at which it has fallen to ``loss`` (in its convention), that
    is by 3/8 gamma u*; ``time_alone``: t_half of the first group without competition; ``rate``: gamma, in
    the problem's time; ``sign``, ``direction`` (d,), ``mass`` u*, ``log_mass`` ln(u_0) and indices of
    the ``neurons`` of the first group; ``rivals``: how many small groups compete with it.
    """

    time: float
    loss: float
    time_alone: float
    rate: float
    sign: int
    direction: Array
    mass: float
    log_mass: float
    neurons: npt.NDArray[np.intp]
    rivals: int

    def measure(self, run: Measured) -> float | None:
        """Flow time at which the loss of a run has fallen to ``loss``; None if it has not."""
        return time_of_loss(run, self.loss)


@dataclass(frozen=True)
class FirstGroup:
    """The group that is large first if every group grows alone, from a state at flow time ``t`` on.

    ``groups``: those of the ``small`` neurons in the ``field`` of the state, with the half-mse times
    ``waits`` until each is large; ``order``: of those that get large, the first one first; ``mass``: u* of
    the first one; ``speed``: that of the problem's time; ``ends``: of all neurons, if the state is a start.
    """

    t: float
    groups: list[Attractor]
    waits: Array
    order: list[int]
    small: Index
    field: Field
    mass: float
    speed: float
    ends: FinalGrowth | None

    @property
    def lead(self) -> Attractor:
        return self.groups[self.order[0]]

    @property
    def wait(self) -> float:
        """Half-mse time from the state until it has half of its mass."""
        return float(self.waits[self.order[0]])

    @property
    def time_alone(self) -> float:
        """That flow time of the problem's loss."""
        return self.t + self.wait / self.speed

    @property
    def rate(self) -> float:
        """gamma, in the problem's time."""
        return float(self.lead.rate * self.speed)


def first_group(problem: Problem, state: State | None = None) -> FirstGroup | None:
    """The group of small neurons that grows first from ``state`` (the start if None); None if none grows.

    Those of a start have a budget: raises TooManyKinksError.
    """
    now = state or State(0.0, problem.weights, problem.output_weights)
    residual = problem.left(now.weights, now.output_weights)
    large = is_large(row_norms(now.weights) * np.abs(now.output_weights), problem)
    under_way = moving(problem, now, residual)
    small = under_way[~large[under_way]]
    if state is None:
        field, ends = start_growth(problem, residual)
    else:
        field, ends = Field(problem.inputs, residual, problem.slope), None
    groups, waits = next_groups(now, small, problem, field, ends)
    order = [int(i) for i in np.argsort(waits) if 0.0 < waits[i] < np.inf]
    if not order:
        return None
    lead, bend = groups[order[0]], problem.curvature(now.weights, now.output_weights)
    mass = full_mass(lead.direction, lead.rate, problem.inputs, bend, problem.slope)
    return FirstGroup(now.t, groups, waits, order, small, field, mass, problem.speed, ends)


def forecast(problem: Problem, state: State | None = None) -> Forecast | None:
    """The next escape from ``state`` (the start if None); None if no small neuron grows.

    Raises TooManyBundlesError where too many compete for it on too many samples.
    """
    first = first_group(problem, state)
    return None if first is None else with_rivals(problem, first, state)


def with_rivals(problem: Problem, first: FirstGroup, state: State | None = None) -> Forecast:
    """The next escape from ``state`` (the start if None), where the group is that which grows first.

    Raises TooManyBundlesError.
    """
    now = state or State(0.0, problem.weights, problem.output_weights)
    lead, alone, small = first.lead, first.wait, first.small
    level = loss_at_own_speed(problem, now) - 0.375 * lead.rate * first.mass
    begin = max(alone - np.log(1.0 / FORECAST.seed) / (2.0 * lead.rate), 0.0)
    faded = np.log(FORECAST.faded * first.mass)
    seen = [one for one in first.groups if one.log_mass + 2.0 * one.rate * alone > faded]
    require_few(len(seen), problem.samples, FORECAST.pairs, TO_COMPETE, least=True)
    grows = small[np.concatenate([one.neurons for one in seen])]
    longest = 2.0 * FORECAST.rivals * alone
    wait = _fall_of_the_bundles(problem, now, first.field, grows, begin, level, longest)
    return Forecast(
        float(now.t + (alone if wait is None else wait) / problem.speed),
        level * problem.speed,
        first.time_alone,
        first.rate,
        lead.sign,
        lead.direction,
        first.mass,
        lead.log_mass,
        small[lead.neurons],
        int(np.count_nonzero(first.waits[first.order] <= FORECAST.rivals * alone)) - 1,
    )


def _fall_of_the_bundles(
    problem: Problem, now: State, field: Field, grows: Index, begin: float, level: float, longest: float
) -> float | None:
    """Half-mse time from now at which its loss has fallen to ``level``; None if not before ``longest``.

    Of the small neurons only those seen by then, ``grows``, count; until ``begin`` they are flowed in
    closed form.
    """
    inputs, slope = problem.inputs, problem.slope
    large = np.flatnonzero(is_large(row_norms(now.weights) * np.abs(now.output_weights), problem))
    rest = Neurons(now.weights[large], now.output_weights[large], np.zeros(large.size))
    if large.size and grows.size + len(bundled(rest, inputs, slope)[1]) <= FORECAST.few:
        begin = 0.0
    small = flowed(now.weights[grows], now.output_weights[grows], field, begin)
    neurons = Neurons(
        np.vstack([small.weights, rest.weights]),
        np.concatenate([small.output_weights, rest.output_weights]),
        np.concatenate([small.log, rest.log]),
    )
    weights, outputs = bundled(neurons, inputs, slope)
    require_few(outputs.size, len(inputs), FORECAST.pairs, TO_COMPETE)
    bundles = replace(problem.at_own_speed, weights=weights, output_weights=outputs, weight_decay=0.0)
    wait = time_to_fall(bundles, level, longest - begin)
    return None if wait is None else begin + wait


def full_mass(
    direction: Array, rate: float, inputs: Array, bend: Array | None = None, slope: float = 0.0
) -> float:
    """u* for a unit direction w (d,); infinite where it sees nothing. ``bend`` (n,): b, of other losses."""
    hidden = activation(inputs @ direction, slope)
    seen = float(hidden @ hidden) if bend is None else float((bend * hidden) @ hidden)
    return len(inputs) * rate / seen if seen > 0.0 else np.inf


def waiting_time(group: Attractor, inputs: Array, bend: Array | None, slope: float) -> float:
    """Half-mse flow time until a group that grows alone has half of its full mass."""
    mass = full_mass(group.direction, group.rate, inputs, bend, slope)
    return float(np.log(mass) - group.log_mass) / (2.0 * group.rate)


def next_groups(
    now: State, small: Index, problem: Problem, field: Field, ends: FinalGrowth | None
) -> tuple[list[Attractor], Array]:
    """Groups of small neurons as they are when the first of them escapes, and their waiting times.

    ``ends``: of all neurons, where they are known.
    """
    known = None if ends is None else ends.take(small)
    until, groups, waits = np.inf, [], np.zeros(0)
    inputs, slope = problem.inputs, problem.slope
    bend = problem.curvature(now.weights, now.output_weights)
    slowest = AT_REST.zero * growth_rate_bound(inputs, field.residual, slope)
    for _ in range(FORECAST.rounds if small.size else 0):
        then = final_growth_in(field, now.weights[small], now.output_weights[small], until, known)
        known = known or then
        found = [group for group in gather(then, FORECAST.together) if group.rate > slowest]
        if not found:
            break
        groups = found
        waits = np.array([waiting_time(group, inputs, bend, slope) for group in groups])
        first = int(np.argmin(waits))
        wait = float(waits[first])
        if groups[first].settled <= wait or abs(until - wait) <= 1e-6 * abs(wait) or wait <= 0.0:
            break
        until = wait
    return groups, waits
