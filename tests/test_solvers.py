"""Every solver against closed forms, invariants, an independent loop, and each other."""

from functools import cache

import numpy as np
import pytest
from problems import balanced, five_points, smooth, toy, with_bias
from scipy.integrate import OdeSolver
from scipy.interpolate import CubicHermiteSpline
from trained import TOLERANCES, alike_slow, solver_at

from reluflow.errors import SolverError
from reluflow.flow import METHODS, make_solver, scipy_implicit, scipy_lsoda
from reluflow.flow.base import Options
from reluflow.flow.hermite import cubic, root
from reluflow.network import gradient, imbalance, residuals
from reluflow.problem import Problem

ALL = alike_slow(METHODS)
ADAPTIVE = alike_slow(method for method in METHODS if method != "gd")


@pytest.mark.parametrize("method", ALL)
def test_one_sample_is_logistic(method):
    """n = 1, aligned and balanced: u = a^2 is logistic, with rate 2 |x| y."""
    x, y, start = np.array([[3.0, 4.0]]), 2.0, 1e-3
    direction = x[0] / 5.0
    problem = Problem(x, [y], [start * direction], [start])
    t_end = 0.8
    expected = (y / 5.0) / (1.0 + (y / (5.0 * start**2) - 1.0) * np.exp(-2.0 * 5.0 * y * t_end))
    solver = solver_at(method, problem, t_end, learning_rate=5e-5)
    assert solver.t == pytest.approx(t_end, rel=1e-9)
    accuracy = 1e-2 if method == "gd" else 1e-4
    assert solver.state.output_weights[0] ** 2 == pytest.approx(expected, rel=accuracy)


@pytest.mark.parametrize("method", ADAPTIVE)
def test_agrees_with_tight_dop853_where_the_flow_is_smooth(method):
    problem = smooth()
    reference = make_solver("dop853", problem, Options(rtol=1e-12))
    solver = make_solver(method, problem, Options(rtol=1e-8))
    for t_end in (0.5, 2.0, 10.0):
        for each in (reference, solver):
            while each.t < t_end:
                each.step(t_end=t_end)
        assert solver.loss == pytest.approx(reference.loss, rel=3e-5)
        np.testing.assert_allclose(solver.state.weights, reference.state.weights, atol=1e-6)


def test_descent_is_the_papers_loop():
    """Ten lines of NumPy, in the mse convention of the papers' code, to rounding."""
    problem = toy(scale=0.1, loss="mse")
    weights, outputs, rate = problem.weights.copy(), problem.output_weights.copy(), 1e-3
    for _ in range(5000):
        z = weights @ problem.inputs.T
        error = 2.0 / problem.samples * (outputs @ np.maximum(z, 0.0) - problem.targets)
        by_output = np.maximum(z, 0.0) @ error
        by_weight = outputs[:, None] * (((z > 0.0) * error) @ problem.inputs)
        weights, outputs = weights - rate * by_weight, outputs - rate * by_output
    solver = make_solver("gd", problem, Options(learning_rate=rate))
    for burst in (1, 7, 992, 4000):
        solver.step(burst)
    assert solver.steps == 5000
    assert solver.t == pytest.approx(5.0)
    np.testing.assert_allclose(solver.state.weights, weights, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(solver.state.output_weights, outputs, rtol=1e-11, atol=1e-14)


def test_a_burst_that_is_abandoned_ends_with_the_steps_taken():
    options = Options(learning_rate=1e-3)
    few, given_up = (make_solver("gd", toy(scale=0.1), options) for _ in range(2))
    given_up.abandoned = lambda: True
    given_up.step(burst=1000)
    assert 0 < given_up.steps < 1000
    few.step(burst=given_up.steps)
    assert given_up.t == few.t
    assert np.array_equal(given_up.state.weights, few.state.weights)


def test_bursts_do_not_change_descent():
    one, many = (make_solver("gd", toy(scale=0.1), Options(learning_rate=0.01)) for _ in range(2))
    for _ in range(300):
        one.step()
    many.step(burst=300)
    np.testing.assert_array_equal(one.state.weights, many.state.weights)
    assert one.t == many.t


def test_descent_says_when_it_diverges_and_keeps_the_last_finite_state():
    problem = balanced([[1.0], [-1.0]], [1.0, -1.0], 8, 1.0)
    solver = make_solver("gd", problem, Options(learning_rate=50.0))
    while solver.failure is None and solver.steps < 1000:
        solver.step(burst=10)
    assert "diverged" in (solver.failure or "")
    assert np.all(np.isfinite(solver.state.weights))


@pytest.mark.parametrize("method", ALL)
def test_mse_is_the_same_flow_at_twice_the_speed(method):
    slow = solver_at(method, smooth(), 2.0)
    fast = solver_at(method, smooth(loss="mse"), 1.0, learning_rate=TOLERANCES["learning_rate"] / 2)
    assert fast.loss == pytest.approx(2.0 * slow.loss, rel=2e-5)
    np.testing.assert_allclose(fast.state.weights, slow.state.weights, rtol=1e-5)


@pytest.mark.parametrize("method", alike_slow(METHODS))
@pytest.mark.parametrize("when", [3, 60])
def test_a_restored_solver_takes_the_very_same_steps(method, when):
    problem = balanced(np.random.default_rng(1).normal(size=(4, 3)), [1.0, -1.0, 0.5, 2.0], 6, 0.1)
    original, copy = (make_solver(method, problem, Options(**TOLERANCES)) for _ in range(2))
    for _ in range(when):
        original.step(t_end=50.0)
    copy.restore(original.checkpoint())
    for _ in range(20):
        original.step(t_end=50.0)
        copy.step(t_end=50.0)
    assert (copy.t, copy.steps, copy.events) == (original.t, original.steps, original.events)
    np.testing.assert_array_equal(copy.state.weights, original.state.weights)
    np.testing.assert_array_equal(copy.residual, original.residual)


@pytest.mark.parametrize("method", ADAPTIVE)
def test_dense_output_meets_both_ends_and_the_middle(method):
    problem = smooth()
    solver = solver_at(method, problem, 0.7)
    before = solver.state
    solver.step()
    between = solver.dense_output()
    np.testing.assert_allclose(between(solver.t_old).weights, before.weights, rtol=1e-9)
    np.testing.assert_allclose(between(solver.t).weights, solver.state.weights, rtol=1e-9)
    middle = 0.5 * (solver.t_old + solver.t)
    exact = solver_at("dop853", problem, middle, rtol=1e-12)
    np.testing.assert_allclose(between(middle).weights, exact.state.weights, rtol=2e-5)


@pytest.mark.parametrize("method", ALL)
def test_states_that_were_handed_out_never_change(method):
    solver = make_solver(method, smooth(), Options(**TOLERANCES))
    state, residual = solver.state, solver.residual
    copies = state.weights.copy(), state.output_weights.copy(), residual.copy()
    for _ in range(5):
        solver.step()
    for held, copy in zip((state.weights, state.output_weights, residual), copies, strict=True):
        np.testing.assert_array_equal(held, copy)


@pytest.mark.parametrize("method", ALL)
def test_no_step_goes_past_the_end(method):
    solver = solver_at(method, smooth(), 1.0, learning_rate=0.01)
    assert solver.t == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("method", ALL)
def test_residual_is_that_of_the_state(method):
    problem = toy(scale=1e-3) if method in ("polar", "gd") else smooth()
    solver = solver_at(method, problem, 9.0, learning_rate=2e-3)
    state = solver.state
    expected = residuals(state.weights, state.output_weights, problem.inputs, problem.targets)
    np.testing.assert_allclose(solver.residual, expected, atol=1e-12)


def test_the_constant_rest_of_the_weights_stays():
    """Two samples in five dimensions: only the part of w_j in their span moves."""
    problem = smooth(samples=2)
    for method in ("polar", "dop853"):
        state = solver_at(method, problem, 5.0).state
        moved = state.weights - problem.weights
        basis = problem.span.basis
        np.testing.assert_allclose(moved - moved @ basis @ basis.T, 0.0, atol=1e-13)
    exact = solver_at("dop853", problem, 5.0, rtol=1e-11).state
    np.testing.assert_allclose(solver_at("polar", problem, 5.0).state.weights, exact.weights, atol=1e-5)


#: the loss of the five points at t = 430, by Euler steps of 0.02
BY_EULER = 0.019070453198


class TestPolar:
    def test_refuses_an_unbalanced_start(self):
        with pytest.raises(SolverError, match="balanced"):
            make_solver("polar", Problem([[1.0]], [1.0], [[1.0]], [2.0]))

    @pytest.mark.parametrize("problem", [toy(), five_points()], ids=["toy", "five points"])
    def test_balance_and_signs_hold_to_rounding(self, problem):
        state = solver_at("polar", problem, 150.0, rtol=1e-4).state
        size = state.output_weights**2
        assert np.max(np.abs(imbalance(state.weights, state.output_weights)) / size) < 1e-12
        np.testing.assert_array_equal(np.sign(state.output_weights), np.sign(problem.output_weights))

    def test_a_zero_neuron_stays_zero(self):
        problem = Problem([[1.0, 0.0]], [1.0], [[0.1, 0.0], [0.0, 0.0]], [0.1, 0.0])
        state = solver_at("polar", problem, 50.0, rtol=1e-6).state
        assert not state.weights[1].any()
        assert state.output_weights[0] == pytest.approx(1.0, rel=1e-5)

    @pytest.mark.slow
    def test_leaves_the_saddle_of_the_five_points_where_descent_stays(self):
        """Boursier et al.'s five points: the saddle at 0.0318 holds plain descent for ever."""
        flow = solver_at("polar", five_points(), 600.0, rtol=1e-4)
        descent = solver_at("gd", five_points(), 600.0, learning_rate=0.04)
        assert descent.loss == pytest.approx(0.0318158, rel=1e-4)
        assert flow.loss < 0.02

    def test_sliding_agrees_with_small_euler_steps(self):
        """Where neurons slide along kinks: direction and log norm by Euler with a small step."""
        solver = solver_at("polar", five_points(), 430.0, rtol=1e-4)
        assert solver.loss == pytest.approx(BY_EULER, rel=1e-2)

    @pytest.mark.slow
    def test_what_sliding_is_held_against_is_what_euler_steps_give(self):
        assert euler(five_points(), 430.0, 2e-2) == pytest.approx(BY_EULER, rel=1e-9)

    def test_frozen_inactive_coordinates_keep_their_sign_at_tiny_scales(self):
        """Orthogonal inputs, scale 1e-30: a neuron inactive on a sample never sees it."""
        problem = toy(scale=1e-30)
        inactive = problem.weights @ problem.inputs.T < 0.0
        solver = solver_at("polar", problem, 200.0)
        assert solver.loss < 1e-9
        assert not np.any(solver.checkpoint()["active"] & inactive)

    def test_converges_at_its_order(self):
        problem, exact = smooth(), solver_at("dop853", smooth(), 0.8, rtol=1e-12)
        errors = [
            np.max(np.abs(solver_at("polar", problem, 0.8, rtol=rtol).state.weights - exact.state.weights))
            for rtol in (1e-4, 1e-6, 1e-8)
        ]
        assert errors[0] > 10 * errors[1] > 100 * errors[2]


def euler(problem, t_end, h):
    """The loss at t_end by Euler steps in (direction, log norm): independent of every solver."""
    sign, norms = np.sign(problem.output_weights), np.linalg.norm(problem.weights, axis=1)
    u, log_norm = problem.weights / norms[:, None], np.log(norms)
    for _ in range(round(t_end / h)):
        z = u @ problem.inputs.T
        residual = (sign * np.exp(2.0 * log_norm)) @ np.maximum(z, 0.0) - problem.targets
        pull = -(((z > 0.0) * residual) @ problem.inputs) / problem.samples
        growth = np.einsum("jd,jd->j", u, pull)
        u = u + h * sign[:, None] * (pull - growth[:, None] * u)
        u /= np.linalg.norm(u, axis=1)[:, None]
        log_norm = log_norm + h * sign * growth
    z = u @ problem.inputs.T
    residual = (sign * np.exp(2.0 * log_norm)) @ np.maximum(z, 0.0) - problem.targets
    return float(residual @ residual) / (2.0 * problem.samples)


class TestInvariance:
    """The flow does not care how neurons and samples are named, nor which way the axes point."""

    END = 8.0

    @staticmethod
    def problem():
        rng = np.random.default_rng(2)
        return balanced(rng.normal(size=(5, 3)), rng.normal(size=5), 12, 0.05)

    @classmethod
    def loss(cls, problem):
        return solver_at("polar", problem, cls.END, rtol=1e-6).loss

    @classmethod
    @cache
    def expected(cls):
        return pytest.approx(cls.loss(cls.problem()), rel=5e-5)

    def test_order_of_neurons_and_samples(self):
        p = self.problem()
        rng = np.random.default_rng(0)
        neurons, samples = rng.permutation(p.width), rng.permutation(p.samples)
        other = Problem(p.inputs[samples], p.targets[samples], p.weights[neurons], p.output_weights[neurons])
        assert self.loss(other) == self.expected()

    def test_rotation_of_the_inputs(self):
        p = self.problem()
        rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
        other = Problem(p.inputs @ rotation, p.targets, p.weights @ rotation, p.output_weights)
        assert self.loss(other) == self.expected()

    def test_scaling_of_the_inputs(self):
        """x -> c x, y -> c y: the same weights, time running c^2 times as fast; loss c^2 times as large."""
        p, c = self.problem(), 1.7
        other = Problem(c * p.inputs, c * p.targets, p.weights, p.output_weights)
        fast = solver_at("polar", other, self.END / c**2, rtol=1e-6)
        assert fast.loss / c**2 == self.expected()

    def test_a_neuron_split_in_two_equal_halves(self):
        p = self.problem()
        share = np.sqrt(0.5)
        weights = np.vstack([p.weights[:1] * share, p.weights[:1] * share, p.weights[1:]])
        outputs = np.concatenate([p.output_weights[:1] * share] * 2 + [p.output_weights[1:]])
        assert self.loss(Problem(p.inputs, p.targets, weights, outputs)) == self.expected()


@pytest.mark.parametrize("back", [-0.05, 0.05, 0.5])
def test_a_cubic_through_both_ends_has_the_root_of_one(back):
    """From either side, and where it is on its way back by the end."""
    h, ends = 0.1, (0.3, -4.0, -0.05, back / 0.1)
    line = CubicHermiteSpline([0.0, h], ends[::2], ends[1::2])
    both = [np.array([one, -2.0 * one]) for one in ends]
    shares = np.linspace(0.0, 1.0, 7)[:, None]
    expected = line(h * shares) * [1.0, -2.0]
    np.testing.assert_allclose(cubic(shares, h, *both), expected, atol=1e-15)
    first = min(x.real for x in line.roots(extrapolate=False)) / h
    np.testing.assert_allclose(root(h, *both), first, atol=1e-11)
    assert np.all(cubic(root(h, *both), h, *both) * both[2] > 0.0)


@pytest.mark.parametrize(
    ("method", "large", "numbers"),
    [("radau", False, 4 * 6**2), ("bdf", True, 6 * 5 * 6 + 4 * 5**2), ("lsoda", True, (32 + 3 * 5) * 6)],
)
def test_a_jacobian_that_has_no_room_is_refused(method, large, numbers, monkeypatch):
    """Of one neuron and five samples in as many dimensions; five eighths of the room are as many numbers."""
    if large:
        for module in (scipy_implicit, scipy_lsoda):
            monkeypatch.setattr(module, "LARGE", 1)
    monkeypatch.setattr(scipy_implicit, "room", lambda: 8 * numbers / scipy_implicit.OF_ROOM)
    make_solver(method, smooth(width=1))
    monkeypatch.setattr(scipy_implicit, "room", lambda: 7.9 * numbers / scipy_implicit.OF_ROOM)
    with pytest.raises(SolverError, match=f"method {method} needs about .* GB for a Jacobian in 6 unknowns"):
        make_solver(method, smooth(width=1))


def test_unknown_methods_and_missing_options_are_refused():
    with pytest.raises(SolverError, match="expected one of"):
        make_solver("euler", toy())
    with pytest.raises(SolverError, match="learning_rate"):
        make_solver("gd", toy())


def test_jacobian_of_the_implicit_solvers_is_exact():
    problem = balanced(np.random.default_rng(1).normal(size=(4, 3)), [1.0, -1.0, 0.5, 2.0], 5, 1.0)
    solver = make_solver("bdf", problem)
    y = np.concatenate([problem.weights.ravel(), problem.output_weights])
    jacobian = solver.jacobian(0.0, y).dense
    for i in range(y.size):
        shift = np.zeros_like(y)
        shift[i] = 1e-6
        slope = (solver.rate(0.0, y + shift) - solver.rate(0.0, y - shift)) / 2e-6
        np.testing.assert_allclose(jacobian[:, i], slope, atol=1e-7)


@pytest.mark.parametrize("method", ["radau", "rk45"])
def test_a_first_step_that_scipy_cannot_choose_is_far_shorter_than_changes_take(method):
    """The output weight of 1 moves the weight of 1e-60 beside it by 1e120 in a unit of time."""
    solver = make_solver(method, Problem([[1e60]], [1e60], [[1e-60], [1e-60]], [1.0, 1e-60]))
    solver.step()
    assert 0.0 < solver.t < 1e-123


@pytest.mark.parametrize("method", ["rk45", "dop853", "radau", "bdf", "lsoda"])
@pytest.mark.parametrize(("size", "straight"), [(np.inf, True), (np.nan, True), (101.0, True), (99.0, False)])
def test_a_straight_line_stands_for_a_step_of_which_the_inside_has_gone_astray(
    method, size, straight, monkeypatch
):
    """A number is far off where it is a hundred times the largest that there is at both ends."""
    solver = make_solver(method, smooth(width=1, scale=1.0))
    solver.step()
    before = solver.state
    solver.step()
    after, ends = solver.state, (solver.t_old, solver.t)
    largest = max(np.abs(part).max() for state in (before, after) for part in as_parts(state))
    far = np.full(6, size * largest)
    monkeypatch.setattr(OdeSolver, "dense_output", lambda self: lambda t: far)
    for share in (0.0, 0.25, 1.0):
        between = solver.dense_output()(ends[0] + share * (ends[1] - ends[0]))
        line = zip(as_parts(before), as_parts(after), strict=True)
        expected = [(1.0 - share) * a + share * b for a, b in line] if straight else [far[:5], far[5:]]
        for found, part in zip(as_parts(between), expected, strict=True):
            np.testing.assert_allclose(found, part, rtol=1e-9)


def as_parts(state):
    return state.weights[0], state.output_weights


def test_scipy_rate_is_minus_the_gradient():
    problem = balanced(with_bias([0.3, -1.0, 2.0]), [1.0, 0.0, -1.0], 5, 1.0, loss="mse")
    rate = make_solver("rk45", problem).rate(
        0.0, np.concatenate([problem.weights.ravel(), problem.output_weights])
    )
    by_weight, by_output = gradient(
        problem.weights, problem.output_weights, problem.inputs, problem.targets, "mse"
    )
    np.testing.assert_allclose(rate, -np.concatenate([by_weight.ravel(), by_output]), atol=1e-14)
