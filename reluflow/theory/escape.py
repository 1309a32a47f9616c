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
from reluflow.network import Array, residuals
from reluflow.problem import Problem
from reluflow.theory.alignment import basins, sphere_oracle, unfitted
from reluflow.theory.least_loss import least_objective
from reluflow.theory.origin import at_origin
from reluflow.theory.rate_bounds import BRANCH, one_sign_bounds
from reluflow.theory.resting import AT_REST, moving, one_sign_rate_bound
from reluflow.theory.small_neurons import pulls


@dataclass(frozen=True)
class EscapeLimits:
    """When a network moves, rests, or has nothing left to fit."""

    #: share of Gamma_all at the zero network below which a rate may be what has not decayed yet; the loss
    #: is its square
    globally: float = 1e-4
    #: share of Gamma_all; the state moves if ln(loss) falls at more than that
    still: float = 0.02
    #: share of the growth rate that each sample of labels could pull at, below which the loss may tend to its
    #: least like 1/t: it moves if it falls by the share ``still`` of what is left while ln(t) grows by 1
    slow: float = 0.1


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

    Exact where branch and bound over the samples comes to an end, or all activation cones can be visited
    (always for d = 2 and some thousand samples), else bounds from below and above. It takes some seconds at
    most. ``slope``: that of the activation sigma below zero.
    """
    left = unfitted(inputs, residual)
    if not np.any(left):
        return EscapeRates(Bound(0.0, 0.0), Bound(0.0, 0.0))
    rows, nu = inputs[left], residual[left] / residual.size
    oracle = sphere_oracle(inputs, residual, slope)[0] if np.linalg.matrix_rank(rows) <= 2 else None
    if oracle is None:
        rates = EscapeRates(_bounded(rows, nu, slope), _bounded(rows, -nu, slope))
        if not (rates.plus.exact and rates.minus.exact):
            oracle, _ = sphere_oracle(inputs, residual, slope)
        if oracle is None:
            return rates
    plus, minus = oracle.highest(nu).value, oracle.highest(-nu).value
    return EscapeRates(Bound(plus, plus), Bound(minus, minus))


def _bounded(inputs: Array, nu: Array, slope: float) -> Bound:
    low, high = one_sign_bounds(inputs, nu, slope)
    return Bound(low, low) if high <= (1.0 + BRANCH.gap) * low else Bound(low, high)


def available_rate(problem: Problem, state: State) -> float:
    """Gamma_available: the largest rate that a live small neuron flows to under the present residual."""
    residual, slope = _left(problem, state), problem.slope
    small = moving(problem, state, residual)
    found = basins(state.weights[small], state.output_weights[small], problem.inputs, residual, slope=slope)
    return max((one.rate for one in found), default=0.0)


def classify(problem: Problem, state: State) -> Verdict:
    """Name the stationary point that a state is near, or say that it is near none.

    What is called a global minimum has a certified gap: no network of any width has a loss, or an objective
    with weight decay, that is lower by more than the reason says.
    """
    if problem.weight_decay:
        from reluflow.theory.decayed_rest import classify_decayed

        return classify_decayed(problem, state)
    residual = _left(problem, state)
    rates = escape_rates(problem.inputs, residual, problem.slope).all
    loss = loss_at_own_speed(problem, state)
    above = loss - least_objective(problem, residual, rates.high)
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
