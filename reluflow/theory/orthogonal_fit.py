"""Pairwise orthogonal inputs: which samples a start can fit, and how probable it is that it can fit all.

On orthogonal data a neuron that sees a sample of the sign of its output weight goes on seeing it until it is
fitted, and one that does not never will. So a small balanced or dominated start fits a sample if and only if
some neuron of its sign sees it at the start [derived].
"""

import numpy as np
import numpy.typing as npt

from reluflow.network import Array, residuals
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory.orthogonal_end import End
from reluflow.theory.orthogonal_rows import DERIVED
from reluflow.theory.prediction import Prediction

#: A sample is fitted if its residual is at most this share of its target.
FITTED = 0.01


def fit_probability(width: int, positive: int, negative: int) -> float:
    """Probability that a random start of ``width`` m fits so many positive and negative orthogonal samples.

        sum_k C(m, k) 2^-m (1 - 2^-k)^n+ (1 - 2^-(m - k))^n-

    for independent directions and signs, each of both with probability 1/2: k of the signs are positive, and
    of those neurons a sample is seen by none with probability 2^-k.
    """
    factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1.0, width + 1.0)))])
    weights = np.exp(factorials[-1] - factorials - factorials[::-1] - width * np.log(2.0))
    seen = _all_seen(width, positive) * _all_seen(width, negative)[::-1]
    return float(min(weights @ seen, 1.0))


def _all_seen(width: int, samples: int) -> Array:
    """Probabilities (width + 1,) that 0, 1, ... random neurons see all of so many samples."""
    if samples == 0:
        return np.ones(width + 1)
    unseen = 0.5 ** np.arange(1.0, width + 1.0)
    return np.concatenate([[0.0], np.exp(samples * np.log1p(-unseen))])


def seen(problem: Problem) -> npt.NDArray[np.bool_]:
    """Samples (n,) with a target that some neuron with an output weight of its sign sees at the start."""
    active = problem.weights @ problem.inputs.T > 0.0
    own = np.sign(problem.output_weights)[:, None] * np.sign(problem.targets) > 0.0
    found: npt.NDArray[np.bool_] = np.any(active & own, axis=0)
    return found


def fit_row(end: End) -> Prediction:
    """How many samples are fitted in the end, beside the probability that a random start fits all."""
    problem = end.problem
    positive, negative = (int(np.count_nonzero(s * problem.targets > 0.0)) for s in (1.0, -1.0))
    chance = fit_probability(problem.width, positive, negative)

    def measure(run: Measured) -> float | None:
        if run.status != "stationary" and not end.ended(run):
            return None
        left = residuals(run.final.weights, run.final.output_weights, problem.inputs, problem.targets)
        sizes = np.abs(problem.targets)
        return int(np.count_nonzero((np.abs(left) <= FITTED * sizes) & (sizes > 0.0)))

    return end.row(
        "fit",
        f"Samples that are fitted in the end, of {positive + negative}: those that a neuron of their sign "
        f"sees at the start. A random start of {problem.width} neurons fits all with probability "
        f"{chance:.6g}.",
        DERIVED, end.reason, float(np.count_nonzero(seen(problem))), measure, 0.0, absolute=True,
    )  # fmt: skip
