"""Whether and how fast a network can leave the neighbourhood of a stationary point.

Residuals are y - h, of losses of labels minus their forces, and G_r(w) = (1/n) sum_k r_k sigma(<w, x_k>). A
small neuron of sign s grows at the rate s G_r(w), at most Gamma_s = max_{|w| = 1} s G_r(w). Gamma_all =
max(Gamma_+, Gamma_-) is zero only where nothing is left that any neuron could fit. Gamma_available is the
largest rate that a live small neuron of *this* network flows to. Where that is zero the flow of this network
stays: at a local minimum, or, if neurons are at the origin or shrink to it, at a saddle of the loss that its
flow does not leave (``origin``).

Rates are per unit of flow time of the half-mse loss: for "mse" multiply by ``problem.speed``. Source: derived
(first variation of the loss by one more neuron); spurious minima as in Boursier and Flammarion 2024.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from reluflow.flow.base import State
from reluflow.network import Array, activation, residuals, row_norms
from reluflow.problem import Problem
from reluflow.theory.alignment import basins, extremal_directions, sphere_oracle, unfitted
from reluflow.theory.cones import count_cones
from reluflow.theory.least_loss import least_objective
from reluflow.theory.origin import at_origin
from reluflow.theory.resting import AT_REST, growth_rate_bound, moving, one_sign_rate_bound
from reluflow.theory.small_neurons import pulls


@dataclass(frozen=True)
class EscapeLimits:
    """When a network moves, rests, or has nothing left to fit."""

    #: share of Gamma_all at the zero network below which nothing is left to fit: the loss is its square
    globally: float = 1e-4
    #: relative difference below which two bounds are one number
    rounding: float = 1e-9
    #: share of Gamma_all; the state moves if ln(loss) falls at more than that
    still: float = 0.02
    #: share of the growth rate that each sample of labels could pull at, below which the loss may tend to its
    #: least like 1/t: it moves if it falls by the share ``still`` of what is left while ln(t) grows by 1
    slow: float = 0.1
    #: activation cones that are visited where bounds would do, at most: about a second
    quick_cones: int = 500


ESCAPE: Final = EscapeLimits()


Kind = Literal[
    "global minimum",
    "saddle",
    "saddle that the flow does not leave",
    "spurious local minimum",
    "undecided",
    "moving",
]


@dataclass(frozen=True)
class Bound:
    """A number known to lie between ``low`` and ``high``; exact (up to rounding) if they are equal."""

    low: float
    high: float

    @property
    def exact(self) -> bool:
        return self.low == self.high

    def __str__(self) -> str:
        if self.exact:
            return f"{self.low:.6g}"
        return f"between {self.low:.6g} (lower bound) and {self.high:.6g} (upper bound)"


@dataclass(frozen=True)
class EscapeRates:
    """Gamma_+ and Gamma_-: the fastest growth of any neuron of a sign."""

    plus: Bound
    minus: Bound

    @property
    def all(self) -> Bound:
        """Gamma_all."""
        return Bound(max(self.plus.low, self.minus.low), max(self.plus.high, self.minus.high))


@dataclass(frozen=True)
class Verdict:
    """What a state is, by its rates, and why in words.

    ``gamma_all``, ``gamma_available``: as above; ``fall``: rate at which ln(loss) falls, by the gradient of
    least norm where neurons are on kinks; all of the half-mse flow.
    """

    kind: Kind
    gamma_all: Bound
    gamma_available: float
    fall: float
    reason: str

    @property
    def stays(self) -> bool:
        """Whether something is left to fit, and the flow of this network rests there for ever."""
        return self.kind in ("saddle that the flow does not leave", "spurious local minimum")


def escape_rates(inputs: Array, residual: Array, slope: float = 0.0) -> EscapeRates:
    """Gamma_+ and Gamma_- of a ``residual`` y - h (n,) on ``inputs`` (n, d).

    Exact by visiting all activation cones where they are few enough (always for d = 2 and some thousand
    samples), else a lower bound by local search and an upper one by ``one_sign_rate_bound``. ``slope``: that
    of the activation sigma below zero.
    """
    if not np.any(unfitted(inputs, residual)):
        return EscapeRates(Bound(0.0, 0.0), Bound(0.0, 0.0))
    oracle, _ = sphere_oracle(inputs, residual, slope)
    if oracle is not None:
        nu = residual[unfitted(inputs, residual)] / residual.size
        plus, minus = oracle.highest(nu).value, oracle.highest(-nu).value
        return EscapeRates(Bound(plus, plus), Bound(minus, minus))
    found = extremal_directions(inputs, residual, slope=slope).attractors
    lows = [max((one.rate for one in found if one.sign == sign), default=0.0) for sign in (1, -1)]
    highs = [one_sign_rate_bound(inputs, sign * residual, slope) for sign in (1, -1)]
    return EscapeRates(Bound(lows[0], highs[0]), Bound(lows[1], highs[1]))


def available_rate(problem: Problem, state: State) -> float:
    """Gamma_available: the largest rate that a live small neuron flows to under the present residual."""
    residual, slope = _left(problem, state), problem.slope
    small = moving(problem, state, residual)
    found = basins(state.weights[small], state.output_weights[small], problem.inputs, residual, slope=slope)
    return max((one.rate for one in found), default=0.0)


def bounded_rates(inputs: Array, residual: Array, slope: float = 0.0) -> Bound:
    """Bounds of Gamma_all at once: above by ``one_sign_rate_bound``, below by what some directions reach.

    Those are the inputs, their opposites, and the sums of the pulls of either sign.
    """
    sums = np.stack([np.maximum(residual, 0.0), np.maximum(-residual, 0.0)]) @ inputs
    tried = np.vstack([sums, inputs, -inputs])
    lengths = row_norms(tried)
    tried = tried[lengths > 0.0] / lengths[lengths > 0.0, None]
    reached = activation(tried @ inputs.T, slope) @ residual / residual.size
    low, high = float(np.max(np.abs(reached), initial=0.0)), growth_rate_bound(inputs, residual, slope)
    return Bound(high, high) if low >= (1.0 - ESCAPE.rounding) * high else Bound(low, high)


def gamma_all(problem: Problem, residual: Array, most: int) -> Bound:
    """Gamma_all, exactly if there are at most so many activation cones or if ``most`` is 0, else bounds."""
    rank = problem.span.inputs.shape[1]
    if most and count_cones(problem.samples, rank) > most:
        return bounded_rates(problem.inputs, residual, problem.slope)
    return escape_rates(problem.inputs, residual, problem.slope).all


def classify(problem: Problem, state: State, most_cones: int = 0) -> Verdict:
    """Name the stationary point that a state is near, or say that it is near none.

    With more activation cones than ``most_cones`` (0: no limit) bounds of Gamma_all must do.
    """
    if problem.weight_decay:
        from reluflow.theory.decayed_rest import classify_decayed

        return classify_decayed(problem, state, most_cones)
    residual = _left(problem, state)
    rates = gamma_all(problem, residual, most_cones)
    loss = loss_at_own_speed(problem, state)
    above = loss - least_objective(problem, residual, rates.high)
    whole = gamma_all(problem, problem.pull_at_zero, most_cones)
    if (rates.high <= ESCAPE.globally * whole.low and not problem.of_labels) or loss == 0.0:
        reason = f"no neuron could fit what is left: Gamma_all = {rates}"
        return Verdict("global minimum", rates, 0.0, 0.0, reason)
    if above <= ESCAPE.globally**2 * problem.value(-problem.targets) / problem.speed:
        return Verdict("global minimum", rates, 0.0, 0.0, _within(problem, above))
    speed = descent_speed(problem, state, residual)
    fall, available = speed / loss, available_rate(problem, state)
    slowly = problem.of_labels and rates.high <= ESCAPE.slow * _pull_of_each(problem)
    slowly = slowly and speed * state.t > ESCAPE.still * above
    if fall > ESCAPE.still * rates.high or slowly:
        reason = f"ln(loss) falls at the rate {fall:.3g}, Gamma_all = {rates}"
        return Verdict("moving", rates, available, fall, reason)
    if available > AT_REST.zero * rates.low:
        reason = f"small neurons of this network grow at up to Gamma_available = {available:.6g}"
        return Verdict("saddle", rates, available, fall, reason)
    kind, reason = _where_it_stays(problem, state, rates, above)
    return Verdict(kind, rates, 0.0, fall, reason)


def _where_it_stays(problem: Problem, state: State, rates: Bound, above: float) -> tuple[Kind, str]:
    """The kind of a rest at which no live small neuron can grow, and why in words.

    Gamma_all must stand out from what has not decayed yet.
    """
    if rates.low <= ESCAPE.globally * _pull_of_each(problem):
        reason = (
            "no live small neuron of this network can grow (Gamma_available = 0), and whether a new one can "
            f"is not certain: Gamma_all = {rates}; {_within(problem, above)}"
        )
        return "undecided", reason
    routes = at_origin(problem, state, _left(problem, state)).size
    if routes:
        reason = (
            "the flow stays, for no live small neuron of this network can grow (Gamma_available = 0); but "
            f"neurons at the origin or shrinking to it for ever ({routes} of {problem.width}) are escape "
            "routes of the loss: one of them, moved off it by eps, lowers it by up to eps^2 Gamma_all, "
            f"Gamma_all = {rates}"
        )
        return "saddle that the flow does not leave", reason
    reason = (
        f"a new neuron could grow at Gamma_all = {rates}, but no live small neuron of this network can "
        "(Gamma_available = 0), and none is at the origin"
    )
    return "spurious local minimum", reason


def _pull_of_each(problem: Problem) -> float:
    """A bound of Gamma_all at zero that stands where samples pull against each other, and little is left."""
    return one_sign_rate_bound(problem.inputs, np.abs(problem.pull_at_zero), problem.slope)


def _within(problem: Problem, above: float) -> str:
    """How far a loss is, at most, above that of any network; of half-mse's flow."""
    most = max(above, 0.0) * problem.speed
    return f"the loss is above that of any other network by at most {most:.2g}"


def _left(problem: Problem, state: State) -> Array:
    """What is left to fit, y - h (n,), or minus the forces of another loss."""
    return problem.left(state.weights, state.output_weights)


def loss_at_own_speed(problem: Problem, state: State) -> float:
    """The loss, of "mse" half of it: whose flow goes at the speed of the rates."""
    left = residuals(state.weights, state.output_weights, problem.inputs, problem.targets, problem.slope)
    return problem.value(left) / problem.speed


def descent_speed(problem: Problem, state: State, residual: Array) -> float:
    """-dL/dt of the half-mse loss and flow: sum of a_j^2 |D_j|^2 + <w_j, D_j>^2, sliding on kinks."""
    found = pulls(state.weights, state.output_weights, problem.inputs, residual, problem.slope)
    by_weight = state.output_weights[:, None] * found
    by_output = np.einsum("jd,jd->j", state.weights, found)
    return float(np.sum(by_weight**2) + np.sum(by_output**2))
