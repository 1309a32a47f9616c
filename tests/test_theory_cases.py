"""What the theory says of single problems, held against what was found out about them independently."""

import json
import re

import numpy as np
import pytest
from commands import call
from problems import balanced
from theory_cases import FOLDER, case, judged, run
from trained import trained

from reluflow.flow.base import State
from reluflow.network import log_variation_norm, loss_of, residuals, variation_norm
from reluflow.observe.measured import state_at
from reluflow.problem import Problem
from reluflow.store.preset import load_preset
from reluflow.theory import CHAPTERS
from reluflow.theory.directions import directions
from reluflow.theory.escape import classify
from reluflow.theory.forecast import forecast
from reluflow.theory.limit_process import general_limit
from reluflow.training.measuring import train
from reluflow.training.training import StopRules, Training
from reluflow.verification import judge


def left(problem: Problem, state: State) -> np.ndarray:
    """y - h at a state."""
    return -residuals(state.weights, state.output_weights, problem.inputs, problem.targets, problem.slope)


def loss_at(problem: Problem, state: State) -> float:
    return loss_of(left(problem, state))


class TestRestsWithNeuronsAtTheOrigin:
    """The flow stays, yet one neuron moved off the origin by eps lowers the loss by eps^2 Gamma_all."""

    NAMES = ("origin-called-minimum", "rest-with-neurons-at-origin")

    @pytest.mark.parametrize("name", NAMES)
    def test_it_is_a_saddle_that_the_flow_does_not_leave(self, name):
        found = run(name)
        assert found.status == "stationary"
        verdict = classify(found.problem, found.final)
        assert verdict.kind == "saddle that the flow does not leave"
        assert verdict.stays
        assert "the flow stays" in verdict.reason
        assert "minimum" not in verdict.kind + verdict.reason

    @pytest.mark.parametrize("name", NAMES)
    def test_the_loss_falls_by_what_the_reason_says(self, name):
        problem, state, eps = case(name), run(name).final, 1e-3
        gamma = classify(problem, state).gamma_all
        best = directions(problem, state).found[0]
        weights, outputs = state.weights.copy(), state.output_weights.copy()
        small = int(np.argmin(np.abs(outputs)))
        weights[small], outputs[small] = eps * best.direction, eps * best.sign
        fallen = loss_at(problem, state) - loss_at(problem, State(state.t, weights, outputs))
        assert gamma.exact
        assert fallen == pytest.approx(eps**2 * gamma.low, rel=1e-3)

    @pytest.mark.parametrize("name", NAMES)
    def test_every_place_says_so(self, name, tmp_path):
        problem = case(name)
        training = Training(problem, stop=StopRules(loss=1e-9, time=1e5))
        while training.status == "running":
            training.advance(10.0)
        assert "saddle that the flow does not leave" in training.reason
        assert "minimum" not in training.reason
        start = tmp_path / "start.npz"
        np.savez(start, weights=problem.weights, output_weights=problem.output_weights)
        data = tmp_path / "data.csv"
        np.savetxt(data, np.column_stack([problem.inputs, problem.targets]), delimiter=",", fmt="%.17g")
        preset, folder = tmp_path / "case.toml", str(tmp_path / "run")
        preset.write_text(
            f'[data]\nkind = "file"\npath = "{data}"\nbias = false\n[init]\nkind = "file"\npath = "{start}"\n'
            "[stop]\nloss = 1e-9\ntime = 1e5\n"
        )
        call("run", str(preset), "--out", folder, "--quiet")
        for words, told in (
            (("info", folder), "saddle that the flow does not leave"),
            (("directions", folder, "--at", "end"), "a saddle of the loss, no local minimum"),
        ):
            text = " ".join(call(*words).stdout.split())
            assert told in text
            assert "spurious" not in text

    def test_dead_neurons_away_from_the_origin_are_no_way_out(self):
        found = run("rest-with-neurons-at-origin")
        weights, outputs = found.final.weights.copy(), found.final.output_weights.copy()
        small = np.abs(outputs) < 1e-20
        weights[small], outputs[small] = 1e-8 * -found.problem.inputs.sum(axis=0), 1e-8
        assert not np.any(weights[small] @ found.problem.inputs.T > 0.0)
        verdict = classify(found.problem, State(found.final.t, weights, outputs))
        assert verdict.kind == "spurious local minimum"
        assert verdict.stays

    def test_a_neuron_without_a_direction_leaves_only_by_its_own_sign(self):
        problem = case("origin-called-minimum")
        # what is left is the target of one sample of each sign; a > 0 at w = 0 could fit the positive one
        for targets, kind in (
            (np.abs(problem.targets), "saddle that the flow does not leave"),
            (-np.abs(problem.targets), "spurious local minimum"),
        ):
            zero = Problem(problem.inputs, targets, [[0.0]], [1e-6])
            assert classify(zero, State(0.0, zero.weights, zero.output_weights)).kind == kind


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("pair-law-dominated-20", marks=pytest.mark.slow),
        "pair-law-leaky-20",
        "unbalanced-limit-37",
        "dominated-limit-37",
    ],
)
def test_the_pair_law_holds_with_neurons_at_the_origin_or_nearly_parallel(name):
    row = judged(name, "general")["general/pair-law"]
    assert row.state == "holds"
    assert row.measured < 1e-5


class TestForecasts:
    def test_the_first_escape_of_bundles_that_still_turn(self):
        row = judged("first-escape-1.2-percent", "general")["general/first-escape"]
        assert row.state == "holds"
        assert row.measured == pytest.approx(11.893, abs=1e-3)
        assert row.predicted == pytest.approx(row.measured, rel=1e-4)

    def test_a_large_bundle_under_way_does_not_hide_the_small_one_that_grows(self):
        measured = run("forecast-none-40")
        now = state_at(measured.snapshots, 94.2)
        found = forecast(measured.problem, now)
        assert found.time == pytest.approx(found.measure(measured), rel=1e-4)
        assert found.time == pytest.approx(122.8, rel=0.01)
        assert found.rate == pytest.approx(directions(measured.problem, now).gamma_available)

    def test_where_only_large_neurons_move_none_is_foreseen(self):
        with np.load(FOLDER / "forecast-crash-34.npz") as stored:
            state = State(float(stored["t"]), stored["state_weights"], stored["state_output_weights"])
        problem = case("forecast-crash-34")
        assert forecast(problem, state) is None
        assert classify(problem, state).kind == "moving"
        assert all(one.escape is None for one in directions(problem, state).found)

    @pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
    def test_they_are_close_from_every_plateau(self, seed):
        rng = np.random.default_rng(seed)
        samples, dimension, width = (int(rng.integers(*ends)) for ends in ((4, 11), (2, 7), (10, 41)))
        inputs, targets = rng.normal(size=(samples, dimension)), rng.normal(size=samples)
        problem = balanced(inputs, targets, width, 1e-12, seed)
        measured = trained(problem, rtol=1e-7, loss=1e-6, time=1e5)
        errors = []
        for saddle in measured.saddles:
            if saddle.end is not None:
                now = state_at(measured.snapshots, 0.5 * (saddle.start + saddle.end))
                found = forecast(problem, now)
                errors.append(abs(found.time / found.measure(measured) - 1.0))
        assert len(errors) >= 2
        assert max(errors) < 1e-3


class TestLimits:
    """The limit of vanishing scale, against the flow from starts that are scaled down."""

    @staticmethod
    def limit(name):
        problem = case(name)
        return general_limit(problem.inputs, problem.targets, problem.weights, problem.output_weights)

    @staticmethod
    def scaled(name, factor, time):
        """The run from a start ``factor`` times as large, and its ln(1/scale)."""
        start = case(name)
        problem = Problem(start.inputs, start.targets, factor * start.weights, factor * start.output_weights)
        norm = TestLimits.limit(name).norm
        mass = log_variation_norm(problem.weights, problem.output_weights)
        return trained(problem, rtol=1e-7, loss=1e-9, time=time), 0.5 * (np.log(norm) - mass)

    @pytest.mark.parametrize(
        "name", [pytest.param("unbalanced-limit-37", marks=pytest.mark.slow), "dominated-limit-37"]
    )
    def test_starts_that_are_not_balanced(self, name):
        """A dominated neuron slides into the origin early, and dies there."""
        limit = self.limit(name)
        assert not limit.trouble
        assert [escape.time for escape in limit.escapes] == pytest.approx([1.7938, 20.894], rel=1e-4)
        assert limit.final_loss == pytest.approx(0.257398, abs=1e-5)
        errors = []
        for factor in (1e-12, 1e-52):
            measured, log_scale = self.scaled(name, factor, 1e5)
            assert measured.series["loss"][-1] == pytest.approx(limit.final_loss, abs=1e-6)
            norm = variation_norm(measured.final.weights, measured.final.output_weights)
            assert norm == pytest.approx(limit.norm, rel=1e-3)
            errors.append(abs(measured.saddles[0].end / log_scale - limit.escapes[0].time))
        assert errors[1] < 0.5 * errors[0] < 0.05

    def test_a_neuron_that_is_late_at_this_scale_is_in_time_in_the_limit(self):
        limit = self.limit("limit-final-loss")
        assert limit.final_loss == pytest.approx(2.32216e-5, rel=1e-5)
        assert run("limit-final-loss").series["loss"][-1] < 1e-9
        measured, _ = self.scaled("limit-final-loss", 1e-12, 1e6)
        assert measured.status == "stationary"
        assert measured.series["loss"][-1] == pytest.approx(limit.final_loss, rel=1e-6)


def test_the_time_of_the_limit_has_what_this_scale_adds():
    """A neuron that turns round shrinks first: T ln(1/scale) alone is 766.5."""
    result = call("verify", str(FOLDER / "limit-first-escape-line.toml"), "--json", "--quiet")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["holds"]) == (0, True)
    (row,) = (row for row in found["rows"] if row["id"] == "limit/first-escape")
    assert row["measured"] == pytest.approx(820.2, abs=0.1)
    assert row["predicted"] == pytest.approx(row["measured"], rel=1e-4)
    assert "here 766.46 and 53.8" in row["statement"]


@pytest.mark.parametrize("name", ["limit-final-loss", "unbalanced-limit-37", "dominated-limit-37"])
def test_rows_of_the_limit_hold_or_are_not_reached(name):
    rows = judged(name, "limit")
    assert all(row.state != "fails" for row in rows.values())
    assert rows["limit/first-escape"].state == "holds"
    ends = rows["limit/final-loss"]
    assert ends.state == ("not yet" if name == "limit-final-loss" else "holds")
    if ends.state == "holds":
        assert ends.predicted == pytest.approx(0.257398, abs=1e-5)


def test_a_norm_is_compared_as_closely_as_this_scale_allows():
    """Neurons that see some samples only still add 0.8 % to the norm."""
    for name in ("least-norm", "final-norm"):
        row = judged("orthogonal-least-norm-12")[f"orthogonal/{name}"]
        assert row.state == "holds"
        assert row.predicted == pytest.approx(4.7179, abs=1e-4)
        assert row.measured == pytest.approx(4.7555, abs=1e-4)
        assert 0.008 < row.tolerance < 0.01


@pytest.mark.slow
def test_a_norm_that_is_far_from_its_limit_says_at_which_scale_it_is_not():
    preset = load_preset(str(FOLDER / "orthogonal-final-norm-1e-33.toml"))

    def final_norm(scale):
        found = train(preset.with_values({"init.scale": scale}))
        rows = {row.id: row for row in CHAPTERS["orthogonal"](found.problem)}
        return judge(rows["orthogonal/final-norm"], found)

    row = final_norm(1.383692219602423e-33)
    assert row.state == "not yet"
    told = re.search(r"ln\(1/scale\) = (\S+): .*, at most 0.02 .* from ln\(1/scale\) = (\S+) on", row.reason)
    here, there = float(told[1]), float(told[2])
    row = final_norm(float(1.383692219602423e-33 * np.exp(here - there)))
    assert row.state == "holds"
    assert row.predicted == pytest.approx(2.3295, abs=1e-4)
    assert row.measured == pytest.approx(row.predicted, rel=0.025)
