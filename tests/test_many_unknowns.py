"""Implicit methods with many unknowns: no matrix of all of them is formed, factored, or written."""

import numpy as np
import pytest
from problems import smooth

from reluflow.flow import make_solver
from reluflow.flow.base import Options
from reluflow.flow.jacobian import Identity
from reluflow.problem import Problem

IMPLICIT = ["radau", "bdf", "lsoda"]


@pytest.fixture
def as_if_large(monkeypatch):
    for module in ("scipy_implicit", "scipy_lsoda"):
        monkeypatch.setattr(f"reluflow.flow.{module}.LARGE", 0)


@pytest.mark.parametrize("slope", [0.0, 0.3])
@pytest.mark.parametrize("loss", ["half-mse", "mse"])
def test_it_solves_with_what_a_dense_jacobian_gives(slope, loss):
    rng = np.random.default_rng(0)
    problem = Problem(
        rng.normal(size=(5, 3)), rng.normal(size=5), rng.normal(size=(7, 3)), rng.normal(size=7), loss, slope
    )
    solver = make_solver("bdf", problem)
    jacobian = solver.jacobian(0.0, rng.normal(size=28))
    right = rng.normal(size=28)
    whole = jacobian.dense
    np.testing.assert_allclose(jacobian.diagonal, np.diag(whole), rtol=1e-12)
    for shift in (np.float64(30.0), np.complex128(20.0 - 30.0j)):
        expected = np.linalg.solve(shift * np.eye(28) - whole, right)
        np.testing.assert_allclose((shift * Identity() - jacobian).solve(right), expected, rtol=1e-10)
    expected = np.linalg.solve(np.eye(28) - 0.01 * whole, right)
    np.testing.assert_allclose((Identity() - np.float64(0.01) * jacobian).solve(right), expected, rtol=1e-10)


@pytest.mark.parametrize("method", IMPLICIT)
def test_the_flow_is_that_of_a_tight_explicit_method(method, as_if_large):
    problem = smooth()
    solver, exact = (
        make_solver(method, problem, Options(1e-8)),
        make_solver("dop853", problem, Options(1e-11)),
    )
    for each in (solver, exact):
        while each.t < 5.0:
            each.step(t_end=5.0)
            assert each.failure is None
    np.testing.assert_allclose(solver.state.weights, exact.state.weights, rtol=1e-5)
    np.testing.assert_allclose(solver.state.output_weights, exact.state.output_weights, rtol=1e-5)


@pytest.mark.parametrize("method", ["radau", "bdf"])
def test_steps_are_those_with_dense_factors(method, monkeypatch):
    taken = []
    for large in (10**9, 0):
        monkeypatch.setattr("reluflow.flow.scipy_implicit.LARGE", large)
        solver = make_solver(method, smooth())
        for _ in range(60):
            solver.step()
        taken.append((solver.t, solver.state.weights))
    assert taken[1][0] == pytest.approx(taken[0][0], rel=1e-6)
    np.testing.assert_allclose(taken[1][1], taken[0][1], rtol=1e-6)


@pytest.mark.parametrize("method", IMPLICIT)
def test_a_checkpoint_is_small_and_goes_on_to_the_bit(method, as_if_large):
    problem = smooth(80, 3, 4)
    straight, other = make_solver(method, problem), make_solver(method, problem)
    for number in range(30):
        saved = straight.checkpoint()
        assert sum(value.size for value in saved.values()) < 40 * straight.unknowns < straight.unknowns**2
        if number % 3 == 0:
            other = make_solver(method, problem)
            other.restore(saved)
        for each in (straight, other):
            each.step()
        assert (other.t, other.steps) == (straight.t, straight.steps)
        assert np.array_equal(other.state.weights, straight.state.weights)


@pytest.mark.parametrize("method", IMPLICIT)
def test_a_checkpoint_with_dense_matrices_is_gone_on_with(method, monkeypatch):
    problem = smooth()
    monkeypatch.setattr("reluflow.flow.scipy_implicit.LARGE", 10**9)
    monkeypatch.setattr("reluflow.flow.scipy_lsoda.LARGE", 10**9)
    dense = make_solver(method, problem)
    for _ in range(20):
        dense.step()
    saved = dense.checkpoint()
    monkeypatch.setattr("reluflow.flow.scipy_implicit.LARGE", 0)
    monkeypatch.setattr("reluflow.flow.scipy_lsoda.LARGE", 0)
    solver = make_solver(method, problem)
    solver.restore(saved)
    assert np.array_equal(solver.state.weights, dense.state.weights)
    for _ in range(20):
        solver.step()
    assert solver.failure is None
    assert solver.t > dense.t
