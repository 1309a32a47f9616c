"""Every solver that knows the slope, on leaky ReLU: closed forms, invariants, sliding, exact identities."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from problems import balanced, five_points, smooth, toy
from trained import alike_slow, solver_at

from reluflow.flow import make_solver
from reluflow.flow.base import Options
from reluflow.flow.events import Change
from reluflow.network import gradient, imbalance, predictions, residuals
from reluflow.problem import Problem

#: A solver that learns about the slope is added here, and nowhere else.
EXACT = ["polar", "lorentz"]  # follow sliding neurons, and keep a_j^2 - |w_j|^2 to rounding
SCIPY = ["rk45", "dop853", "radau", "bdf", "lsoda"]
METHODS = [*EXACT, *SCIPY, "gd"]

SLOPE = 0.25


@pytest.mark.parametrize("method", alike_slow(METHODS))
def test_a_neuron_that_sees_nothing_grows_by_the_slope(method):
    """n = 1, w along -x and a < 0: h = s |a| |w| |x|, so that u = a^2 is logistic with rate 2 s |x| y."""
    x, y, start, t_end = np.array([[3.0, 4.0]]), 2.0, 1e-3, 3.0
    problem = Problem(x, [y], [-start * x[0] / 5.0], [-start], slope=SLOPE)
    full = y / (5.0 * SLOPE)
    expected = full / (1.0 + (full / start**2 - 1.0) * np.exp(-2.0 * SLOPE * 5.0 * y * t_end))
    solver = solver_at(method, problem, t_end, learning_rate=2e-4)
    accuracy = 2e-2 if method == "gd" else 1e-4
    assert solver.state.output_weights[0] == pytest.approx(-np.sqrt(expected), rel=0.5 * accuracy)


@pytest.mark.parametrize("method", alike_slow(METHODS))
def test_a_sample_that_no_neuron_sees_counts_as_its_shrunk_mirror_image(method):
    """sigma(<w, -x/s>) = -<w, x> where <w, x> > 0: (-x/s, -y) pulls as (x, y) does, for any r."""
    relu = smooth()
    flip = np.where(np.arange(relu.samples) % 2, -1.0, 1.0)
    inputs = relu.inputs * np.where(flip < 0.0, -1.0 / SLOPE, 1.0)[:, None]
    leaky = Problem(inputs, relu.targets * flip, relu.weights, relu.output_weights, slope=SLOPE)
    for t_end in (0.7, 3.0):
        one, other = (solver_at(method, problem, t_end, learning_rate=1e-3) for problem in (relu, leaky))
        np.testing.assert_allclose(other.state.weights, one.state.weights, rtol=2e-5)
        np.testing.assert_allclose(other.residual, flip * one.residual, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("method", alike_slow(METHODS))
def test_residual_and_dense_output_are_those_of_the_leaky_network(method):
    problem = replace(toy(scale=1e-2) if method in (*EXACT, "gd") else smooth(), slope=SLOPE)
    solver = solver_at(method, problem, 6.0, learning_rate=1e-3)
    solver.step()
    state = solver.state
    expected = residuals(state.weights, state.output_weights, problem.inputs, problem.targets, SLOPE)
    np.testing.assert_allclose(solver.residual, expected, atol=1e-12)
    between = solver.dense_output()(solver.t)
    np.testing.assert_allclose(between.weights, state.weights, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", alike_slow(METHODS))
def test_a_restored_solver_takes_the_very_same_steps(method):
    problem = balanced(np.random.default_rng(1).normal(size=(4, 3)), [1.0, -1.0, 0.5, 2.0], 6, 0.1)
    problem = replace(problem, slope=SLOPE)
    original, copy = (make_solver(method, problem, Options(1e-6, 1e-3)) for _ in range(2))
    for _ in range(25):
        original.step(t_end=50.0)
    copy.restore(original.checkpoint())
    for _ in range(25):
        original.step(t_end=50.0)
        copy.step(t_end=50.0)
    np.testing.assert_array_equal(copy.state.weights, original.state.weights)
    np.testing.assert_array_equal(copy.residual, original.residual)


@pytest.mark.parametrize("method", alike_slow([*EXACT, *SCIPY]))
def test_the_imbalance_is_kept_and_no_sign_changes(method):
    problem = replace(smooth() if method in SCIPY else five_points(scale=1e-2, width=12), slope=SLOPE)
    solver = solver_at(method, problem, 40.0, rtol=1e-6)
    state = solver.state
    drift = imbalance(state.weights, state.output_weights) - imbalance(
        problem.weights, problem.output_weights
    )
    size = np.maximum(state.output_weights**2, 1e-4)
    assert np.max(np.abs(drift) / size) < (1e-12 if method in EXACT else 1e-5)
    np.testing.assert_array_equal(np.sign(state.output_weights), np.sign(problem.output_weights))


@pytest.mark.parametrize("slope", [0.2])
@pytest.mark.parametrize("method", EXACT)
def test_sliding_agrees_with_small_euler_steps(method, slope):
    """Five points: neurons slide along kinks with shares between the slope and one."""
    problem = replace(five_points(scale=1e-2, width=12), slope=slope)
    solver = solver_at(method, problem, 60.0, rtol=1e-5)
    weights, outputs, slid = euler(slope)
    assert slid > 100
    expected = predictions(weights, outputs, problem.inputs, slope)
    np.testing.assert_allclose(solver.residual + problem.targets, expected, atol=2e-3)
    np.testing.assert_allclose(solver.state.output_weights, outputs, atol=5e-3)


@cache
def euler(slope: float, t_end: float = 60.0, h: float = 6e-3) -> tuple[np.ndarray, np.ndarray, int]:
    """The five points by Euler steps in direction and log norm: independent of every solver.

    Returns the network and how many times a pair switched back within two steps, as one that slides does.
    """
    problem = replace(five_points(scale=1e-2, width=12), slope=slope)
    sign, norms = np.sign(problem.output_weights), np.linalg.norm(problem.weights, axis=1)
    u, log_norm = problem.weights / norms[:, None], np.log(norms)
    past = [u @ problem.inputs.T > 0.0] * 2
    slid = 0
    for _ in range(round(t_end / h)):
        z = u @ problem.inputs.T
        active = z > 0.0
        slid += int(np.count_nonzero((active != past[1]) & (active == past[0])))
        past = [past[1], active]
        share = np.where(active, 1.0, slope)
        residual = (sign * np.exp(2.0 * log_norm)) @ (share * z) - problem.targets
        pull = -((share * residual) @ problem.inputs) / problem.samples
        growth = np.einsum("jd,jd->j", u, pull)
        u = u + h * sign[:, None] * (pull - growth[:, None] * u)
        u /= np.linalg.norm(u, axis=1)[:, None]
        log_norm = log_norm + h * sign * growth
    norms = np.exp(log_norm)
    return u * norms[:, None], sign * norms, slid


@pytest.mark.parametrize(
    ("scale", "method"),
    [
        *((1e-6, method) for method in EXACT),
        (1e-100, "lorentz"),
        pytest.param(1e-100, "polar", marks=pytest.mark.slow),
    ],
)
def test_no_neuron_dies_and_every_point_is_fitted(method, scale):
    """Two orthogonal points and no neuron of positive sign that sees the first: see the preset ``leaky``."""
    weights = scale * np.array([[-1.0, 0.5], [-0.3, -1.0], [-0.2, 1.0]])
    outputs = np.linalg.norm(weights, axis=1) * [1.0, 1.0, -1.0]
    arrays = np.eye(2), [1.0, -1.0], weights, outputs
    relu, leaky = Problem(*arrays), Problem(*arrays, slope=0.02)
    end = 40.0 - 6.0 * np.log(scale)
    assert solver_at(method, relu, end, rtol=1e-5).loss == pytest.approx(0.25, rel=1e-6)
    solver = solver_at(method, leaky, end, rtol=1e-5)
    assert solver.loss < 1e-8
    assert not np.any(solver.event_log.kind == Change.DIE)


@pytest.mark.parametrize("method", EXACT)
def test_a_neuron_slides_with_the_share_between_slope_and_one(method):
    """y_1 x_1 + y_2 x_2 with an acute angle: on the kink of x_2 the pull is x_1 without its part along x_2.

    The multiplier alpha = <x_1, x_2> y_1 / (|y_2| |x_2|^2) = 0.6 holds the neuron there for slope < 0.6; for
    a larger slope x_2 pushes it through the kink, to the inactive side.
    """
    inputs, targets = np.array([[1.0, 0.0], [0.6, 0.8]]), [1.0, -1.0]
    start = 1e-8 * np.array([[0.8, 0.6]])
    for slope, slides in ((0.2, True), (0.7, False)):
        problem = Problem(inputs, targets, start, [1e-8], slope=slope)
        state = solver_at(method, problem, 20.0, rtol=1e-6).state
        direction = state.weights[0] / np.linalg.norm(state.weights[0])
        pull = inputs[0] - (0.6 if slides else slope) * inputs[1]
        np.testing.assert_allclose(direction, pull / np.linalg.norm(pull), atol=3e-3)
        assert (abs(direction @ inputs[1]) < 3e-3) == slides


def test_scipy_rate_and_jacobian_are_those_of_the_gradient():
    problem = balanced(np.random.default_rng(1).normal(size=(4, 3)), [1.0, -1.0, 0.5, 2.0], 5, 1.0)
    problem = replace(problem, slope=SLOPE)
    solver = make_solver("bdf", problem)
    y = np.concatenate([problem.weights.ravel(), problem.output_weights])
    parts = gradient(problem.weights, problem.output_weights, problem.inputs, problem.targets, slope=SLOPE)
    np.testing.assert_allclose(solver.rate(0.0, y), -np.concatenate([part.ravel() for part in parts]))
    jacobian, h = solver.jacobian(0.0, y).dense, 1e-6
    for i in range(y.size):
        shift = np.zeros_like(y)
        shift[i] = h
        column = (solver.rate(0.0, y + shift) - solver.rate(0.0, y - shift)) / (2.0 * h)
        np.testing.assert_allclose(jacobian[:, i], column, atol=1e-7)


def test_descent_is_ten_lines_of_numpy():
    problem = replace(toy(scale=0.1), slope=SLOPE)
    weights, outputs, rate = problem.weights.copy(), problem.output_weights.copy(), 1e-2
    for _ in range(500):
        z = weights @ problem.inputs.T
        hidden, share = np.where(z > 0.0, z, SLOPE * z), np.where(z > 0.0, 1.0, SLOPE)
        error = (outputs @ hidden - problem.targets) / problem.samples
        by_weight, by_output = outputs[:, None] * ((share * error) @ problem.inputs), hidden @ error
        weights, outputs = weights - rate * by_weight, outputs - rate * by_output
    solver = make_solver("gd", problem, Options(learning_rate=rate))
    solver.step(burst=500)
    np.testing.assert_allclose(solver.state.weights, weights, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(solver.state.output_weights, outputs, rtol=1e-11, atol=1e-14)
