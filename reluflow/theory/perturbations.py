"""Whether small random changes of the weights lower the loss where a run has come to rest.

At a local minimum none does that is small enough. What is small depends on the neuron: across a kink the
loss may fall, and neurons that were tiny when their fate was decided lie as near as 1e-8 of their size to
one. So a change moves the hidden weights by a share of their size, and by less where the nearest kink is
nearer.
Source: Wu, Simsek, Ged 2024 (arXiv 2402.05626), who look at minima in this way.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.flow.base import State
from reluflow.network import Array, preactivations, residuals, row_norms
from reluflow.observe.measured import Measured
from reluflow.observe.neurons import describe
from reluflow.problem import Problem
from reluflow.theory.escape import classify
from reluflow.theory.prediction import Prediction


@dataclass(frozen=True)
class PerturbationRules:
    """How many changes are tried, and which of them lower the loss."""

    #: size of a change, as a share of |w_j| and of |a_j|
    size: float = 1e-3
    #: and of w_j, as a share of the distance to its nearest kink but those along which it slides
    to_kink: float = 0.2
    #: changes that are tried, at most, and products of weights and samples in all of them
    draws: int = 200
    work: float = 1e8
    #: fall, as a share of the loss, that is rounding or what is left of a rest that is not quite reached
    rounding: float = 1e-9
    #: the same in units of the solver's tolerance, to which its weights make the residual that they rest at
    per_rtol: float = 0.05


PERTURBATIONS: Final = PerturbationRules()


def prediction() -> Prediction:
    """The row of any problem."""
    return Prediction(
        "general/perturbations",
        "Where a run ends in a spurious local minimum no small random change of the weights lowers the loss: "
        f"share of those tried, by {100.0 * PERTURBATIONS.size:g} % of each neuron or less, that do.",
        "Wu, Simsek, Ged 2024 (arXiv 2402.05626)",
        True,
        "holds wherever a run ends in a spurious local minimum",
        0.0,
        _share,
        0.0,
        absolute=True,
        needs="an end in a spurious local minimum",
    )


def _share(run: Measured) -> float | None:
    if run.status != "stationary":
        return None
    if classify(run.problem, run.final).kind != "spurious local minimum":
        return None
    return share_below(run.problem, run.final, run.rtol)


def share_below(problem: Problem, state: State, rtol: float = 0.0) -> float:
    """The share of random changes of a state after which the loss, or the objective with decay, is lower.

    ``rtol``: the tolerance to which the state was solved.
    """
    work = problem.samples * state.weights.size
    draws = int(np.clip(PERTURBATIONS.work / work, 1, PERTURBATIONS.draws))
    rng, level = np.random.default_rng(0), _objective(problem, state)
    sizes = _sizes(problem, state)[:, None] / np.sqrt(problem.dimension)
    below, least = 0, 1.0 - PERTURBATIONS.rounding - PERTURBATIONS.per_rtol * rtol
    for _ in range(draws):
        weights = state.weights + sizes * rng.standard_normal(state.weights.shape)
        outputs = state.output_weights * (1.0 + PERTURBATIONS.size * rng.standard_normal(sizes.shape[0]))
        changed = _objective(problem, State(state.t, weights, outputs))
        below += changed < least * level
    return below / draws


def _sizes(problem: Problem, state: State) -> Array:
    """How far (m,) the hidden weights of each neuron are moved, about."""
    norms, lengths = row_norms(state.weights), problem.lengths
    table = describe(state, problem, _residual(problem, state))
    away = np.abs(preactivations(state.weights, problem.inputs)) / np.where(lengths > 0.0, lengths, 1.0)
    away[table.on_kink] = 0.0
    away[table.sliding | (lengths == 0.0)] = np.inf
    sizes: Array = np.minimum(PERTURBATIONS.size * norms, PERTURBATIONS.to_kink * np.min(away, axis=1))
    return sizes


def _residual(problem: Problem, state: State) -> Array:
    return residuals(state.weights, state.output_weights, problem.inputs, problem.targets, problem.slope)


def _objective(problem: Problem, state: State) -> float:
    return problem.value(_residual(problem, state)) + problem.penalty(state.weights, state.output_weights)
