"""Where a run ends: at the crossing of its loss, whatever the step that went over it."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from problems import balanced, five_points, orthogonal, smooth, toy
from trained import alike_slow

import reluflow
from reluflow.flow import METHODS, make_solver
from reluflow.flow.base import FlowSolver, Options, State
from reluflow.flow.cut import Cut, crossing
from reluflow.network import loss_of, residuals
from reluflow.observe.floor import rounding_floor, terms
from reluflow.observe.quantities import nuclear_norm
from reluflow.problem import Problem
from reluflow.training.training import StopRules, Training

PROBLEMS = {"toy": toy, "five-points": five_points, "smooth": lambda: smooth(scale=0.3)}
CONTINUOUS = alike_slow(method for method in METHODS if method != "gd")


def ended(problem, method=None, loss=1e-9, rtol=1e-6, saved=None):
    training = Training(problem, method, Options(rtol=rtol, learning_rate=0.02), StopRules(loss=loss))
    if saved is not None:
        training.restore(saved)
    while training.status == "running":
        training.advance(seconds=10.0)
    return training


@cache
def finished(name, method=None, loss=1e-9, rtol=1e-6):
    """A run that several tests look at, and that none takes further."""
    return ended(PROBLEMS[name](), method, loss, rtol)


def loss_in(problem, state):
    left = residuals(state.weights, state.output_weights, problem.inputs, problem.targets, problem.slope)
    return loss_of(left, problem.loss)


@pytest.mark.parametrize("method", CONTINUOUS)
def test_the_end_is_the_crossing(method):
    problem = smooth(scale=0.3)
    training = ended(problem, method, loss=1e-5)
    solver = training.solver
    assert training.status == "converged"
    assert solver.loss == pytest.approx(1e-5, rel=1e-9)
    assert solver.loss <= 1e-5
    assert loss_in(problem, solver.state) == solver.loss
    closest = finished("smooth", "dop853", 1e-5, 1e-12).solver
    assert solver.t == pytest.approx(closest.t, rel=1e-3)
    np.testing.assert_allclose(solver.state.weights, closest.state.weights, rtol=1e-4)
    summary, series = training.summary(), training.recorder.series
    assert (
        (summary["time"], summary["loss"]) == (solver.t, solver.loss) == (series["t"][-1], series["loss"][-1])
    )
    assert np.all(np.diff(series["t"]) > 0.0)
    assert training.recorder.snapshots.t[-1] == training.recorder.history.end == solver.t
    np.testing.assert_array_equal(training.recorder.snapshots.weights[-1], solver.state.weights)


def test_descent_ends_at_the_first_iterate_below():
    problem = smooth(scale=0.3)
    training = ended(problem, "gd", loss=1e-4)
    before = Training(problem, "gd", Options(learning_rate=0.02), StopRules(steps=training.solver.steps - 1))
    before.advance(seconds=60.0)
    assert training.solver.loss <= 1e-4 < before.solver.loss
    assert training.solver.t == pytest.approx(0.02 * training.solver.steps)


@pytest.mark.parametrize("name", ["toy", pytest.param("five-points", marks=pytest.mark.slow)])
def test_the_last_numbers_do_not_depend_on_the_steps(name):
    ends = [finished(name, rtol=rtol) for rtol in (1e-6, 1e-8)]
    assert ends[0].solver.steps < ends[1].solver.steps
    norms = [nuclear_norm(end.solver.state.weights) for end in ends]
    assert norms[0] == pytest.approx(norms[1], rel=1e-7)
    assert ends[0].solver.t == pytest.approx(ends[1].solver.t, rel=1e-6)


@pytest.mark.parametrize("name", ["toy", pytest.param("five-points", marks=pytest.mark.slow)])
def test_the_events_of_a_run_do_not_depend_on_the_steps(name):
    ends = [finished(name, rtol=rtol) for rtol in (1e-6, 1e-8)]
    assert ends[0].solver.events == ends[1].solver.events


def test_no_event_is_later_than_the_end():
    """The goal is reached in the widest gap between events of a step that has many."""
    problem = five_points(scale=1e-2)
    one = Training(problem)
    before = 0
    while len(one.events) < before + 10 or one.solver.t < 30.0:
        before = len(one.events)
        one.single_step()
    log, step = one.events, one.solver.dense_output()
    first = before + int(np.argmax(np.diff(log.t[before:])))
    between = step(float(np.mean(log.t[first : first + 2])))
    training = ended(problem, loss=loss_in(problem, between))
    assert training.solver.steps == one.solver.steps
    assert training.solver.t == pytest.approx(between.t, rel=1e-6)
    assert before < len(training.events) == first + 1 < len(log)
    assert training.summary()["events"] == training.events.changes == first + 1
    again = ended(problem, loss=loss_in(problem, between), saved=training.checkpoint())
    assert (again.solver.t, again.summary()["events"]) == (training.solver.t, first + 1)


def test_events_of_a_method_without_a_log_are_those_before_the_last_step():
    solver = make_solver("polar", five_points(0.1, width=10), Options())
    while solver.events_old == 0:
        solver.step(1, 0.0, np.inf)
    assert Cut(solver, solver.state).events == solver.events_old > 0


def test_a_trajectory_ends_at_the_crossing():
    problem = toy()
    arrays = (problem.inputs, problem.targets, problem.weights, problem.output_weights)
    steps = reluflow.simulate(*arrays, stop_loss=1e-9)
    assert steps.loss[-1] == pytest.approx(1e-9, rel=1e-9)
    assert len(steps.t) == steps.steps + 1
    times = [1.0, float(steps.t[-1]) - 1e-6, float(steps.t[-1]) + 1e-6, 1e3]
    at = reluflow.simulate(*arrays, stop_loss=1e-9, times=times)
    np.testing.assert_array_equal(at.t, times[:2])


@pytest.mark.parametrize(
    ("fall", "where"),
    [
        (lambda t: np.exp(-8.0 * t) - 0.01, np.log(100.0) / 8.0),
        (lambda t: 0.01 - np.exp(8.0 * (t - 1.0)), 1.0 - np.log(100.0) / 8.0),
    ],
    ids=["convex", "concave"],
)
def test_a_fall_that_is_curved_is_located_as_closely(fall, where):
    """A secant between the ends of the step comes nearer from one side only, by a twentieth each time."""
    level, looks = 1e-4, []

    def state(t):
        looks.append(t)
        return State(t, np.array([[np.exp(0.5 * fall(t))]]), np.array([np.sqrt(2.0 * level)]))

    problem = Problem([[1.0]], [0.0], [[1.0]], [1.0])
    solver = SimpleNamespace(problem=problem, t_old=0.0, t=1.0, state=state(1.0), dense_output=lambda: state)
    found = crossing(solver, level, level * np.exp(fall(0.0)))
    assert found.t == pytest.approx(where, rel=1e-8)
    assert loss_in(problem, found) <= level * (1.0 + 1e-15)
    assert len(looks) < 25


@pytest.mark.parametrize("method", alike_slow(METHODS))
def test_a_lower_goal_goes_on_as_if_it_had_been_the_first(method):
    problem = smooth(scale=0.3)
    whole, first = ended(problem, method, loss=1e-5), ended(problem, method, loss=1e-3)
    saved = {key: np.asarray(value) for key, value in first.checkpoint().items()}
    second = ended(problem, method, loss=1e-5, saved=saved)
    assert (second.solver.t, second.solver.steps) == (whole.solver.t, whole.solver.steps)
    np.testing.assert_array_equal(second.solver.state.weights, whole.solver.state.weights)
    for name, column in whole.recorder.series.items():
        np.testing.assert_array_equal(second.recorder.series[name], column)
    np.testing.assert_array_equal(second.recorder.snapshots.weights, whole.recorder.snapshots.weights)
    again = ended(problem, method, loss=1e-3, saved=saved)
    assert (again.status, again.reason, again.solver.t) == (first.status, first.reason, first.solver.t)
    for name, column in first.recorder.series.items():
        np.testing.assert_array_equal(again.recorder.series[name], column)
    assert again.solver.events == first.solver.events


def test_a_stored_run_that_ended_within_a_step_is_gone_on_with(tmp_path):
    """What is recorded ends at the crossing; the states that both hold are written once."""
    from reluflow.store.run_directory import RunWriter, open_run
    from reluflow.training.resumption import resumed

    preset = reluflow.load_preset("orthogonal-toy", {"stop.loss": 1e-4})
    training = Training.from_preset(preset)
    training.advance(seconds=60.0)
    writer = RunWriter.create(preset, training.problem, tmp_path / "run")
    writer.save(training)
    writer.close()
    run = open_run(tmp_path / "run")
    assert run.loss[-1] == run.summary["loss"] == pytest.approx(1e-4, rel=1e-9)
    assert run.t[-1] == run.snapshots.t[-1] == run.summary["time"]
    assert run.events.t[-1] <= run.t[-1]
    for key, value in training.checkpoint().items():
        np.testing.assert_array_equal(run.checkpoint[key], value)
    with np.load(tmp_path / "run" / "trajectory.npz") as held:
        written = len(held["checkpoint/recorder/snapshots/weights"])
    assert written <= len(training.checkpoint()["recorder/snapshots/t"]) - 0.9 * len(run.snapshots.t)
    there = resumed(run, run.preset)
    assert (there.status, there.solver.t) == ("converged", training.solver.t)
    further = resumed(run, run.continued(reluflow.load_preset("orthogonal-toy", {"stop.loss": 1e-6})))
    further.advance(seconds=60.0)
    straight = ended(training.problem, loss=1e-6)
    assert further.solver.t == straight.solver.t
    np.testing.assert_array_equal(further.recorder.series["t"], straight.recorder.series["t"])


class TestFloor:
    """Residuals that are only rounding are the end of a fit."""

    @pytest.mark.parametrize(
        ("problem", "rtol"),
        [
            (toy, 1e-6),
            (toy, 1e-9),
            (five_points, 1e-6),
            pytest.param(five_points, 1e-9, marks=pytest.mark.slow),
            (lambda: smooth(scale=0.3), 1e-6),
            pytest.param(lambda: smooth(scale=0.3), 1e-9, marks=pytest.mark.slow),
            (lambda: orthogonal(1, 4, 6, 20, 1e-3, False), 1e-6),
            pytest.param(lambda: orthogonal(1, 4, 6, 20, 1e-3, False), 1e-9, marks=pytest.mark.slow),
        ],
    )
    def test_a_fit_without_stop_rules_ends_there(self, problem, rtol):
        training = Training(problem(), options=Options(rtol=rtol), stop=StopRules(steps=2000))
        while training.status == "running":
            training.advance(seconds=10.0)
        assert (training.status, training.reached_goal) == ("stationary", True)
        assert "at the rounding floor" in training.reason
        loss = training.recorder.series["loss"]
        assert loss[-1] == loss.min()
        assert loss[-1] < 1e-24 * loss[0]
        assert all(saddle["loss"] > 1e-20 for saddle in training.summary()["saddles"])

    def test_the_size_of_the_terms(self):
        problem = balanced([[3.0, -1.0], [-1.0, 0.0]], [2.0, -0.5], 2, 1.0)
        state = Training(problem).solver.state
        expected = [2.0, 0.5]
        for w, a in zip(state.weights, state.output_weights, strict=True):
            for k, x in enumerate(problem.inputs):
                expected[k] += abs(a) * np.sum(np.abs(w * x)) * (w @ x > 0.0)
        np.testing.assert_allclose(terms(state, problem), expected)

    def test_it_is_looked_for_only_where_the_residual_is_near(self):
        training = Training(toy())
        assert rounding_floor(training.solver) == 0.0
        fit = Training(smooth(scale=0.3))
        while fit.status == "running":
            fit.advance(seconds=10.0)
        floor = rounding_floor(fit.solver)
        assert np.sqrt(np.mean(fit.solver.residual**2)) == pytest.approx(floor, rel=0.02)

    @pytest.mark.parametrize("method", ["lorentz", "gd"])
    def test_a_goal_below_it_is_missed(self, method):
        training = finished("toy", method, loss=1e-40)
        assert (training.status, training.reached_goal) == ("stationary", False)
        assert "stop.loss = 1e-40 is below what can be reached" in training.reason
        further = Training(toy(), method, Options(learning_rate=0.02), StopRules(loss=1e-12))
        further.restore(training.checkpoint())
        assert (further.status, further.reached_goal) == ("converged", True)

    def test_descent_stops_at_its_first_iterate_there(self):
        training = finished("toy", "gd", loss=1e-40)
        steps = training.solver.steps - 1
        before = Training(toy(), "gd", Options(learning_rate=0.02), StopRules(steps=steps))
        while before.status == "running":
            before.advance(seconds=10.0)
        assert before.status == "steps"
        assert rounding_floor(before.solver) ** 2 * 0.5 < before.solver.loss

    def test_every_burst_of_descent_is_told_the_floor_of_where_it_begins(self, monkeypatch):
        """At a small rate a look comes after several iterations, and they stop at the floor on their own."""
        start, told, step, saved = toy(), [], FlowSolver.step, {}
        near = ended(start, loss=1e-24).solver.state
        problem = type(start)(start.inputs, start.targets, near.weights, near.output_weights)
        first, again = (Training(problem, "gd", Options(learning_rate=2e-3)) for _ in range(2))

        def noted(solver, burst, level, end):
            told.append((burst, level, 0.5 * rounding_floor(solver) ** 2))
            step(solver, burst, level, end)

        monkeypatch.setattr(FlowSolver, "step", noted)
        while first.status == "running":
            if first.checkpoint()["burst"] > 1 and rounding_floor(first.solver):
                saved = first.checkpoint()
            first.advance(seconds=0.0)
        again.restore(saved)
        again.advance(seconds=0.0)
        bursts = [(level, floor) for burst, level, floor in told if burst > 1]
        assert all(level == floor for level, floor in bursts)
        assert sum(floor > 0.0 for _, floor in bursts) > 10
        assert told[-1][0] > 1


class TestZeroTargets:
    def test_rest_is_judged_in_flow_time(self):
        """Descent at a tiny rate has hardly begun after any number of steps that can be taken."""
        problem = smooth(scale=0.3)
        problem = type(problem)(problem.inputs, np.zeros(5), problem.weights, problem.output_weights)
        training = Training(problem, "gd", Options(learning_rate=1e-7), StopRules(steps=3000))
        training.advance(seconds=60.0)
        assert training.status == "steps"
        assert training.recorder.series["loss"][-1] < training.recorder.series["loss"][0]

    def test_what_is_there_dies_out(self):
        """One neuron on one sample: a' = -a w w / 1 with a = w, so that h = 1 / (1 / h(0) + 2 t)."""
        times = np.array([0.0, 1.0, 30.0, 1e4])
        trajectory = reluflow.simulate([[1.0]], [0.0], [[1.0]], [1.0], times=times, rtol=1e-9)
        np.testing.assert_allclose(trajectory.loss, 0.5 / (1.0 + 2.0 * times) ** 2, rtol=1e-6)
