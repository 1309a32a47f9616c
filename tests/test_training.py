"""Stop rules, goals, resuming, and the Python interface ``simulate``."""

import math
from dataclasses import replace

import numpy as np
import pytest
from problems import balanced, five_points, smooth, toy
from trained import alike_slow

import reluflow
from reluflow.errors import ProblemError, SolverError
from reluflow.flow import METHODS
from reluflow.flow.base import Options
from reluflow.flow.events import Change
from reluflow.observe.recorder import RecordRules
from reluflow.problem import Problem
from reluflow.store.preset import load_preset
from reluflow.theory.escape import classify
from reluflow.training.training import LONGEST_BURST, StopRules, Training


def finish(training):
    while training.status == "running":
        training.advance(seconds=1.0)
    return training


class TestStopping:
    def test_zero_loss_is_the_goal(self):
        training = finish(Training(toy(), stop=StopRules(loss=1e-9, time=100.0)))
        assert training.status == "converged"
        assert training.reached_goal
        assert training.solver.loss <= 1e-9
        assert training.recorder.series["loss"][-1] == training.solver.loss

    @pytest.mark.parametrize("method", ["polar", "gd"])
    def test_time_is_met_exactly_and_falls_short_of_a_loss(self, method):
        stop = StopRules(loss=1e-9, time=3.0)
        training = finish(Training(toy(), method, Options(learning_rate=0.013), stop))
        assert training.status == "time"
        assert training.solver.t == pytest.approx(3.0, abs=0.013)
        assert not training.reached_goal
        assert "3" in training.reason

    def test_without_a_loss_the_end_of_time_is_the_goal(self):
        assert finish(Training(toy(), stop=StopRules(time=3.0))).reached_goal

    @pytest.mark.parametrize("method", ["polar", "gd"])
    def test_steps_are_counted_exactly(self, method):
        stop = StopRules(steps=1234 if method == "gd" else 123)
        training = finish(Training(toy(), method, Options(learning_rate=0.001), stop))
        assert training.status == "steps"
        assert training.solver.steps == stop.steps

    def test_a_step_that_takes_too_long_is_given_up(self):
        """The run stands where it stood before the step, and goes on from there as if nothing had been."""
        training, other = Training(five_points()), Training(five_points())
        for one in (training, other):
            while one.solver.t < 780.0:
                one.single_step()
        before, asked = training.solver.t, []

        def abandoned():
            asked.append(1)
            return len(asked) > 1

        training.advance(math.inf, halted=lambda: len(asked) > 1, abandoned=abandoned)
        assert training.solver.t == before
        assert training.status == "running"
        for one in (training, other):
            one.single_step()
        assert training.solver.t == other.solver.t > before
        assert len(training.recorder.series["t"]) == len(other.recorder.series["t"])

    def test_wall_time(self):
        training = finish(Training(five_points(), stop=StopRules(wall_seconds=0.05)))
        assert training.status == "wall"

    def test_stationary_in_words(self):
        training = finish(Training(five_points(), "gd", Options(learning_rate=0.04), StopRules(loss=1e-9)))
        assert training.status == "stationary"
        assert not training.reached_goal
        assert "0.03181" in training.reason
        assert "spurious local minimum" in training.reason
        assert "Gamma_all = 0.0931" in training.reason
        assert training.summary()["saddles"][-1]["end"] is None

    def test_a_state_that_a_small_neuron_can_leave_is_watched_for_longer(self, monkeypatch):
        """Twice the verdict is a saddle: the patience is doubled each time, also across a checkpoint."""
        # the neuron has fitted the mean of the samples that it sees, and none sees the third
        still = Problem([[1.0], [1.0], [-1.0]], [1.0, 3.0, 1.0], [[1.0]], [2.0])
        plain = finish(Training(still, stop=StopRules(loss=1e-9)))
        verdicts = iter([replace(classify(still, plain.solver.state), kind="saddle")] * 2)
        monkeypatch.setattr(
            "reluflow.theory.escape.classify",
            lambda *given: next(verdicts, None) or classify(*given),
        )
        training = Training(still, stop=StopRules(loss=1e-9))
        while training.solver.t < 1.5 * plain.solver.t:
            training.single_step()
        resumed = Training(still, stop=StopRules(loss=1e-9))
        resumed.restore(training.checkpoint())
        resumed = finish(resumed)
        assert resumed.status == "stationary"
        assert "spurious local minimum" in resumed.reason
        assert resumed.solver.t > 3.0 * plain.solver.t

    def test_failure_in_words(self):
        problem = balanced([[1.0], [-1.0]], [1.0, -1.0], 8, 1.0)
        training = finish(Training(problem, "gd", Options(learning_rate=50.0)))
        assert training.status == "failed"
        assert "diverged" in training.reason

    def test_a_start_at_its_goal_takes_no_step(self):
        problem = Problem([[1.0]], [1.0], [[1.0]], [1.0])
        training = Training(problem, stop=StopRules(loss=1e-9))
        assert (training.status, training.solver.steps) == ("converged", 0)

    def test_interrupt_keeps_what_was_recorded(self):
        training = Training(toy(), stop=StopRules(loss=1e-9))
        training.single_step()
        training.interrupt("asked to")
        training.advance()
        assert (training.status, training.reason, training.solver.steps) == ("interrupted", "asked to", 1)


class TestAdvance:
    def test_halts_between_two_steps(self):
        training = Training(toy())
        training.advance(seconds=60.0, halted=lambda: training.solver.steps >= 7)
        assert training.solver.steps == 7

    def test_the_longest_burst_follows_the_size_of_the_problem(self):
        bursts = [
            Training(toy(width=width), "gd", Options(learning_rate=1e-3)).longest_burst
            for width in (20, 20_000, 100_000)
        ]
        assert bursts[0] == LONGEST_BURST
        assert bursts[1] / bursts[2] == pytest.approx(5.0, rel=0.05)
        assert bursts[2] >= 1


class TestRest:
    """Networks of which no neuron sees a sample: nothing can move any more, and the run says so at once."""

    @pytest.mark.parametrize("method", alike_slow(METHODS))
    @pytest.mark.parametrize(
        ("inputs", "weights", "output_weights", "moves"),
        [
            (np.eye(2), [[0.5, -0.1]], [-math.hypot(0.5, 0.1)], True),  # its only sample goes off on the way
            (np.eye(2), [[0.0, 0.0], [0.0, 0.0]], [0.0, 0.0], False),
            (np.eye(2), [[-0.3, -0.4]], [0.5], False),
            (np.zeros((2, 2)), [[0.3, 0.4]], [0.5], False),
            ([[0.0, 0.0], [-1.0, 0.0]], [[0.3, 0.4]], [0.5], False),
        ],
        ids=["dies", "zero", "dead", "inputs-zero", "input-zero"],
    )
    def test_nothing_can_move(self, method, inputs, weights, output_weights, moves):
        times = [0.0, 1.0, 50.0, 1e4]
        trajectory = reluflow.simulate(
            inputs, [1.0, -1.0], weights, output_weights, method=method, learning_rate=0.01, times=times
        )
        assert trajectory.status == "stationary"
        assert "nothing can move any more" in trajectory.reason
        np.testing.assert_array_equal(trajectory.t, times)
        assert (trajectory.steps > 0) == moves
        np.testing.assert_allclose(trajectory.loss[2:], 0.5, rtol=1e-12)
        np.testing.assert_array_equal(trajectory.weights[2], trajectory.weights[3])
        if moves:  # the weight by which it saw its sample is used up, the other one was never moved
            np.testing.assert_allclose(trajectory.weights[3], [[0.0, -0.1]], atol=0.01)
            assert trajectory.output_weights[3, 0] == pytest.approx(-0.1, abs=0.01)

    def test_small_networks_end(self):
        """Of starts with two samples and two neurons many end with a neuron that is all there was dead."""
        ends = []
        for seed in range(12):
            rng = np.random.default_rng(seed)
            inputs, targets, weights = rng.normal(size=(2, 2)), rng.normal(size=2), rng.normal(size=(2, 2))
            outputs = np.linalg.norm(weights, axis=1) * rng.choice([-1.0, 1.0], 2)
            trajectory = reluflow.simulate(inputs, targets, weights, outputs, stop_loss=1e-9)
            assert np.isfinite(trajectory.loss).all()
            ends.append(trajectory.status if "nothing can move" not in trajectory.reason else "dead")
        assert set(ends) == {"converged", "stationary", "dead"}


@pytest.mark.parametrize("method", alike_slow(METHODS))
def test_resumed_equals_not_interrupted(method):
    problem = smooth(scale=1e-3)
    options, stop = Options(rtol=1e-5, learning_rate=8e-3), StopRules(time=9.0)
    rules = RecordRules(snapshots=30, series=200)
    whole = finish(Training(problem, method, options, stop, rules))
    first = Training(problem, method, options, stop, rules)
    while first.solver.t < 2.0:
        first.advance(seconds=0.0)
    saved = {key: np.asarray(value) for key, value in first.checkpoint().items()}
    second = Training(problem, method, options, stop, rules)
    second.restore(saved)
    finish(second)
    assert second.solver.steps == whole.solver.steps
    np.testing.assert_array_equal(second.solver.state.weights, whole.solver.state.weights)
    for name, column in whole.recorder.series.items():
        np.testing.assert_array_equal(second.recorder.series[name], column)
    np.testing.assert_array_equal(second.recorder.snapshots.t, whole.recorder.snapshots.t)


def test_descent_is_looked_at_as_often_as_it_moves():
    """Steps so small that thousands of them move the state by less than a snapshot is worth."""
    stop = StopRules(steps=10_000)
    training = finish(Training(toy(), "gd", Options(learning_rate=1e-5), stop))
    assert training.status == "steps"
    assert training.recorder.series["t"].size < 300


def test_the_orthogonal_toy_meets_its_saddle_and_its_norm():
    """Boursier et al. 2022: loss 1/4 between the escapes; least norm 1/sqrt 5 + 1/sqrt 1.25."""
    training = finish(Training(toy(scale=1e-6, width=60), stop=StopRules(loss=1e-9)))
    summary = training.summary()
    first, second = summary["saddles"]
    assert first["loss"] == pytest.approx(0.5, rel=1e-3)
    assert second["loss"] == pytest.approx(0.25, rel=1e-3)
    assert first["escape_rate"] == pytest.approx(math.sqrt(5.0) / 2.0, rel=1e-2)
    assert second["escape_rate"] == pytest.approx(math.sqrt(1.25) / 2.0, rel=1e-2)
    assert summary["variation_norm"] == pytest.approx(1.341641, abs=1e-3)


class TestSimulate:
    def arrays(self, problem):
        return problem.inputs, problem.targets, problem.weights, problem.output_weights

    def test_states_at_the_times_asked_for(self):
        problem = smooth()
        times = [0.0, 0.31, 0.32, 1.0, 4.0]
        trajectory = reluflow.simulate(*self.arrays(problem), method="polar", rtol=1e-7, times=times)
        exact = reluflow.simulate(*self.arrays(problem), method="dop853", rtol=1e-9, times=times)
        np.testing.assert_array_equal(trajectory.t, times)
        np.testing.assert_allclose(trajectory.loss, exact.loss, rtol=1e-5)
        np.testing.assert_allclose(trajectory.weights, exact.weights, rtol=1e-5)
        assert trajectory.status == "time"

    def test_without_times_the_start_and_every_step(self):
        trajectory = reluflow.simulate(*self.arrays(toy()), stop_loss=1e-6)
        assert len(trajectory.t) == trajectory.steps + 1
        assert trajectory.weights.shape == (len(trajectory.t), 20, 2)
        assert trajectory.output_weights.shape == (len(trajectory.t), 20)
        assert trajectory.status == "converged"

    def test_events_are_the_changes_of_activation(self):
        """Orthogonal toy: counted back from the end, they give the activations of the start."""
        problem = toy(scale=1e-4)
        trajectory = reluflow.simulate(*self.arrays(problem), stop_loss=1e-9)
        events = trajectory.events
        assert len(events) > 0
        assert np.all(np.diff(events.t) >= 0.0)
        active = problem.weights @ problem.inputs.T > 0.0
        on = {Change.ENTER: True, Change.RELEASE_ON: True, Change.EXIT: False, Change.DIE: False}
        for neuron, sample, kind in zip(events.neuron, events.sample, events.kind, strict=True):
            assert active[neuron, sample] != on[Change(kind)]
            active[neuron, sample] = on[Change(kind)]
        final = trajectory.weights[-1] @ problem.inputs.T
        size = np.linalg.norm(trajectory.weights[-1], axis=1)[:, None] * np.linalg.norm(
            problem.inputs, axis=1
        )
        np.testing.assert_array_equal(active, final > 1e-9 * size)

    def test_times_of_descent_are_rate_times_iterations_of_the_stated_loss(self):
        trajectory = reluflow.simulate(
            *self.arrays(smooth()), method="gd", loss="mse", learning_rate=0.01, max_steps=100
        )
        np.testing.assert_allclose(trajectory.t, 0.01 * np.arange(101))

    @pytest.mark.parametrize("times", [[1.0, 1.0], [2.0, 1.0], [-1.0], [np.nan], []])
    def test_bad_times(self, times):
        with pytest.raises(ProblemError):
            reluflow.simulate(*self.arrays(toy()), times=times)

    def test_unknown_method(self):
        with pytest.raises(SolverError, match="expected one of"):
            reluflow.simulate(*self.arrays(toy()), method="euler", stop_time=1.0)


class TestRun:
    """The loop of all that has no screen."""

    def test_it_solves_to_the_end_and_is_looked_at_after_every_step_if_wanted(self):
        seen = []
        straight, watched = (Training.from_preset(load_preset("orthogonal-toy")) for _ in range(2))
        straight.run()
        watched.run(lambda training: seen.append(training.solver.steps), every=None)
        assert straight.status == watched.status == "converged"
        assert seen == list(range(1, watched.solver.steps + 1))
        assert straight.solver.t == watched.solver.t

    def test_who_interrupts_it_is_said(self):
        asked = iter(range(12))
        training = Training.from_preset(load_preset("orthogonal-toy"))
        training.run(interrupted_by=lambda: "Ctrl-C" if next(asked, None) is None else None)
        assert training.status == "interrupted"
        assert training.reason == f"stopped by Ctrl-C at t = {training.solver.t:.6g}"
        again = Training.from_preset(load_preset("orthogonal-toy"))
        again.restore(training.checkpoint())
        again.run()
        assert again.status == "converged"
