"""The circle of directions unrolled: how fast a small neuron grows in each, and where the neurons stand."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.errors import ProblemError
from reluflow.flow.base import State
from reluflow.network import Array, activation, row_norms
from reluflow.plot.axes import Tick
from reluflow.plot.canvas import Trace
from reluflow.plot.cells import Role, Row, put
from reluflow.plot.circles import Circle, CircleChoice, circle_of, placed
from reluflow.plot.directions import units_of
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.views.chart import Axis, Chart, legend, round_limits, sentence, stacked, tame
from reluflow.problem import Problem
from reluflow.theory.circle import basin_edges, extremal, growth, kinks_of

#: of more neurons than this, evenly spaced ones are drawn
_MOST_NEURONS: Final = 5000
#: more samples than this have no kinks and no maxima drawn, and more than that no numbers at their kinks
_MOST_SAMPLES: Final = 400
_MOST_NUMBERED: Final = 12
#: share of the columns up to which kinks are drawn
_DENSEST: Final = 0.4
#: squared cosine to a circle from which on a neuron is drawn: within 30 degrees
_NEAR: Final = 0.75
#: every so many dots of the curve of the negative sign are drawn, so that it is told from the other
_DOTTED: Final = 3


class _Angles(Axis):
    """Degrees around the circle, with ticks at quarters of it."""

    def ticks(self, most: int) -> list[Tick]:
        step = 90 if most >= 5 else 180
        return [Tick(float(at), f"{at}") for at in range(-180, 181, step)]


@dataclass(frozen=True)
class _Neurons:
    """Numbers ``index`` (k,), ``angles`` (k,) in degrees, ``rates`` (k,) by the data alone, ``signs`` (k,).

    ``near`` (k,): whether they are near the circle; ``share``: of the sum of |w_j| that is.
    """

    index: npt.NDArray[np.intp]
    angles: Array
    rates: Array
    signs: Array
    near: npt.NDArray[np.bool_]
    share: float


def field_view(
    state: State, problem: Problem, width: int, height: int, glyphs: Glyphs, cursor: int | None
) -> list[Row]:
    """s G_r over all directions of two coordinates, or over the circle that holds most neurons."""
    return draw_field(CircleChoice(), state, problem, (width, height), glyphs, cursor)


def draw_field(
    choice: CircleChoice,
    state: State,
    problem: Problem,
    size: tuple[int, int],
    glyphs: Glyphs,
    cursor: int | None,
) -> list[Row]:
    """Growth rate over direction on ``size`` = (width, height) cells, a curve a sign; see ``theory.circle``.

    The triangles stand above the directions to which small neurons are drawn and grow, + and - on the axis
    where the basins of either sign meet. Weight decay is not taken off: it is a line, above which neurons
    grow.
    """
    width, height = size
    if width < 1 or height < 1:
        return stacked([], width, height)
    try:
        circle = circle_of(choice, state, problem)
    except ProblemError as error:
        return sentence(str(error), width, height)
    with np.errstate(all="ignore"):
        left = tame(problem.left(state.weights, state.output_weights))
        pull = tame(problem.speed / problem.samples * left)
        neurons = _neurons(state, problem, pull, circle, cursor)
        inputs = tame(problem.span.inputs) @ circle.basis
        angles = np.linspace(-np.pi, np.pi, max(width * glyphs.dots[0], 8) + 1)
        curve = tame(growth(angles, inputs, pull, problem.slope))
        rates = np.concatenate([curve, -curve, neurons.rates[neurons.near], [0.0, problem.weight_decay]])
        chart = Chart(width, height - 1, _Angles((-180.0, 180.0)), Axis(round_limits(tame(rates))), glyphs)
        few = problem.samples <= _MOST_SAMPLES
        kinks = _kinks(chart, inputs) if few else []
        rows = chart.rows(
            [
                *kinks,
                chart.level(0.0),
                *([chart.level(problem.weight_decay, "theory")] if problem.weight_decay else []),
                *_curves(chart, np.degrees(angles), curve),
                *_marks(chart, neurons),
            ]
        )
        if few:
            _numbers(chart, rows, inputs)
            for sign in (1, -1):
                _directions(chart, rows, inputs, pull, problem.slope, sign, circle.whole)
    _cursor(chart, rows, neurons, cursor)
    words = legend(_entries(choice, circle, neurons, problem, glyphs, few, bool(kinks)), width)
    return stacked([rows, [words]], width, height)


def _neurons(state: State, problem: Problem, pull: Array, circle: Circle, cursor: int | None) -> _Neurons:
    m = state.output_weights.size
    index = np.arange(0, m, -(-m // _MOST_NEURONS))
    if cursor is not None and 0 <= cursor < m and cursor not in index:
        index = np.append(index, cursor)
    weights, signs = state.weights[index], np.sign(state.output_weights[index])
    where = placed(weights, circle, problem)
    rates = signs * (activation(units_of(weights) @ problem.inputs.T, problem.slope) @ pull)
    near = (where.near >= _NEAR) | (circle.whole & (where.near > 0.0))
    norms = tame(row_norms(weights))
    largest = float(np.max(norms, initial=0.0))
    share = float(np.sum(norms[near] / largest) / np.sum(norms / largest)) if largest > 0.0 else 0.0
    return _Neurons(index, np.degrees(where.angles), tame(rates), signs, near, share)


def _curves(chart: Chart, degrees: Array, curve: Array) -> list[Trace]:
    """A dotted curve for the negative sign, a line for the positive one."""
    dotted = chart.line(degrees[::_DOTTED], -curve[::_DOTTED], "negative")
    return [
        Trace(dotted.x, dotted.y, "negative", dotted.marker),
        chart.line(degrees, curve, "positive"),
    ]


def _kinks(chart: Chart, inputs: Array) -> list[Trace]:
    """All kinks as one trace, a column each; none where they would fill the picture."""
    wide, high = max(chart.width - 1, 1), max(chart.height, 1)
    columns = np.unique(np.floor(chart.x.share(np.degrees(kinks_of(inputs))) * wide + 0.5))
    if columns.size > _DENSEST * chart.width:
        return []
    x, y = np.repeat(columns / wide, high), np.tile(np.linspace(0.0, 1.0, high), columns.size)
    return [Trace(x, y, "ray", chart.glyphs.mark)]


def _numbers(chart: Chart, rows: list[Row], inputs: Array) -> None:
    """The numbers of the samples, from 1, at the top of their kinks, where there is room."""
    if len(inputs) > _MOST_NUMBERED:
        return
    at: dict[int, list[str]] = {}
    for number, each in enumerate(inputs, 1):
        for angle in np.degrees(kinks_of(each[None])):
            at.setdefault(chart.cell(float(angle), 0.0)[0], []).append(str(number))
    free, right = 0, chart.gutter + chart.width
    for column in sorted(at):
        text = ",".join(at[column])
        start = min(column, right - len(text))
        if start >= free and rows:
            rows[0] = put(rows[0], start, text, "ray")
            free = start + len(text) + 1


def _marks(chart: Chart, neurons: _Neurons) -> list[Trace]:
    """The neurons near the circle."""
    glyphs, near = chart.glyphs, neurons.near
    groups: tuple[tuple[float, Role, str], ...] = (
        (0.0, "still", glyphs.still),
        (-1.0, "negative", glyphs.negative),
        (1.0, "positive", glyphs.positive),
    )
    return [
        chart.marks(neurons.angles[some], neurons.rates[some], role, marker)
        for sign, role, marker in groups
        for some in [near & (neurons.signs == sign)]
    ]


def _directions(
    chart: Chart, rows: list[Row], inputs: Array, pull: Array, slope: float, sign: int, whole: bool
) -> None:
    """A triangle above each maximum; on the axis the edges of basins, which only a whole circle has."""
    glyphs = chart.glyphs
    marker, edge = (glyphs.plus_goal, "+") if sign > 0 else (glyphs.minus_goal, "-")
    role: Role = "positive" if sign > 0 else "negative"
    found = extremal(inputs, pull, sign, slope)
    for angle, rate in zip(found, sign * growth(found, inputs, pull, slope), strict=True):
        column, row = chart.cell(float(np.degrees(angle)), float(rate))
        if rows:
            above = max(row - 1, 0)
            rows[above] = put(rows[above], column, marker, role)
    if whole and len(rows) > chart.height:
        for angle in basin_edges(inputs, pull, sign, slope):
            column, _ = chart.cell(float(np.degrees(angle)), 0.0)
            rows[chart.height] = put(rows[chart.height], column, edge, role)


def _cursor(chart: Chart, rows: list[Row], neurons: _Neurons, cursor: int | None) -> None:
    """The neuron under the cursor, also where it is not near the circle."""
    found = np.flatnonzero(neurons.index == cursor) if cursor is not None else np.empty(0, dtype=np.intp)
    if found.size:
        j = int(found[0])
        marker = chart.glyphs.negative_cursor if neurons.signs[j] < 0.0 else chart.glyphs.positive_cursor
        low, high = chart.y.limits
        chart.put(
            rows, float(neurons.angles[j]), float(np.clip(neurons.rates[j], low, high)), marker, "cursor"
        )


def _entries(
    choice: CircleChoice,
    circle: Circle,
    neurons: _Neurons,
    problem: Problem,
    glyphs: Glyphs,
    few: bool,
    kinks: bool,
) -> list[tuple[str, Role]]:
    name = str(choice) or ("" if circle.whole else "fullest circle")
    entries: list[tuple[str, Role]] = []
    if problem.weight_decay:
        entries.append((f"{glyphs.level} decay, G gross", "theory"))
    if name:
        entries.append((f"through {choice}" if choice.words else name, "strong"))
    if not circle.whole:
        entries.append((f"{100.0 * neurons.share:.0f} % near", "dim"))
    entries += [(f"{glyphs.positive} a>0", "positive"), (f"{glyphs.negative} a<0", "negative")]
    if few:
        what = "extremal" if circle.whole else "maximum"
        entries.append((f"{glyphs.plus_goal}{glyphs.minus_goal} {what}", "strong"))
    if kinks:
        entries.append((f"{glyphs.mark} kinks", "ray"))
    if few and circle.whole:
        entries.append(("+- edges of basins", "dim"))
    return entries
