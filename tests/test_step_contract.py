"""What a step returns, the same for all solvers: see ``FlowSolver.step``."""

import numpy as np
import pytest
from problems import balanced, smooth
from trained import TOLERANCES

from reluflow.flow import METHODS, make_solver
from reluflow.flow.base import AbandonedError, Options, Outcome
from reluflow.training.training import Training


def solver_of(method):
    return make_solver(method, smooth(), Options(**TOLERANCES))


@pytest.mark.parametrize("method", METHODS)
def test_an_accepted_step_goes_on_and_is_looked_into(method):
    solver = solver_of(method)
    for number in range(1, 6):
        assert solver.step() is Outcome.ACCEPTED
        assert solver.steps == number
        assert solver.t_old < solver.t
        assert solver.dense_output()(solver.t).t == solver.t


@pytest.mark.parametrize("method", METHODS)
def test_at_the_end_of_the_time_there_is_no_step_to_take(method):
    solver = solver_of(method)
    while solver.t < 0.01:
        solver.step(t_end=0.01)
    steps = solver.steps
    assert solver.step(t_end=0.01) is Outcome.ACCEPTED
    assert solver.steps == steps


@pytest.mark.parametrize("method", METHODS)
def test_an_abandoned_step_is_as_if_it_had_not_been_begun(method, monkeypatch):
    solver, undisturbed = solver_of(method), solver_of(method)
    for each in (solver, undisturbed):
        each.step()

    def abandoned(*_):
        raise AbandonedError

    with monkeypatch.context() as patched:
        patched.setattr(solver, "advance", abandoned)
        assert solver.step() is Outcome.ABANDONED
    assert (solver.t, solver.steps, solver.failure) == (undisturbed.t, 1, None)
    assert solver.step() is undisturbed.step() is Outcome.ACCEPTED
    assert np.array_equal(solver.state.weights, undisturbed.state.weights)


@pytest.mark.parametrize("method", METHODS)
def test_where_no_step_was_taken_the_inside_of_the_last_one_is_the_state(method):
    """At the start, after a checkpoint was restored, and after a step was taken back."""
    begun, gone_on, gone_back = (solver_of(method) for _ in range(3))
    gone_back.step()
    gone_on.restore(gone_back.checkpoint())
    gone_back.step()
    gone_back.take_back()
    for solver, steps in ((begun, 0), (gone_on, 1), (gone_back, 1)):
        assert (solver.steps, solver.t_old) == (steps, solver.t)
        inside = solver.dense_output()(solver.t)
        assert inside.t == solver.t
        np.testing.assert_allclose(inside.weights, solver.state.weights, rtol=1e-14)
        np.testing.assert_allclose(inside.output_weights, solver.state.output_weights, rtol=1e-14)
    assert np.array_equal(gone_on.state.weights, gone_back.state.weights)


@pytest.mark.parametrize("method", METHODS)
def test_a_failed_solver_takes_no_step_any_more(method):
    solver = solver_of(method)
    solver.step()
    solver.failure = "it cannot go on"
    assert solver.step() is Outcome.FAILED
    assert solver.steps == 1
    solver.restore(solver.checkpoint())
    assert solver.step() is Outcome.ACCEPTED


def test_descent_that_diverges_fails_in_the_step_that_does():
    solver = make_solver("gd", balanced([[1.0], [-1.0]], [1.0, -1.0], 8, 1.0), Options(learning_rate=50.0))
    outcomes = [solver.step(burst=10) for _ in range(20)]
    assert outcomes[-1] is Outcome.FAILED
    assert "diverged" in solver.failure
    assert outcomes.count(Outcome.ACCEPTED) * 10 == solver.steps


def test_a_training_says_what_became_of_its_step():
    training = Training(smooth(), "rk45", Options(rtol=1e-6))
    assert training.single_step(abandoned=lambda: True) is Outcome.ABANDONED
    assert training.solver.steps == 0
    assert training.single_step() is Outcome.ACCEPTED
    training.interrupt("enough")
    assert training.single_step() is None
