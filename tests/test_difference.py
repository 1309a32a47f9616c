"""What two runs differ in, and how sure one run is."""

import json
import math
import re

import numpy as np
import pytest
from commands import FAST, call, one_sentence
from sweeps import ENDLESS, SMALL, sweep

import reluflow
from reluflow.errors import SolverError
from reluflow.flow.base import Options
from reluflow.flow.events import Change, Events, no_events
from reluflow.observe.difference import difference, first_other_event, loss_at
from reluflow.problem import Problem
from reluflow.store.preset import load_preset
from reluflow.training.checking import check
from reluflow.training.training import Training


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")


def events_of(*rows):
    t, neuron, sample, kind = np.array(rows, dtype=float).reshape(len(rows), 4).T
    return Events(t, neuron.astype(np.int32), sample.astype(np.int32), kind.astype(np.int8))


class TestDifference:
    T = np.linspace(0.0, 30.0, 601)

    def stairs(self, shift=0.0):
        """Two plateaus that are left at t = 10 and t = 20, or later."""
        return sum(0.5 / (1.0 + np.exp(4.0 * (self.T - at - shift))) for at in (10.0, 20.0)) + 1e-6

    def test_the_same_does_not_differ(self):
        found = difference(self.T, (self.stairs(), self.stairs()), (True, True), (no_events(), no_events()))
        assert (found.loss, found.parted_at, found.first_event, found.escape_shift) == (0.0, None, None, 0.0)
        assert found.until == 30.0

    def test_shifted_escapes_are_seen(self):
        found = difference(
            self.T, (self.stairs(), self.stairs(0.2)), (True, True), (no_events(), no_events())
        )
        shifts = [other - one for one, other in found.escapes]
        np.testing.assert_allclose(shifts, 0.2, atol=0.01)
        assert found.escape_shift == pytest.approx(max(0.2 / 10.2, 0.2 / 20.2), rel=0.1)
        assert 8.0 < found.parted_at < 10.0, "where the first fall begins"
        assert found.loss == pytest.approx(1.0 - math.exp(-0.8), rel=0.02), "in the last fall"

    def test_another_number_of_escapes_is_told(self):
        flat = np.where(self.T < 15.0, self.stairs(), self.stairs()[300])
        found = difference(self.T, (self.stairs(), flat), (True, False), (no_events(), no_events()))
        assert found.escape_shift is None
        assert found.escapes[1][1] is None

    def test_rounding_at_the_end_does_not_count(self):
        one = np.exp(-3.0 * self.T)
        other = np.where(one > 1e-13, one, 7.0 * one)
        assert difference(self.T, (one, other), (True, True), (no_events(), no_events())).loss == 0.0

    def test_a_recorded_loss_at_other_times(self):
        fine = np.linspace(0.0, 30.0, 2400)
        np.testing.assert_allclose(loss_at(self.T, np.exp(-self.T), fine), np.exp(-fine), rtol=1e-9)


class TestEvents:
    EXIT, SLIDE, ENTER = int(Change.EXIT), int(Change.SLIDE), int(Change.ENTER)

    def test_which_of_two_neurons_is_first_does_not_matter(self):
        one = events_of((1.0, 0, 3, self.EXIT), (1.1, 1, 2, self.SLIDE))
        other = events_of((1.0, 1, 2, self.SLIDE), (1.1, 0, 3, self.EXIT))
        assert first_other_event(one, other, 10.0) is None

    def test_the_earliest_of_the_other_ones_is_told(self):
        one = events_of((1.0, 0, 3, self.EXIT), (2.0, 1, 2, self.SLIDE), (3.0, 0, 1, self.ENTER))
        other = events_of((1.0, 0, 3, self.EXIT), (2.1, 1, 2, self.EXIT), (2.5, 0, 4, self.ENTER))
        found = first_other_event(one, other, 10.0)
        assert (found.t, found.neuron) == (2.0, 1)
        assert (found.one, found.other) == ("slide of sample 3", "exit of sample 3")

    def test_one_that_is_missing_is_told_unless_it_is_at_the_end(self):
        one = events_of((1.0, 0, 3, self.EXIT), (3.0, 0, 1, self.ENTER))
        other = events_of((1.0, 0, 3, self.EXIT))
        assert first_other_event(one, other, 10.0).other is None
        assert first_other_event(one, other, 3.0005) is None


class TestCheck:
    def test_a_run_is_as_sure_as_a_much_tighter_one_says(self):
        """What it says at a loose tolerance is the distance to a run at 1e-11, within a factor of 3."""
        for preset, changes in (("first-steps", {}), ("orthogonal-toy", {"init.scale": 1e-3})):
            loaded = load_preset(preset, {**changes, "solver.rtol": 1e-4})
            training = Training.from_preset(loaded)
            training.run()
            told = check(training).told()
            assert told["rtol"] == pytest.approx(1e-6)
            problem, series = loaded.problem(), training.recorder.series
            t, first = np.unique(series["t"], return_index=True)
            exact = reluflow.simulate(
                problem.inputs, problem.targets, problem.weights, problem.output_weights, rtol=1e-11, times=t
            )
            gap = np.abs(exact.loss / series["loss"][first][: exact.t.size] - 1.0).max()
            assert gap / 3.0 < told["loss"] < 3.0 * gap
            assert told["escapes"] < told["loss"]

    def test_a_method_of_low_order_is_found_out(self):
        preset = load_preset("orthogonal-toy", {"network.width": 6, "init.scale": 1e-2})
        lorentz = Training.from_preset(preset)
        training = Training(preset.problem(), "polar", Options(rtol=1e-2), lorentz.stop)
        for each in (training, lorentz):
            each.run()
        assert check(training).found.loss > 100.0 * check(lorentz).found.loss

    def test_a_tolerance_that_leaves_no_room_is_refused(self):
        training = Training.from_preset(load_preset("orthogonal-toy", {"solver.rtol": 5e-13}))
        with pytest.raises(SolverError, match="100 times tighter"):
            check(training)

    def test_agreement_is_never_said_to_be_closer_than_rounding(self):
        """A network in which nothing moves is the same at any tolerance, but for the rounding of its loss."""
        training = Training(Problem([[1.0]], [1.0], [[-1.0]], [1.0]))
        training.run()
        assert check(training).told()["loss"] == 1e-15

    def test_plain_descent_has_no_tolerance(self):
        preset = load_preset("orthogonal-toy", {"solver.method": "gd", "stop.steps": 3})
        training = Training.from_preset(preset)
        training.run()
        with pytest.raises(SolverError, match="gd has no tolerance"):
            check(training)

    def test_it_can_be_interrupted(self):
        training = Training.from_preset(load_preset("orthogonal-toy"))
        training.run()
        assert check(training, interrupted_by=lambda: "a signal") is None


def test_run_check_is_told_by_run_json_info_and_words():
    told = json.loads(call("run", "first-steps", "--check", "--json", "-q").stdout)
    assert told["check"]["rtol"] == 1e-8
    assert told["check"]["loss"] < 1e-5
    assert told["check"]["escapes"] < 1e-6
    run = "runs/first-steps-1"
    assert reluflow.open_run(run).summary["check"] == told["check"]
    assert json.loads(call("info", run, "--json").stdout)["check"] == told["check"]
    assert re.search(
        r"^check +loss to \S+, escapes to \S+, against rtol 1e-08$", call("info", run).stdout, re.M
    )
    assert "checked loss to" in call("run", "first-steps", *FAST, "--check", "-q").stdout
    plain = json.loads(call("run", "first-steps", "--json", "-q").stdout)
    assert "check" not in plain
    words = ["--out", "runs/first-steps-3", "--resume", "--check", "--json", "-q"]
    over = json.loads(call("run", "first-steps", *words).stdout)
    assert over["check"]["loss"] == told["check"]["loss"], "a run that is over is checked all the same"


def test_what_cannot_be_checked_is_refused_before_anything_is_written(tmp_path):
    done = call("run", *ENDLESS, "--check", "--out", "out")
    assert done.exit_code == 2
    assert one_sentence(done.stderr)
    assert not (tmp_path / "out").exists()
    done = call("sweep", *ENDLESS, "--over", "init.seed=0:1", "--check", "1", "--out", "out")
    assert done.exit_code == 2
    assert "gd has no tolerance" in done.stderr


def test_a_share_of_a_sweep_is_checked():
    sweep(*SMALL, "--over", "init.seed=0:4", "--check", "0.4", "--out", "out")
    columns = reluflow.open_sweep("out").table()
    checked = np.isfinite(columns["check_loss"])
    assert 0 < np.count_nonzero(checked) < 5
    assert np.all(columns["check_loss"][checked] < 1e-4)
    assert np.array_equal(checked, np.isfinite(columns["check_escapes"]))
    words = [*SMALL[1:], "--set", f"init.seed={np.flatnonzero(checked)[0]}", "--check", "--json", "-q"]
    told = json.loads(call("run", SMALL[0], *words).stdout)["check"]
    assert columns["check_loss"][checked][0] == told["loss"]


class TestDiff:
    def test_what_differs_and_where(self):
        call("run", "first-steps", "--out", "one", "-q")
        call("run", "first-steps", "--out", "two", "-q", "--set", "solver.rtol=1e-3")
        found = json.loads(call("diff", "one", "two", "--json").stdout)
        assert found["presets"] == {"solver.rtol": [1e-6, 1e-3]}
        assert found["until"] == pytest.approx(75.05, rel=1e-3)
        assert 0.0 < found["escape_shift"] < 1e-3
        assert len(found["escapes"]) == 3
        words = call("diff", "one", "two").stdout
        assert "solver.rtol: 1e-06 / 0.001" in words
        assert words.count("escape ") == 3

    def test_presets_and_logs_are_told_in_words(self):
        for folder, words in (("one", ()), ("two", ("--method", "gd", "--set", "data.inputs=[[2], [-0.5]]"))):
            call("run", "orthogonal-toy", *FAST, *words, "--out", folder, "-q")
        words = " ".join(call("diff", "one", "two").stdout.split())
        assert "data.inputs: [[-0.5], [2.0]] / [[2.0], [-0.5]] presets" in words
        assert re.search(r"solver.learning_rate: none / \d", words)
        assert words.endswith("event not compared: the second run, by gd, has none in the log")
        words = " ".join(call("diff", "two", "two").stdout.split())
        assert words.endswith("the first run, by gd, and the second run, by gd, have none in the log")

    def test_numbers_of_two_losses_are_said_to_be_that(self):
        for folder, loss in (("one", "half-mse"), ("two", "mse")):
            call("run", "orthogonal-toy", *FAST, "--set", f"solver.loss={loss}", "--out", folder, "-q")
        words = " ".join(call("diff", "one", "two").stdout.split())
        assert "losses numbers of two losses, half-mse and mse, each over its own flow time" in words
        assert "two losses" not in call("diff", "one", "one").stdout

    def test_escapes_are_those_that_the_runs_report(self):
        """Also of a run that goes on after the other has ended, inside of its last fall."""
        told = []
        for folder, words in (("one", ()), ("two", ("--set", "stop.time=27.0"))):
            done = call("run", "orthogonal-toy", *words, "--out", folder, "-q", "--json")
            told.append(json.loads(done.stdout))
        found = json.loads(call("diff", "one", "two", "--json").stdout)
        assert (len(told[0]["escapes"]), found["until"]) == (2, 27.0)
        assert [each[0] for each in found["escapes"]] == told[0]["escapes"]
        assert [each[1] for each in found["escapes"] if each[1] is not None] == told[1]["escapes"]

    def test_the_same_run_twice(self):
        for folder in ("one", "two"):
            call("run", "orthogonal-toy", *FAST, "--out", folder, "-q")
        found = json.loads(call("diff", "one", "two", "--json").stdout)
        assert (found["presets"], found["loss"]) == ({}, 0.0)
        assert (found["parted_at"], found["first_event"]) == (None, None)
        assert "presets    the same" in call("diff", "one", "two").stdout

    def test_another_start_is_another_course(self):
        call("run", "first-steps", "--out", "one", "-q")
        call("run", "first-steps", "--out", "two", "-q", "--set", "init.seed=1")
        found = json.loads(call("diff", "one", "two", "--json").stdout)
        assert found["parted_at"] < found["until"]
        assert found["first_event"]["t"] < found["until"]

    @pytest.mark.parametrize("words", [("one", "nowhere"), ("nowhere", "one")])
    def test_what_is_no_run_is_one_sentence(self, words):
        call("run", "orthogonal-toy", *FAST, "--out", "one", "-q")
        done = call("diff", *words)
        assert done.exit_code == 2
        assert one_sentence(done.stderr)
