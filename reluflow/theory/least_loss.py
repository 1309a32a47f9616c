"""A certified bound of the objective of any network, from what is left to fit in one.

Every loss is convex in the predictions h, so that for any nu with sum_k nu_k h(x_k) <= lambda V(h) for all
networks h of variation norm V, the least of value - sum_k nu_k h_k over *all* h is a bound (weak duality).
Forces of a network at its optimum are such a nu, and the bound is then exact. With weight decay
Gamma_all(nu) <= lambda is asked for, which nu times a number meets. Without, nu must not see any network:
then it can live only on samples that no network tells apart. Those are on one line through the origin: on
it a network is |x| c + <v, x>, v common to all lines, since the kinks |<w, x>| of different lines are
independent. Source: derived.
"""

from typing import Final

import numpy as np

from reluflow.flow.lorentz.half_lines import half_lines
from reluflow.network import Array, row_norms
from reluflow.problem import Problem

#: singular values below this are rounding, where numbers are at most 1
ROUNDING: Final = 1e-12


def least_objective(problem: Problem, left: Array, fastest: float) -> float:
    """No network of any width has an objective below this, of the flow of half-mse; at least 0.

    ``left`` (n,): what a network leaves to fit. ``fastest``: an upper bound of its Gamma_all.
    """
    if problem.weight_decay:
        unseen = left * min(1.0, problem.decay / fastest) if fastest else left
    else:
        unseen = without_networks(problem.inputs, left)
    return max(problem.function.least(unseen, problem.targets), 0.0)


def without_networks(inputs: Array, values: Array) -> Array:
    """The part of ``values`` (n,) that is orthogonal to the outputs of every network on ``inputs`` (n, d)."""
    norms = row_norms(inputs)
    rest = np.where(norms > 0.0, 0.0, values)
    # a plane that no input is on tells half-lines of a line from each other
    side = np.where(inputs @ np.random.default_rng(0).normal(size=inputs.shape[1]) < 0.0, -1.0, 1.0)
    line, _ = half_lines(side[:, None] * inputs, norms)
    shared = np.flatnonzero((line >= 0) & (np.bincount(line + 1)[line + 1] > 1))
    if not shared.size:
        return rest
    lines, of = np.unique(line[shared], return_inverse=True)
    even = np.zeros((shared.size, lines.size))
    even[np.arange(shared.size), of] = norms[shared]
    made = np.column_stack([even, inputs[shared]]) / np.max(even)
    basis, sizes, _ = np.linalg.svd(made, full_matrices=False)
    basis = basis[:, sizes > ROUNDING]
    rest[shared] = values[shared] - basis @ (basis.T @ values[shared])
    return rest
