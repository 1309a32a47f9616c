"""The numbers of one neuron, against derivatives taken along the flow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import balanced, five_points, toy, with_bias

from reluflow.flow.base import State
from reluflow.network import gradient
from reluflow.observe.history import History
from reluflow.observe.inspection import drift_of, inspect, record_of
from reluflow.plot.cells import plain
from reluflow.plot.glyphs import ASCII, BRAILLE
from reluflow.plot.views.neuron_page import Facts, neuron_sheet
from reluflow.problem import Problem


def moved(problem: Problem, by: float) -> State:
    """The start moved along the flow for so short a time."""
    weights, outputs = problem.weights, problem.output_weights
    dw, da = gradient(weights, outputs, problem.inputs, problem.targets, problem.loss)
    return State(by, weights - by * dw, outputs - by * da)


@pytest.mark.parametrize("loss", ["half-mse", "mse"])
@pytest.mark.parametrize("neuron", [0, 1, 4])
def test_rates_are_those_of_the_flow(loss: str, neuron: int) -> None:
    problem = balanced(with_bias([-1.0, 0.3, 2.0]), [0.5, -1.0, 1.5], 6, 0.5, loss=loss)
    now = inspect(moved(problem, 0.0), problem, neuron)
    step = 1e-6
    before, after = moved(problem, -step), moved(problem, step)
    norms = [np.linalg.norm(state.weights[neuron]) for state in (before, after)]
    units = [state.weights[neuron] / norm for state, norm in zip((before, after), norms, strict=True)]
    assert now.norm_rate == pytest.approx((np.log(norms[1]) - np.log(norms[0])) / (2 * step), abs=1e-7)
    assert now.rotation == pytest.approx(np.linalg.norm(units[1] - units[0]) / (2 * step), abs=1e-7)
    assert now.growth == pytest.approx(now.norm_rate)
    assert now.number == neuron
    assert 10.0**now.log10_norm == pytest.approx(np.linalg.norm(problem.weights[neuron]))


def test_an_unbalanced_neuron_grows_by_the_ratio_of_its_weights() -> None:
    problem = Problem(np.eye(2), [1.0, 1.0], [[0.3, 0.4]], [-2.0])
    now = inspect(moved(problem, 0.0), problem, 0)
    assert now.imbalance == pytest.approx(4.0 - 0.25)
    assert now.sign == -1
    assert now.norm_rate == pytest.approx(4.0 * now.growth)


def test_preactivations_and_active_samples() -> None:
    problem = Problem([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, 0.0]], np.ones(4), [[2.0, 0.0]], [1.0])
    now = inspect(moved(problem, 0.0), problem, 0)
    assert now.preactivations.tolist() == [2.0, 0.0, -2.0, 0.0]
    assert now.active.tolist() == [True, False, False, False]
    assert now.on_kink.tolist() == [False, True, False, False]
    assert now.cosine[:3].tolist() == [1.0, 0.0, -1.0]
    assert np.isnan(now.cosine[3])
    assert now.residual.tolist() == [1.0, -1.0, -1.0, -1.0]
    assert now.condition == "live", "it rests on a kink, but nothing drives it back there"


def test_a_neuron_that_is_driven_to_its_kink_from_both_sides_slides() -> None:
    # below the kink of (-1, 2) the first sample pulls it up, above it the second one pushes it down harder
    problem = Problem([[0.0, 1.0], [-1.0, 2.0]], [1.0, -1.0], [[2.0, 1.0]], [1.0])
    now = inspect(moved(problem, 0.0), problem, 0)
    assert now.residual.tolist() == [0.0, 1.0]
    assert now.sliding.tolist() == [False, False], "nothing pulls it up yet"
    pulled = Problem([[0.0, 1.0], [-1.0, 2.0]], [2.0, -3.0], [[2.0, 1.0]], [1.0])
    now = inspect(moved(pulled, 0.0), pulled, 0)
    # v_off = (1/2) * 1 * 2, v_on = v_off - (1/2) * 3 * 5
    assert now.sliding.tolist() == [False, True]
    assert now.condition == "sliding"


def test_a_neuron_that_sees_nothing_is_dead() -> None:
    problem = Problem(np.eye(2), [1.0, 1.0], [[-1.0, -1.0], [0.0, 0.0], [1.0, 1.0]], np.ones(3))
    conditions = [inspect(moved(problem, 0.0), problem, j).condition for j in range(3)]
    assert conditions == ["dead", "dead", "live"]
    nothing = inspect(moved(problem, 0.0), problem, 1)
    assert np.isnan([nothing.growth, nothing.norm_rate, nothing.rotation]).all()
    assert nothing.log10_norm == -np.inf


def history_of(*weights: list[float], outputs: list[float] | None = None) -> History:
    """One neuron that goes through these weights at t = 0, 1, 2 ..."""
    outputs = outputs or [1.0] * len(weights)
    states = [
        State(float(t), np.array([w]), np.array([a]))
        for t, (w, a) in enumerate(zip(weights, outputs, strict=True))
    ]
    return History(states, np.arange(float(len(states))), {})


def test_between_recorded_states_sizes_are_geometric_and_directions_turn() -> None:
    """Of weights that are zero in one of the states the direction is not known: they stay as they were."""
    between = history_of([1.0, 0.0], [0.0, 4.0], outputs=[1.0, 9.0]).state_at(0.5)
    np.testing.assert_allclose(between.weights, [[np.sqrt(2.0), np.sqrt(2.0)]])
    np.testing.assert_allclose(between.output_weights, [3.0])
    changed = history_of([1.0, 0.0], [1.0, 0.0], outputs=[1.0, -3.0]).state_at(0.5)
    np.testing.assert_allclose(changed.output_weights, [-1.0])
    for before, after in (([0.0, 0.0], [1.0, 2.0]), ([1.0, 2.0], [0.0, 0.0])):
        np.testing.assert_array_equal(history_of(before, after).state_at(0.5).weights, [before])


def test_between_recorded_rows_the_loss_is_geometric() -> None:
    states = history_of([1.0, 0.0], [1.0, 0.0], [1.0, 0.0]).states
    rows = {"t": np.array([0.0, 1.0, 2.0]), "loss": np.array([1.0, 1e-4, 0.0])}
    history = History(states, np.arange(3.0), rows)
    seen = [history.loss_at(t) for t in (-1.0, 0.0, 0.5, 1.0)]
    assert seen == pytest.approx([1.0, 1.0, 1e-2, 1e-4])
    assert 0.0 <= history.loss_at(2.0) == history.loss_at(9.0) < 1e-300


def test_the_record_of_a_neuron_and_its_next_change() -> None:
    problem = Problem([[1.0, 0.0], [0.0, 1.0]], np.ones(2), [[1.0, 0.5]], [1.0])
    past = record_of(history_of([1.0, 0.5], [1.0, -0.5], [10.0, -0.5]), problem, 0)
    assert past.t.tolist() == [0.0, 1.0, 2.0]
    assert past.log10_norm[0] == pytest.approx(0.5 * np.log10(1.25))
    assert past.next_change(0.4) == (1.0, 1, False)
    assert past.next_change(1.0) is None
    assert past.next_change(-1.0) == past.next_change(0.0)


def test_angles_do_not_jump_by_a_turn() -> None:
    problem = Problem([[1.0, 0.0], [0.0, 1.0]], np.ones(2), [[1.0, 0.5]], [1.0])
    past = record_of(history_of([-1.0, 0.1], [0.0, 0.0], [-1.0, -0.1]), problem, 0)
    assert past.angle[2] - past.angle[0] == pytest.approx(2.0 * np.degrees(np.arctan(0.1)))
    assert past.log10_norm[1] == -np.inf


def test_of_very_many_states_the_last_is_among_those_looked_at() -> None:
    problem = toy(width=1)
    past = record_of(history_of(*([1.0, 1.0] for _ in range(5_000))), problem, 0)
    assert past.t.size <= 1_000
    assert past.t[-1] == 4_999.0


def test_drift_is_that_of_recorded_states() -> None:
    history = history_of([1.0, 0.0], [2.0, 0.0], outputs=[1.0, 3.0])
    assert drift_of(history, 0.9, 0) == 0.0
    assert drift_of(history, 1.0, 0) == pytest.approx(5.0)


def test_rows_of_five_points_agree_with_one_neuron_at_a_time() -> None:
    problem = five_points(width=6)
    for j in range(6):
        now = inspect(moved(problem, 0.0), problem, j)
        assert np.array_equal(now.active, problem.inputs @ problem.weights[j] > 0.0)


@settings(max_examples=40)
@given(
    numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=12, max_size=12),
    width=st.integers(0, 130),
    glyphs=st.sampled_from([BRAILLE, ASCII]),
)
def test_any_neuron_has_a_page(numbers: list[float], width: int, glyphs) -> None:  # type: ignore[no-untyped-def]
    inputs, weights, later = np.array(numbers[:4]).reshape(2, 2), np.array([numbers[4:6]]), numbers[6:8]
    problem = Problem(inputs, numbers[8:10], weights, numbers[10:11])
    history = history_of(numbers[4:6], later, outputs=numbers[10:12])
    for t in (0.0, 1.0):
        now = inspect(history.state_at(t), problem, 0)
        past = record_of(history, problem, 0)
        facts = Facts(now, past, t, drift_of(history, t, 0), problem.speed, problem.targets, history.events)
        sheet = neuron_sheet(facts, width, glyphs)
        rows = [*sheet.head, sheet.line(1)]
        assert {len(plain(row)) for row in rows} == {width}
        if glyphs is ASCII:
            assert all(plain(row).isascii() for row in rows)
