"""How far a network has gone from its start, over the run: what tells rich training from lazy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.flow.base import State
from reluflow.network import Array
from reluflow.observe.departure import departure
from reluflow.observe.history import History
from reluflow.plot.axes import short
from reluflow.plot.cells import Role, Row, plain, put
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.settings import DEPARTURE
from reluflow.plot.views.chart import Axis, Chart, decade_limits, legend, sentence, stacked
from reluflow.plot.views.growth import TINY, time_axis
from reluflow.problem import Problem

#: of each distance the letter at the end of its curve, its word and its role
_CURVES: Final[Mapping[str, tuple[str, str, Role]]] = {
    "kernel_distance": ("K", "kernel", "positive"),
    "activation_distance": ("A", "activations", "negative"),
    "parameter_distance": ("P", "parameters", "still"),
}


@dataclass(frozen=True)
class DeparturePicture:
    """The distances over a run.

    ``base``: rows of ``chart`` without a line at the present; ``times`` (k,): those of the states that were
    looked at, with the ``distances`` (k,) then, by name. Without a chart the rows are a sentence.
    """

    base: list[Row]
    chart: Chart | None
    times: Array
    distances: Mapping[str, Array]

    def rows(self, state: State, width: int, height: int, glyphs: Glyphs, cursor: int) -> list[Row]:
        """The picture with a line at the state's time, and the numbers of the state looked at before."""
        chart, rows = self.chart, list(self.base)
        if chart is None:
            return stacked([rows], width, height)
        now = state.t if chart.x.kind == "linear" else np.log10(max(state.t, TINY))
        column, _ = chart.cell(float(now), chart.y.limits[0])
        for y in range(min(chart.height, len(rows))):
            if plain(rows[y])[column : column + 1] == " ":
                rows[y] = put(rows[y], column, glyphs.mark, "mark")
        at = max(int(np.searchsorted(self.times, state.t, side="right")) - 1, 0)
        values = {name: short(float(f"{self.distances[name][at]:.3g}")) for name in _CURVES}
        entries = [(f"{of[0]} {of[1]} {values[name]}", of[2]) for name, of in _CURVES.items()]
        if sum(len(text) + 2 for text, _ in entries) > width + 2:
            entries = [(f"{of[0]} {values[name]}", of[2]) for name, of in _CURVES.items()]
        return stacked([rows, [legend(entries, width)]], width, height)


def draw_departure(
    history: History, until: float, size: tuple[int, int], glyphs: Glyphs, cursor: int, problem: Problem
) -> DeparturePicture:
    """log10 of the distances from the start up to ``until`` on ``size`` = (width, height) cells."""
    work = problem.samples**2 * problem.width
    if work > DEPARTURE.work:
        words = (
            f"The kernel of {problem.samples} samples and {problem.width} neurons takes too long here; "
            "reluflow info RUN --columns FILE.csv writes how far it has turned."
        )
        return DeparturePicture(sentence(words, *size), None, np.empty(0), {})
    states = _chosen(history, until, min(DEPARTURE.states, int(DEPARTURE.work / work)))
    found = [departure(state, problem) for state in states]
    times = np.array([state.t for state in states])
    distances = {name: np.array([each[name] for each in found]) for name in _CURVES}
    axis, places = time_axis(history, times, until)
    with np.errstate(divide="ignore"):
        logs = {name: np.log10(values) for name, values in distances.items()}
    drawn = {name: np.isfinite(values) for name, values in logs.items()}
    every = np.concatenate([logs[name][drawn[name]] for name in _CURVES])
    chart = Chart(*size, axis, Axis(decade_limits(every, DEPARTURE.decades), "log"), glyphs)
    rows = chart.rows(
        [chart.line(places[drawn[name]], logs[name][drawn[name]], _CURVES[name][2]) for name in _CURVES]
    )
    for name, (letter, _, role) in _CURVES.items():
        if drawn[name].any():
            last = np.flatnonzero(drawn[name])[-1]
            chart.put(rows, float(places[last]), float(logs[name][last]), letter, role)
    return DeparturePicture(rows, chart, times, distances)


def _chosen(history: History, until: float, most: int) -> list[State]:
    """Recorded states up to a time, at most so many but for the last one."""
    count = max(int(np.searchsorted(history.times, until, side="right")), 1)
    rows = np.unique(np.linspace(0, count - 1, min(count, max(most, 2))).astype(np.intp))
    return [history.states[i] for i in rows]
