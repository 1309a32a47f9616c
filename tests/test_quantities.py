"""Quantities of a whole network."""

import numpy as np
import pytest
from problems import balanced, smooth

from reluflow.flow.base import State
from reluflow.network import loss_of, predictions, tangent_kernel
from reluflow.observe.columns import published_columns
from reluflow.observe.quantities import (
    angle,
    combined,
    kernel_spectrum,
    live,
    loss_at,
    nuclear_norm,
    parameter_norm_squared,
    quantities,
    rank,
    spread,
)
from reluflow.problem import Problem

ROWS = np.array([[3.0, 0.0], [0.0, 4.0], [-1.0, -1.0], [0.0, 2.0]])
OUTPUTS = np.array([1.0, -2.0, 5.0, 3.0])


def small():
    """Two inputs along the axes: the third neuron sees none."""
    problem = balanced(np.eye(2), [1.0, 2.0], 4, 0.1)
    return State(0.0, ROWS, OUTPUTS), problem


def test_live_neurons_see_a_sample():
    state, problem = small()
    np.testing.assert_array_equal(live(state, problem), [True, True, False, True])
    np.testing.assert_array_equal(live(state, problem, 1), [True, False, False, True])
    np.testing.assert_array_equal(live(state, problem, -1), [False, True, False, False])


def test_a_neuron_at_rest_on_its_last_kink_is_dead():
    _, problem = small()
    state = State(0.0, np.array([[1e-17, -1.0], [1e-3, -1.0]]), np.array([-1.0, -1.0]))
    np.testing.assert_array_equal(live(state, problem), [False, True])


def test_ranks_and_norms():
    state, _ = small()
    thin = np.outer([1.0, 2.0, 3.0], [1.0, -1.0, 0.5]) + 1e-5 * np.eye(3)
    assert rank(thin) == 3
    assert rank(thin, 1e-3) == 1
    assert rank(np.zeros((3, 2))) == 0
    assert nuclear_norm(np.diag([3.0, -4.0])) == pytest.approx(7.0)
    assert parameter_norm_squared(state) == pytest.approx(9 + 16 + 2 + 4 + 1 + 4 + 25 + 9)


def test_angles_below_the_floor_of_arccos():
    base = np.array([1.0, 2.0, 3.0])
    turned = base + 1e-12 * np.array([3.0, 0.0, -1.0])
    exact = np.degrees(1e-12 * np.sqrt(10.0) / np.linalg.norm(base))
    assert angle(base, turned) == pytest.approx(exact, rel=1e-3)
    assert angle(base, -base) == pytest.approx(180.0)
    assert np.isnan(angle(base, np.zeros(3)))


def test_spread_is_over_all_pairs():
    angles = np.radians([0.0, 10.0, 40.0])
    largest, mean = spread(np.column_stack([np.cos(angles), np.sin(angles)]) * [[1.0], [7.0], [1e-9]])
    assert largest == pytest.approx(40.0)
    assert mean == pytest.approx((10.0 + 40.0 + 30.0) / 3.0)
    assert np.all(np.isnan(spread(np.ones((1, 2)))))


def test_the_combined_neuron_leaves_dead_ones_out():
    state, problem = small()
    np.testing.assert_allclose(combined(state, problem), [3.0, -8.0 + 6.0])
    np.testing.assert_allclose(combined(state, problem, 1), [3.0, 6.0])


def test_the_kernel_spectrum_is_sorted_and_sums_to_the_trace():
    problem = smooth()
    state = State(0.0, problem.weights, problem.output_weights)
    spectrum = kernel_spectrum(state, problem)
    kernel = tangent_kernel(problem.weights, problem.output_weights, problem.inputs)
    assert np.all(np.diff(spectrum) <= 0.0)
    assert np.sum(spectrum) == pytest.approx(np.trace(kernel))


@pytest.mark.parametrize("loss", ["mse", "half-mse"])
def test_loss_at_other_points_is_in_the_stated_convention(loss):
    state, _ = small()
    points, targets = np.array([[1.0, 1.0], [-1.0, 2.0], [0.5, 0.0]]), np.array([1.0, 0.0, -1.0])
    reached = predictions(ROWS, OUTPUTS, points)
    assert loss_at(state, points, targets, loss) == pytest.approx(loss_of(reached - targets, loss))


def test_all_by_name():
    state, problem = small()
    plain = quantities(state, problem)
    assert plain["live_plus"] == 2
    assert plain["live_minus"] == 1
    assert plain["angle_max_live_plus"] == pytest.approx(90.0)
    assert np.isnan(plain["angle_max_live_minus"])
    assert plain["rank"] == plain["numerical_rank"] == 2
    assert plain["combined_norm_live"] == pytest.approx(np.hypot(3.0, 2.0))
    gamma = np.array([0.5, 1.0])
    assert plain["distance_to_gamma_live"] == pytest.approx(np.linalg.norm([2.5, -3.0]))
    assert plain["angle_to_gamma_live"] == pytest.approx(angle(np.array([3.0, -2.0]), gamma))
    assert not {"angle_to_teacher_live", "point_loss"} & set(plain)
    teacher, points = np.array([3.0, 0.0]), np.array([[1.0, 0.0]])
    full = quantities(state, problem, teacher=teacher, points=points, point_targets=np.array([1.0]))
    assert full["distance_to_teacher_live"] == pytest.approx(2.0)
    assert full["angle_to_teacher_live"] == pytest.approx(np.degrees(np.arctan2(2.0, 3.0)))
    assert full["point_loss"] == pytest.approx(0.5 * (3.0 - 1.0) ** 2)


def test_the_two_groups_have_names_of_their_own():
    """A neuron that saw a sample at the start and has turned away belongs to the published group alone."""
    problem = Problem(np.eye(2), [1.0, 1.0], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [1.0, 1.0, 1.0])
    turned = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    state = State(1.0, turned, problem.output_weights)
    published, measured = published_columns(state, problem), quantities(state, problem)
    assert published["angle_max_plus"] == pytest.approx(135.0)
    assert published["angle_mean_plus"] == pytest.approx((90.0 + 135.0 + 135.0) / 3.0)
    assert measured["angle_max_live_plus"] == measured["angle_mean_live_plus"] == pytest.approx(90.0)
    assert published["combined_norm"] == pytest.approx(0.0, abs=1e-12)
    assert measured["combined_norm_live"] == pytest.approx(np.sqrt(2.0))
    same = {"loss", "parameter_norm_squared", "nuclear_norm"}
    assert published.keys() & measured.keys() <= same
