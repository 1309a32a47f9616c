"""Predictions of the flow with weight decay, du/dt = M(t) u - lambda u with u = (w, a).

As u(t) = exp(-lambda t) v(t) and v follows the flow without decay, every a_j^2 - |w_j|^2 falls like
exp(-2 lambda t). A neuron rests at a size above zero only where the data pull as fast as decay does. The
objective of any network is at least that of the best one of any width (``decayed_norm``).
"""

from typing import Final

import numpy as np

from reluflow.network import imbalance, loss_of, residuals
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory.minimum_norm import minimum_norm, why_no_norm
from reluflow.theory.prediction import Prediction
from reluflow.theory.small_neurons import pulls

#: A neuron is left if its size is at least this share of the largest: others still shrink.
LEFT: Final = 1e-3


def predictions(problem: Problem) -> list[Prediction]:
    """The rows for a problem; without weight decay they say so."""
    decays = problem.weight_decay > 0.0
    reason = "holds for every flow with weight decay" if decays else "there is no weight decay"
    return [
        Prediction(
            "decay/imbalance",
            "(a_j^2 - |w_j|^2) exp(2 lambda t) does not change: largest change over a_j^2 + |w_j|^2.",
            "derived",
            decays,
            reason,
            0.0 if decays else None,
            _imbalance,
            1e-6,
            absolute=True,
            needs="two states",
        ),
        Prediction(
            "decay/balance-of-rates",
            "At rest |D_j| = lambda for every neuron that is left: largest ||D_j| / lambda - 1|.",
            "Boursier, Bowditch, Englert, Lazic 2025",
            decays,
            reason,
            0.0 if decays else None,
            _rates,
            1e-3,
            absolute=True,
            needs="a rest of the objective",
        ),
        _optimum(problem),
    ]


def _optimum(problem: Problem) -> Prediction:
    """The certified bound of the objective. Only for small data."""
    found, reason = None, _why_no_optimum(problem)
    if reason is None:
        found = minimum_norm(problem.inputs, problem.targets, problem.slope, problem.decay)
    value = "" if found is None else f" ({found.value * problem.speed:.7g}, certified to {found.gap:.1e})"
    return Prediction(
        "decay/optimum",
        f"No network has an objective below the best one of any width{value}: that bound over the objective "
        "at the end is at most 1, and 1 where training finds a global minimum.",
        "Boursier, Bowditch, Englert, Lazic 2025",
        found is not None,
        reason or "the data are small enough for an exact answer",
        None if found is None else 1.0,
        (lambda run: None) if found is None else (lambda run: _share(run, found.lower_bound)),
        1e-9,
        one_sided=True,
        needs="a rest of the objective",
    )


def _why_no_optimum(problem: Problem) -> str | None:
    if not problem.weight_decay:
        return "there is no weight decay"
    if problem.of_labels:
        return f"the loss is {problem.loss}: the best objective is worked out for the square loss"
    return why_no_norm(problem)


def _share(run: Measured, bound: float) -> float | None:
    """The bound, of the half-mse objective, over the objective of the last state, if that rests."""
    if run.status != "stationary":
        return None
    state, problem = run.final, run.problem
    left = residuals(state.weights, state.output_weights, problem.inputs, problem.targets, problem.slope)
    objective = loss_of(left, problem.loss) + problem.penalty(state.weights, state.output_weights)
    return bound * problem.speed / objective


def _imbalance(run: Measured) -> float | None:
    """The largest change, over all snapshots, in units of the neuron at that time."""
    t, decay = np.asarray(run.snapshots.t), run.problem.weight_decay
    worst, first = 0.0, imbalance(run.problem.weights, run.problem.output_weights)
    for time, weights, outputs in zip(t, run.snapshots.weights, run.snapshots.output_weights, strict=True):
        size = np.sum(weights**2, axis=1) + outputs**2
        change = np.abs(imbalance(weights, outputs) - first * np.exp(-2.0 * decay * float(time)))
        kept = size > LEFT * size.max(initial=0.0)
        worst = max(worst, float(np.max(change[kept] / size[kept], initial=0.0)))
    return worst


def _rates(run: Measured) -> float | None:
    """Of the last state, if it rests."""
    if run.status != "stationary":
        return None
    state, problem = run.final, run.problem
    size = np.sum(state.weights**2, axis=1) + state.output_weights**2
    kept = size > LEFT * size.max(initial=0.0)
    if not kept.any():
        return None
    w, a = state.weights[kept], state.output_weights[kept]
    left = problem.left(state.weights, state.output_weights)
    rates = np.linalg.norm(pulls(w, a, problem.inputs, left, problem.slope), axis=1)
    return float(np.max(np.abs(rates / problem.decay - 1.0)))
