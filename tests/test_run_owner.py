"""Who writes to a run directory: what its status is, which file decides, and what a killed process leaves."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from reluflow.errors import RunError
from reluflow.store import files, owner, run_summary
from reluflow.store.leftovers import delete_unfinished, new_folder
from reluflow.store.owner import Owner, is_gone
from reluflow.store.preset import load_preset
from reluflow.store.run_directory import RunWriter, open_run
from reluflow.training.training import Training

FAST = {"network.width": 8, "init.scale": 1e-3, "stop.loss": 0.3, "solver.method": "polar"}


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def begun():
    preset = load_preset("orthogonal-toy", FAST)
    training = Training.from_preset(preset)
    return training, RunWriter.create(preset, training.problem)


def on_its_way():
    training, writer = begun()
    training.advance(seconds=0.0)
    writer.save(training)
    return training, writer


def finish(training):
    while training.status == "running":
        training.advance(seconds=1.0)
    return training


def content(path):
    return json.loads((path / "run.json").read_bytes())


def owned_by(path, owner):
    """run.json as if another process wrote to the directory."""
    held = content(path)
    summary = run_summary.summary_of(held) | {"status": "running"}
    (path / "run.json").write_text(run_summary.written(summary, owner, held["sums"]))


@pytest.fixture
def gone():
    """A process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    owner = replace(Owner.this(), process=child.pid)
    child.wait()
    return owner


def test_a_run_that_is_written_to_is_running():
    _, writer = on_its_way()
    held = content(writer.path)
    assert (held["host"], held["process"]) == (os.uname().nodename, os.getpid())
    assert open_run(writer.path).status == "running"
    assert open_run(writer.path).has_writer


def test_one_that_was_left_is_interrupted():
    _, writer = on_its_way()
    writer.close()
    run = open_run(writer.path)
    assert (run.status, run.unfinished) == ("interrupted", True)
    assert run.summary["reason"] == content(writer.path)["reason"] == "it was left before its end"
    assert content(writer.path)["host"] is None


def test_one_whose_process_is_gone_is_interrupted(gone):
    _, writer = on_its_way()
    owned_by(writer.path, gone)
    run = open_run(writer.path)
    assert (run.status, run.unfinished, run.has_writer) == ("interrupted", True, False)
    assert run.summary["status"] == "interrupted"
    assert "ended before the run did" in run.summary["reason"]


def test_a_number_that_was_given_anew_is_another_process():
    _, writer = on_its_way()
    this = Owner.this()
    owned_by(writer.path, replace(this, started=this.started + 1))
    assert open_run(writer.path).status == "interrupted"


def test_of_another_host_nothing_is_known():
    _, writer = on_its_way()
    owned_by(writer.path, replace(Owner.this(), host="elsewhere"))
    run = open_run(writer.path)
    assert (run.status, run.unfinished) == ("unknown", True)


def test_of_a_directory_from_before_nothing_is_known():
    _, writer = on_its_way()
    path = writer.path
    (path / "run.json").write_text(json.dumps({"preset": "orthogonal-toy", "status": "running", "time": 1.0}))
    with np.load(path / "trajectory.npz") as archive:
        np.savez(path / "trajectory.npz", **{name: archive[name] for name in archive if name != "summary"})
    run = open_run(path)
    assert (run.status, run.summary["time"], run.faults) == ("unknown", 1.0, [])
    assert finish(Training.from_preset(run.preset)).status == "converged"


def test_a_newer_format_is_refused():
    _, writer = on_its_way()
    held = content(writer.path) | {"format": run_summary.FORMAT + 1, "sum": "of another kind"}
    (writer.path / "run.json").write_text(json.dumps(held))
    with pytest.raises(RunError, match="written by a newer reluflow; expected at most"):
        open_run(writer.path)


def test_the_arrays_decide_where_the_summary_is_another(gone):
    """A process may be killed after trajectory.npz was replaced and before run.json was."""
    training, writer = on_its_way()
    before = (writer.path / "run.json").read_bytes()
    writer.save(finish(training))
    (writer.path / "run.json").write_bytes(before)
    owned_by(writer.path, gone)
    run = open_run(writer.path)
    assert run.status == "converged"
    assert run.summary["time"] == run.t[-1] == training.solver.t
    writer.close()
    RunWriter.reopen(run, run.preset).close()
    assert content(writer.path)["time"] == training.solver.t
    assert content(writer.path)["status"] == "converged"


def test_what_a_killed_process_left_is_deleted_by_the_next_that_writes(gone):
    training, writer = on_its_way()
    writer.close()
    begun = writer.path.parent / f".new-run-{gone.tag}-0123456789ab"
    begun.mkdir()
    left = [".trajectory.npz.0123456789ab.tmp", ".run.json.ba9876543210.tmp", ".preset.toml.000000000000.tmp"]
    kept = [".trajectory.npz.tmp", ".notes.txt.0123456789ab.tmp", "notes.txt"]
    for name in (*left, *kept):
        (writer.path / name).write_text("")
    run = open_run(writer.path)
    _ = run.t, run.checkpoint
    assert all((writer.path / name).exists() for name in left), "a reader deletes nothing"
    again = RunWriter.reopen(run, run.preset)
    assert not any((writer.path / name).exists() for name in left)
    assert not begun.exists()
    assert all((writer.path / name).exists() for name in kept)
    again.save(training)


def test_who_may_not_write_deletes_nothing():
    _, writer = on_its_way()
    left = writer.path / ".trajectory.npz.0123456789ab.tmp"
    left.write_text("")
    run = open_run(writer.path)
    with pytest.raises(RunError, match="is being written"):
        RunWriter.reopen(run, run.preset)
    assert left.exists()


def test_directories_that_were_being_made_are_deleted(tmp_path, gone):
    mine = new_folder(tmp_path)
    theirs = tmp_path / f".new-run-{gone.tag}-0123456789ab"
    remote = tmp_path / f".new-run-{replace(gone, host='elsewhere').tag}-0123456789ab"
    other = tmp_path / ".new-run-of-mine"
    for path in (theirs, remote, other):
        path.mkdir()
        (path / "problem.npz").write_text("")
    delete_unfinished(tmp_path)
    assert [path.exists() for path in (mine, theirs, remote, other)] == [True, False, True, True]


@pytest.mark.parametrize(
    ("answer", "alive"), [(None, True), (ProcessLookupError(), False), (PermissionError(), True)]
)
def test_where_no_starts_are_told_a_signal_that_does_nothing_asks(answer, alive, monkeypatch):
    """One that may not be sent shows that there is a process, of somebody else."""
    sent = []

    def kill(process, number):
        sent.append((process, number))
        if answer is not None:
            raise answer

    monkeypatch.setattr(owner, "sys", SimpleNamespace(platform="darwin"))
    monkeypatch.setattr(os, "kill", kill)
    assert replace(Owner.this(), process=12345).alive() is alive
    assert sent == [(12345, 0)]


@pytest.mark.parametrize("tag", ["", "-", "a-b-c", "1", "{mine}-1", "{mine}"])
def test_nothing_else_is_the_tag_of_a_process_that_is_gone(tag):
    assert not is_gone(tag.format(mine=Owner.this().tag))


def test_a_preset_that_is_replaced_is_never_taken_for_an_edited_one(monkeypatch):
    """Whichever of the two files was written last when the process was killed."""
    training, writer = on_its_way()
    writer.close()
    run = open_run(writer.path)
    changed = run.preset.with_values({"record.series": 99})
    write, seen = files.Path.replace, []

    def watched(path, target):
        done = write(path, target)
        seen.append((target.name, open_run(writer.path).faults))
        return done

    monkeypatch.setattr(files.Path, "replace", watched)
    RunWriter.reopen(run, changed).save(training)
    assert {name for name, _ in seen} == {"preset.toml", "run.json", "trajectory.npz"}
    assert all(faults == [] for _, faults in seen)
    (writer.path / "preset.toml").write_text((writer.path / "preset.toml").read_text() + "\n# mine\n")
    assert "edited by hand" in open_run(writer.path).faults[0]
