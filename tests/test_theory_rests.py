"""Rows about the end of a run: random changes of a minimum, and corners of a fit of least norm."""

import numpy as np
import pytest
from problems import with_bias

import reluflow
from reluflow.flow.base import State
from reluflow.network import predictions as outputs_of
from reluflow.observe.measured import Measured
from reluflow.observe.recorder import Snapshots
from reluflow.problem import Problem
from reluflow.theory import minimum_norm as chapter
from reluflow.theory.perturbations import share_below
from reluflow.theory.resting import is_large
from reluflow.training.measuring import train
from reluflow.verification import verify

FIVE = with_bias([-1.5, -1.0, 0.0, 0.25, 2.0]), np.array([0.7, -0.3, -0.3, 0.4, 0.2])


@pytest.fixture(scope="module")
def three():
    """A run that ends in a spurious local minimum."""
    return train(reluflow.load_preset("three-points", {"network.width": 12, "init.scale": 1e-3}))


def test_no_change_lowers_the_loss_of_a_local_minimum(three):
    row = next(row for row in verify(three) if row.id == "general/perturbations")
    assert (row.state, row.measured) == ("holds", 0.0)


def test_changes_lower_it_anywhere_else(three):
    states, middle = three.snapshots, len(three.snapshots.t) // 3
    under_way = State(0.0, states.weights[middle], states.output_weights[middle])
    assert share_below(three.problem, under_way) > 0.2


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_what_a_neuron_adds_to_the_network_makes_it_large_at_any_size_of_inputs(size):
    one = Problem(size * np.diag([1.0, 1e-12]), [1.0, -1.0], np.ones((2, 2)), np.ones(2))
    assert is_large(np.array([0.5, 1e-9]) / size, one).tolist() == [True, False]
    assert is_large(np.array([1e-9, 1e-9]) / size, one).tolist() == [False, False]


def test_a_change_crosses_no_kink_that_is_near():
    """Beyond its kink the neuron would fit the second sample, from which it is 1e-7 of its size away."""
    problem = Problem(np.eye(2), [1.0, 1.0], [[1.0, -1e-7]], [1.0])
    assert share_below(problem, State(0.0, problem.weights, problem.output_weights)) == 0.0
    at_it = State(0.0, np.array([[1.0, -1e-15]]), np.array([1.0]))
    assert share_below(problem, at_it) == 0.0
    seen = Problem(np.eye(2), [1.0, 1.0], [[1.0, 1e-7]], [1.0])
    assert share_below(seen, State(0.0, seen.weights, seen.output_weights)) > 0.0


def ended(weights, outputs, status="converged"):
    problem = Problem(*FIVE, weights, outputs)
    series = {"t": np.array([0.0, 1.0]), "loss": np.array([1.0, 1e-12])}
    return Measured(problem, series, Snapshots(np.array([1.0]), weights[None], outputs[None]), status)


def corners_row(run):
    return next(row for row in chapter.predictions(run.problem) if row.id == "minimum-norm/corners")


def test_a_fit_of_least_norm_has_the_corners_of_the_certified_one():
    found = reluflow.minimum_norm(*FIVE)
    run = ended(found.weights, found.output_weights)
    row = corners_row(run)
    assert row.applies
    assert row.measure(run) == 0.0
    # turned by some degrees its neurons would have other corners, with the norm that they had
    angle = np.radians(5.0)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    assert row.measure(ended(found.weights @ turn, found.output_weights)) > row.tolerance
    assert row.measure(ended(found.weights[:1], found.output_weights[:1])) == 1.0
    # a network that fits with more than the least norm says nothing
    assert row.measure(ended(1.1 * found.weights, found.output_weights)) is None
    assert np.allclose(outputs_of(found.weights, found.output_weights, FIVE[0]), FIVE[1])


def test_without_one_input_and_a_bias_it_says_so():
    problem = Problem(np.eye(3), np.ones(3), np.eye(3), np.ones(3))
    row = next(row for row in chapter.predictions(problem) if row.id == "minimum-norm/corners")
    assert not row.applies
    assert "one coordinate beside a bias" in row.reason
