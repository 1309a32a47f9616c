"""How far a network has gone from its start."""

import numpy as np
import pytest
from problems import smooth, toy

from reluflow.flow.base import State
from reluflow.network import tangent_kernel
from reluflow.observe.departure import departure
from reluflow.problem import Problem


def of(problem, weights, output_weights):
    return departure(State(1.0, np.asarray(weights), np.asarray(output_weights)), problem)


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e100])
def test_the_start_is_at_distance_zero_from_itself(scale):
    problem = Problem(np.eye(2), [1.0, -1.0], scale * np.array([[1.0, 2.0], [-1.0, 3.0]]), [scale, -scale])
    assert of(problem, problem.weights, problem.output_weights) == {
        "kernel_distance": 0.0, "activation_distance": 0.0, "parameter_distance": 0.0
    }  # fmt: skip


def test_distances_are_those_of_their_formulas():
    problem = smooth()
    weights, outputs = 1.7 * problem.weights + 0.01, 0.4 * problem.output_weights
    found = of(problem, weights, outputs)
    kernels = [
        tangent_kernel(w, a, problem.inputs)
        for w, a in ((weights, outputs), (problem.weights, problem.output_weights))
    ]
    cosine = np.sum(kernels[0] * kernels[1]) / np.prod([np.linalg.norm(kernel) for kernel in kernels])
    assert found["kernel_distance"] == pytest.approx(1.0 - cosine, rel=1e-8)
    squares = np.sum((weights - problem.weights) ** 2) + np.sum((outputs - problem.output_weights) ** 2)
    assert found["parameter_distance"] == pytest.approx(np.sqrt(squares))


def test_growth_alone_changes_no_kernel_and_no_activation():
    """From 1e-200 to 1: the kernel is that of the start times 1e400."""
    problem = toy(scale=1e-200)
    found = of(problem, 1e200 * problem.weights, 1e200 * problem.output_weights)
    assert found["kernel_distance"] == pytest.approx(0.0, abs=1e-15)
    assert found["activation_distance"] == 0.0
    assert found["parameter_distance"] > 0.1


def test_small_distances_are_not_rounded_away():
    problem = smooth()
    changed = problem.weights * (1.0 + 1e-10 * np.arange(5))
    twice = problem.weights * (1.0 + 2e-10 * np.arange(5))
    one, other = (of(problem, w, problem.output_weights)["kernel_distance"] for w in (changed, twice))
    assert other / one == pytest.approx(4.0, rel=1e-3)
    assert 0.0 < one < 1e-19


def test_activations_that_differ_are_a_share_of_all_pairs():
    problem = Problem(np.eye(2), [1.0, 1.0], [[1.0, 1.0], [1.0, -1.0]], [1.0, 1.0])
    found = of(problem, [[1.0, 1.0], [-1.0, 1.0]], [1.0, 1.0])
    assert found["activation_distance"] == 0.5
    on_the_kink = of(problem, [[1.0, 1e-14], [1.0, -1.0]], [1.0, 1.0])
    assert on_the_kink["activation_distance"] == 0.25


def test_the_kernel_of_no_network_is_at_no_distance():
    problem = toy()
    assert np.isnan(of(problem, 0.0 * problem.weights, 0.0 * problem.output_weights)["kernel_distance"])
