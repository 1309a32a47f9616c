"""Held-out samples and normalised inputs: what is learnt on which samples, and what of it is recorded."""

import json
from pathlib import Path

import numpy as np
import pytest
from commands import call

import reluflow
from reluflow.data.datasets import build_data
from reluflow.errors import PresetError
from reluflow.network import predictions
from reluflow.store.run_directory import open_run
from reluflow.store.schema import by_id, parse_text
from reluflow.training.training import Training

GENERATOR = np.random.default_rng(0)
INPUTS, TARGETS = GENERATOR.normal(3.0, 2.0, (20, 3)), GENERATOR.normal(size=20)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))
    np.savez("points.npz", inputs=INPUTS, targets=TARGETS)


def data(**values):
    flat = {"data.kind": "file", "data.path": "points.npz"}
    return build_data(flat | {f"data.{name}": value for name, value in values.items()}, Path())


class TestNormalising:
    def test_off_by_default(self):
        np.testing.assert_array_equal(data().inputs, INPUTS)

    def test_centre(self):
        np.testing.assert_allclose(data(normalise="centre").inputs, INPUTS - INPUTS.mean(axis=0), rtol=1e-14)

    def test_variance(self):
        inputs = data(normalise="variance").inputs
        np.testing.assert_allclose(inputs.mean(axis=0), 0.0, atol=1e-14)
        np.testing.assert_allclose(inputs.std(axis=0), 1.0, rtol=1e-14)

    def test_length(self):
        inputs = data(normalise="length").inputs
        np.testing.assert_allclose(np.linalg.norm(inputs, axis=1), 1.0, rtol=1e-14)
        np.testing.assert_allclose(inputs * np.linalg.norm(INPUTS, axis=1)[:, None], INPUTS, rtol=1e-14)

    def test_what_is_constant_or_zero_is_not_divided_by_its_size(self):
        np.savez("points.npz", inputs=[[0.0, 0.1], [0.0, 0.1], [0.0, 0.1]], targets=[1.0, 2.0, 3.0])
        np.testing.assert_allclose(data(normalise="variance").inputs, 0.0, atol=1e-15)
        np.savez("points.npz", inputs=[[0.0, 0.0], [3.0, 4.0]], targets=[1.0, 2.0])
        assert data(normalise="length").inputs.tolist() == [[0.0, 0.0], [0.6, 0.8]]

    def test_the_bias_comes_after(self):
        found = data(normalise="length", bias=True, held_out=0.5)
        np.testing.assert_array_equal(found.inputs[:, -1], 1.0)
        np.testing.assert_array_equal(found.held_out[0][:, -1], 1.0)
        np.testing.assert_allclose(np.linalg.norm(found.inputs[:, :-1], axis=1), 1.0, rtol=1e-14)


class TestHoldingOut:
    def test_a_share_of_the_samples(self):
        found = data(held_out=0.25)
        inputs, targets = found.held_out
        assert (found.inputs.shape, inputs.shape) == ((15, 3), (5, 3))
        everything = np.column_stack(
            [np.concatenate([found.inputs, inputs]), np.append(found.targets, targets)]
        )
        whole = np.column_stack([INPUTS, TARGETS])
        np.testing.assert_array_equal(everything[np.lexsort(everything.T)], whole[np.lexsort(whole.T)])

    def test_another_seed_holds_out_others(self):
        assert not np.array_equal(data(held_out=0.5).targets, data(held_out=0.5, seed=1).targets)
        np.testing.assert_array_equal(data(held_out=0.5).targets, data(held_out=0.5, seed=0).targets)

    @pytest.mark.parametrize("share", [1e-9, 0.02, 0.98, 1.0 - 1e-9])
    def test_a_share_that_leaves_none_on_either_side_is_refused(self, share):
        with pytest.raises(PresetError, match=r"which is (0|20) of 20 samples; expected a share of 1 to 19"):
            data(held_out=share)

    @pytest.mark.parametrize("share", [0.03, 0.97])
    def test_the_nearest_number_is_held_out_and_told(self, share):
        found = data(held_out=share)
        held_out = found.held_out[1].size
        assert sorted([found.targets.size, held_out]) == [1, 19]
        drawn = f"data.held_out: {held_out} of 20 samples, drawn by data.seed = 0, not trained on"
        assert found.remarks[-1] == drawn

    def test_what_normalises_is_learnt_on_the_others_alone(self):
        for how in ("centre", "variance"):
            plain, found = data(held_out=0.3), data(held_out=0.3, normalise=how)
            mean = plain.inputs.mean(axis=0)
            deviation = plain.inputs.std(axis=0) if how == "variance" else 1.0
            np.testing.assert_allclose(found.held_out[0], (plain.held_out[0] - mean) / deviation, rtol=1e-12)

    @pytest.mark.parametrize(
        ("text", "value"), [("0.25", 0.25), ("1e3", 1000), ("40", 40), ("a.csv", "a.csv")]
    )
    def test_what_is_typed_is_a_number_or_a_file(self, text, value):
        read = parse_text(by_id("data.held_out"), text)
        assert (read, type(read)) == (value, type(value))

    @pytest.mark.parametrize("text", ["nan", "-inf", "1e20", "0", "1.5"])
    def test_what_is_typed_is_no_such_number(self, text):
        with pytest.raises(PresetError, match="expected a share between 0 and 1, the name of a file, or"):
            parse_text(by_id("data.held_out"), text)

    def test_samples_of_another_file(self):
        Path("test.csv").write_text("1,2,3,4\n5,6,7,8\n")
        found = data(held_out="test.csv", normalise="centre")
        np.testing.assert_allclose(
            found.held_out[0], [[1, 2, 3], [5, 6, 7]] - INPUTS.mean(axis=0), rtol=1e-14
        )
        assert found.held_out[1].tolist() == [4.0, 8.0]
        assert found.targets.size == 20

    def test_another_file_with_other_columns_is_refused(self):
        Path("test.csv").write_text("1,2,4\n")
        with pytest.raises(PresetError, match=r"test\.csv: found 2 inputs; expected 3 inputs as in the file"):
            data(held_out="test.csv")
        Path("a.csv").write_text("a,b,y\n1,2,4\n")
        Path("b.csv").write_text("b,a,y\n1,2,4\n")
        with pytest.raises(PresetError, match=r"found 2 inputs \(b, a\); expected 2 inputs \(a, b\)"):
            data(path="a.csv", held_out="b.csv")

    @pytest.mark.parametrize("kind", ["gaussian", "correlated"])
    def test_drawn_points_have_the_answers_of_the_teacher(self, kind):
        values = {"data.kind": kind, "data.samples": 4, "data.dimension": 3, "data.held_out": 50}
        values |= {"data.bias": True} | ({"data.teacher_width": 3} if kind == "gaussian" else {})
        found = build_data(values, Path())
        inputs, targets = found.held_out
        assert inputs.shape == (50, 4)
        np.testing.assert_allclose(
            targets, predictions(found.teacher, found.teacher_output, inputs), atol=1e-14
        )
        assert not np.any(np.isin(inputs[:, 0], found.inputs[:, 0]))

    def test_drawn_points_of_a_curve_lie_on_it(self):
        knots = [[-1, 0], [0.5, 2], [1, 0]]
        values = {"data.kind": "piecewise", "data.samples": 4, "data.knots": knots, "data.held_out": 30}
        inputs, targets = build_data(values, Path()).held_out
        np.testing.assert_allclose(targets, np.interp(inputs[:, 0], *np.transpose(knots)), atol=1e-14)

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({"data.held_out": 3}, "data.held_out is 3 where data.kind is file; expected a share"),
            ({"data.held_out": 1.5}, "expected a share between 0 and 1, the name of a file, or a number"),
            ({"data.held_out": True}, "expected a share"),
            ({"data.held_out": "none.npz"}, "data.held_out = 'none.npz': found no file"),
            ({"data.normalise": "mean"}, "expected one of none, centre, variance, length"),
        ],
    )
    def test_what_cannot_be_held_out(self, values, words):
        with pytest.raises(PresetError) as caught:
            reluflow.load_preset(
                "orthogonal-toy",
                {"data.kind": "file", "data.path": str(Path("points.npz").absolute()), **values},
            ).problem()
        assert words in str(caught.value)


class TestRecording:
    WORDS = ("run", "--data", "points.npz", "--set", "network.width=8", "--set", "stop.steps=20", "-q")

    def test_the_loss_there_is_a_column(self):
        Path("test.csv").write_text("1,2,3,4\n5,6,7,8\n")
        call(
            *self.WORDS, "--out", "run", "--set", "data.held_out=test.csv", "--set", "data.normalise=variance"
        )
        run = open_run("run")
        assert run.preset.values["data.held_out"] == "data-held_out.csv"
        inputs, targets = run.problem.held_out
        state = run.snapshots
        h = predictions(state.weights[-1], state.output_weights[-1], inputs)
        assert run.series["held_out_loss"][-1] == pytest.approx(np.mean((h - targets) ** 2) / 2.0, rel=1e-12)
        assert "held_out_loss" in json.loads(call("info", "run", "--json").stdout)["series_columns"]

    def test_a_run_goes_on_with_the_same_samples_held_out(self):
        words = (*self.WORDS, "--set", "data.held_out=0.2")
        call(*words, "--out", "whole")
        call(*words, "--out", "parts", "--set", "stop.steps=7")
        assert call("resume", "parts", "--set", "stop.steps=20", "-q").exit_code == 1
        whole, parts = open_run("whole"), open_run("parts")
        assert whole.problem.held_out[1].size == 4
        for name in whole.series:
            np.testing.assert_array_equal(parts.series[name], whole.series[name])

    def test_without_any_there_is_no_such_column(self):
        call(*self.WORDS, "--out", "run")
        run = open_run("run")
        assert run.problem.held_out is None
        assert "held_out_loss" not in run.series

    def test_training_does_not_see_them(self):
        changes = {"data.kind": "gaussian", "data.samples": 4, "data.dimension": 3, "data.teacher_width": 2}
        changes |= {"network.width": 6, "stop.steps": 15}
        plain, held = (
            Training.from_preset(reluflow.load_preset("orthogonal-toy", {**changes, "data.held_out": count}))
            for count in (None, 30)
        )
        for training in (plain, held):
            training.advance(seconds=30.0)
        np.testing.assert_array_equal(held.recorder.series["loss"], plain.recorder.series["loss"])
        assert set(held.recorder.series) - set(plain.recorder.series) == {"held_out_loss"}
