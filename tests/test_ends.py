"""Where a run ends: at the crossing of its loss, whatever the step that went over it."""

import numpy as np
import pytest
from problems import five_points, smooth, toy

import reluflow
from reluflow.flow import METHODS
from reluflow.flow.base import Options
from reluflow.network import loss_of, residuals
from reluflow.observe.quantities import nuclear_norm
from reluflow.training import StopRules, Training

CONTINUOUS = [method for method in METHODS if method != "gd"]


def ended(problem, method=None, loss=1e-9, rtol=1e-6, saved=None):
    training = Training(problem, method, Options(rtol=rtol, learning_rate=0.02), StopRules(loss=loss))
    if saved is not None:
        training.restore(saved)
    while training.status == "running":
        training.advance(seconds=10.0)
    return training


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
    closest = ended(problem, "dop853", loss=1e-5, rtol=1e-12).solver
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


@pytest.mark.parametrize("problem", [toy(), five_points()], ids=["toy", "five-points"])
def test_the_last_numbers_do_not_depend_on_the_steps(problem):
    ends = [ended(problem, rtol=rtol) for rtol in (1e-6, 1e-9)]
    assert ends[0].solver.steps < ends[1].solver.steps
    norms = [nuclear_norm(end.solver.state.weights) for end in ends]
    assert norms[0] == pytest.approx(norms[1], rel=1e-7)
    assert ends[0].solver.t == pytest.approx(ends[1].solver.t, rel=1e-6)
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


def test_a_trajectory_ends_at_the_crossing():
    problem = toy()
    arrays = (problem.inputs, problem.targets, problem.weights, problem.output_weights)
    steps = reluflow.simulate(*arrays, stop_loss=1e-9)
    assert steps.loss[-1] == pytest.approx(1e-9, rel=1e-9)
    assert len(steps.t) == steps.steps + 1
    times = [1.0, float(steps.t[-1]) - 1e-6, float(steps.t[-1]) + 1e-6, 1e3]
    at = reluflow.simulate(*arrays, stop_loss=1e-9, times=times)
    np.testing.assert_array_equal(at.t, times[:2])


@pytest.mark.parametrize("method", METHODS)
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
    from reluflow.resumption import resumed
    from reluflow.store.run_directory import RunWriter, open_run

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
