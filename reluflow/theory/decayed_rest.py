"""What a state is where weight decay is part of the objective.

The objective L + (lambda / 2) sum_j (|w_j|^2 + a_j^2) rests where every neuron that is left has |D_j| =
lambda. A new neuron in a direction of rate G grows at G - lambda. So a rest with Gamma_all <= lambda is a
global minimum of the objective, and one with Gamma_available <= lambda one that the flow of this network does
not leave; what bounds of Gamma_all leave open is told as undecided, with a bound of what could be gained.
Source: Boursier, Bowditch, Englert, Lazic 2025; derived.
"""

from typing import Final

import numpy as np

from reluflow.flow.base import State
from reluflow.observe.floor import terms
from reluflow.observe.kinks import SHARES, gradient_norm
from reluflow.problem import Problem
from reluflow.theory.escape import Kind, Verdict, available_rate, escape_rates, loss_at_own_speed
from reluflow.theory.least_loss import least_objective
from reluflow.theory.origin import at_origin

#: The state rests where |gradient of the objective| is at most this share of lambda |theta|.
STILL: Final = 1e-6
#: ... or of the tolerance, where that is tighter; but never below so many roundings of what the gradient is
#: made of.
ROUNDINGS: Final = 128.0
#: Rates that exceed lambda by no more than this share are lambda.
EQUAL: Final = 1e-4


def rests(problem: Problem, state: State, norm: float, share: float = STILL) -> bool:
    """Whether a state with this gradient norm (of the half-mse flow) rests.

    ``share``: of lambda |theta| that the gradient may have.
    """
    size = np.sqrt(np.sum(state.weights**2) + np.sum(state.output_weights**2))
    if share < STILL:
        parts = np.sqrt(np.mean(terms(state, problem) ** 2)) * np.max(problem.lengths)
        share = min(max(share, ROUNDINGS * np.finfo(float).eps * parts / problem.decay), STILL)
    return bool(norm <= share * problem.decay * size)


def classify_decayed(problem: Problem, state: State, share: float = STILL) -> Verdict:
    """The same as ``theory.escape.classify`` for the objective; rates and lambda of the half-mse flow.

    ``share``: as in ``rests``.
    """
    decay = problem.decay
    left = problem.left(state.weights, state.output_weights)
    rates = escape_rates(problem.inputs, left, problem.slope).all
    norm = gradient_norm(state, problem, SHARES.settled) / problem.speed
    penalty = problem.penalty(state.weights, state.output_weights) / problem.speed
    objective = loss_at_own_speed(problem, state) + penalty
    fall = norm**2 / objective if objective > 0.0 else 0.0
    available = available_rate(problem, state)
    kind: Kind
    if not rests(problem, state, norm, share):
        return Verdict("moving", rates, available, fall, f"the objective falls at the rate {fall:.3g}")
    level = (1.0 + EQUAL) * decay
    above = problem.speed * max(objective - least_objective(problem, left, rates.high), 0.0)
    within = f"the objective is above that of any other network by at most {above:.2g}"
    if rates.high <= level:
        kind = "global minimum"
        reason = f"no neuron could grow against the decay {decay:.6g}: Gamma_all = {rates}; {within}"
    elif available > level:
        kind = "saddle"
        reason = (
            f"small neurons of this network grow at up to {available:.6g}, faster than the decay {decay:.6g}"
        )
    elif rates.low <= level:
        kind = "undecided"
        reason = (
            f"no live neuron of this network can grow against the decay {decay:.6g}, and whether a new one "
            f"can is not certain: Gamma_all = {rates}; {within}"
        )
    elif at_origin(problem, state, left).size:
        kind = "saddle that the flow does not leave"
        reason = f"neurons at the origin could grow at Gamma_all = {rates}, faster than the decay {decay:.6g}"
    else:
        kind = "spurious local minimum"
        reason = (
            f"a new neuron could grow at Gamma_all = {rates}, faster than the decay {decay:.6g}, but no live "
            f"neuron of this network can (Gamma_available = {available:.6g})"
        )
    return Verdict(kind, rates, available, fall, reason)
