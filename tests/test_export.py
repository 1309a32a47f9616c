"""Runs as flat data: the published code's .csv, .npz, NetCDF, pandas and xarray.

pandas and xarray take long to import: that is left to the process, of those that share the tests, that runs
these.
"""

import hashlib
import io
import json
import shutil
import sys
from importlib import import_module

import numpy as np
import pytest
from commands import call, one_sentence

from reluflow.errors import RunError
from reluflow.network import predictions
from reluflow.store.export import export
from reluflow.store.preset import load_preset
from reluflow.store.run_directory import RunWriter, open_run
from reluflow.sweep.opening import open_sweep

QUICK = ("-q", "--set", "stop.steps=12", "--set", "record.snapshots=30")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Directories of a flow on mse with a teacher, of descent on half-mse, of two teachers and of labels."""
    folder = tmp_path_factory.mktemp("runs")
    call("run", "neuron-centred-10", *QUICK, "--out", str(folder / "flow"))
    descent = ("--set", "stop.steps=300", "--method", "gd", "--set", "solver.learning_rate=0.04")
    call("run", "first-steps", *QUICK, *descent, "--out", str(folder / "descent"))
    call("run", "two-teachers", *QUICK, "--set", "data.held_out=6", "--out", str(folder / "two"))
    labels = ("--set", "stop.loss=0.3", "-q", "--out", str(folder / "labels"))
    call("run", "orthogonally-separable", *labels)
    return folder


@pytest.fixture(scope="module")
def xarray():
    return import_module("xarray")


def published(folder, name, tmp_path):
    path = tmp_path / f"{name}.csv"
    done = call("export", str(folder / name), str(path))
    assert (done.exit_code, done.stdout) == (0, f"{path}\n"), done.stderr
    lines = path.read_text().splitlines()
    header = [line for line in lines if line.startswith("#")]
    assert lines[: len(header)] == header
    parameters = json.loads("\n".join(line.removeprefix("# ") for line in header))
    return parameters, import_module("pandas").read_csv(io.StringIO("\n".join(lines[len(header) :])))


class TestPublishedTable:
    def test_the_parameters_are_those_of_the_run(self, runs, tmp_path):
        parameters, _ = published(runs, "flow", tmp_path)
        run = open_run(runs / "flow")
        problem, scale = run.problem, run.preset.values["init.scale"]
        assert {name: parameters[name] for name in ("d", "n", "width", "init scale", "two teachers")} == {
            "d": 10,
            "n": 10,
            "width": 25,
            "init scale": scale,
            "two teachers": False,
        }
        assert parameters["learning rate"] is None
        assert parameters["loaded from"] is None
        assert parameters["loss target"] == run.preset.values["stop.loss"]
        np.testing.assert_array_equal(parameters["data points"], problem.inputs)
        np.testing.assert_allclose(np.array(parameters["init weights"]) * scale, problem.weights, rtol=1e-15)
        np.testing.assert_array_equal(parameters["weights"], run.snapshots.weights[-1])
        np.testing.assert_array_equal(parameters["predict weights"], run.snapshots.output_weights[-1:])
        teacher = np.array(parameters["teacher neuron"])
        np.testing.assert_array_equal(parameters["center"], teacher)
        np.testing.assert_allclose(np.maximum(problem.inputs @ teacher, 0.0), problem.targets, atol=1e-14)
        cosines = problem.inputs @ teacher / np.linalg.norm(problem.inputs, axis=1)
        assert parameters["maximum angle to teacher"] == pytest.approx(np.degrees(np.arccos(cosines.min())))
        assert parameters["large angle point count"] == np.sum(cosines < np.sqrt(0.5))
        np.testing.assert_allclose(
            parameters["eigenvalues"], np.linalg.eigvalsh(problem.inputs.T @ problem.inputs)
        )
        saw = (problem.weights @ problem.inputs.T > 0.0).any(axis=1)
        assert parameters["always dead"] == (~saw).tolist()
        assert parameters["positive group"] == (saw & (problem.output_weights > 0.0)).tolist()
        unscaled = np.array(parameters["init weights"])
        digest = hashlib.blake2b(unscaled.tobytes(), digest_size=8).hexdigest()
        assert parameters["initialization hash"] == digest

    def test_angles_to_the_teacher_are_those_of_inputs_of_any_length(self, tmp_path):
        short = ("--set", "data.dimension=2", "--set", "data.noise=0.3", "--set", "stop.steps=1")
        call("run", "neuron-centred-10", *QUICK, *short, "--out", str(tmp_path / "short"))
        problem = open_run(tmp_path / "short").problem
        assert np.min(problem.lengths) < 0.9
        parameters, _ = published(tmp_path, "short", tmp_path)
        cosines = problem.inputs @ parameters["teacher neuron"] / problem.lengths
        assert parameters["maximum angle to teacher"] == pytest.approx(np.degrees(np.arccos(cosines.min())))

    def test_the_columns_are_in_the_published_order(self, runs, tmp_path):
        _, table = published(runs, "flow", tmp_path)
        columns = list(table)
        assert columns[:3] == ["iteration", "loss", "min length grad (+)"]
        assert columns[25:30] == [
            "average num of points seen (+)",
            "val loss",
            "val loss outside dist 3",
            "val loss outside dist 10",
            "val loss outside dist 40",
        ]
        assert columns[30:] == [f"difference to target in dim {k}" for k in range(1, 11)]

    def test_an_iteration_is_a_hundredth_of_flow_time(self, runs, tmp_path):
        _, table = published(runs, "flow", tmp_path)
        run = open_run(runs / "flow")
        np.testing.assert_allclose(table["iteration"], run.snapshots.t / 0.01, rtol=1e-15)
        assert table["loss"].iloc[-1] == pytest.approx(run.loss[-1], rel=1e-12)
        distances = table.filter(like="difference to target").to_numpy()
        np.testing.assert_allclose(np.linalg.norm(distances, axis=1), table["distance to teacher"], rtol=1e-9)

    def test_descent_on_half_mse_counts_its_own_iterations_and_tells_mse(self, runs, tmp_path):
        parameters, table = published(runs, "descent", tmp_path)
        run = open_run(runs / "descent")
        assert parameters["learning rate"] == pytest.approx(0.02)
        assert table["iteration"].iloc[-1] == run.summary["steps"] == 300
        assert table["loss"].iloc[-1] == pytest.approx(2.0 * run.loss[-1], rel=1e-12)

    def test_every_column_of_the_start_is_of_mse_whatever_the_loss(self, tmp_path):
        rows = []
        for loss in ("mse", "half-mse"):
            settings = (f"solver.loss={loss}", "stop.steps=1", "data.held_out=6")
            words = [word for setting in settings for word in ("--set", setting)]
            call("run", "two-teachers", "-q", *words, "--out", str(tmp_path / loss))
            rows.append(published(tmp_path, loss, tmp_path)[1].iloc[0])
        known = rows[0].notna()
        assert known[[f"{what} length grad ({sign})" for what in ("min", "mean") for sign in "+-"]].all()
        np.testing.assert_allclose(*(row[known].to_numpy(float) for row in rows), rtol=1e-12)

    def test_a_loss_of_labels_is_no_multiple_of_mse_and_stays_what_it_is(self, runs, tmp_path):
        parameters, table = published(runs, "labels", tmp_path)
        run = open_run(runs / "labels")
        assert parameters["loss target"] == run.preset.values["stop.loss"] == 0.3
        assert table["loss"].iloc[-1] == pytest.approx(run.loss[-1], rel=1e-9)
        np.testing.assert_allclose(table["iteration"], run.snapshots.t / 0.01, rtol=1e-15)

    def test_what_has_no_meaning_is_null_or_empty(self, runs, tmp_path):
        parameters, table = published(runs, "descent", tmp_path)
        assert parameters["teacher neuron"] is None
        assert parameters["uncentered training points"] is None
        assert table["distance to teacher"].isna().all()
        assert table["val loss"].isna().all()

    def test_two_teachers(self, runs, tmp_path):
        parameters, _ = published(runs, "two", tmp_path)
        assert parameters["two teachers"] is True
        one, other = (np.array(parameters[name]) for name in ("teacher neuron", "teacher neuron 2"))
        np.testing.assert_allclose(other, -3.0 * one, rtol=1e-14)
        assert parameters["n"] == len(parameters["data points"]) / 2


class TestArrays:
    def test_netcdf_has_dimensions_units_and_the_preset(self, runs, tmp_path, xarray):
        path = tmp_path / "flow.nc"
        assert call("export", str(runs / "flow"), str(path)).exit_code == 0
        assert path.read_bytes().startswith(b"CDF\x02")
        run = open_run(runs / "flow")
        with xarray.open_dataset(path, engine="scipy") as found:
            assert {"time", "neuron", "sample", "input"} <= set(found.sizes)
            assert found["weights"].dims == ("time", "neuron", "input")
            assert found["prediction"].dims == ("time", "sample")
            assert found["time"].attrs["units"] == "flow time of mse"
            for name, each in found.variables.items():
                assert {"units", "long_name", "flag_meanings"} & set(each.attrs), name
            assert found.attrs["preset"] == run.preset.to_toml()
            np.testing.assert_array_equal(found["weights"], run.snapshots.weights)
            np.testing.assert_array_equal(found["series_loss"], run.loss)
            np.testing.assert_array_equal(found["event_kind"], run.events.kind)
            assert {array.dtype.str[1:] for array in found.variables.values()} == {"f8", "i4"}

    def test_xarray_holds_the_same(self, runs, tmp_path, xarray):
        call("export", str(runs / "two"), str(tmp_path / "two.nc"))
        with xarray.open_dataset(tmp_path / "two.nc", engine="scipy") as found:
            xarray.testing.assert_equal(open_run(runs / "two").to_xarray(), found.load())
            inputs, targets = open_run(runs / "two").problem.held_out
            assert found.sizes["held_out"] == targets.size > 0
            np.testing.assert_array_equal(found["held_out_inputs"], inputs)
            np.testing.assert_array_equal(found["held_out_targets"], targets)

    @pytest.mark.parametrize("ending", [".csv", ".npz", ".nc"])
    def test_a_run_may_have_any_name(self, ending, runs, tmp_path):
        shutil.copytree(runs / "flow", tmp_path / "not\udcff")
        done = call("export", str(tmp_path / "not\udcff"), str(tmp_path / f"flat{ending}"))
        assert (done.exit_code, done.stderr) == (0, "")

    def test_npz_opens_without_pickle(self, runs, tmp_path):
        path = tmp_path / "flow.npz"
        assert call("export", str(runs / "flow"), str(path)).exit_code == 0
        run = open_run(runs / "flow")
        with np.load(path, allow_pickle=False) as found:
            last = predictions(found["weights"][-1], found["output_weights"][-1], found["inputs"])
            np.testing.assert_allclose(found["prediction"][-1], last, rtol=1e-14)
            assert found["loss"][-1] == pytest.approx(run.loss[-1], rel=1e-12)
            assert json.loads(str(found["attributes"]))["loss"] == "mse"

    def test_pandas_holds_the_series_by_time(self, runs):
        run = open_run(runs / "flow")
        table = run.to_pandas()
        np.testing.assert_array_equal(table.index, run.t)
        np.testing.assert_array_equal(table["loss"], run.loss)

    @pytest.mark.parametrize("name", ["pandas", "xarray"])
    def test_without_the_library_there_is_a_sentence(self, runs, monkeypatch, name):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(RunError, match=f"needs {name}, which is not installed: pip install {name}"):
            getattr(open_run(runs / "flow"), f"to_{name}")()


class TestUsage:
    @pytest.mark.parametrize(
        ("words", "found"),
        [
            (["run.txt"], "run.txt: found the ending .txt; expected .csv, .npz or .nc"),
            (["no/such/folder.csv"], "cannot be written"),
            (["no/such/folder.nc"], "cannot be written"),
        ],
    )
    def test_bad(self, runs, words, found, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        done = call("export", str(runs / "flow"), *words)
        assert done.exit_code == 2
        assert one_sentence(done.stderr)
        assert found in done.stderr

    def test_a_run_that_has_not_begun_has_nothing_to_give(self, tmp_path):
        preset = load_preset("orthogonal-toy")
        RunWriter.create(preset, preset.problem(), tmp_path / "new").close()
        run = open_run(tmp_path / "new")
        for give in (run.to_pandas, run.to_xarray, lambda: export(run, tmp_path / "new.npz")):
            with pytest.raises(RunError, match="no trajectory is recorded yet; expected a run"):
                give()

    def test_a_run_says_what_it_is(self, runs):
        run = open_run(runs / "flow")
        told = repr(run)
        assert told.startswith(f"<Run {run.path}: preset neuron-centred-10, status steps, method lorentz")
        assert "<th>preset</th><td>neuron-centred-10</td>" in run._repr_html_()
        run.summary["preset"] = "<script>"
        assert "&lt;script&gt;" in run._repr_html_()

    def test_a_preset_and_a_sweep_say_what_they_are(self, tmp_path):
        toy = load_preset("orthogonal-toy")
        assert repr(toy).startswith(
            "<Preset orthogonal-toy: title Orthogonal toy: two points on a line, source"
        )
        assert f"<th>title</th><td>{toy.title}</td>" in toy._repr_html_()
        words = ("--over", "init.scale=1e-2,1e-3", "--over", "network.width=4,8", "--set", "stop.steps=1")
        assert call("sweep", "orthogonal-toy", *words, "--out", str(tmp_path / "a"), "-q").exit_code == 0
        told = "preset orthogonal-toy, varied init.scale, network.width, points 4"
        assert repr(open_sweep(tmp_path / "a")) == f"<Sweep {tmp_path / 'a'}: {told}>"
