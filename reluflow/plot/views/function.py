"""The function of one variable that a network computes, its data and the kinks of its neurons."""

from dataclasses import dataclass

import numpy as np

from reluflow.flow.base import State
from reluflow.network import Array, row_norms
from reluflow.observe.corners import constant_of
from reluflow.plot.axes import Limits, short
from reluflow.plot.canvas import Trace
from reluflow.plot.cells import Role, Row
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.settings import FUNCTION
from reluflow.plot.views.chart import Axis, Chart, legend, round_limits, sentence, stacked, tame
from reluflow.problem import Problem


@dataclass(frozen=True)
class _Kinks:
    """``x`` (k,) of neurons' kinks, NaN where there is none; ``height`` (k,) a_j |w_j|; ``sign`` (k,) of a_j.

    The neuron under the cursor, if there is one, is the last.
    """

    x: Array
    height: Array
    sign: Array


def function_view(
    state: State, problem: Problem, width: int, height: int, glyphs: Glyphs, cursor: int | None
) -> list[Row]:
    """h(x) = sum_j a_j sigma(w_j1 x + w_j2 b), the data, and a star for each neuron.

    A star stands at the kink x = -b w_j2 / w_j1 and at height a_j |w_j|, as in figure 1 of Boursier et al.
    2022. For one input coordinate, with or without a constant second one b.
    """
    if width < 1 or height < 1:
        return stacked([], width, height)
    constant = constant_of(problem)
    if constant is None:
        return sentence(
            f"The function cannot be drawn over {problem.dimension} input coordinates; it is drawn for one, "
            "with or without a bias.",
            width,
            height,
        )
    x = tame(problem.inputs[:, 0])
    window = _window(x)
    weights = _lines(state.weights, constant)
    grid = np.linspace(*window, max(width * glyphs.dots[0], 2))
    values = tame(sampled_function(weights, state.output_weights, grid, problem.slope))
    chosen = cursor if cursor is not None and 0 <= cursor < state.output_weights.size else None
    kinks = _kinks(state, weights, chosen)
    limits = _heights(values, tame(problem.targets), kinks, window)
    chart = Chart(width, height - 1, Axis(window), Axis(limits), glyphs)
    traces = [
        chart.level(0.0),
        chart.line(grid, values),
        *_stars(chart, kinks, glyphs),
        chart.marks(x, tame(problem.targets), "ray", glyphs.point),
    ]
    rows = chart.rows(traces)
    if chosen is not None:
        marker = glyphs.negative_cursor if kinks.height[-1] < 0.0 else glyphs.positive_cursor
        # at the edge if it is outside; the legend says where
        x, y = (np.clip(part[-1], *ends) for part, ends in ((kinks.x, window), (kinks.height, limits)))
        chart.put(rows, float(x), float(y), marker, "cursor")
    return stacked([rows, [_legend(kinks, window, limits, chosen, width, glyphs)]], width, height)


def _lines(weights: Array, constant: float) -> Array:
    """Slope and intercept (m, 2) of every neuron's pre-activation."""
    if weights.shape[1] == 1:
        return np.column_stack([weights[:, 0], np.zeros(len(weights))])
    with np.errstate(over="ignore"):
        return tame(weights * np.array([1.0, constant]))


def _window(x: Array) -> Limits:
    low, high = float(x.min()), float(x.max())
    margin = FUNCTION.margin * (high - low)
    if margin <= max(1e-9 * max(abs(low), abs(high)), 1e-280):
        margin = max(abs(low), abs(high), 1.0)
    return low - margin, high + margin


def sampled_function(lines: Array, outputs: Array, grid: Array, leak: float = 0.0) -> Array:
    """h on an even grid (g,), in O(m + g): each neuron is added from its kink on, or up to it.

    A neuron whose slope is negative is its line minus the mirrored neuron that starts at the same kink:
    relu(z) = z + relu(-z). A ``leak``, the slope of the activation below zero, adds every neuron's line:
    sigma(z) = (1 - leak) relu(z) + leak z.
    """
    slope, intercept = lines.T
    low, step = grid[0], grid[1] - grid[0]
    with np.errstate(all="ignore"):
        a = tame(outputs)
        first = np.ceil((-intercept / slope - low) / step)
        start = np.clip(np.where(slope != 0.0, first, 0.0), 0, grid.size).astype(np.intp)
        used = np.where(slope != 0.0, np.sign(slope), intercept > 0.0)
        whole = a * ((1.0 - leak) * (slope < 0.0) + leak)
        share = (1.0 - leak) * a * used
        terms = [
            np.cumsum(np.bincount(start, share * part, grid.size + 1)[:-1]) + np.sum(whole * part)
            for part in (slope, intercept)
        ]
        return np.asarray(terms[0] * grid + terms[1])


def _kinks(state: State, lines: Array, chosen: int | None) -> _Kinks:
    stride = -(-len(lines) // FUNCTION.most_stars)
    some = np.arange(0, len(lines), stride)
    if chosen is not None:
        some = np.append(some[some != chosen], chosen)
    (slope, intercept), outputs = lines[some].T, state.output_weights[some]
    with np.errstate(all="ignore"):
        x = np.where(slope != 0.0, -intercept / slope, np.nan) + 0.0
        return _Kinks(x, tame(outputs * row_norms(state.weights[some])), np.sign(outputs))


def _heights(values: Array, targets: Array, kinks: _Kinks, window: Limits) -> Limits:
    """Limits that hold the function and the data, and the stars unless they dwarf both."""
    base = np.concatenate([values, targets, [0.0]])
    reach = FUNCTION.tallest * max(float(base.max()), -float(base.min()))
    inside = (kinks.x >= window[0]) & (kinks.x <= window[1]) & (np.abs(kinks.height) <= reach)
    return round_limits(np.concatenate([base, kinks.height[inside]]))


def _stars(chart: Chart, kinks: _Kinks, glyphs: Glyphs) -> list[Trace]:
    star = "*" if glyphs.name == "ascii" else "★"
    roles: tuple[tuple[float, Role], ...] = ((0.0, "still"), (-1.0, "negative"), (1.0, "positive"))
    groups = [(kinks.sign == sign, role) for sign, role in roles]
    return [chart.marks(kinks.x[group], kinks.height[group], role, star) for group, role in groups]


def _legend(
    kinks: _Kinks, window: Limits, limits: Limits, chosen: int | None, width: int, glyphs: Glyphs
) -> Row:
    star = "*" if glyphs.name == "ascii" else "★"
    entries: list[tuple[str, Role]] = [("h(x)", "curve")]
    if chosen is not None:
        place = short(float(kinks.x[-1])) if np.isfinite(kinks.x[-1]) else "nowhere"
        entries.append((f"neuron {chosen}: x = {place}, a|w| = {short(float(kinks.height[-1]))}", "strong"))
    entries += [(f"{glyphs.point} data", "ray"), (f"{star} kink, a|w|", "positive")]
    shown = (kinks.x >= window[0]) & (kinks.x <= window[1])
    shown &= (kinks.height >= limits[0]) & (kinks.height <= limits[1])
    if not shown.all():
        entries.append((f"{int((~shown).sum())} outside", "dim"))
    return legend(entries, width)
