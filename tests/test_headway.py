"""Methods that do not locate kinks: they say that they get nowhere, why, and what to do about it."""

from functools import cache

import numpy as np
import pytest
from problems import balanced, five_points, smooth

import reluflow
from reluflow.flow import make_solver
from reluflow.flow.base import Options, Outcome, State
from reluflow.flow.headway import STEPS, Headway, held_neurons, lost
from reluflow.problem import Problem
from reluflow.training.training import StopRules, Training


def ended(problem, method, **stop):
    training = Training(problem, method, stop=StopRules(**stop))
    while training.status == "running":
        training.advance(seconds=10.0)
    return training


#: methods of the kind of others, which are tried always
ALIKE = [pytest.param(method, marks=pytest.mark.slow) for method in ("rk45", "dop853", "bdf")]


@cache
def first_steps(method):
    """The run to its end, and what was saved of it after some steps, if it took so many."""
    training = Training(
        reluflow.load_preset("first-steps").problem(), method, stop=StopRules(steps=10 * STEPS)
    )
    while training.status == "running" and training.solver.steps < STEPS + 300:
        training.single_step()
    saved = {key: np.asarray(value) for key, value in training.checkpoint().items()}
    training.run()
    return training, saved


@pytest.mark.parametrize("method", ["radau", "lsoda", *ALIKE])
def test_first_steps_says_so_within_a_bounded_number_of_steps(method):
    training, _ = first_steps(method)
    assert training.status == "failed"
    assert "2 neurons are held on kinks of the activation" in training.reason
    assert "method lorentz" in training.reason
    assert training.solver.steps <= 2 * STEPS
    assert training.solver.t == pytest.approx(0.2463, abs=1e-3)


def test_a_run_goes_on_to_the_same_failure():
    """What was seen of the last steps belongs to a checkpoint."""
    whole, saved = first_steps("lsoda")
    second = Training(reluflow.load_preset("first-steps").problem(), "lsoda", Options())
    second.restore(saved)
    assert second.status == "running"
    begun = second.solver.steps
    second.run()
    assert (second.status, second.reason) == (whole.status, whole.reason)
    assert second.solver.steps == whole.solver.steps > begun > STEPS


@pytest.mark.parametrize(
    ("loss", "rtol", "kink"),
    [("logistic", 1e-6, 3.89549), pytest.param("exponential", 1e-8, 2.06622, marks=pytest.mark.slow)],
)
def test_lsoda_is_not_held_up_behind_a_kink_that_it_has_crossed(loss, rtol, kink):
    """There its estimate of a Lipschitz constant keeps its steps at 1e-9 until it is started afresh."""
    generator = np.random.default_rng(2)
    inputs = generator.standard_normal((4, 3))
    labels = np.sign(inputs @ generator.standard_normal(3))
    weights = 0.5 * generator.standard_normal((5, 3)) / np.sqrt(5)
    outputs = np.linalg.norm(weights, axis=1) * generator.choice([-1.0, 1.0], 5)
    problem = Problem(inputs, labels, weights, outputs, loss)
    whole, first, second = (
        Training(problem, "lsoda", Options(rtol=rtol), StopRules(time=20.0)) for _ in range(3)
    )
    while first.solver.t < kink:
        first.single_step()
    for _ in range(30):
        first.single_step()
    second.restore({key: np.asarray(value) for key, value in first.checkpoint().items()})
    for one in (whole, second):
        one.run()
        assert one.status == "time", one.reason
    assert whole.solver.steps == second.solver.steps < STEPS
    assert np.array_equal(whole.solver.state.weights, second.solver.state.weights)


@pytest.mark.parametrize(
    ("method", "loss"), [("rk45", 1e-8), pytest.param("dop853", 1e-9, marks=pytest.mark.slow)]
)
def test_stiffness_alone_is_no_failure(method, loss):
    """Every neuron sees every sample, and explicit methods take thousands of steps for the tail."""
    training = ended(smooth(), method, loss=loss)
    assert training.status == "converged"
    assert training.solver.steps > 2 * STEPS


@pytest.mark.slow
def test_polar_slides_by_small_crossings():
    training = ended(five_points(), "polar", steps=2 * STEPS + 1)
    assert training.status == "steps"
    assert training.solver.t > 17.0


def test_headway_is_the_growth_of_the_time_between_two_marks():
    headway = Headway()
    assert headway.gained(STEPS - 1, 3.0) == np.inf
    assert headway.gained(STEPS, 4.0) == 1.0
    assert headway.gained(STEPS + 1, 5.0) == np.inf
    again = Headway()
    again.unpack(headway.pack())
    assert again.gained(2 * STEPS - 1, 5.0) == np.inf
    for each in (headway, again):
        assert each.gained(2 * STEPS, 5.0) == pytest.approx(0.2)
        assert each.gained(3 * STEPS + 7, 5.0) == 0.0


@pytest.mark.parametrize("count", [0, 1, 2])
def test_what_is_no_headway_depends_on_whether_neurons_are_held(count):
    """A step count of which a share of 5e-4 is enough, or one of 1e-2, where neurons are held on kinks."""
    problem = Problem([[1.0, 0.5], [0.0, 1.0]], [1.0, -2.0], np.zeros((3, 2)), np.zeros(3))
    weights = np.tile([1.0, 0.5], (3, 1))
    weights[:count, 1] = 1e-7
    state = State(0.25, weights, np.full(3, -0.1))
    assert held_neurons(state, problem) == count
    assert lost(1e-2, state, problem) is None
    assert (lost(9e-3, state, problem) is None) == (count == 0)
    assert (lost(5e-4, state, problem) is None) == (count == 0)
    words = lost(4e-4, state, problem)
    why = {
        0: "stiffness, or kinks of the activation, hold up its steps; method lorentz is made for both",
        1: "one neuron is held on kinks of the activation, where the right-hand side jumps; "
        "method lorentz locates kinks and slides along them",
        2: "2 neurons are held on kinks of the activation, where the right-hand side jumps; "
        "method lorentz locates kinks and slides along them",
    }
    assert words == f"makes no headway: at t = 0.25 its last 1000 steps gained 4.0e-04 of that; {why[count]}"


class TestPolar:
    """It says the same, but where neurons slide, which it does by small crossings."""

    def test_it_fails_where_no_step_is_short_enough(self, monkeypatch):
        solver = make_solver("polar", smooth())
        solver.step()
        t, steps, state = solver.t, solver.steps, solver.state
        monkeypatch.setattr(Problem, "force", lambda self, residual: np.full_like(residual, np.nan))
        assert solver.step() is Outcome.FAILED
        assert solver.failure == (
            f"method polar needs steps below rounding at t = {t:g}: stiffness, or kinks of the activation, "
            "hold up its steps; method lorentz is made for both"
        )
        assert (solver.t, solver.steps) == (t, steps)
        assert np.array_equal(solver.state.weights, state.weights)

    @pytest.mark.parametrize(("gained", "fails"), [(6e-4, False), (4e-4, True)])
    def test_it_fails_where_time_stands_all_but_still(self, gained, fails, monkeypatch):
        solver = make_solver("polar", smooth())
        monkeypatch.setattr(Headway, "gained", lambda *_: gained)
        assert solver.step() is (Outcome.FAILED if fails else Outcome.ACCEPTED)
        assert (solver.failure or "").startswith("method polar makes no headway: at t = " if fails else "")


class TestHeldNeurons:
    #: D = (1/2) (r_1 x_1 + r_2 x_2) with r = y - h: the first sample pulls up, the second down
    PROBLEM = Problem([[1.0, 0.5], [0.0, 1.0]], [1.0, -2.0], [[1.0, 0.0]], [0.1])

    def held(self, weights, output_weight, slope=0.0):
        problem = Problem(self.PROBLEM.inputs, self.PROBLEM.targets, [weights], [output_weight], slope=slope)
        return held_neurons(State(0.0, problem.weights, problem.output_weights), problem)

    def test_driven_back_from_either_side(self):
        assert self.held([1.0, 5e-4], 0.1) == 1
        assert self.held([1.0, -5e-4], 0.1) == 1
        assert self.held([1.0, 5e-3], 0.1) == 0

    def test_driven_over_it(self):
        """With the other sign the first sample pulls down, and the second one away from its kink."""
        assert self.held([1.0, 5e-4], -0.1) == 0

    def test_on_it(self):
        assert self.held([1.0, 1e-7], -0.1) == 1

    def test_a_slope_that_leaves_no_jump(self):
        assert self.held([1.0, 5e-4], 0.1, slope=0.9) == 0

    def test_a_neuron_without_weights_is_nowhere(self):
        problem = balanced([[1.0]], [1.0], 1, 0.0)
        assert held_neurons(State(0.0, problem.weights, problem.output_weights), problem) == 0
