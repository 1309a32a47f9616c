"""Own data without a preset: ``run --data``, ``tui --data``, ``new``, ``resume``."""

import json
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from commands import call, one_sentence, shell
from typer.testing import CliRunner

from reluflow.cli.app import app
from reluflow.store.own_data import name_of, preset_of_data
from reluflow.store.preset import load_preset
from reluflow.store.run_directory import open_run

CASES = Path(__file__).parent / "cases" / "data"
FEW = ["--set", "network.width=10"]


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))


def piped(content: bytes, *words: str):
    return CliRunner().invoke(app, list(words), input=content)


@contextmanager
def written_to_pipe(content: bytes) -> Iterator[str]:
    """The name of a pipe that holds a content no longer than it takes at once, and that nobody writes to."""
    out, into = os.pipe()
    with open(into, "wb") as file:
        file.write(content)
    yield f"/dev/fd/{out}"
    os.close(out)


def mean_square(values) -> float:
    return float(np.mean(np.square(values)))


class TestRun:
    def test_ends_at_the_share_of_the_mean_square_that_counts_as_fitted(self):
        done = call("run", "--data", str(CASES / "d01-semicolon-decimal-comma.csv"), "--json", "-q", *FEW)
        assert done.exit_code == 0, done.stderr
        told = json.loads(done.stdout)
        assert told["status"] == "converged"
        assert told["preset"] == "d01-semicolon-decimal-comma"
        assert told["run"] == "runs/d01-semicolon-decimal-comma-1"
        assert told["loss"] == pytest.approx(1e-9 * mean_square([0.7, -0.3, 0.4]), rel=1e-6)
        assert done.stderr == ""
        run = open_run(told["run"])
        np.testing.assert_array_equal(run.problem.inputs[:, -1], 1.0)
        assert run.problem.inputs.shape == (3, 3)

    def test_says_what_the_file_did_not(self):
        done = call("run", "--data", str(CASES / "d06-pandas-index.csv"), *FEW)
        assert done.exit_code == 0, done.stderr
        said = "d06-pandas-index.csv: column 1 numbers the rows and is left out"
        assert done.stderr.count(said) == 1
        call("new", str(CASES / "d06-pandas-index.csv"), "--out", "mine.toml")
        assert said in call("run", "mine.toml", *FEW).stderr
        assert said not in call("run", "mine.toml", *FEW, "-q").stderr

    @pytest.mark.parametrize("name", ["d13-tabs.csv", "n02-Xy-names.npz", "n17-plain.npy"])
    def test_from_standard_input(self, name):
        done = piped((CASES / name).read_bytes(), "run", "--data", "-", "--json", "-q", *FEW)
        assert done.exit_code == 0, done.stderr
        run = open_run(json.loads(done.stdout)["run"])
        assert run.path.name == "stdin-1"
        np.testing.assert_array_equal(run.problem.targets, [0.7, -0.3, 0.4])

    @pytest.mark.skipif(not Path("/dev/fd").exists(), reason="needs /dev/fd")
    @pytest.mark.parametrize("name", ["d13-tabs.csv", "n02-Xy-names.npz"])
    def test_from_a_pipe_that_is_named(self, name):
        """As of <(command); it can be read once only."""
        with written_to_pipe((CASES / name).read_bytes()) as pipe:
            done = call("run", "--data", str(pipe), "--json", "-q", *FEW)
        assert done.exit_code == 0, done.stderr
        run = open_run(json.loads(done.stdout)["run"])
        assert run.path.name == "pipe-1"
        np.testing.assert_array_equal(run.problem.targets, [0.7, -0.3, 0.4])
        with written_to_pipe((CASES / name).read_bytes()) as pipe:
            assert call("new", str(pipe)).stdout == "pipe.toml\n"
        np.testing.assert_array_equal(load_preset("pipe.toml").data().targets, [0.7, -0.3, 0.4])

    @pytest.mark.skipif(not Path("/dev/fd").exists(), reason="needs /dev/fd")
    def test_what_is_wrong_in_a_pipe_is_told_of_it(self):
        with written_to_pipe(b"a;b\n1;cat\n") as pipe:
            done = call("run", "--data", str(pipe))
        assert done.exit_code == 2
        assert done.stderr == f"reluflow: {pipe}, line 2, column 2: found 'cat'; expected a finite number\n"

    def test_what_is_wrong_with_standard_input(self):
        done = piped(b"a;b\n1;cat\n", "run", "--data", "-")
        assert done.exit_code == 2
        assert done.stderr == (
            "reluflow: standard input, line 2, column 2: found 'cat'; expected a finite number\n"
        )

    def test_labels_that_are_none_are_refused_before_a_preset_is_written(self):
        Path("zeros.csv").write_text("1,0,1\n0,1,0\n")
        done = call("new", "zeros.csv", "--set", "solver.loss=logistic")
        assert done.exit_code == 2
        assert one_sentence(done.stderr)
        assert "that of sample 2 is 0; expected labels, +1 or -1" in done.stderr
        assert not Path("zeros.toml").exists()

    def test_values_can_be_set_and_the_target_chosen(self):
        words = [*FEW, "--set", "data.target=x1", "--set", "stop.steps=2", "--set", "data.bias=false"]
        done = call("run", "--data", str(CASES / "d02-semicolon-dot.csv"), "--json", "-q", *words)
        run = open_run(json.loads(done.stdout)["run"])
        assert run.preset.values["stop.loss"] == pytest.approx(1e-9 * mean_square([1.5, -0.5, 0.75]))
        np.testing.assert_array_equal(run.problem.inputs, [[0.25, 0.7], [1.0, -0.3], [-1.25, 0.4]])
        assert run.summary["status"] == "steps"

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            (["first-steps", "--data", "points.csv"], "found both PRESET and --data"),
            ([], "found neither PRESET nor --data"),
            (["--data", "none.csv"], "--data = "),
            (["--data", "."], "found a folder"),
            (["--data", str(CASES / "n19-string.npz")], "found type <U32; expected real numbers"),
            (["--data", str(CASES / "d16-hash-units-second-header.csv")], "line 2, column 1: found 'm'"),
            (["--data", str(CASES / "d13-tabs.csv"), "--set", "data.target=z"], 'there is no column "z"'),
            (["--data", str(CASES / "d13-tabs.csv"), "--set", "data.kind=xor"], "data.kind"),
        ],
    )
    def test_bad_usage(self, words, found):
        done = call("run", *words)
        assert done.exit_code == 2
        assert one_sentence(done.stderr)
        assert found in done.stderr
        assert len(done.stderr) <= 320

    def test_in_other_units_it_is_the_same_run(self, tmp_path):
        """Inputs over 1000 and targets times 10: what is chosen follows, so that times alone change."""
        x, y = np.array([[1.5], [-0.5], [0.75]]), np.array([0.7, -0.3, 0.4])
        np.savez(tmp_path / "a.npz", inputs=x, targets=y)
        np.savez(tmp_path / "b.npz", inputs=x / 1000.0, targets=10.0 * y)
        runs = []
        for name in ("a.npz", "b.npz"):
            words = ["--set", "data.bias=false", *FEW, "--json", "-q"]
            done = call("run", "--data", name, *words)
            runs.append(json.loads(done.stdout))
            scale = open_run(runs[-1]["run"]).preset.values["init.scale"]
            fitting = np.sqrt(np.sqrt(mean_square(y)) / np.sqrt(mean_square(x)))
            unit = 1e-3 * fitting * (1.0 if name == "a.npz" else 100.0)
            assert scale == pytest.approx(unit, rel=0.1)
        assert runs[0]["status"] == runs[1]["status"]
        assert len(runs[0]["saddles"]) == len(runs[1]["saddles"])

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["f01-ring.csv", "f04-spiral.csv"])
    def test_labels_are_fitted_or_the_network_rests_within_a_minute(self, name):
        done = call("run", "--data", str(CASES / name), "--json", "-q")
        told = json.loads(done.stdout)
        assert told["status"] in ("converged", "stationary")
        assert told["wall_seconds"] < 60.0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1e200,1\n2e200,1\n", "the input of sample 2 has length 2e+200"),
        ("1,1e120\n2,1e120\n", "the largest of the targets is 1e+120"),
        ("1,1e200\n2,1e200\n", "the largest of the targets is 1e+200"),
    ],
)
def test_numbers_that_are_too_large_are_named_before_anything_is_made_of_them(text, found):
    Path("far.csv").write_text(text)
    done = call("run", "--data", "far.csv")
    assert done.exit_code == 2
    assert one_sentence(done.stderr)
    assert f"far.csv: {found}; expected 0 or" in done.stderr


def test_data_of_zeros_have_no_loss_to_reach(tmp_path):
    (tmp_path / "zeros.csv").write_text("1,0\n2,0\n")
    preset = preset_of_data(tmp_path / "zeros.csv", {})
    assert "stop.loss" not in preset.values
    assert preset.values["init.scale"] == 1e-3


@pytest.mark.parametrize(
    ("file", "name"), [("my points (2).csv", "my-points--2"), ("-.csv", "data"), ("a.b.csv", "a.b")]
)
def test_names_of_files_make_names_of_runs(file, name):
    assert name_of(Path(file)) == name


class TestNew:
    def test_writes_a_preset_that_says_what_every_key_means(self, tmp_path):
        (tmp_path / "points.csv").write_bytes((CASES / "d07-y-in-the-middle.csv").read_bytes())
        done = call("new", "points.csv")
        assert done.exit_code == 0
        assert done.stdout == "points.toml\n"
        assert 'points.csv: column 2, "y", is taken for the target' in done.stderr
        text = Path("points.toml").read_text()
        assert tomllib.loads(text)["data"]["path"] == "points.csv"
        preset = load_preset("points.toml")
        np.testing.assert_array_equal(preset.data().targets, [0.7, -0.3, 0.4])
        lines = text.splitlines()
        for id in preset.values:
            name = id.partition(".")[2]
            places = [place for place, line in enumerate(lines) if line.lstrip("#").startswith(f"{name} = ")]
            assert any(lines[place - 1].startswith("# ") for place in places), id
        assert call("presets", "check", "points.toml").exit_code == 0

    def test_is_the_preset_of_run(self):
        source = CASES / "d01-semicolon-decimal-comma.csv"
        assert call("new", str(source), "--out", "mine.toml", "--set", "init.seed=3").exit_code == 0
        ours, theirs = load_preset("mine.toml").values, preset_of_data(source, {"init.seed": 3}).values
        assert ours == theirs

    def test_keeps_what_comes_from_standard_input(self):
        content = (CASES / "n17-plain.npy").read_bytes()
        done = piped(content, "new", "-")
        assert done.stdout == "stdin.toml\n"
        assert Path("stdin.npy").read_bytes() == content
        np.testing.assert_array_equal(load_preset("stdin.toml").data().targets, [0.7, -0.3, 0.4])

    def test_overwrites_nothing(self):
        Path("d13-tabs.toml").write_text("mine")
        done = call("new", str(CASES / "d13-tabs.csv"))
        assert done.exit_code == 2
        assert "d13-tabs.toml exists already" in done.stderr
        assert Path("d13-tabs.toml").read_text() == "mine"

    def test_refuses_a_name_that_no_preset_has(self):
        assert (
            "expected a file ending in .toml" in call("new", str(CASES / "d13-tabs.csv"), "--out", "x").stderr
        )


class TestResume:
    def test_goes_on_to_the_end_that_a_run_would_have_had(self):
        data = str(CASES / "d13-tabs.csv")
        assert call("run", "--data", data, *FEW, "--out", "whole", "-q").exit_code == 0
        assert (
            call("run", "--data", data, *FEW, "--set", "stop.steps=9", "--out", "parts", "-q").exit_code == 1
        )
        done = call("resume", "parts", "--set", "stop.steps=none", "--json")
        assert done.exit_code == 0, done.stderr
        whole, parts = open_run("whole"), open_run("parts")
        np.testing.assert_array_equal(parts.t, whole.t)
        np.testing.assert_array_equal(parts.loss, whole.loss)

    def test_of_a_run_that_is_over_says_so(self):
        call("run", "--data", str(CASES / "d13-tabs.csv"), *FEW, "--out", "run", "-q")
        done = call("resume", "run")
        assert done.exit_code == 0
        assert "run is over (converged); nothing was computed" in done.stderr

    def test_changes_nothing_but_when_to_stop_and_what_to_record(self):
        call(
            "run", "--data", str(CASES / "d13-tabs.csv"), *FEW, "--set", "stop.steps=3", "--out", "run", "-q"
        )
        done = call("resume", "run", "--set", "init.seed=5")
        assert done.exit_code == 2
        assert "init.seed is 5 now and was 0 in the run" in done.stderr

    def test_of_no_run(self):
        done = call("resume", "nothing")
        assert done.exit_code == 2
        assert one_sentence(done.stderr)


class TestApp:
    @pytest.mark.parametrize(
        ("words", "found"),
        [(["first-steps", "--data", "x"], "found both PRESET"), (["--data", "-"], "is the keyboard here")],
    )
    def test_bad_usage(self, words, found):
        done = shell("tui", *words, stdin=None)
        assert done.returncode == 2
        assert one_sentence(done.stderr)

    def test_opens_on_a_preset_that_is_no_file(self):
        from reluflow.tui.launch import open_on

        preset = preset_of_data(CASES / "d07-y-in-the-middle.csv", {})
        opening = open_on(preset)
        assert opening.preset is preset
        assert "is taken for the target" in opening.greeting


class TestLabels:
    """Targets +1 and -1 can be classified, which is offered and never done unasked."""

    def test_are_noticed_once_and_the_loss_that_is_offered_runs(self):
        Path("two.csv").write_text("x1,x2,y\n1,0.2,1\n0.8,0.1,1\n-1,0.1,-1\n-0.9,-0.3,-1\n")
        offer = "the targets are labels, 1 and -1: solver.loss = logistic or exponential"
        done = call("run", "--data", "two.csv", "--json", "-q", *FEW)
        assert json.loads(done.stdout)["loss_convention"] == "half-mse"
        assert offer in call("run", "--data", "two.csv", *FEW).stderr
        assert offer in call("new", "two.csv").stderr
        done = call("run", "two.toml", "--json", "--set", "solver.loss=logistic", *FEW)
        assert offer not in done.stderr
        told = json.loads(done.stdout)
        assert (told["status"], told["loss_convention"], told["accuracy"]) == ("converged", "logistic", 1.0)

    def test_other_targets_are_refused_by_these_losses(self):
        done = call("run", "--data", str(CASES / "d13-tabs.csv"), "--set", "solver.loss=logistic", *FEW)
        assert done.exit_code == 2
        assert one_sentence(done.stderr)
        assert "expected labels, +1 or -1" in done.stderr
