"""Rows for classification: logistic and exponential losses of labels +-1.

The smoothed normalised margin l^-1(n L) / (|theta|^2 / 2) never falls once n L < l(0) (Lyu and Li 2020).
Where inputs of one label are positively correlated and those of two negatively, neurons of a small start see
one class each, and the loss falls like 1/t (Min, Mallada, Vidal 2023). On symmetric data, (-x, -y) beside
every (x, y), all neurons of a leaky network end along the linear classifier of largest margin, but slowly, as
the angle falls like 1/ln(1/L) (Lyu et al. 2021). There f(x) - f(-x) = (1 + slope) <v, x> with the sum v of
a_j w_j, |v| <= |theta|^2 / 2, which bounds the margin. On nearly orthogonal inputs a leaky network ends at
rank two at most (Frei et al. 2022).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.flow import make_solver
from reluflow.flow.base import Options, State
from reluflow.flow.cut import crossing
from reluflow.network import Array, preactivations, row_norms, variation_norm
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory.max_margin import MaxMargin, max_margin
from reluflow.theory.prediction import Measure, NotYet, Prediction, not_relu
from reluflow.theory.start_bundles import start_of_bundles

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


def predictions(problem: Problem) -> list[Prediction]:
    """All rows for labels, in the problem's loss and its flow time."""
    return [_smoothed_margin(problem), *_separable_rows(problem), *_symmetric_rows(problem), _rank(problem)]


def _row(
    name: str, source: str, reason: str | None, checked: str, predicted: float, measure: Measure,
    tolerance: float, one_sided: bool = False, per_rtol: float = 0.0, absolute: bool = True,
) -> Prediction:  # fmt: skip
    """A row that does not apply for a ``reason``, or does because of what was ``checked``."""
    return Prediction(
        f"labels/{name}",
        STATEMENTS[name],
        source,
        reason is None,
        reason or checked,
        predicted if reason is None else None,
        measure,
        tolerance,
        absolute,
        one_sided,
        per_rtol,
        needs=f"a loss below {LABELS.ended:g} of that at h = 0",
    )


def _ended(run: Measured) -> bool:
    return bool(run.series["loss"][-1] <= LABELS.ended * run.problem.value(-run.problem.targets))


def _not_labels(problem: Problem) -> str | None:
    if not problem.of_labels:
        return f"it speaks of losses of labels, logistic and exponential, not of {problem.loss}"
    return None


def _smoothed_margin(problem: Problem) -> Prediction:
    def fall(run: Measured) -> float | None:
        smoothed = run.series["smoothed_margin"]
        smoothed = smoothed[smoothed > 0.0]
        if smoothed.size < 2:
            return None
        return float(np.max(1.0 - smoothed / np.maximum.accumulate(smoothed)))

    reason, checked = _not_labels(problem), "holds for every homogeneous network"
    return _row("smoothed-margin", LYU_LI, reason, checked, 0.0, fall, LABELS.fall, per_rtol=LABELS.per_rtol)


# --- orthogonally separable labels ---


def _separable_rows(problem: Problem) -> list[Prediction]:
    reason = _not_labels(problem) or not_relu(problem) or _not_orthogonally_separable(problem)
    reason = reason or _not_small(problem)
    checked = "y_i y_j <x_i, x_j> > 0 for all pairs, and the start is small"
    return [
        _row("one-class", MIN, reason, checked, 0.0, _of_other_classes, 0.0),
        _row("loss-rate", MIN, reason, checked, -1.0, _loss_rate, LABELS.rate, one_sided=True),
        _row("stable-rank", MIN, reason, checked, 2.0, _stable_rank, LABELS.rank, one_sided=True),
    ]


def _not_orthogonally_separable(problem: Problem) -> str | None:
    signed = problem.targets[:, None] * problem.inputs
    least = float(np.min(signed @ signed.T))
    if least > 0.0:
        return None
    return f"the least y_i y_j <x_i, x_j> is {least:.3g}; expected all above zero"


def _not_small(problem: Problem) -> str | None:
    largest = variation_norm(problem.weights, problem.output_weights) * float(np.max(problem.lengths))
    if largest <= LABELS.small:
        return None
    return f"the start is not small: its outputs may be {largest:.2g}; expected at most {LABELS.small:g}"


def _of_other_classes(run: Measured) -> float | None:
    if not _ended(run):
        return None
    final, problem = run.final, run.problem
    sees = preactivations(final.weights, problem.inputs) > 0.0
    own = np.sign(final.output_weights)[:, None] * problem.targets > 0.0
    return float(np.count_nonzero(sees.any(axis=1) & (sees != own).any(axis=1)))


def _loss_rate(run: Measured) -> float | None:
    if not _ended(run):
        return None
    t, loss = run.series["t"], run.series["loss"]
    since = int(np.flatnonzero(loss >= 10.0 * loss[-1])[-1])
    return float(np.log(loss[-1] / loss[since]) / np.log(t[-1] / t[since]))


def _stable_rank(run: Measured) -> float | None:
    sizes = np.linalg.svd(run.final.weights, compute_uv=False)
    return float(np.sum((sizes / sizes[0]) ** 2)) if _ended(run) and sizes[0] > 0.0 else None


# --- symmetric labels ---


def _symmetric_rows(problem: Problem) -> list[Prediction]:
    reason, best = _not_labels(problem) or _linear_if_leaky(problem), None
    if reason is None:
        best = max_margin(problem.inputs, problem.targets)
        reason = None if best else "the labels are not linearly separable"
    small = reason or _not_small(problem)
    checked = "(-x, -y) is there for every (x, y), and the labels are linearly separable"
    aligned = f"{checked}; the start is small"
    bound = 0.5 * (1.0 + problem.slope) * best.margin if best else 0.0
    return [
        _row("bundle-direction", LYU, small, aligned, 0.0, _off_bundles, LABELS.bundle),
        _row(
            "max-margin-angle", LYU, small, aligned, 1.0,
            lambda run: None if best is None else _levelling(run, best), LABELS.levels,
        ),
        _row(
            "max-margin", LYU, reason, checked, bound, _largest_margin, LABELS.margin, one_sided=True,
            absolute=False,
        ),
    ]  # fmt: skip


def _linear_if_leaky(problem: Problem) -> str | None:
    if problem.slope == 0.0:
        return "the slope of the activation is 0; expected a leaky ReLU"
    points = np.column_stack([problem.inputs, problem.targets])
    apart = np.linalg.norm(points[:, None] + points[None], axis=2).min(axis=1)
    alone = np.flatnonzero(apart > LABELS.opposite * np.max(problem.lengths))
    return f"(-x, -y) is not there for sample {alone[0]}" if alone.size else None


def _off_bundles(run: Measured) -> float | None:
    """The largest angle between neurons and the bundle of their sign, at the loss of the end."""
    found = start_of_bundles(run.problem)
    if not _ended(run) or found is None:
        return None
    level, solver = float(run.series["loss"][-1]), make_solver("lorentz", found[0], Options(rtol=1e-9))
    before = solver.loss
    while solver.loss > level and solver.failure is None:
        before = solver.loss
        solver.step()
    state = crossing(solver, level, before) or solver.state
    worst = 0.0
    for sign in (1.0, -1.0):
        bundle = _sum_of(state, sign)
        if np.any(bundle):
            worst = max(worst, float(np.max(_angles(run.final, sign, bundle), initial=0.0)))
    return worst


def _sum_of(state: State, sign: float) -> Array:
    some = np.sign(state.output_weights) == sign
    total: Array = np.abs(state.output_weights[some]) @ state.weights[some]
    return total


def _angles(state: State, sign: float, towards: Array) -> Array:
    """Angles, rad, of the neurons of a sign to a vector (d,)."""
    rows = state.weights[(np.sign(state.output_weights) == sign) & np.any(state.weights != 0.0, axis=1)]
    unit = rows / row_norms(rows)[:, None] if len(rows) else rows
    chords = row_norms(unit - towards / row_norms(towards[None])[0])
    angles: Array = 2.0 * np.arcsin(np.minimum(0.5 * chords, 1.0))
    return angles


def _to_max_margin(state: State, best: MaxMargin) -> float:
    return max(
        float(np.max(_angles(state, sign, sign * best.direction), initial=0.0)) for sign in (1.0, -1.0)
    )


def _levelling(run: Measured, best: MaxMargin) -> float | NotYet | None:
    """The angle times ln(1/L) at the end, over that when ln(1/L) was half of it."""
    if not _ended(run):
        return None
    if run.series["loss"][-1] > LABELS.late:
        return NotYet(f"the angle is settled at far smaller losses only; expected one below {LABELS.late:g}")
    log_loss, states = np.log(run.series["loss"]), run.snapshots
    logs = np.interp(states.t, run.series["t"], log_loss)
    i = int(np.argmin(np.abs(logs - 0.5 * logs[-1])))
    half = State(float(states.t[i]), states.weights[i], states.output_weights[i])
    before, after = _to_max_margin(half, best) * logs[i], _to_max_margin(run.final, best) * logs[-1]
    return float(after / before) if before != 0.0 else None


def _largest_margin(run: Measured) -> float | None:
    fitted = run.series["smoothed_margin"] > 0.0
    return float(np.max(run.series["margin"][fitted])) if fitted.any() else None


# --- nearly orthogonal inputs ---


def _rank(problem: Problem) -> Prediction:
    reason = _not_labels(problem) or _not_nearly_orthogonal(problem) or _not_small(problem)
    checked = "min |x|^2 >= 3 slope^-3 (max |x| / min |x|)^2 n max |<x_i, x_j>|, and the start is small"

    def third(run: Measured) -> float | None:
        sizes = np.linalg.svd(run.final.weights, compute_uv=False)
        if not _ended(run):
            return None
        return float(sizes[2] / sizes[0]) if sizes.size > 2 else 0.0

    return _row("rank", FREI, reason, checked, 0.0, third, LABELS.rank)


def _not_nearly_orthogonal(problem: Problem) -> str | None:
    """The condition of Frei et al. 2022, theorem 3.2."""
    if problem.slope == 0.0:
        return "the slope of the activation is 0; expected a leaky ReLU"
    gram = problem.inputs @ problem.inputs.T
    largest = float(np.max(np.abs(gram - np.diag(np.diagonal(gram)))))
    shortest, longest = float(np.min(problem.lengths)), float(np.max(problem.lengths))
    if shortest == 0.0:
        return "one of the inputs is zero"
    most = shortest**2 / (3.0 * problem.slope**-3 * (longest / shortest) ** 2 * problem.samples)
    if largest <= most:
        return None
    return f"the largest |<x_i, x_j>| is {largest:.3g}; expected at most {most:.3g}"
