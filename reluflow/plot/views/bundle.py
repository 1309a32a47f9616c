"""How far the bundle of neurons is from the one neuron that labelled the data (Chistikov et al. 2023).

In the eigenvectors of H = (1/n) X'X, in decreasing order of eigenvalue, the coordinates of the bundle
v = sum_j a_j w_j reach those of the teacher v* one after the other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reluflow.flow.base import State
from reluflow.network import Array
from reluflow.plot.axes import short
from reluflow.plot.canvas import Trace
from reluflow.plot.cells import Role, Row
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.settings import BUNDLE
from reluflow.plot.views.chart import Axis, Chart, decade_limits, legend, sentence, stacked, tame
from reluflow.problem import Problem
from reluflow.theory.memory import remembered


@dataclass(frozen=True)
class _Teacher:
    """``weights`` v* (d,); ``axes`` (d, p): eigenvectors of H by decreasing eigenvalue, none against v*."""

    weights: Array
    axes: Array


def bundle_view(
    state: State, problem: Problem, width: int, height: int, glyphs: Glyphs, cursor: int | None
) -> list[Row]:
    """The sizes |<e_k, v* - v>| by k, log scale, against <e_k, v*> >= 0; the mark says the sign.

    Of the neuron under the cursor its part of the bundle: |<e_k, a_j w_j>|.
    v* is the least-squares solution of X v* = y (that of least norm where there are several), which must
    give the labels exactly, and all of them above 0.
    """
    if width < 1 or height < 1:
        return stacked([], width, height)
    teacher = _teacher(problem)
    if isinstance(teacher, str):
        return sentence(teacher, width, height)
    with np.errstate(all="ignore"):
        bundle = tame(state.output_weights @ state.weights)
        aim = teacher.axes.T @ teacher.weights
        left = tame(aim - teacher.axes.T @ bundle)
        goal, logs = (np.log10(np.abs(part)) for part in (aim, left))
    numbers = np.arange(1.0, left.size + 1.0)
    limits = decade_limits(np.concatenate([goal, logs]), BUNDLE.decades)
    chart = Chart(width, height - 1, Axis((0.5, left.size + 0.5), "whole"), Axis(limits, "log"), glyphs)
    logs = np.maximum(logs, limits[0])
    traces = _stems(chart, numbers, logs) if chart.width >= BUNDLE.stem_cells * left.size else []
    traces.append(chart.marks(numbers, goal, "level", glyphs.level))
    traces.append(chart.marks(numbers[left < 0.0], logs[left < 0.0], "negative", glyphs.negative))
    traces.append(chart.marks(numbers[left >= 0.0], logs[left >= 0.0], "positive", glyphs.positive))
    legend_row = _legend(bundle, teacher, width, glyphs, [])
    if cursor is not None and 0 <= cursor < state.output_weights.size:
        with np.errstate(all="ignore"):
            own = teacher.axes.T @ tame(state.output_weights[cursor] * state.weights[cursor])
            sizes = np.log10(np.abs(own))
        for marker, chosen in ((glyphs.negative_cursor, own < 0.0), (glyphs.positive_cursor, own > 0.0)):
            traces.append(chart.marks(numbers[chosen], sizes[chosen], "key", marker))
        marks = f"{glyphs.positive_cursor}{glyphs.negative_cursor}"
        where = "" if np.any(sizes >= limits[0]) else ", below the scale"
        legend_row = _legend(
            bundle, teacher, width, glyphs, [(f"{marks} a w of neuron {cursor}{where}", "key")]
        )
    return stacked([chart.rows(traces), [legend_row]], width, height)


@remembered
def _teacher(problem: Problem) -> _Teacher | str:
    """The teacher of a problem, or one sentence that says why there is none to draw."""
    coordinates = problem.span.inputs.shape[1]
    if coordinates > (most := BUNDLE.most_coordinates):
        return f"The bundle is not drawn in {coordinates} coordinates; it is drawn in up to {most}."
    labels = "The bundle is drawn for labels that one neuron gives"
    worst = int(np.argmin(problem.targets))
    if problem.targets[worst] <= 0.0:
        found = short(float(problem.targets[worst]))
        return f"{labels}, all of them above 0; here the target of sample {worst + 1} is {found}."
    size = float(np.max(np.abs(problem.inputs), initial=0.0))
    largest = float(problem.targets.max())
    if not (1e-100 < size < 1e100 and 1e-100 < largest < 1e100):
        return f"{labels}; inputs and targets of this size are not drawn."
    # X = U S V': the eigenvectors of H are V, and in the span of the inputs no singular value is zero
    left, sizes, right = np.linalg.svd(problem.span.inputs, full_matrices=False)
    solution = right.T @ ((left.T @ problem.targets) / sizes)
    miss = np.linalg.norm(problem.span.inputs @ solution - problem.targets)
    if not miss <= BUNDLE.exact * np.linalg.norm(problem.targets):
        share = float(miss / np.linalg.norm(problem.targets))
        return f"{labels} exactly; here the best single neuron misses them by {share:.1%} (in norm)."
    basis, towards = problem.span.basis, np.where(right @ solution < 0.0, -1.0, 1.0)
    return _Teacher(basis @ solution, basis @ (right.T * towards))


def _stems(chart: Chart, numbers: Array, logs: Array) -> list[Trace]:
    """A line of marks from the axis up to each coordinate."""
    low, high = chart.y.limits
    steps = np.linspace(low, high, max(chart.height, 2))
    x, y = (part.ravel() for part in np.meshgrid(numbers, steps))
    below = y < np.tile(logs, steps.size)
    return [chart.marks(x[below], y[below], "axis", chart.glyphs.vertical)]


def _legend(
    bundle: Array, teacher: _Teacher, width: int, glyphs: Glyphs, more: Sequence[tuple[str, Role]]
) -> Row:
    names: list[tuple[str, Role]] = [
        (f"{glyphs.positive}{glyphs.negative} v*-v", "positive"),
        (f"{glyphs.level} v*", "level"),
        *more,
    ]
    # in two parts, because the square of either norm alone may not be a number
    own, aim = float(np.linalg.norm(bundle / 1e150)) * 1e150, float(np.linalg.norm(teacher.weights))
    left = float(np.linalg.norm((teacher.weights - bundle) / 1e150)) * 1e150
    numbers = [("|v|", own), ("|v*|", aim), ("|v*-v|", left)]
    names += [(f"{name} {short(value)}", "text") for name, value in numbers if math.isfinite(value)]
    angle = _angle(bundle, teacher.weights)
    if math.isfinite(angle):
        names.append((f"angle {angle:.3g}{glyphs.degree}", "text"))
    return legend(names, width)


def _angle(one: Array, other: Array) -> float:
    """Angle in degrees, accurate where it is small; NaN where one is zero."""
    units = []
    for vector in (one, other):
        largest = float(np.max(np.abs(vector), initial=0.0))
        if largest == 0.0:
            return math.nan
        units.append(vector / largest / np.linalg.norm(vector / largest))
    return math.degrees(2.0 * math.asin(min(0.5 * float(np.linalg.norm(units[0] - units[1])), 1.0)))
