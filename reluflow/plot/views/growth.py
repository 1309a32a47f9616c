"""How large the neurons were and will be: their log norms over the whole run."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.flow.base import State
from reluflow.flow.margins import MARGINS
from reluflow.network import Array
from reluflow.observe.history import History
from reluflow.plot.axes import sticky_time
from reluflow.plot.canvas import Trace
from reluflow.plot.cells import Role, Row, plain, put
from reluflow.plot.directions import Numbers
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.settings import NORMS
from reluflow.plot.table import norm_text
from reluflow.plot.views.chart import Axis, Chart, decade_limits, legend, stacked
from reluflow.plot.views.norms import log10_norms
from reluflow.problem import Problem

#: the time zero on a logarithmic axis
TINY: Final = 1e-300


@dataclass(frozen=True)
class GrowthPicture:
    """The norms of neurons over a run.

    ``base``: rows of ``chart`` without a line at the present; ``hidden``: the number of neurons left out.
    """

    base: list[Row]
    chart: Chart
    hidden: int

    def rows(self, state: State, width: int, height: int, glyphs: Glyphs, cursor: int) -> list[Row]:
        """The picture with a line at the state's time, and what is what."""
        chart, rows = self.chart, list(self.base)
        now = state.t if chart.x.kind == "linear" else np.log10(max(state.t, TINY))
        column, _ = chart.cell(float(now), chart.y.limits[0])
        for y in range(min(chart.height, len(rows))):
            if plain(rows[y])[column : column + 1] == " ":
                rows[y] = put(rows[y], column, glyphs.mark, "mark")
        norm = norm_text(float(log10_norms(state.weights[[cursor]])[0]))
        marker = glyphs.negative_cursor if state.output_weights[cursor] < 0.0 else glyphs.positive_cursor
        entries: list[tuple[str, Role]] = [
            (f"{marker} neuron {cursor}: |w| {norm}", "strong"),
            ("a>0", "positive"),
            ("a<0", "negative"),
        ]
        if self.hidden:
            entries.append((f"{self.hidden} not drawn", "dim"))
        return stacked([rows, [legend(entries, width)]], width, height)


def draw_growth(
    history: History, until: float, size: tuple[int, int], glyphs: Glyphs, cursor: int, problem: Problem
) -> GrowthPicture:
    """log10 |w_j| over flow time from 0 to ``until`` on ``size`` = (width, height) cells."""
    last = history.states[-1]
    chosen = _chosen(last, cursor)
    t, logs = _records(history, until, chosen)
    axis, t = time_axis(history, t, until)
    chart = Chart(*size, axis, Axis(decade_limits(logs, NORMS.decades), "log"), glyphs)
    first, last_seen = max(axis.limits[0], float(t[0])), min(axis.limits[1], float(t[-1]))
    grid = np.linspace(first, last_seen, max(chart.width * glyphs.dots[0], 2))
    curves = np.array([np.interp(grid, t, _finite(column)) for column in logs.T])
    signs = np.sign(last.output_weights[chosen])
    groups: tuple[tuple[float, Role], ...] = ((0.0, "still"), (-1.0, "negative"), (1.0, "positive"))
    traces = [_dots(chart, grid, curves[signs == sign], role) for sign, role in groups]
    own = curves[int(np.flatnonzero(chosen == cursor)[0])]
    rows = chart.rows([*traces, chart.line(grid, own)])
    marker = glyphs.negative_cursor if last.output_weights[cursor] < 0.0 else glyphs.positive_cursor
    every = NORMS.mark_every * glyphs.dots[0]
    for x, y in zip(grid[every // 2 :: every], own[every // 2 :: every], strict=True):
        chart.put(rows, float(x), float(y), marker, "cursor")
    return GrowthPicture(rows, chart, last.output_weights.size - chosen.size)


def time_axis(history: History, t: Array, until: float) -> tuple[Axis, Array]:
    """The axis of time, and the times (k,) of records on it: logarithmic for runs on labels."""
    if MARGINS[0] not in history.series or not until > 0.0:
        return Axis(sticky_time(None, until or 1.0)), t
    seen = t[t > 0.0]
    first = float(np.log10(seen[0])) if seen.size else float(np.log10(until)) - 1.0
    logs = np.log10(np.maximum(t, TINY))
    return Axis(decade_limits(np.array([first, np.log10(until)])), "log"), logs


def _chosen(last: State, cursor: int) -> Numbers:
    m = last.output_weights.size
    if m <= NORMS.most_curves:
        return np.arange(m)
    half = NORMS.most_curves // 2
    norms = np.abs(last.output_weights)
    largest = np.argpartition(-norms, half)[:half]
    spread = np.linspace(0, m - 1, half).astype(np.intp)
    return np.unique(np.concatenate([largest, spread, [cursor]]))


def _records(history: History, until: float, chosen: Numbers) -> tuple[Array, Array]:
    """Times (k,) and log10 norms (k, c) of some neurons in recorded states up to a time."""
    count = max(int(np.searchsorted(history.times, until, side="right")), 1)
    rows = np.unique(np.linspace(0, count - 1, min(count, NORMS.most_states)).astype(np.intp))
    states = [history.states[i] for i in rows]
    logs = np.array([log10_norms(state.weights[chosen]) for state in states])
    return np.array([state.t for state in states]), logs


def _finite(logs: Array) -> Array:
    """-inf, of a neuron without hidden weights, far below every axis."""
    return np.where(np.isfinite(logs), logs, -1e6)


def _dots(chart: Chart, grid: Array, curves: Array, role: Role) -> Trace:
    """Curves (c, g) on a grid (g,) as one set of dots, each once."""
    x, y = np.tile(chart.x.share(grid), len(curves)), chart.y.share(curves.ravel())
    inside = (y >= 0.0) & (y <= 1.0)
    across, down = (
        max(cells * dots - 1, 1)
        for cells, dots in zip((chart.width, chart.height), chart.glyphs.dots, strict=True)
    )
    column, row = np.floor(x[inside] * across + 0.5), np.floor(y[inside] * down + 0.5)
    code = np.unique(row * (across + 1) + column)
    marker = "." if chart.glyphs.name == "ascii" else chart.glyphs.curve
    return Trace((code % (across + 1)) / across, (code // (across + 1)) / down, role, marker)
