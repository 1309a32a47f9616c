"""The corners of h as a function of one input, which are the effective width of a network."""

import numpy as np
import pytest
from problems import with_bias

from reluflow.flow.base import State
from reluflow.observe.corners import corners, effective_width
from reluflow.observe.plateau_contents import contents
from reluflow.observe.plateaus import Saddle
from reluflow.problem import Problem

INPUTS = [-1.0, 0.0, 1.0]


def network(*neurons, constant=1.0):
    """Neurons given by the place of their kink, their side (1 to the right) and a_j |w_j1|."""
    weights = np.array([[side, -side * place / constant] for place, side, _ in neurons])
    outputs = np.array([change for *_, change in neurons])
    inputs = with_bias(INPUTS) * [1.0, constant]
    return State(1.0, weights, outputs), Problem(inputs, [1.0, -1.0, 0.5], weights, outputs)


@pytest.mark.parametrize("constant", [1.0, -2.0])
def test_corners_are_where_the_slope_changes(constant):
    state, problem = network((0.5, 1, 1.0), (-0.25, -1, -2.0), (3.0, -1, 1.0), constant=constant)
    np.testing.assert_allclose(corners(state, problem), [-0.25, 0.5])
    assert effective_width(state, problem) == 2


def test_near_kinks_are_one_corner_and_opposite_ones_none():
    state, problem = network((0.5, 1, 1.0), (0.51, -1, 3.0), (-0.3, 1, 1.0), (-0.3, -1, -1.0))
    # of the last two only the sum of their slopes is left: h is a line there
    np.testing.assert_allclose(corners(state, problem), [0.5075])


def test_what_is_too_small_to_be_seen_or_at_an_end_is_no_corner():
    state, problem = network((0.5, 1, 0.009), (-0.99, 1, 1.0), (0.99, 1, 1.0), (0.2, 1, 0.011))
    np.testing.assert_allclose(corners(state, problem), [0.2])


def test_without_a_bias_the_only_corner_is_at_zero():
    problem = Problem([[-1.0], [2.0]], [1.0, 1.0], [[1.0], [-1.0]], [1.0, 1.0])
    assert corners(State(0.0, problem.weights, problem.output_weights), problem).tolist() == [0.0]
    zeros = State(0.0, np.zeros((2, 1)), np.zeros(2))
    assert effective_width(zeros, problem) == 0


def test_a_plateau_tells_it_where_there_is_one_input():
    state, problem = network((0.5, 1, 1.0))
    saddle = Saddle(0.0, None, 0.1, None)
    assert contents(saddle, [state], problem)["effective_width"] == 1
    still = State(1.0, 1e-9 * state.weights, state.output_weights)
    assert contents(saddle, [still], problem)["effective_width"] == 0
    several = Problem(np.eye(3), np.ones(3), np.eye(3), np.ones(3))
    assert effective_width(State(0.0, np.eye(3), np.ones(3)), several) is None
    told = contents(saddle, [State(0.0, np.eye(3), np.ones(3))], several)
    assert told["effective_width"] is None
