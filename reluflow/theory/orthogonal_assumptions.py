"""What must hold for the predictions on orthogonal inputs, checked on the data and the start.

P1 is Boursier, Pillaud-Vivien, Flammarion 2022 (arXiv 2206.00939). Every reason says what was found and what
was expected.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.network import outweighed, row_norms, variation_norm
from reluflow.problem import Problem
from reluflow.theory.orthogonal_formulas import least_norm, least_orthogonal, pulls
from reluflow.theory.prediction import not_relu


@dataclass(frozen=True)
class OrthogonalAssumptions:
    """What the formulas for orthogonal inputs ask of the data and the start."""

    #: cosine between two inputs up to which it is the rounding of an orthogonal pair
    orthogonal: float = 64 * np.finfo(float).eps
    #: variation norm of a small start, at most, as a share of the least norm that fits
    small: float = 1e-3


ASSUMED: Final = OrthogonalAssumptions()


def why_not(problem: Problem) -> str | None:
    """The assumption of the limit process and of its sharp times that fails, in words; None if all hold."""
    reason = not_relu(problem)
    if reason is not None:
        return reason
    reason = _not_orthogonal(problem) or _not_balanced(problem)
    if reason is not None:
        return reason
    share = variation_norm(problem.weights, problem.output_weights) / least_norm(
        problem.inputs, problem.targets
    )
    if share > ASSUMED.small:
        return (
            f"the start is not small: its variation norm is {share:.2g} of the least that fits; expected at "
            f"most {ASSUMED.small:g}"
        )
    return None


def _not_orthogonal(problem: Problem) -> str | None:
    lengths = row_norms(problem.inputs)
    if np.any(lengths == 0.0):
        return f"an input is zero: that of sample {int(np.argmin(lengths)) + 1}; expected none"
    cosine, k, other = least_orthogonal(problem.inputs)
    if abs(cosine) > ASSUMED.orthogonal:
        return (
            f"the inputs are not orthogonal: samples {k + 1} and {other + 1} have a cosine of {cosine:.3g}; "
            "expected 0 for every pair"
        )
    return "all targets are zero" if not np.any(problem.targets) else None


def _not_balanced(problem: Problem) -> str | None:
    short = outweighed(problem.weights, problem.output_weights)
    if not np.any(short):
        return None
    return (
        f"the start is neither balanced nor dominated: |a_j| < |w_j| for {np.count_nonzero(short)} of "
        f"{problem.width} neurons; expected none"
    )


def why_not_paper(problem: Problem) -> str | None:
    """The assumption of P1's theorem that fails, in words; None if all hold."""
    reason = why_not(problem)
    if reason is not None:
        return reason
    found = pulls(problem.inputs, problem.targets)
    if len(found) < 2:
        return f"there are no {'negative' if 1 in found else 'positive'} targets; expected both signs"
    fast, slow = max(p.rate for p in found.values()), min(p.rate for p in found.values())
    if fast - slow <= 1e-9 * fast:
        return f"|D+| and |D-| are equal ({fast:.6g}); expected one to be larger"
    return _too_narrow(problem)


def _too_narrow(problem: Problem) -> str | None:
    """Why no neuron of some sign fits all its samples at once, as the theorem wants."""
    active = problem.weights @ problem.inputs.T > 0.0
    for sign, word in ((1, "positive"), (-1, "negative")):
        own, mine = sign * problem.targets > 0.0, np.sign(problem.output_weights) == sign
        if np.any(np.all(active[:, own], axis=1) & mine):
            continue
        count, needed = int(np.count_nonzero(mine)), int(np.count_nonzero(own))
        return (
            f"the width is too small: no neuron with a {word} sign sees all samples with a {word} target, of "
            f"{count} such neuron(s) and {needed} such sample(s); expected at least one; of random "
            f"neurons one in 2^{needed + 1} is"
        )
    return None
