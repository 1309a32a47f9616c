"""Between two plateaus in the limit of vanishing scale: the flow of the neurons that are large.

An escape takes a time that does not grow as the scale vanishes. On the clock of the limit it is an instant;
within it the large neurons flow from one stationary point to the next, started by a seed of the neurons that
have just become large, and the dormant ones, too small to be seen, only turn. The large neurons are few, one
for each bundle, so this is integrated with the default solver. Times are flow time of the half-mse loss.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.flow import make_solver
from reluflow.flow.base import Options, State
from reluflow.network import Array, loss_of, residuals, row_norms
from reluflow.problem import Problem
from reluflow.theory.resting import growth_rate_bound
from reluflow.theory.small_neurons import pulls


@dataclass(frozen=True)
class RestRules:
    """How the large neurons are flowed to their next stationary point."""

    #: relative tolerance of the solver
    rtol: float = 1e-5
    #: size |w_j| = |a_j| that is given to dormant neurons, so small that they are not seen
    dormant: float = 1e-140
    #: e-folds that dormant neurons may grow by before they are put back to their size
    folds: float = 200.0
    #: share of the growth-rate bound; the large neurons rest if ln(loss) falls at less than that
    still: float = 1e-10
    #: share of the loss at zero output at which nothing is left to fit
    fitted: float = 1e-13
    #: stretches of so many e-folds after which the large neurons are given up as not coming to rest
    stretches: int = 400
    #: share of its fall of the loss after which an escape is over
    over: float = 0.99


FLOW_TO_REST: Final = RestRules()


@dataclass(frozen=True)
class Bundles:
    """Neurons by direction: ``weights`` (k, d), ``output_weights`` (k,)."""

    weights: Array
    output_weights: Array

    @property
    def mass(self) -> Array:
        """|a||w| of each (k,)."""
        mass: Array = np.abs(self.output_weights) * row_norms(self.weights)
        return mass


@dataclass(frozen=True)
class Rest:
    """Where an escape ends: ``large`` bundles in their old order, ``dormant`` ones in units of their size.

    ``residual`` (n,): y - h; ``still``: whether the large neurons came to rest; ``time`` until the fall of
    the loss was over.
    """

    large: Bundles
    dormant: Bundles
    residual: Array
    still: bool
    time: float


def flow_to_rest(inputs: Array, targets: Array, large: Bundles, dormant: Bundles, least: float) -> Rest:
    """Flow ``large`` to its next stationary point; ``dormant`` ones, in units of their size, follow.

    Seeds among the large ones are hardly seen before the time ``least`` has passed.
    """
    count, done, passed = len(large.weights), False, 0.0
    losses: list[tuple[float, float]] = []
    for _ in range(FLOW_TO_REST.stretches):
        weights = np.vstack([large.weights, FLOW_TO_REST.dormant * dormant.weights])
        outputs = np.concatenate([large.output_weights, FLOW_TO_REST.dormant * dormant.output_weights])
        problem = Problem(inputs, targets, weights, outputs)
        excess = residuals(large.weights, large.output_weights, inputs, targets)
        length = FLOW_TO_REST.folds / growth_rate_bound(inputs, excess)
        state, done, seen = _stretch(problem, count, length, least - passed)
        losses += [(passed + t, loss) for t, loss in seen]
        passed = losses[-1][0]
        large = Bundles(state.weights[:count], state.output_weights[:count])
        dormant = in_own_units(state.weights[count:], state.output_weights[count:])
        if done:
            break
    residual = -residuals(large.weights, large.output_weights, inputs, targets)
    return Rest(large, dormant, residual, done, _over(losses))


def in_own_units(weights: Array, outputs: Array) -> Bundles:
    """Neurons divided by their size."""
    size = np.maximum(row_norms(weights), np.abs(outputs))
    unit = np.where(size > 0.0, size, 1.0)
    return Bundles(weights / unit[:, None], outputs / unit)


def _over(losses: list[tuple[float, float]]) -> float:
    """When the fall of the loss was as good as over."""
    t, loss = np.array(losses).T
    below = loss <= loss[-1] + (1.0 - FLOW_TO_REST.over) * (loss[0] - loss[-1])
    return float(t[np.argmax(below)])


def _stretch(
    problem: Problem, count: int, length: float, least: float
) -> tuple[State, bool, list[tuple[float, float]]]:
    """The state after a stretch of flow time, or before, if the first ``count`` neurons have come to rest.

    Then whether they have, and the time and the loss after every step.
    """
    solver = make_solver("lorentz", problem, Options(rtol=FLOW_TO_REST.rtol))
    fitted = FLOW_TO_REST.fitted * loss_of(problem.targets)
    seen = [(0.0, solver.loss)]
    while solver.failure is None and solver.t < length:
        solver.step(t_end=length)
        seen.append((solver.t, solver.loss))
        if solver.t < least:
            continue
        pull = growth_rate_bound(problem.inputs, solver.residual)
        rests = _descent(problem, solver.state, count) <= FLOW_TO_REST.still * solver.loss * pull
        if rests or solver.loss <= fitted:
            return solver.state, True, seen
    return solver.state, False, seen


def _descent(problem: Problem, state: State, count: int) -> float:
    """-dL/dt, as far as the first ``count`` neurons make it."""
    weights, outputs = state.weights[:count], state.output_weights[:count]
    residual = -residuals(weights, outputs, problem.inputs, problem.targets)
    force = pulls(weights, outputs, problem.inputs, residual)
    return float(np.sum((outputs[:, None] * force) ** 2) + np.sum(np.einsum("jd,jd->j", weights, force) ** 2))
