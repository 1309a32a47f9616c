"""The pictures of a state: whatever the data and the size of the panel, and what they show of known cases."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import balanced, smooth, toy, with_bias
from rows import pieces

from reluflow.errors import ProblemError
from reluflow.flow.base import State
from reluflow.network import Array, predictions, tangent_kernel
from reluflow.observe.departure import departure
from reluflow.observe.history import History
from reluflow.observe.neurons import describe
from reluflow.plot.cells import Row, plain
from reluflow.plot.circles import CircleChoice, circle_of
from reluflow.plot.glyphs import ASCII, BLOCK, BRAILLE
from reluflow.plot.settings import BUNDLE, NORMS
from reluflow.plot.views import VIEWS
from reluflow.plot.views.chart import Axis, Chart, decade_limits, round_limits
from reluflow.plot.views.departure import draw_departure
from reluflow.plot.views.field import draw_field
from reluflow.plot.views.function import sampled_function
from reluflow.plot.views.growth import draw_growth
from reluflow.plot.views.norms import log10_norms
from reluflow.plot.views.spectrum import kernel_spectrum, weight_spectrum
from reluflow.problem import Problem
from reluflow.registry.losses import Loss

finite = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=64),
    st.floats(-3.0, 3.0),
    st.sampled_from([0.0, 1.0, -1.0]),
)


def show(
    view: str, problem: Problem, size: tuple[int, int] = (60, 20), cursor: int | None = None
) -> list[Row]:
    state = State(0.0, problem.weights, problem.output_weights)
    return VIEWS[view](state, problem, *size, BRAILLE, cursor)


def text(rows: list[Row]) -> str:
    return "\n".join(plain(row) for row in rows)


def find(rows: list[Row], role: str, of: str = "") -> list[tuple[int, int]]:
    """(column, row) of every cell of a role, of some characters only if given."""
    return [
        (x + i, y)
        for x, y, text in pieces(rows, role)
        for i, c in enumerate(text)
        if c != " " and (not of or c in of)
    ]


@settings(max_examples=40)
@given(
    data=st.data(),
    m=st.integers(1, 7),
    d=st.integers(1, 4),
    n=st.integers(1, 4),
    bias=st.booleans(),
    width=st.integers(-1, 90),
    height=st.integers(-1, 24),
    glyphs=st.sampled_from([BRAILLE, BLOCK, ASCII]),
    cursor=st.sampled_from([None, 0, 3, 99]),
)
def test_any_state_fits_any_panel(data, m, d, n, bias, width, height, glyphs, cursor) -> None:  # type: ignore[no-untyped-def]
    def draw(*shape: int) -> Array:
        size = int(np.prod(shape))
        return np.array(data.draw(st.lists(finite, min_size=size, max_size=size))).reshape(shape)

    inputs = draw(n, d)
    if bias:
        inputs[:, -1] = 1.0
    problem = Problem(inputs, draw(n), draw(m, d), draw(m))
    state = State(0.0, problem.weights, problem.output_weights)
    for name, view in VIEWS.items():
        rows = view(state, problem, width, height, glyphs, cursor)
        assert len(rows) == max(height, 0), name
        assert {len(plain(row)) for row in rows} <= {max(width, 0)}, name
        if glyphs is ASCII:
            assert text(rows).isascii(), name


@pytest.mark.parametrize("width", [1, 3, 40])
def test_the_sampled_function_is_that_of_the_network(width: int) -> None:
    rng = np.random.default_rng(width)
    lines, outputs = rng.normal(size=(width, 2)), rng.normal(size=width)
    lines[0, 0] = 0.0
    grid = np.linspace(-2.0, 3.0, 101)
    assert np.allclose(sampled_function(lines, outputs, grid), predictions(lines, outputs, with_bias(grid)))


def test_one_input_without_bias_has_its_kink_at_the_origin() -> None:
    problem = Problem([[-1.0], [1.0]], [1.0, 1.0], [[2.0], [-2.0]], [1.0, 1.0])
    rows = show("function", problem, cursor=1)
    assert "neuron 1: x = 0, a|w| = 2" in text(rows)
    assert find(rows, "cursor", BRAILLE.positive_cursor)


def test_a_bias_of_another_size_moves_the_kink() -> None:
    """w x + b c = 2 x + 0.5 * 3 is zero at x = -0.75."""
    inputs = np.array([[-1.0, 3.0], [1.0, 3.0]])
    problem = Problem(inputs, [0.0, 1.0], [[2.0, 0.5]], [1.0])
    assert "neuron 0: x = -0.75" in text(show("function", problem, cursor=0))


def test_stars_stand_at_kinks_and_heights() -> None:
    problem = Problem(
        with_bias([-1.0, 1.0]), [0.0, 1.0], [[1.0, 0.5], [0.6, 0.0], [0.0, 1.0]], [1.0, -1.0, 0.1]
    )
    rows = show("function", problem, (61, 21))
    (left,), (middle,) = find(rows[:-1], "positive", "★"), find(rows[:-1], "negative", "★")
    assert left[0] < middle[0]
    assert left[1] < middle[1]
    samples = find(rows[:-1], "ray", BRAILLE.point)
    assert len(samples) == 2
    # the kink of the second neuron, at x = 0, is half way between the samples
    assert abs(samples[0][0] + samples[1][0] - 2 * middle[0]) <= 1
    assert "1 outside" in text(rows)


@pytest.mark.parametrize(
    "inputs", [np.eye(3), np.array([[1.0, 2.0], [2.0, 3.0]]), np.array([[1.0, 0.0], [2.0, 0.0]])]
)
def test_data_of_more_coordinates_are_told_to_have_no_function(inputs: Array) -> None:
    problem = Problem(inputs, np.ones(len(inputs)), np.ones((2, inputs.shape[1])), np.ones(2))
    assert "cannot be drawn" in text(show("function", problem))


def test_the_bundle_is_as_far_from_the_teacher_as_it_is() -> None:
    problem = smooth()
    teacher = np.ones(5) / np.sqrt(5.0)
    half = Problem(problem.inputs, problem.targets, 0.5 * teacher[None, :], [1.0])
    shown = text(show("bundle", half, (90, 20)))
    assert "|v| 0.5 " in shown
    assert "|v*| 1 " in shown
    assert "|v*-v| 0.5 " in shown
    rows = show("bundle", half, (90, 20))
    # all coordinates are half way: each is log10(2) below its goal, on a chart of whole decades
    marks = find(rows[:-1], "positive") + find(rows[:-1], "negative")
    assert len(marks) == 5
    goals = dict(find(rows[:-1], "level", BRAILLE.level))
    assert goals.keys() == dict(marks).keys()
    assert all(goals[x] <= y for x, y in marks)


def test_the_bundle_tells_its_angle_to_the_teacher() -> None:
    aslant = Problem(np.diag([1.0, 2.0]), [1.0, 2.0], [[1.0, 0.0]], [1.0])
    assert f"angle 45{BRAILLE.degree}" in text(show("bundle", aslant, (120, 20)))
    nowhere = Problem(np.diag([1.0, 2.0]), [1.0, 2.0], [[0.0, 0.0]], [0.0])
    assert "angle" not in text(show("bundle", nowhere, (120, 20)))


def test_at_the_teacher_nothing_is_left() -> None:
    problem = smooth()
    there = Problem(problem.inputs, problem.targets, [np.ones(5) / np.sqrt(5.0)], [1.0])
    rows = show("bundle", there, (90, 22))
    assert min(y for _, y in find(rows[:-1], "positive") + find(rows[:-1], "negative")) > 10


def test_coordinates_come_by_decreasing_eigenvalue() -> None:
    inputs = np.diag([1.0, 5.0, 3.0])
    problem = Problem(inputs, inputs @ [0.001, 1.0, 0.03], np.zeros((1, 3)), [0.0])
    marks = sorted(find(show("bundle", problem, (60, 20))[:-1], "positive", BRAILLE.positive))
    assert [y for _, y in marks] == sorted(y for _, y in marks)
    assert len({y for _, y in marks}) == 3


@pytest.mark.parametrize(
    ("targets", "reason"),
    [([1.0, -2.0, 1.0], "the target of sample 2 is -2"), ([1.0, 1.0, 5.0], "misses them by")],
)
def test_other_labels_have_no_bundle_and_are_told_why(targets: list[float], reason: str) -> None:
    problem = Problem(with_bias([-1.0, 0.0, 1.0]), targets, np.ones((2, 2)), np.ones(2))
    shown = " ".join(text(show("bundle", problem)).split())
    assert "one neuron" in shown
    assert reason in shown


def test_a_bundle_of_very_many_coordinates_is_not_begun() -> None:
    d = BUNDLE.most_coordinates + 1
    problem = Problem(np.eye(d), np.ones(d), np.ones((1, d)), [1.0])
    assert f"up to {BUNDLE.most_coordinates}" in " ".join(text(show("bundle", problem)).split())


@pytest.mark.parametrize("height", [12, 13])
def test_spectra_that_do_not_fit_beside_stand_below_each_other(height: int) -> None:
    rows = text(show("spectrum", toy(scale=1.0), (30, height))).splitlines()
    heads = [y for y, row in enumerate(rows) if "NTK eigenvalues" in row or "singular values" in row]
    assert heads == [0, height - height // 2]


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e150])
def test_the_spectra_are_those_of_kernel_and_weights_at_any_scale(size: float) -> None:
    problem = toy(scale=1.0)
    state = State(0.0, size * problem.weights, size * problem.output_weights)
    kernel, weights = kernel_spectrum(state, problem), weight_spectrum(state)
    assert not isinstance(kernel, str)
    assert not isinstance(weights, str)
    values = np.linalg.eigvalsh(tangent_kernel(problem.weights, problem.output_weights, problem.inputs))
    assert np.allclose(kernel.logs, np.log10(values[::-1]) + 2.0 * np.log10(size))
    assert np.allclose(
        weights.logs, np.log10(np.linalg.svd(problem.weights, compute_uv=False)) + np.log10(size)
    )


@pytest.mark.parametrize("shape", [(40, 2), (3, 5)])
def test_the_parts_of_all_neurons_make_up_the_spectra(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(3)
    m, d = shape
    weights, outputs = 1e-30 * random.normal(size=shape), 1e-30 * random.normal(size=m)
    problem = Problem(random.normal(size=(4, d)), np.ones(4), weights, outputs)
    state = State(0.0, weights, outputs)
    kernel, own = kernel_spectrum(state, problem), weight_spectrum(state)
    assert not isinstance(kernel, str)
    assert not isinstance(own, str)
    parts = sum(10.0 ** (kernel.part(j) + 58.0) for j in range(m))
    assert np.allclose(parts, 10.0 ** (kernel.logs + 58.0))
    squares = sum(10.0 ** (2.0 * own.part(j) + 58.0) for j in range(m))
    assert np.allclose(squares, 10.0 ** (2.0 * own.logs + 58.0))


def test_the_neuron_under_the_cursor_stands_out_in_bundle_and_spectrum() -> None:
    problem = smooth()
    teacher = np.ones(5) / np.sqrt(5.0)
    pair = Problem(problem.inputs, problem.targets, [0.5 * teacher, 0.1 * teacher], [1.0, -1.0])
    state = State(0.0, pair.weights, pair.output_weights)
    for cursor, mark in ((0, BRAILLE.positive_cursor), (1, BRAILLE.negative_cursor)):
        rows = VIEWS["spectrum"](state, pair, 120, 20, BRAILLE, cursor)
        assert f"{mark} neuron {cursor}" in text(rows)
        assert find(rows[1:], "key", mark)
        rows = VIEWS["bundle"](state, pair, 90, 20, BRAILLE, cursor)
        assert f"a w of neuron {cursor}" in text(rows)
        assert "below the scale" not in text(rows)
        assert find(rows[:-1], "key")
    small = State(0.0, pair.weights * np.array([[1.0], [1e-90]]), pair.output_weights)
    rows = VIEWS["bundle"](small, pair, 90, 20, BRAILLE, 1)
    assert "a w of neuron 1, below the scale" in text(rows)
    assert not find(rows[:-1], "key")
    assert not find(VIEWS["bundle"](state, pair, 90, 20, BRAILLE, None), "key")


def test_rounding_is_no_rank() -> None:
    weights = np.outer(np.arange(1.0, 8.0), [1.0, 2.0, 3.0])
    spectrum = weight_spectrum(State(0.0, weights, np.ones(7)))
    assert not isinstance(spectrum, str)
    assert (spectrum.logs.size, spectrum.size) == (1, 3)


def test_the_final_rate_is_that_of_the_stated_loss() -> None:
    for loss, factor in (("half-mse", 2.0), ("mse", 4.0)):
        problem = balanced(np.eye(2), [1.0, 1.0], 1, 1.0, loss=loss)
        state = State(0.0, np.array([[1.0, 1.0]]), np.array([1.0]))
        # NTK = [[2, 1], [1, 2]], of smallest eigenvalue 1
        rows = VIEWS["spectrum"](state, problem, 120, 12, BRAILLE, None)
        assert f"final rate {factor * 1.0 / 2:g} " in text(rows)


def test_large_matrices_are_told_to_be_too_large() -> None:
    problem = Problem(np.eye(300), np.ones(300), np.ones((300, 300)), np.ones(300))
    assert "Not drawn for 300 samples and 300 neurons" in " ".join(
        text(show("spectrum", problem, (50, 20))).split()
    )


def test_norms_of_either_sign_fall_from_left_to_right() -> None:
    weights = np.diag([1e-3, 1.0, 1e-6, 10.0, 1e-9])
    problem = Problem(np.eye(5), np.ones(5), weights, [1.0, 1.0, -1.0, -1.0, 0.0])
    rows = show("norms", problem, (60, 20), cursor=0)
    (first,) = find(rows[:-1], "positive", BRAILLE.positive)
    (second,) = find(rows[:-1], "cursor", BRAILLE.positive_cursor)
    largest, smallest = sorted(find(rows[:-1], "negative", BRAILLE.negative))
    assert first[1] < second[1]
    assert largest[1] < first[1] < second[1] < smallest[1]
    assert "|w| 1.00e-03, rank 2" in text(rows)
    assert "|w| 1.00e-06, rank 2" in text(show("norms", problem, (60, 20), cursor=2))


def test_norms_beyond_what_can_be_squared_are_told_apart() -> None:
    logs = log10_norms(np.array([[3e-200, 4e-200], [3e200, 4e200], [0.0, 0.0]]))
    assert logs[:2] == pytest.approx([np.log10(5e-200), np.log10(5e200)])
    assert logs[2] == -np.inf


def test_very_many_neurons_are_shown_by_their_ranks() -> None:
    m = 50_000
    problem = Problem([[1.0]], [1.0], np.logspace(0, -10, m)[:, None], np.ones(m))
    rows = show("norms", problem, (60, 20))
    assert f"{m} a>0" in text(rows)
    marks = find(rows[:-1], "positive")
    assert max(x for x, _ in marks) - min(x for x, _ in marks) > 45


@given(low=finite, high=finite)
def test_round_limits_hold_what_they_were_made_for(low: float, high: float) -> None:
    values = np.clip(np.array([low, high]), -1e290, 1e290)
    bottom, top = round_limits(values)
    slack = 1e-8 * (top - bottom)
    assert bottom < top
    assert bottom - slack <= values.min() <= values.max() <= top + slack


def test_limits_of_decades_go_down_no_deeper_than_asked() -> None:
    assert decade_limits(np.array([-30.0, 0.5, -np.inf]), 16.0) == (-15.0, 1.0)
    assert decade_limits(np.array([-np.inf])) == (-1.0, 0.0)


def test_a_chart_puts_values_where_its_ticks_say() -> None:
    chart = Chart(50, 12, Axis((0.0, 10.0)), Axis((0.0, 4.0)), BRAILLE)
    rows = chart.rows([chart.marks(np.array([4.0, 20.0]), np.array([2.0, 2.0]), "ray", "x")])
    ((column, row),) = find(rows, "ray")
    assert plain(rows[-2])[column] == BRAILLE.tick_below
    assert plain(rows[row]).startswith("2" + BRAILLE.tick_left)


@pytest.mark.parametrize("height", [6, 12, 13])
def test_a_level_stands_on_the_row_of_marks_at_its_value(height: int) -> None:
    chart = Chart(50, height, Axis((0.0, 10.0)), Axis((0.0, 4.0)), BRAILLE)
    for value in (0.0, 1.3, 2.0, 3.7, 4.0):
        marks = chart.rows([chart.marks(np.array([5.0]), np.array([value]), "ray", "x")])
        ((_, row),) = find(marks, "ray")
        level = find(chart.rows([chart.level(value, "curve")]), "curve")
        assert {y for _, y in level} == {row}
        assert len(level) == chart.width
    assert not find(chart.rows([chart.level(4.5, "curve")]), "curve")


@pytest.mark.parametrize("size", [(5, 4), (4, 9), (12, 3)])
def test_a_chart_without_room_for_axes_fills_its_place(size: tuple[int, int]) -> None:
    chart = Chart(*size, Axis((0.0, 10.0)), Axis((0.0, 4.0)), BRAILLE)
    rows = chart.rows([chart.marks(np.array([0.0, 10.0]), np.array([0.0, 4.0]), "ray", "x")])
    assert [len(plain(row)) for row in rows] == [size[0]] * size[1]
    assert find(rows, "ray") == [(size[0] - 1, 0), (0, size[1] - 1)]


def growing_run() -> History:
    """Neuron 0 grows by e a unit of time, neuron 1 rests; either has a sign of its own."""
    times = np.linspace(0.0, 10.0, 41)
    outputs = np.array([1.0, -1.0])
    states = [State(float(t), np.array([[1e-6 * np.exp(t), 0.0], [1e-3, 0.0]]), outputs) for t in times]
    return History(states, times.copy(), {"t": times, "loss": np.ones(41), "step": np.arange(41.0)})


#: one sample, which growing_run's neurons see
ONE_SAMPLE = Problem([[1.0, 0.0]], [1.0], [[1e-6, 0.0], [1e-3, 0.0]], [1.0, -1.0])


def test_the_distances_from_the_start_are_those_of_the_columns() -> None:
    history = growing_run()
    picture = draw_departure(history, 10.0, (60, 19), BRAILLE, 0, ONE_SAMPLE)
    rows = picture.rows(history.states[20], 70, 20, BRAILLE, 0)
    assert {len(plain(row)) for row in rows} == {70}
    assert find(rows[:-1], "still", "P"), "only the parameters move: one sample, and no activation changes"
    assert find(rows[:-1], "mark")
    moved = departure(history.states[20], ONE_SAMPLE)["parameter_distance"]
    assert f"{moved:.3g}" == "0.000147"
    assert plain(rows[-1]).startswith("K kernel 0  A activations 0  P parameters 1.47e-4")
    assert plain(picture.rows(history.states[20], 31, 20, BRAILLE, 0)[-1]).startswith("K 0  A 0  P 1.47e-4")


def test_a_distance_that_is_not_known_is_a_dash() -> None:
    nothing = Problem([[1.0, 0.0]], [1.0], np.zeros((2, 2)), np.zeros(2))
    history = growing_run()
    rows = draw_departure(history, 10.0, (60, 9), BRAILLE, 0, nothing).rows(
        history.states[20], 60, 10, BRAILLE, 0
    )
    assert plain(rows[-1]).startswith("K kernel -  A activations ")


def test_kernels_that_take_too_long_are_not_begun() -> None:
    many = Problem(np.ones((2000, 2)), np.ones(2000), np.ones((100, 2)), np.ones(100))
    rows = draw_departure(growing_run(), 10.0, (60, 9), BRAILLE, 0, many).rows(
        growing_run().states[0], 60, 10, BRAILLE, 0
    )
    assert "reluflow info RUN --columns" in text(rows)
    assert len(rows) == 10


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (1, 1), (12, 3)])
def test_distances_fit_any_panel(size: tuple[int, int]) -> None:
    picture = draw_departure(growing_run(), 10.0, size, BRAILLE, 1, ONE_SAMPLE)
    rows = picture.rows(growing_run().states[3], *size, BRAILLE, 1)
    assert {len(plain(row)) for row in rows} <= {size[0]}
    assert len(rows) == size[1]


@pytest.mark.parametrize("glyphs", [BRAILLE, BLOCK, ASCII])
def test_norms_over_time_rise_for_neurons_that_grow(glyphs) -> None:  # type: ignore[no-untyped-def]
    history = growing_run()
    picture = draw_growth(history, 10.0, (60, 19), glyphs, cursor=0, problem=ONE_SAMPLE)
    rows = picture.rows(history.state_at(5.0), 60, 20, glyphs, 0)
    assert {len(plain(row)) for row in rows} == {60}
    own = sorted(find(rows[:-1], "cursor"))
    assert len(own) > 4
    assert [y for _, y in own] == sorted((y for _, y in own), reverse=True), "it rises"
    assert len({y for _, y in find(rows[:-1], "negative")}) == 1, "the other one rests"
    mark = {x for x, _ in find(rows[:-1], "mark")}
    assert len(mark) == 1
    assert "neuron 0: |w| 1.48e-04" in plain(rows[-1])


def test_of_very_many_neurons_the_largest_and_the_one_looked_at_are_drawn() -> None:
    rng = np.random.default_rng(0)
    states = [State(t, rng.normal(size=(5000, 2)), rng.normal(size=5000)) for t in (0.0, 1.0)]
    history = History(states, np.array([0.0, 1.0]), {"t": np.array([0.0, 1.0])})
    picture = draw_growth(history, 1.0, (60, 19), BRAILLE, cursor=4321, problem=ONE_SAMPLE)
    assert picture.hidden >= 5000 - NORMS.most_curves - 1
    assert "not drawn" in plain(picture.rows(states[1], 80, 20, BRAILLE, 4321)[-1])


@pytest.mark.parametrize("shown", [0, 4999])
def test_of_very_many_neurons_the_first_and_the_last_are_drawn(shown: int) -> None:
    weights, outputs = np.full((5000, 2), 1e-3), np.full(5000, -1.0)
    weights[shown], outputs[shown] = 1.0, 1e-9
    states = [State(t, weights, outputs) for t in (0.0, 1.0)]
    history = History(states, np.array([0.0, 1.0]), {"t": np.array([0.0, 1.0])})
    picture = draw_growth(history, 1.0, (60, 19), BRAILLE, cursor=7, problem=ONE_SAMPLE)
    assert find(picture.rows(states[1], 60, 20, BRAILLE, 7), "positive")


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (1, 1), (12, 3)])
def test_norms_over_time_fit_any_panel(size: tuple[int, int]) -> None:
    picture = draw_growth(growing_run(), 10.0, size, BRAILLE, cursor=1, problem=ONE_SAMPLE)
    rows = picture.rows(growing_run().states[3], *size, BRAILLE, 1)
    assert {len(plain(row)) for row in rows} <= {size[0]}
    assert len(rows) == size[1]


def field_of(problem: Problem, words: str = "", width: int = 91) -> list[Row]:
    state = State(0.0, problem.weights, problem.output_weights)
    return draw_field(CircleChoice.read(words), state, problem, (width, 22), BRAILLE, None)


def three_directions() -> Problem:
    """Two samples at right angles; neurons at -150, 30 and 120 degrees that are too small to be seen."""
    angles = np.radians([-150.0, 30.0, 120.0])
    weights = 1e-9 * np.column_stack([np.cos(angles), np.sin(angles)])
    return Problem(np.eye(2), [2.0, -1.0], weights, 1e-9 * np.array([1.0, 1.0, -1.0]))


def columns_of(rows: list[Row], *angles: float) -> list[int]:
    """The columns at which a field has angles in degrees, from the ends of its axis."""
    axis = plain(rows[-3])
    left, right = axis.index("└") + 1, len(axis) - 1
    return [round(left + (angle + 180.0) / 360.0 * (right - left)) for angle in angles]


def zero_and_one(rows: list[Row]) -> tuple[float, float]:
    """The rows at which a field has the rates 0 and 1, from the ticks of its axis."""
    zero = next(y for y, row in enumerate(rows) if plain(row).lstrip().startswith("0┤"))
    tick, label = next((y, plain(row).split("┤")[0]) for y, row in enumerate(rows) if "┤" in plain(row))
    return zero, zero - (zero - tick) / float(label)


@pytest.mark.parametrize("loss", ["half-mse", "mse", "logistic"])
def test_neurons_stand_in_the_field_at_their_angle_and_growth_rate(loss: Loss) -> None:
    problem = three_directions()
    if loss != "half-mse":
        problem = replace(problem, targets=np.array([1.0, -1.0]), loss=loss)
    rows, angles = field_of(problem), (-150.0, 30.0, 120.0)
    state = State(0.0, problem.weights, problem.output_weights)
    rates = describe(state, problem, -problem.targets).growth
    zero, one = zero_and_one(rows)
    found = {(x, y) for role in ("positive", "negative") for x, y in find(rows[:-3], role, "●○")}
    heights = [round(zero - rate * (zero - one)) for rate in rates]
    assert found == set(zip(columns_of(rows, *angles), heights, strict=True))


def test_the_field_marks_where_neurons_are_drawn_to_and_where_basins_end() -> None:
    """G = max(cos, 0) - max(sin, 0) / 2 has one maximum, at 0, and -G one at 90 degrees."""
    rows = field_of(three_directions())
    (plus,), (minus,) = find(rows[:-1], "positive", "▲"), find(rows[:-1], "negative", "▽")
    assert [plus[0], minus[0]] == columns_of(rows, 0.0, 90.0)
    # a row above their rates, if there is one
    zero, one = zero_and_one(rows)
    heights = [round(zero - rate * (zero - one)) for rate in (1.0, 0.5)]
    assert [plus[1], minus[1]] == [max(height - 1, 0) for height in heights]
    # the minimum, and the end from which neurons climb of the arc on which nothing pulls
    ends = [[x for x, y in find(rows, role, "+-") if y == len(rows) - 3] for role in ("positive", "negative")]
    assert ends == [columns_of(rows, -90.0, 90.0), columns_of(rows, -180.0, 0.0)]


def test_the_field_has_kinks_where_samples_are_at_right_angles() -> None:
    rows = field_of(three_directions())
    columns = {x for x, _ in find(rows[:-3], "ray", BRAILLE.mark)}
    assert columns == set(columns_of(rows, -180.0, -90.0, 0.0, 90.0))


def test_the_field_has_a_line_at_the_weight_decay() -> None:
    """Above it neurons grow; it stands at its place on the axis of growth."""
    plain_rows, rows = (field_of(replace(three_directions(), weight_decay=decay)) for decay in (0.0, 0.25))
    assert "decay" not in plain(plain_rows[-1])
    narrow = field_of(replace(three_directions(), weight_decay=0.25), width=31)[-1]
    assert "decay, G gross  ● a>0  ○ a<0" in plain(narrow)
    ((level,),) = [{y for _, y in find(rows[:-3], "theory", BRAILLE.level)}]
    zero, one = zero_and_one(rows)
    assert level == round(zero - 0.25 * (zero - one))


def test_kinks_that_would_fill_the_picture_are_left_out() -> None:
    angles = np.linspace(0.0, np.pi, 60)
    inputs = np.column_stack([np.cos(angles), np.sin(angles)])
    many, few = (Problem(inputs[:n], np.ones(n), np.eye(2), np.ones(2)) for n in (60, 5))
    assert "kinks" in text(field_of(few))
    assert find(field_of(few)[:-3], "ray", BRAILLE.mark)
    assert "kinks" not in text(field_of(many))
    assert not find(field_of(many)[:-3], "ray", BRAILLE.mark)


def test_the_circle_goes_through_what_was_chosen() -> None:
    problem = smooth()
    state = State(0.0, problem.weights, problem.output_weights)
    circle = circle_of(CircleChoice.read("x2 D+"), state, problem)
    first = problem.span.inputs[1]
    np.testing.assert_allclose(circle.basis[:, 0], first / np.linalg.norm(first), atol=1e-12)
    np.testing.assert_allclose(circle.basis.T @ circle.basis, np.eye(2), atol=1e-12)
    pull = problem.span.project(np.maximum(problem.targets, 0.0) @ problem.inputs)
    inside = circle.basis @ (circle.basis.T @ pull)
    np.testing.assert_allclose(inside, pull, atol=1e-10 * np.linalg.norm(pull))
    assert "through x2 D+" in text(field_of(problem, "x2 D+"))
    assert "fullest circle" in text(field_of(problem))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("x1 x1", "expected two of"),
        ("D+", "expected two of"),
        ("D+ q", "is no direction"),
        ("x0 D+", "is no direction"),
    ],
)
def test_a_circle_is_chosen_by_two_directions(words: str, said: str) -> None:
    with pytest.raises(ProblemError, match=said):
        CircleChoice.read(words)


def test_directions_that_are_not_there_are_told_in_the_picture() -> None:
    problem = three_directions()
    for words, said in (
        ("x3 D+", "found 2 samples"),
        ("3 D+", "found 3 neurons"),
        ("pca3 D+", "found 2 axes"),
        ("x1 D+", "along one line"),
    ):
        assert said in text(field_of(problem, words))
