"""The normalised margin, smoothed and not, and the accuracy on labels, over the logarithm of time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.flow.base import State
from reluflow.flow.margins import MARGINS
from reluflow.network import Array
from reluflow.observe.history import History
from reluflow.plot.axes import short
from reluflow.plot.cells import Role, Row, plain, put
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.views.chart import Axis, Chart, decade_limits, legend, round_limits, sentence, stacked
from reluflow.problem import Problem

_NO_LABELS: Final = (
    "Margins belong to losses of labels: solver.loss = logistic or exponential, with targets +1 and -1."
)
_ROLES: Final[Mapping[str, Role]] = {
    "accuracy": "still",
    "margin": "negative",
    "smoothed_margin": "positive",
}


@dataclass(frozen=True)
class MarginPicture:
    """Margins over a run: ``base``, rows of ``chart`` without a line at the present; ``series``: by name."""

    base: list[Row]
    chart: Chart
    series: Mapping[str, Array]

    def rows(self, state: State, width: int, height: int, glyphs: Glyphs, cursor: int) -> list[Row]:
        """The picture with a line at the state's time, and the numbers then."""
        chart, rows = self.chart, list(self.base)
        if state.t > 0.0:
            column, _ = chart.cell(float(np.log10(state.t)), chart.y.limits[0])
            for y in range(min(chart.height, len(rows))):
                if plain(rows[y])[column : column + 1] == " ":
                    rows[y] = put(rows[y], column, glyphs.mark, "mark")
        row = max(int(np.searchsorted(self.series["t"], state.t, side="right")) - 1, 0)
        margin, smoothed, accuracy = (float(self.series[name][row]) for name in MARGINS)
        known = short(float(f"{smoothed:.4g}")) if smoothed > 0.0 else "below 0"
        entries: list[tuple[str, Role]] = [
            (f"margin {short(float(f'{margin:.4g}'))}", _ROLES["margin"]),
            (f"smoothed {known}", _ROLES["smoothed_margin"]),
            (f"accuracy {100.0 * accuracy:.4g} %", _ROLES["accuracy"]),
            ("over log time", "dim"),
        ]
        return stacked([rows, [legend(entries, width)]], width, height)


@dataclass(frozen=True)
class _Words:
    """A sentence in place of the picture."""

    text: str

    def rows(self, state: State, width: int, height: int, glyphs: Glyphs, cursor: int) -> list[Row]:
        """The sentence."""
        return sentence(self.text, width, height)


def draw_margins(
    history: History, until: float, size: tuple[int, int], glyphs: Glyphs, cursor: int, problem: Problem
) -> MarginPicture | _Words:
    """Margins up to the flow time ``until`` on ``size`` = (width, height) cells; accuracy from 0 to 1."""
    series = history.series
    if "margin" not in series:
        return _Words(_NO_LABELS)
    shown = (series["t"] > 0.0) & (series["t"] <= until)
    if not shown.any():
        return _Words("Nothing recorded yet.")
    logs = np.log10(series["t"][shown])
    margins = np.maximum(series["margin"][shown], 0.0)
    low, high = round_limits(np.append(margins, [0.0, 1.0]))
    chart = Chart(*size, Axis(decade_limits(logs), "log"), Axis((max(low, 0.0), high)), glyphs)
    traces = [chart.line(logs, series["accuracy"][shown], _ROLES["accuracy"])]
    traces.append(chart.line(logs, margins, _ROLES["margin"]))
    smoothed = series["smoothed_margin"][shown]
    fitted = smoothed > 0.0
    if fitted.any():
        traces.append(chart.line(logs[fitted], smoothed[fitted], _ROLES["smoothed_margin"]))
    return MarginPicture(chart.rows(traces), chart, series)
