"""``reluflow verify``: the table, its JSON, exit codes, and what it says where assumptions fail."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from commands import call, one_sentence

from reluflow.cli.overrides import Request
from reluflow.observe.measured import Measured
from reluflow.store.preset import load_preset
from reluflow.theory import CHAPTERS
from reluflow.theory.prediction import NotYet, Prediction
from reluflow.verification import all_hold, judge

#: a run that is over at once: what a row says of the problem needs no more
AT_ONCE = ["--set", "stop.steps=1"]
BY_DESCENT = [
    "--set", "solver.method=gd", "--set", "solver.learning_rate=0.2", "--set", "solver.rtol=1e-5"
]  # fmt: skip
NOT_SMALL = ["--set", "init.scale=1e-3"]
KEYS = {
    "id", "statement", "source", "applies", "predicted", "measured", "tolerance", "holds", "reason", "state",
}  # fmt: skip
#: (applies, holds) of every state
STATES = {
    "holds": (True, True),
    "fails": (True, False),
    "not yet": (False, None),
    "does not apply": (False, None),
}


@cache
def judged(*words):
    """Rows by id of a command that several tests may look at."""
    result = call("verify", *words, "--json", "--quiet")
    found = json.loads(result.stdout)
    assert result.stderr == ""
    assert all(set(row) == KEYS for row in found["rows"])
    assert all((row["applies"], row["holds"]) == STATES[row["state"]] for row in found["rows"])
    assert found["holds"] == all(row["holds"] is not False for row in found["rows"])
    assert result.exit_code == (0 if found["holds"] else 1)
    return {row["id"]: row for row in found["rows"]}


def judged_by_descent():
    """The toy by descent at a large rate, from a start that is not small."""
    return judged("orthogonal-toy", *BY_DESCENT, *NOT_SMALL)


def points(inputs, targets):
    return ["--set", f"data.inputs={inputs}", "--set", f"data.targets={targets}", "--set", "data.bias=false"]


class TestCommand:
    def test_the_toy_shows_its_papers_rows_and_they_hold(self):
        rows = judged("orthogonal-toy")
        assert sum(name.startswith("orthogonal/") for name in rows) >= 9
        for name, row in rows.items():
            if name.startswith("orthogonal/"):
                assert (row["applies"], row["holds"]) == (True, True), row

    def test_a_prediction_that_fails_makes_the_exit_code_one(self):
        assert judged_by_descent()["general/conservation"]["holds"] is False
        text = call("verify", "orthogonal-toy", *BY_DESCENT, *NOT_SMALL, "--set", "stop.steps=20")
        assert text.exit_code == 1
        assert "FAILS" in text.stdout

    def test_the_method_is_at_fault_where_the_flow_holds(self):
        row = judged_by_descent()["general/first-escape"]
        flow = judged("orthogonal-toy", *NOT_SMALL)["general/first-escape"]
        assert (row["state"], flow["state"]) == ("fails", "holds")
        gap = row["measured"] - flow["measured"]
        assert gap > row["tolerance"] * row["predicted"]
        assert row["reason"].endswith(
            f"the flow satisfies it, with {flow['measured']:.6g}: the method gd is at fault, by {gap:.3g}; "
            "compare: reluflow verify orthogonal-toy --set init.scale=1e-3 --set solver.method=lorentz"
        )

    def test_a_stored_run_of_another_method_names_its_own_preset(self, tmp_path):
        folder = str(tmp_path / "run")
        assert (
            call("run", "orthogonal-toy", *BY_DESCENT, *NOT_SMALL, "--out", folder, "--quiet").exit_code == 0
        )
        row = judged(folder)["general/conservation"]
        assert "the method gd is at fault" in row["reason"]
        command = f"reluflow verify {folder}/preset.toml --set solver.method=lorentz"
        assert row["reason"].endswith(f"compare: {command}")
        flow = judged(*command.split()[2:])
        assert flow["general/conservation"]["state"] == "holds"
        with (tmp_path / "run" / "preset.toml").open("a") as file:
            file.write("# edited by hand, so that it is not known how the run was solved\n")
        (row,) = (
            row
            for row in json.loads(call("verify", folder, "--json").stdout)["rows"]
            if row["id"] == "general/conservation"
        )
        assert row["state"] == "fails"
        assert "at fault" not in row["reason"]

    def test_a_run_is_judged_as_recorded(self, tmp_path):
        folder = str(tmp_path / "run")
        assert call("run", "orthogonal-toy", "--out", folder, "--quiet").exit_code == 0
        rows = judged(folder)
        assert rows["orthogonal/second-escape"]["holds"] is True
        result = call("verify", folder, "--set", "init.scale=1")
        assert result.exit_code == 2
        assert one_sentence(result.stderr)

    def test_what_does_not_apply_is_grouped_by_its_reason(self):
        result = call("verify", "first-steps", *AT_ONCE)
        after = result.stdout.split("does not apply:\n")[1]
        assert "  inputs" not in after.splitlines()[0]
        names = " ".join(after.split())
        assert "orthogonal/first-escape-leading, second-escape-leading, first-escape," in names

    def test_a_run_that_does_not_show_a_row_says_what_would(self):
        row = judged("orthogonal-toy", *AT_ONCE)["minimum-norm/bound"]
        assert row["state"] == "not yet"
        assert row["reason"] == (
            "the run does not show it: it stopped at stop.steps; "
            "expected a loss of at most 1e-06 of the first"
        )

    def test_it_says_how_the_training_goes_unless_told_not_to(self, monkeypatch):
        monkeypatch.setattr("reluflow.cli.progress.LINE_EVERY", 0.0)
        assert "loss = " in call("verify", "three-points", *AT_ONCE).stderr
        assert call("verify", "three-points", *AT_ONCE, "-q").stderr == ""

    @pytest.mark.parametrize("command", ["verify", "directions"])
    @pytest.mark.parametrize(
        ("name", "found"),
        [("runs/none", "found nothing of that name"), ("folder", "found a folder that is no run")],
    )
    def test_what_is_neither_run_nor_preset(self, command, name, found, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        Path("folder").mkdir()
        result = call(command, name)
        assert (result.exit_code, result.stderr) == (
            2, f"reluflow: {name}: {found}; expected a run directory or a preset\n",
        )  # fmt: skip

    def test_nothing_by_that_name(self):
        result = call("verify", "nothing")
        assert result.exit_code == 2
        assert one_sentence(result.stderr)


class TestWrongAssumptions:
    """What was found, and what the theorem wants: as its chapter says it, and one as a user reads it."""

    @pytest.mark.parametrize(
        ("words", "row", "found", "expected"),
        [
            (
                ["first-steps"],
                "orthogonal/least-norm",
                "samples 1 and 3 have a cosine of -1",
                "expected 0 for every pair",
            ),
            (
                ["orthogonal-toy", *points([[1, 0], [0, 0]], [1, -1])],
                "orthogonal/least-norm",
                "an input is zero: that of sample 2",
                "expected none",
            ),
            (
                ["orthogonal-toy", *points([[1, 0], [0, 1]], [1, -1])],
                "orthogonal/least-norm",
                "|D+| and |D-| are equal (0.5)",
                "expected one to be larger",
            ),
            (
                ["orthogonal-toy", "--set", "data.targets=[1, 2]"],
                "orthogonal/saddle-loss",
                "there are no negative targets",
                "expected both signs",
            ),
            (
                ["orthogonal-toy", "--set", "data.targets=[-1, -2]"],
                "orthogonal/saddle-loss",
                "there are no positive targets",
                "expected both signs",
            ),
            (
                ["orthogonal-mild-width"],
                "orthogonal/least-norm",
                "no neuron with a positive sign sees all samples with a positive target, of 3 such neuron(s) "
                "and 7 such sample(s)",
                "expected at least one; of random neurons one in 2^8 is",
            ),
            (
                ["orthogonal-mild-width"],
                "orthogonal/final-rate",
                "no neuron of their sign sees them (6)",
                "19 neurons suffice with probability 0.95",
            ),
            (
                ["orthogonal-toy", "--set", "init.scale=1"],
                "orthogonal/first-escape",
                "its variation norm is 1.2 of the least that fits",
                "expected at most 0.001",
            ),
            (
                ["unbalanced"],
                "orthogonal/first-escape",
                "|a_j| < |w_j| for 41 of 60 neurons",
                "expected none",
            ),
            (
                ["leaky"],
                "orthogonal/first-escape",
                "the slope of the activation is 0.01",
                "known for the ReLU, slope 0, only",
            ),
            (
                ["neuron-centred", "--set", "network.width=10"],
                "correlated/minus-die",
                "the input of sample 1 is 60.38 degrees from the teacher, the farthest of ",
                "the theorem is for less than 45",
            ),
            (
                ["two-teachers", "--set", "network.width=10"],
                "correlated/half-time",
                "the target of sample 16 is -3.98792",
                "one neuron as teacher makes all targets positive",
            ),
            (
                ["three-points"],
                "correlated/half-time",
                "the best linear function misses 0.53 of their size",
                "expected at most 1e-09",
            ),
            (
                ["neuron-centred-10", "--set", "init.kind=unbalanced"],
                "correlated/half-time",
                "|a_j| differs from |w_j|, by ",
                "expected |a_j| = |w_j|",
            ),
            (
                ["neuron-centred-10", "--set", "network.width=1"],
                "correlated/half-time",
                "no neuron with positive output weight sees any sample",
                "nothing grows",
            ),
            (
                ["neuron-centred-10", "--set", "init.scale=1"],
                "correlated/half-time",
                "live neurons would end 41 degrees apart",
                "at most 1.7 are followed",
            ),
            (
                ["nonorthogonal-five-points-large"],
                "general/first-escape",
                "its outputs may be 4.7",
                "expected at most 0.007",
            ),
        ],
    )
    def test_they_are_reported(self, words, row, found, expected):
        problem = load_preset(words[0], Request(words[0], words[2::2], None).overrides()).problem()
        (told,) = (each for each in CHAPTERS[row.partition("/")[0]](problem) if each.id == row)
        assert (told.applies, told.pending, told.predicted) == (False, False, None)
        assert found in told.reason
        assert expected in told.reason

    def test_a_user_reads_them(self):
        judgement = judged("first-steps", *AT_ONCE)["orthogonal/least-norm"]
        assert (judgement["applies"], judgement["predicted"], judgement["holds"]) == (False, None, None)
        assert "samples 1 and 3 have a cosine of -1; expected 0 for every pair" in judgement["reason"]


class TestExtremeScales:
    @pytest.mark.parametrize("scale", [pytest.param("1e-200", marks=pytest.mark.slow), "1e-300"])
    @pytest.mark.parametrize(
        "name",
        [
            "orthogonal-toy",
            pytest.param("three-points", marks=pytest.mark.slow),
            "unbalanced",
            pytest.param("neuron-centred-10", marks=pytest.mark.slow),
        ],
    )
    def test_every_row_that_applies_holds_where_squares_are_no_floats(self, name, scale):
        rows = judged(name, "--set", f"init.scale={scale}", "--set", "stop.time=1e7")
        assert all(row["holds"] is not False for row in rows.values())
        assert rows["general/first-escape"]["holds"] is True
        assert rows["general/pair-law"]["holds"] is True
        assert rows["early/aligned"]["holds"] is True
        assert rows["general/sign-flips"]["applies"] == (name != "unbalanced")


class TestJudgement:
    """One prediction, judged on what a run is made to measure."""

    RUN = Measured(None, {}, None, "converged")

    @pytest.mark.parametrize(("value", "state"), [(2.0, "holds"), (2.05, "holds"), (2.5, "fails")])
    def test_numbers_of_numpy_give_plain_answers(self, value, state):
        prediction = Prediction(
            "a/b", "s", "derived", True, "checked", np.float64(2.0), lambda run: np.float64(value), 0.1
        )
        row = judge(prediction, self.RUN)
        assert row.state == state
        assert row.holds is (state == "holds")
        assert all_hold([row]) is (state == "holds")
        assert {type(number) for number in (row.predicted, row.measured, row.tolerance)} == {float}

    @pytest.mark.parametrize("predicted", [2.0, -2.0])
    @pytest.mark.parametrize(("absolute", "allowed"), [(False, 0.2), (True, 0.1)])
    @pytest.mark.parametrize("one_sided", [False, True])
    def test_it_holds_up_to_its_tolerance_and_fails_beyond(self, predicted, absolute, allowed, one_sided):
        def state(excess):
            measure = lambda run: predicted + excess  # noqa: E731
            stated = Prediction("a/b", "s", "derived", True, "", predicted, measure, 0.1, absolute, one_sided)
            return judge(stated, self.RUN).state

        assert state(0.99 * allowed) == state(-0.99 * allowed) == "holds"
        assert state(1.01 * allowed) == "fails"
        assert state(-1.01 * allowed) == ("holds" if one_sided else "fails")

    def test_a_limit_that_the_run_has_not_come_to(self):
        measure = lambda run: NotYet("the tail is too short")  # noqa: E731
        row = judge(Prediction("a/b", "s", "derived", True, "", 1.0, measure, 0.1), self.RUN)
        assert (row.state, row.applies, row.holds) == ("not yet", False, None)
        assert (row.predicted, row.measured) == (None, None)
        assert row.reason == "the tail is too short"

    def test_a_limit_that_the_scale_has_not_come_to(self):
        prediction = Prediction(
            "a/b", "s", "derived", False, "too large", None, lambda run: 1.0, 0.1, pending=True
        )
        assert judge(prediction, self.RUN).state == "not yet"

    @pytest.mark.parametrize(("rtol", "tolerance"), [(0.0, 0.1), (1e-4, 0.1), (1e-3, 0.5)])
    def test_a_tolerance_is_at_least_so_many_of_the_solvers(self, rtol, tolerance):
        for measured in (0.0, 0.3):
            prediction = Prediction(
                "a/b",
                "s",
                "derived",
                True,
                "",
                0.0,
                lambda run, found=measured: found,
                0.1,
                True,
                per_rtol=500.0,
            )
            row = judge(prediction, Measured(None, {}, None, "converged", rtol))
            assert row.tolerance == pytest.approx(tolerance)
            assert row.holds == (measured <= tolerance)

    @pytest.mark.parametrize(
        ("status", "state"),
        [("running", "not yet"), ("time", "not yet"), ("stationary", "does not apply")],
    )
    def test_a_run_that_may_go_on_does_not_show_it_yet(self, status, state):
        prediction = Prediction("a/b", "s", "derived", True, "", 1.0, lambda run: None, 0.1)
        assert judge(prediction, Measured(None, {}, None, status)).state == state
