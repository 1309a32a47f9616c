"""Rows for classification: logistic and exponential losses of labels +-1.

The smoothed normalised margin l^-1(n L) / (|theta|^2 / 2) never falls once n L < l(0) (Lyu and Li 2020).
Where inputs of one label are positively correlated and those of two negatively, neurons of a small start see
one class each, and the loss falls like 1/t (Min, Mallada, Vidal 2023). On symmetric data, (-x, -y) beside
every (x, y), all neurons of a leaky network end along the linear classifier of largest margin, but slowly, as
the angle falls like 1/ln(1/L) (Lyu et al. 2021). There f(x) - f(-x) = (1 + slope) <v, x> with the sum v of
a_j w_j, |v| <= |theta|^2 / 2, which bounds the margin. On nearly orthogonal inputs a leaky network ends at
rank two at most (Frei et al. 2022).
"""

import numpy as np

from reluflow.flow import make_solver
from reluflow.flow.base import Options, State
from reluflow.flow.cut import crossing
from reluflow.network import Array, row_norms
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory.effort import TooManyKinksError
from reluflow.theory.label_rows import (
    FREI,
    LABELS,
    LYU,
    LYU_LI,
    ended,
    not_labels,
    not_small,
    row,
)
from reluflow.theory.max_margin import MaxMargin, max_margin
from reluflow.theory.prediction import NotYet, Prediction
from reluflow.theory.separable import separable_rows
from reluflow.theory.start_bundles import start_of_bundles


def predictions(problem: Problem) -> list[Prediction]:
    """All rows for labels, in the problem's loss and its flow time."""
    return [_smoothed_margin(problem), *separable_rows(problem), *_symmetric_rows(problem), _rank(problem)]


def _smoothed_margin(problem: Problem) -> Prediction:
    def fall(run: Measured) -> float | None:
        smoothed = run.series["smoothed_margin"]
        smoothed = smoothed[smoothed > 0.0]
        if smoothed.size < 2:
            return None
        return float(np.max(1.0 - smoothed / np.maximum.accumulate(smoothed)))

    reason, checked = not_labels(problem), "holds for every homogeneous network"
    begins = problem.value(-problem.targets) / problem.targets.size
    return row(
        "smoothed-margin", LYU_LI, reason, checked, 0.0, fall, LABELS.fall, per_rtol=LABELS.per_rtol,
        needs=f"losses below l(0) / n = {begins:.3g}",
    )  # fmt: skip


# --- symmetric labels ---


def _symmetric_rows(problem: Problem) -> list[Prediction]:
    reason, best = not_labels(problem) or _linear_if_leaky(problem), None
    if reason is None:
        best = max_margin(problem.inputs, problem.targets)
        reason = None if best else "the labels are not linearly separable"
    small = reason or not_small(problem)
    checked = "(-x, -y) is there for every (x, y), and the labels are linearly separable"
    aligned = f"{checked}; the start is small"
    bound = 0.5 * (1.0 + problem.slope) * best.margin if best else 0.0
    return [
        row("bundle-direction", LYU, small, aligned, 0.0, _off_bundles, LABELS.bundle),
        row(
            "max-margin-angle", LYU, small, aligned, 1.0,
            lambda run: None if best is None else _levelling(run, best), LABELS.levels,
        ),
        row(
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
    return f"(-x, -y) is not there for sample {alone[0] + 1}" if alone.size else None


def _off_bundles(run: Measured) -> float | NotYet | None:
    """The largest angle between neurons and the bundle of their sign, at the loss of the end."""
    try:
        found = start_of_bundles(run.problem) if ended(run) else None
    except TooManyKinksError as error:
        return NotYet(str(error))
    if found is None:
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
    if not ended(run):
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
    reason = not_labels(problem) or _not_nearly_orthogonal(problem) or not_small(problem)
    checked = "min |x|^2 >= 3 slope^-3 (max |x| / min |x|)^2 n max |<x_i, x_j>|, and the start is small"

    def third(run: Measured) -> float | None:
        sizes = np.linalg.svd(run.final.weights, compute_uv=False)
        if not ended(run):
            return None
        return float(sizes[2] / sizes[0]) if sizes.size > 2 else 0.0

    return row("rank", FREI, reason, checked, 0.0, third, LABELS.rank)


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
