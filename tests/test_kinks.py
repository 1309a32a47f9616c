"""How much of a sample a sliding neuron sees, and what the recorded gradient makes of it."""

import numpy as np
import pytest
from problems import balanced, five_points

from reluflow.flow import make_solver
from reluflow.network import row_norms
from reluflow.observe.inspection import inspect
from reluflow.observe.kinks import gradient_norm, kink_shares
from reluflow.observe.recorder import Recorder, RecordRules
from reluflow.problem import Problem
from reluflow.theory.small_neurons import pulls


def left_to_fit(problem: Problem, state) -> np.ndarray:
    hidden = np.maximum(state.weights @ problem.inputs.T, 0.0)
    return problem.targets - state.output_weights @ hidden


@pytest.fixture(scope="module")
def sliding():
    """The five points on their first plateau, where many neurons slide."""
    problem = five_points()
    solver = make_solver("lorentz", problem)
    while solver.t < 60.0:
        solver.step(t_end=60.0)
    return problem, solver


def test_shares_are_those_of_the_field_of_least_norm(sliding):
    problem, solver = sliding
    state = solver.state
    residual = left_to_fit(problem, state)
    seen = kink_shares(state.weights, state.output_weights, problem.inputs, residual)
    assert np.count_nonzero((seen > 0.0) & (seen < 1.0)) >= 5
    exact = pulls(state.weights, state.output_weights, problem.inputs, residual)
    np.testing.assert_allclose((seen * residual) @ problem.inputs / 5, exact, atol=1e-9)


def test_two_kinks_at_once():
    """D = (1/2 - alpha, 1/2 - beta, 1) is shortest with half of either sample."""
    inputs = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.5, 1.0]])
    residual = np.array([-1.0, -1.0, 1.0])
    seen = kink_shares(np.array([[0.0, 0.0, 1.0]]), np.ones(1), inputs, residual)[0]
    np.testing.assert_allclose(seen, [0.5, 0.5, 1.0], atol=1e-8)


def test_the_norm_of_the_gradient_is_the_speed_of_the_flow(sliding):
    """(dL/dt)^2 = |gradient|^4, with sliding neurons as the solver moves them."""
    problem, solver = sliding
    before, state = solver.loss, solver.state
    predicted = gradient_norm(state, problem) ** 2
    end = solver.t + 1e-3
    solver.step(t_end=end)
    assert (before - solver.loss) / (solver.t - state.t) == pytest.approx(predicted, rel=0.02)


def test_the_inspector_moves_a_sliding_neuron_as_the_solver_does(sliding):
    problem, solver = sliding
    state = solver.state
    solver.step(t_end=solver.t + 1e-2)
    after = solver.state
    lapse = after.t - state.t
    table = [inspect(state, problem, j) for j in range(problem.width)]
    slides = [j for j, one in enumerate(table) if np.any((one.share > 0.0) & (one.share < 1.0))]
    assert slides
    grown = np.log(row_norms(after.weights) / row_norms(state.weights)) / lapse
    for j in slides:
        assert table[j].norm_rate == pytest.approx(grown[j], rel=1e-2)


def test_shares_of_a_leaky_activation_stay_above_its_slope():
    """D = (1/2 - alpha, 1/2) is shortest with half of the sample, less than the slope."""
    inputs = np.array([[1.0, 0.0], [0.5, 0.5]])
    seen = kink_shares(np.array([[0.0, 1.0]]), np.ones(1), inputs, np.array([-1.0, 1.0]), 0.75)[0]
    np.testing.assert_allclose(seen, [0.75, 1.0])
    plain = kink_shares(np.array([[0.0, 1.0]]), np.ones(1), inputs, np.array([-1.0, 1.0]))[0]
    np.testing.assert_allclose(plain, [0.5, 1.0])


def test_a_kink_is_slid_on_however_far_rounding_has_carried_the_neuron():
    """At this rest the second sample, which is not fitted, holds the neuron on its kink against the first.

    The record takes that from the solver: by the state alone the neuron is on one side of its kink and moves.
    """
    problem = Problem([[1.0, 0.0], [0.6, 0.8]], [1.0, -1.0], [[0.3, 0.0]], [0.3])
    solver = make_solver("lorentz", problem)
    while solver.t < 300.0:
        solver.step(t_end=300.0)
    neurons = solver.context.neurons
    assert neurons.sliders[2].tolist() == [1]
    away = 3e-9 * row_norms(neurons.weights)[:, None] * problem.inputs[1:]
    saved = solver.checkpoint()
    solver.restore(saved | {"now_weights": saved["now_weights"] + away})
    assert gradient_norm(solver.state, problem) > 0.1
    recorder = Recorder(problem, RecordRules())
    recorder.observe(solver)
    assert recorder.series["gradient_norm"][-1] < 1e-9


@pytest.mark.parametrize("options", [{"slope": 0.3}, {"loss": "mse"}])
def test_the_solver_and_the_state_tell_one_gradient(options):
    """Also of copies of one direction, which the solver moves as one, and of collinear inputs."""
    x = np.array([[1.0, 1.0], [2.0, 2.0], [-0.5, -0.5], [-1.0, 0.3]])
    problem = balanced(x, [1.0, -0.5, 0.7, -0.4], 30, 0.05, **options)
    solver = make_solver("lorentz", problem)
    compared = 0
    while solver.t < 60.0:
        solver.step(t_end=60.0)
        known, judged = solver.gradient_norm, gradient_norm(solver.state, problem)
        jumps = len(solver.event_log) > 0 and solver.event_log.t[-1] == solver.t
        if not jumps:
            compared += 1
            assert known == pytest.approx(judged, rel=1e-3, abs=1e-12)
    assert compared >= 5
