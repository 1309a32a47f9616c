"""What all rows for labels have in common: their rules, their statements and when a run has come to its end.

Rows for labels are in ``labels`` and, for orthogonally separable ones, in ``separable``.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.network import variation_norm
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory.prediction import Measure, Prediction

LYU_LI = "Lyu and Li 2020 (arXiv 1906.05890)"
MIN = "Min, Mallada, Vidal 2023 (arXiv 2307.12851)"
LYU = "Lyu, Li, Wang, Arora 2021 (arXiv 2110.13905)"
FREI = "Frei, Vardi, Bartlett, Srebro, Hu 2022 (arXiv 2210.07082)"


@dataclass(frozen=True)
class LabelRules:
    """When the rows for labels apply, and how closely they hold."""

    #: bound on the outputs of a small start
    small: float = 1e-3
    #: relative fall of the smoothed margin that is rounding, and in units of rtol an error of the step
    fall: float = 1e-9
    per_rtol: float = 1.0
    #: loss at which a run has come to its end, over that at h = 0
    ended: float = 1e-6
    #: share of its full mass that the first bundle has at most when the last neuron has aligned, so that the
    #: force is that at h = 0 but for as much
    seed: float = 1e-4
    #: relative error of the time of alignment, read between two states that are kept
    aligned: float = 0.01
    #: of -d ln L / d ln t over the last factor 10 of the loss: what is missing to 1
    rate: float = 1e-3
    #: by how much the stable rank, and the rank above 2, may exceed what they tend to: neurons turn slowly
    rank: float = 0.02
    #: radians between the flow and that of its bundles
    bundle: float = 1e-4
    #: loss from which on the angle has settled to its law
    late: float = 1e-35
    #: relative change of angle times ln(1/L) while ln(1/L) has doubled
    levels: float = 0.3
    #: relative rounding of the largest margin
    margin: float = 1e-9
    #: inputs that differ by less than this share of the longest are opposite
    opposite: float = 1e-9


LABELS: Final = LabelRules()

STATEMENTS: Final = {
    "smoothed-margin": "Once n L < l(0) the smoothed margin l^-1(n L) / (|theta|^2 / 2) never falls: largest "
    "fall below an earlier value, over that value.",
    "alignment-time": "From this flow time on every neuron sees exactly the samples with the label of its "
    "sign, or none: the closed form with the force at h = 0 in place of the target.",
    "one-class": "Every live neuron sees exactly the samples with the label of its sign in the end: how many "
    "do not.",
    "loss-rate": "In the end the loss falls at least like 1/t: d ln(L) / d ln(t).",
    "stable-rank": "The stable rank |W|_F^2 / |W|_2^2 of the hidden weights is at most 2 in the end.",
    "bundle-direction": "In the end neurons point where those of the flow of one bundle a sign do, at the "
    "same loss: largest angle in rad.",
    "max-margin-angle": "The largest angle to the linear classifier of largest margin falls like 1/ln(1/L): "
    "its product with ln(1/L) at the end over that at the root of L.",
    "max-margin": "The normalised margin stays below (1 + slope) / 2 times that of the linear classifier of "
    "largest margin: its largest value once n L < l(0).",
    "rank": "The hidden weights come to rank 2 or less (proved where they alone are trained): third singular "
    "value over the first in the end.",
}


def row(
    name: str, source: str, reason: str | None, checked: str, predicted: float, measure: Measure,
    tolerance: float, one_sided: bool = False, per_rtol: float = 0.0, absolute: bool = True,
    statement: str | None = None, pending: bool = False, needs: str | None = None,
) -> Prediction:  # fmt: skip
    """A row that does not apply for a ``reason``, or does because of what was ``checked``.

    ``statement``: in place of the one in ``STATEMENTS``; the others as in ``Prediction``.
    """
    return Prediction(
        f"labels/{name}",
        statement or STATEMENTS[name],
        source,
        reason is None,
        reason or checked,
        predicted if reason is None else None,
        measure,
        tolerance,
        absolute,
        one_sided,
        per_rtol,
        needs=needs or f"a loss below {LABELS.ended:g} of that at h = 0",
        pending=pending,
    )


def ended(run: Measured) -> bool:
    return bool(run.series["loss"][-1] <= LABELS.ended * run.problem.value(-run.problem.targets))


def not_labels(problem: Problem) -> str | None:
    if not problem.of_labels:
        return f"it speaks of losses of labels, logistic and exponential, not of {problem.loss}"
    return None


def not_small(problem: Problem) -> str | None:
    largest = variation_norm(problem.weights, problem.output_weights) * float(np.max(problem.lengths))
    if largest <= LABELS.small:
        return None
    return f"the start is not small: its outputs may be {largest:.2g}; expected at most {LABELS.small:g}"
