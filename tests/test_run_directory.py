"""Run directories: they appear whole, open and resume at any instant, and never take another's place."""

import json
import os
import re
import tomllib

import numpy as np
import pytest
from made_runs import begun_run
from trained import ALIKE

from reluflow.cli.info import describe
from reluflow.errors import RunError
from reluflow.flow import METHODS
from reluflow.flow.events import Change
from reluflow.store import files
from reluflow.store.preset import load_preset
from reluflow.store.run_directory import RunWriter, numbered_runs, open_run
from reluflow.training.resumption import resumed
from reluflow.training.training import Training

FAST = {"network.width": 8, "init.scale": 1e-3, "stop.loss": 0.3}


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def begun(method="polar", **changes):
    preset = load_preset("orthogonal-toy", {**FAST, "solver.method": method, **changes})
    training = Training.from_preset(preset)
    return preset, training


def finished(training):
    while training.status == "running":
        training.advance(seconds=1.0)
    return training


def saved(folder=None, **changes):
    preset, training = begun(**changes)
    writer = RunWriter.create(preset, training.problem, folder)
    writer.save(finished(training))
    return writer, training


def read_all(path):
    run = open_run(path)
    return run.preset, run.problem, run.t, run.snapshots.weights, run.checkpoint


def test_a_saved_run_comes_back():
    writer, training = saved()
    run = open_run(writer.path)
    assert run.status == "converged"
    for name, column in training.recorder.series.items():
        assert np.array_equal(run.series[name], column)
    assert np.array_equal(run.t, training.recorder.series["t"])
    assert np.array_equal(run.loss, training.recorder.series["loss"])
    for name in ("t", "weights", "output_weights"):
        assert np.array_equal(getattr(run.snapshots, name), getattr(training.recorder.snapshots, name))
    for name in ("inputs", "targets", "weights", "output_weights"):
        assert np.array_equal(getattr(run.problem, name), getattr(training.problem, name))
    assert run.preset.values == load_preset("orthogonal-toy", {**FAST, "solver.method": "polar"}).values
    assert run.preset.name == "orthogonal-toy"
    expected = training.checkpoint()
    found = run.checkpoint
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[key], expected[key]) for key in expected)


def test_everything_opens_with_plain_tools():
    writer, _ = saved()
    assert sorted(path.name for path in writer.path.iterdir()) == [
        "preset.toml",
        "problem.npz",
        "run.json",
        "trajectory.npz",
    ]
    assert tomllib.loads((writer.path / "preset.toml").read_text())["network"]["width"] == 8
    assert json.loads((writer.path / "run.json").read_text())["status"] == "converged"
    for name in ("problem.npz", "trajectory.npz"):
        with np.load(writer.path / name, allow_pickle=False) as archive:
            assert all(archive[member] is not None for member in archive.files)


def test_kinds_of_events_are_written_as_the_same_numbers_for_ever():
    names = "ENTER EXIT SLIDE RELEASE_ON RELEASE_OFF DIE FLIP CHOICE"
    assert [Change[name] for name in names.split()] == list(range(8))


def test_snapshots_are_written_once():
    writer, training = saved(**{"stop.loss": None, "stop.time": 5.0})
    with np.load(writer.path / "trajectory.npz") as archive:
        records = [name for name in archive.files if "snapshots/" in name]
    assert sorted(records) == ["snapshots/output_weights", "snapshots/t", "snapshots/weights"]
    writer, training = saved()
    recorded = training.recorder.snapshots.t
    assert training.checkpoint()["recorder/snapshots/t"][-1] > recorded[-1]
    assert recorded.size > 10
    with np.load(writer.path / "trajectory.npz") as archive:
        # what a run that ended within a step has beyond its end is all that is added
        assert len(archive["checkpoint/recorder/snapshots/t"]) <= 3


def test_links_of_whole_arrays_are_read():
    """As they were written before: pairs of names, without a number of rows."""
    writer, training = saved(**{"stop.loss": None, "stop.time": 5.0})
    with np.load(writer.path / "trajectory.npz") as archive:
        arrays = dict(archive)
    assert arrays["links"].shape[1] == 3
    np.savez(writer.path / "trajectory.npz", **arrays | {"links": np.ones((2, 3))})
    with pytest.raises(RunError, match=r"links has kind float64 and shape \(2, 3\)"):
        _ = open_run(writer.path).checkpoint
    np.savez(writer.path / "trajectory.npz", **arrays | {"links": arrays["links"][:, :2]})
    found, expected = open_run(writer.path).checkpoint, training.checkpoint()
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[key], expected[key]) for key in expected)


def test_numbers_count_up_and_nothing_is_overwritten(tmp_path):
    assert saved()[0].path.name == "orthogonal-toy-1"
    assert saved()[0].path.name == "orthogonal-toy-2"
    (tmp_path / "runs" / "orthogonal-toy-3").write_text("in the way")
    assert saved()[0].path.name == "orthogonal-toy-4"
    before = (tmp_path / "runs" / "orthogonal-toy-1" / "run.json").read_bytes()
    preset, training = begun()
    with pytest.raises(RunError, match="exists already"):
        RunWriter.create(preset, training.problem, tmp_path / "runs" / "orthogonal-toy-1")
    assert (tmp_path / "runs" / "orthogonal-toy-1" / "run.json").read_bytes() == before
    assert not list((tmp_path / "runs").glob(".*"))


def test_a_run_that_was_never_saved_opens_and_starts_anew():
    preset, training = begun()
    run = open_run(RunWriter.create(preset, training.problem).path)
    assert run.status == "running"
    assert run.checkpoint is None
    assert dict(run.series) == {}
    with pytest.raises(RunError, match="no trajectory yet"):
        _ = run.t


def test_a_creation_that_fails_leaves_nothing(tmp_path, monkeypatch):
    preset, training = begun()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("reluflow.store.run_directory.write_npz", full)
    with pytest.raises(RunError, match="No space left"):
        RunWriter.create(preset, training.problem, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_all_bytes_of_a_file_are_on_the_disc_before_it_has_its_name(tmp_path, monkeypatch):
    sizes = []
    monkeypatch.setattr(files.os, "fsync", lambda handle: sizes.append(os.fstat(handle).st_size))
    files.write_atomically(tmp_path / "some", lambda file: file.write(b"bytes"))
    assert sizes[0] == 5
    assert (tmp_path / "some").read_bytes() == b"bytes"


@pytest.mark.parametrize("stage", ["fsync", "replace"])
def test_a_save_that_fails_keeps_the_one_before(stage, monkeypatch):
    preset, training = begun()
    writer = RunWriter.create(preset, training.problem)
    training.advance(seconds=0.0)
    writer.save(training)
    kept = {path.name: path.read_bytes() for path in writer.path.iterdir()}
    finished(training)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files.os if stage == "fsync" else files.Path, stage, full)
        with pytest.raises(RunError, match="No space left"):
            writer.save(training)
    assert {path.name: path.read_bytes() for path in writer.path.iterdir()} == kept
    assert open_run(writer.path).checkpoint is not None


def test_an_open_run_stays_at_the_moment_it_was_opened():
    preset, training = begun()
    writer = RunWriter.create(preset, training.problem)
    training.advance(seconds=0.0)
    writer.save(training)
    run = open_run(writer.path)
    rows = len(training.recorder.series["t"])
    writer.save(finished(training))
    assert len(run.t) == len(run.loss) == rows
    assert len(open_run(writer.path).t) > rows


@pytest.mark.parametrize(
    ("method", "steps"),
    [
        *(pytest.param(method, 9, marks=pytest.mark.slow if method in ALIKE else ()) for method in METHODS),
        ("lorentz", 40),
        *(pytest.param(method, 40, marks=pytest.mark.slow) for method in METHODS if method != "lorentz"),
    ],
)
def test_resuming_gives_the_same_trajectory(method, steps):
    preset, straight = begun(method)
    finished(straight)
    _, first = begun(method)
    writer = RunWriter.create(preset, first.problem)
    for _ in range(steps):
        first.single_step()
    writer.save(first)
    run = open_run(writer.path)
    assert not describe(run)["damaged"]
    second = Training.from_preset(run.preset)
    second.restore(run.checkpoint)
    finished(second)
    assert second.solver.t == straight.solver.t
    assert second.solver.steps == straight.solver.steps
    assert np.array_equal(second.solver.state.weights, straight.solver.state.weights)
    assert np.array_equal(second.solver.state.output_weights, straight.solver.state.output_weights)


def test_complex_factors_of_a_jacobian_are_no_damage():
    preset, training = begun("radau")
    while training.checkpoint().get("solver/LU_complex/factor") is None:
        training.single_step()
    writer = RunWriter.create(preset, training.problem)
    writer.save(training)
    run = open_run(writer.path)
    assert not describe(run)["damaged"]
    resumed = Training.from_preset(run.preset)
    resumed.restore(run.checkpoint)
    for each in (training, resumed):
        each.single_step()
    assert np.array_equal(resumed.solver.state.weights, training.solver.state.weights)


def test_the_method_that_was_chosen_is_written_down():
    preset = load_preset("orthogonal-toy", FAST)
    assert "solver.method" not in preset.values
    training = Training.from_preset(preset)
    writer = RunWriter.create(preset, training.problem)
    writer.save(finished(training))
    writer.close()
    assert open_run(writer.path).preset.values["solver.method"] == training.method


def test_only_stop_and_record_may_change_when_a_run_goes_on():
    writer, _ = saved()
    run = open_run(writer.path)
    asked = load_preset("orthogonal-toy", {**FAST, "stop.loss": 1e-6, "stop.time": None, "record.series": 99})
    values = run.continued(asked).values
    assert values["stop.loss"] == 1e-6
    assert "stop.time" not in values
    assert values["record.series"] == 99
    for changes in ({"init.scale": 1e-4}, {"init.seed": 1}, {"solver.rtol": 1e-3}, {"network.width": 7}):
        other = load_preset("orthogonal-toy", {**FAST, **changes})
        with pytest.raises(RunError, match=next(iter(changes)).replace(".", r"\.")):
            run.continued(other)


def test_a_run_is_whole_without_the_files_it_was_made_from(tmp_path):
    (tmp_path / "points.csv").write_text("-0.5,-1\n2,1\n")
    np.savez(tmp_path / "start.npz", weights=[[0.1, 0.2], [0.3, -0.1]], output_weights=[0.1, -0.2])
    (tmp_path / "own.toml").write_text(
        "[data]\nkind = 'file'\npath = 'points.csv'\nbias = true\n"
        "[init]\nkind = 'file'\npath = 'start.npz'\n[stop]\nsteps = 3\n"
    )
    preset = load_preset("own.toml")
    training = Training.from_preset(preset)
    writer = RunWriter.create(preset, training.problem, tmp_path / "out")
    writer.save(finished(training))
    run = open_run(tmp_path / "out")
    assert run.continued(preset).values["stop.steps"] == 3
    (tmp_path / "points.csv").write_text("1,1\n")
    with pytest.raises(RunError, match=r"data\.path"):
        run.continued(preset)
    for name in ("points.csv", "start.npz", "own.toml"):
        (tmp_path / name).unlink()
    (tmp_path / "out").rename(tmp_path / "moved")
    moved = open_run(tmp_path / "moved")
    assert np.array_equal(moved.preset.problem().weights, training.problem.weights)
    assert moved.summary["run"] == str(tmp_path / "moved")


@pytest.mark.parametrize("name", ["preset.toml", "problem.npz", "trajectory.npz"])
@pytest.mark.parametrize("damage", ["empty", "cut", "noise"])
def test_a_damaged_directory_is_refused_in_one_sentence(name, damage):
    writer, _ = saved()
    path = writer.path / name
    content = path.read_bytes()
    bad = {"empty": b"", "cut": content[: len(content) // 2], "noise": b"\x93NUMPY" + bytes(range(256))}
    path.write_bytes(bad[damage])
    with pytest.raises(RunError) as caught:
        read_all(writer.path)
    assert "\n" not in str(caught.value)
    assert str(writer.path) in str(caught.value)


def test_a_summary_that_cannot_be_used_is_named_and_the_arrays_decide():
    writer, training = saved()
    for content, said in (
        ("{", r"\(line 1, column 2: found the end of the text\)"),
        ("[]", r"found \[\] in place of names and values"),
        ('{"status": "converged", "escapes": ["1"]}', "escapes are not as they are written"),
        ('{"status": "converged", "escapes": 1}', "escapes are not as they are written"),
        ('{"status": "converged", "saddles": [1]}', "saddles are not as they are written"),
        ('{"status": "converged", "reached_goal": 1}', "reached_goal is 1"),
        ('{"status": "converged", "host": "here"}', "the process that writes to it is not told"),
        ('{"status": "converged", "sums": []}', "sums are not as they are written"),
        ('{"status": "converged", "time": "1"}', "not a number"),
        ('{"status": "done"}', "status is .done."),
    ):
        (writer.path / "run.json").write_text(content)
        run = open_run(writer.path)
        assert any(re.search(rf"run\.json.*{said}", fault) for fault in run.faults), run.faults
        assert run.summary["time"] == training.solver.t


@pytest.mark.parametrize("name", ["held_out_inputs", "held_out_targets"])
def test_held_out_points_come_with_their_targets(name):
    writer, _ = saved()
    path = writer.path / "problem.npz"
    with np.load(path) as arrays:
        np.savez(path, **arrays, **{name: np.ones((2, 2) if name.endswith("inputs") else 2)})
    missing = {"held_out_inputs", "held_out_targets"} - {name}
    with pytest.raises(RunError, match=f"there is no array {missing.pop()}"):
        _ = open_run(writer.path).problem


def test_a_flipped_bit_in_an_array_is_noticed():
    writer, _ = saved()
    path = writer.path / "trajectory.npz"
    content = bytearray(path.read_bytes())
    at = content.find(b"snapshots/weights.npy") + 400
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"trajectory\.npz"):
        _ = open_run(writer.path).snapshots.weights


@pytest.mark.parametrize("kind", ["missing", "file", "foreign"])
def test_what_is_no_run_directory(tmp_path, kind):
    path = tmp_path / "other"
    if kind == "file":
        path.write_text("")
    elif kind == "foreign":
        path.mkdir()
    with pytest.raises(RunError, match=r"other.*expected"):
        open_run(path)


def test_a_directory_has_one_writer():
    writer, training = saved()
    run = open_run(writer.path)
    with pytest.raises(RunError, match="is being written"):
        RunWriter.reopen(run, run.preset)
    writer.close()
    RunWriter.reopen(run, run.preset).save(training)


def test_a_run_directory_stands_for_its_preset(tmp_path):
    writer, _ = saved()
    assert load_preset(writer.path).name == "orthogonal-toy"
    (writer.path / "run.json").write_text('{"preset": "../elsewhere"}')
    assert load_preset(writer.path).name == writer.path.name


def test_runs_are_found_by_number_under_any_name(tmp_path):
    for name in ("a[b]-2", "a[b]-10", "a[b]-x", "ab-3", "a[b]"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    assert [path.name for path in numbered_runs("a[b]")] == ["a[b]-2", "a[b]-10"]
    assert numbered_runs("other") == []


def test_a_check_stays_beside_the_very_run_that_was_checked(tmp_path):
    writer, training = begun_run(tmp_path / "run", 3)
    writer.note("check", {"loss": 1e-6})
    writer.save(training)
    before = (writer.path / "run.json").read_bytes()
    writer.close()
    stored = open_run(writer.path)
    writer, training = RunWriter.reopen(stored, stored.preset), resumed(stored, stored.preset)
    assert json.loads((writer.path / "run.json").read_text())["reached_goal"] is False
    writer.save(training)
    assert (writer.has_check, open_run(writer.path).summary["check"]) == (True, {"loss": 1e-6})
    training.single_step()
    writer.save(training)
    assert not writer.has_check
    (writer.path / "run.json").write_bytes(before)  # as if it was killed before that file was replaced
    assert "check" not in open_run(writer.path).summary
    writer.close()
