"""Rows for orthogonally separable labels: y_i y_j <x_i, x_j> > 0 for all pairs of samples.

There every force on a neuron adds samples of one class to what it sees and takes away those of the other.
So neurons of a small start come to see the class of their sign alone, or nothing, before the loss moves: in
the closed form of ``small_neurons`` with the force at h = 0, y/2 of the logistic and y of the exponential
loss. Min, Mallada, Vidal 2023 (arXiv 2307.12851) bound the time that this takes by O(ln(n) / sqrt(mu)), mu
the least cosine between y_i x_i and y_j x_j, in the flow time of the sum of the losses over samples, which is
1/n of that of their mean. Starts in which a neuron is opposite to its class may take longer by any factor:
the bound hides how far from that they are.
"""

import numpy as np

from reluflow.network import Array, preactivations, row_norms
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory.effort import TooManyKinksError
from reluflow.theory.forecast import first_group
from reluflow.theory.label_rows import LABELS, MIN, STATEMENTS, ended, not_labels, not_small, row
from reluflow.theory.prediction import Prediction, not_relu
from reluflow.theory.start_growth import start_growth


def separable_rows(problem: Problem) -> list[Prediction]:
    reason = not_labels(problem) or not_relu(problem) or _not_orthogonally_separable(problem)
    reason = reason or not_small(problem)
    checked = "y_i y_j <x_i, x_j> > 0 for all pairs, and the start is small"
    return [
        _alignment_time(problem, reason, checked),
        row("one-class", MIN, reason, checked, 0.0, _of_other_classes, 0.0),
        row("loss-rate", MIN, reason, checked, -1.0, _loss_rate, LABELS.rate, one_sided=True),
        row("stable-rank", MIN, reason, checked, 2.0, _stable_rank, LABELS.rank, one_sided=True),
    ]


def _alignment_time(problem: Problem, reason: str | None, checked: str) -> Prediction:
    """The row about the last change of what a neuron sees."""
    time, pending, words = 0.0, False, STATEMENTS["alignment-time"]
    try:
        ends, first = (start_growth(problem)[1], first_group(problem)) if reason is None else (None, None)
    except TooManyKinksError as error:
        reason = str(error)
    if reason is None and ends is not None:
        time = float(np.max(ends.settled))
        if first is None:
            reason = "no neuron grows from this start"
        elif time > first.time_alone - np.log(1.0 / LABELS.seed) / (2.0 * first.rate):
            pending = True
            reason = (
                f"the last neuron aligns at t = {time:.4g}, when the first bundle is seen; expected well "
                "before, as at a smaller scale"
            )
        elif time == 0.0:
            reason = "every neuron sees one class or nothing from the start"
        else:
            words += (
                f" It is {time / _proved(problem):.3g} n ln(n) / (g x sqrt(mu)), g being that force, x the "
                "least length and mu the least cosine of two y_i x_i: a bound of this form is proved."
            )
    return row(
        "alignment-time", MIN, reason, checked, time, _aligned, LABELS.aligned, absolute=False,
        statement=words, pending=pending, needs="a run that gets past it",
    )  # fmt: skip


def _proved(problem: Problem) -> float:
    """n ln(n) / (g min |x| sqrt(mu)), a flow time."""
    n, unit = problem.samples, problem.targets[:, None] * problem.inputs / problem.lengths[:, None]
    force, least = float(np.max(np.abs(problem.pull_at_zero))), float(np.min(problem.lengths))
    return float(n * np.log(max(n, 2)) / (force * least * np.sqrt(np.min(unit @ unit.T))))


def _aligned(run: Measured) -> float | None:
    """When a neuron last began or ceased to see a sample, linear in cosines between the states around."""
    states, inputs = run.snapshots, run.problem.inputs
    before, last = _cosines(states.weights[-1], inputs), None
    for i in range(len(states.t) - 1, 0, -1):
        after, before = before, _cosines(states.weights[i - 1], inputs)
        changed = (before > 0.0) != (after > 0.0)
        if np.any(changed):
            shares = before[changed] / (before[changed] - after[changed])
            last = float(states.t[i - 1] + np.max(shares) * (states.t[i] - states.t[i - 1]))
            break
    return last


def _cosines(weights: Array, inputs: Array) -> Array:
    """Pre-activations (m, n) over |w_j|."""
    norms = row_norms(weights)
    return preactivations(weights, inputs) / np.where(norms > 0.0, norms, 1.0)[:, None]


def _not_orthogonally_separable(problem: Problem) -> str | None:
    signed = problem.targets[:, None] * problem.inputs
    least = float(np.min(signed @ signed.T))
    if least > 0.0:
        return None
    return f"the least y_i y_j <x_i, x_j> is {least:.3g}; expected all above zero"


def _of_other_classes(run: Measured) -> float | None:
    if not ended(run):
        return None
    final, problem = run.final, run.problem
    sees = preactivations(final.weights, problem.inputs) > 0.0
    own = np.sign(final.output_weights)[:, None] * problem.targets > 0.0
    return float(np.count_nonzero(sees.any(axis=1) & (sees != own).any(axis=1)))


def _loss_rate(run: Measured) -> float | None:
    if not ended(run):
        return None
    t, loss = run.series["t"], run.series["loss"]
    since = int(np.flatnonzero(loss >= 10.0 * loss[-1])[-1])
    return float(np.log(loss[-1] / loss[since]) / np.log(t[-1] / t[since]))


def _stable_rank(run: Measured) -> float | None:
    sizes = np.linalg.svd(run.final.weights, compute_uv=False)
    return float(np.sum((sizes / sizes[0]) ** 2)) if ended(run) and sizes[0] > 0.0 else None
