"""Sweeps that are killed, interrupted, that lose their workers, and whose files are damaged."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from commands import COMMAND, call, one_sentence
from sweeps import ENDLESS, SMALL, same, sweep, table

import reluflow
from reluflow.sweep.processes import Processes
from reluflow.sweep.running import SweepRun
from reluflow.sweep.study import begin, planned
from reluflow.sweep.tables import CSV, PARQUET

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs signals")

AXES = ["--over", "init.seed=0:29"]
POLL = 0.005


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.setattr("reluflow.sweep.rows.table_names", lambda: (CSV, PARQUET))


def rows_on_disc(folder):
    return sum(path.read_text().count("\n") - 1 for path in Path(folder).glob("part-*.csv"))


def started(*words):
    """A sweep in a process of its own, once some of its rows are on the disc."""
    process = subprocess.Popen(
        [*COMMAND, "sweep", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while rows_on_disc("out") < 3:
        assert process.poll() is None, process.stderr.read()
        time.sleep(POLL)
    return process


def test_a_sweep_that_is_killed_goes_on_to_the_same_table():
    sweep(*SMALL, *AXES, "--out", "whole")
    process = started(*SMALL, *AXES, "--out", "out", "--jobs", "2", "-q")
    process.kill()
    process.communicate(timeout=60)
    part = max(Path("out").glob("part-*.csv"))
    held = rows_on_disc("out")
    part.write_text(part.read_text() + '29,converged,"torn')
    assert reluflow.open_sweep("out").missing == 30 - held
    done = sweep(*SMALL, *AXES, "--out", "out", "--resume", "--json", jobs=2)
    assert json.loads(done.stdout)["solved"] == 30 - held
    assert same(table("out"), table("whole"))
    assert sorted(path.name for path in Path("out").iterdir()) == ["rows.csv", "sweep.toml"]


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        *(pytest.param(each, marks=pytest.mark.slow) for each in (signal.SIGTERM, signal.SIGHUP)),
    ],
)
def test_a_signal_ends_a_sweep_in_order(number):
    """A run that would not end by itself is given up, and the rows so far are kept."""
    process = started(*ENDLESS, "--over", "stop.steps=1,2,3,none", "--out", "out", "--jobs", "1", "--json")
    process.send_signal(number)
    out, narration = process.communicate(timeout=60)
    assert process.returncode == 128 + number, narration
    told = json.loads(out)
    assert (told["rows"], told["missing"], told["statuses"]) == (3, 1, {"steps": 3})
    assert table("out")["stop.steps"] == [1, 2, 3]
    name = signal.Signals(number).name
    assert f"interrupted by {name}; every row is kept; resume with: reluflow sweep out/sweep" in narration
    words = ["--limit", "0.05", "--out", "out", "--resume", "--json"]
    assert json.loads(sweep("out/sweep.toml", *words).stdout)["statuses"] == {"steps": 3, "wall": 1}


def test_a_signal_does_not_wait_for_runs_to_end():
    process = subprocess.Popen(
        [*COMMAND, "sweep", *ENDLESS, "--over", "init.seed=0:9", "--out", "out", "--jobs", "2"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "10 runs to solve" in process.stderr.readline()
    process.terminate()
    _, narration = process.communicate(timeout=60)
    assert process.returncode == 143, narration
    assert "resume with: reluflow sweep out/sweep.toml --out out --resume" in narration


def test_a_worker_that_dies_is_a_row():
    study = begin(Path("out"), planned(ENDLESS[0], ["init.seed=0:2"], endless()))
    run = SweepRun(Path("out"), study)
    executor = Processes(study, 1)
    killed = []

    def kill(_):
        for worker in executor.workers:
            if worker.is_ready and worker.process.pid not in killed:
                os.kill(worker.process.pid, signal.SIGKILL)
                killed.append(worker.process.pid)

    run.solve(executor, lambda: False, kill)
    run.close()
    assert len(set(killed)) == 3
    columns = table("out")
    assert columns["status"] == ["failed"] * 3
    assert set(columns["reason"]) == {"the process that solved it ended by signal 9"}
    assert executor.workers == []


def endless():
    return {"network.width": 8, "stop.loss": None, "stop.time": None, "solver.method": "gd",
            "solver.learning_rate": 1e-7}  # fmt: skip


def test_a_step_that_cannot_be_given_up_is_overdue(monkeypatch):
    """The worker is ended some seconds after the limit of its run."""
    monkeypatch.setattr("reluflow.sweep.processes.GRACE", -1e9)
    study = begin(Path("out"), planned(ENDLESS[0], ["init.seed=0:1"], endless(), limit=1e6))
    run = SweepRun(Path("out"), study)
    run.solve(Processes(study, 1), lambda: False, lambda _: None)
    run.close()
    columns = table("out")
    assert columns["status"] == ["wall"] * 2
    assert "ended after 1e+06 seconds" in columns["reason"][0]


def test_two_sweeps_do_not_write_to_one_folder():
    study = begin(Path("out"), planned(SMALL[0], ["init.seed=0:1"]))
    run = SweepRun(Path("out"), study)
    done = call("sweep", SMALL[0], "--over", "init.seed=0:1", "--out", "out", "--resume")
    assert done.exit_code == 2
    assert one_sentence(done.stderr)
    assert "is being written" in done.stderr
    run.close()


@pytest.fixture(scope="module")
def five_rows(tmp_path_factory):
    """A sweep that has ended, which tests get copies of."""
    folder = tmp_path_factory.mktemp("swept") / "out"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("reluflow.sweep.rows.table_names", lambda: (CSV, PARQUET))
        sweep(*SMALL, "--over", "init.seed=0:4", "--out", str(folder))
    return folder


@pytest.mark.parametrize("name", ["rows.csv", "part-000001-elsewhere.csv"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("converged", "con\nverged", 1),
        lambda text: text.replace("init.seed", "init.sed", 1),
        lambda text: text.replace(",", "\x00,", 3),
        lambda text: "",
        lambda text: text[: len(text) // 2] + "\n" + text[len(text) // 2 :],
    ],
)
def test_damaged_rows_are_told_and_solved_again(name, damage, five_rows):
    shutil.copytree(five_rows, "out")
    whole = table("out")
    text = Path("out/rows.csv").read_text()
    Path("out/rows.csv").rename(f"out/{name}")
    Path(f"out/{name}").write_text(damage(text))
    kept = reluflow.open_sweep("out")
    rows = kept.table()
    assert len(kept.troubles) == 1
    assert f"{name}: damaged" in kept.troubles[0]
    assert set(rows["number"]) < set(range(5))
    words = ["--out", "out", "--resume", "--jobs", "1", "--json", "-q"]
    done = call("sweep", *SMALL, "--over", "init.seed=0:4", *words)
    assert done.exit_code == 0
    assert one_sentence(done.stderr)
    assert json.loads(done.stdout)["missing"] == 0
    assert same(table("out"), whole)
    assert Path(f"out/{name}.damaged").read_text() == damage(text), "nothing is lost"
    assert reluflow.open_sweep("out").rows.troubles == []


def test_a_cell_that_is_no_number_is_left_out():
    sweep(*SMALL, "--over", "init.seed=0:1", "--out", "out")
    file = Path("out/rows.csv")
    file.write_text(file.read_text().replace(",true,", ",true,x", 1))
    opened = reluflow.open_sweep("out")
    assert np.isnan(opened.table()["time"]).tolist() == [True, False]
    assert "cells of time are no numbers" in opened.troubles[0]


@pytest.mark.parametrize("word", ["abc", "1.5;", "1.2.3", "1;;2"])
def test_a_cell_that_is_no_times_is_left_out(word):
    sweep(*SMALL, "--over", "init.seed=0:1", "--out", "out")
    file, times = Path("out/rows.csv"), table("out")["escape_times"]
    file.write_text(file.read_text().replace(f",{times[0]},", f",{word},", 1))
    opened = reluflow.open_sweep("out")
    assert opened.table()["escape_times"].tolist() == ["", times[1]]
    assert "cells of escape_times are no times" in opened.troubles[0]


@pytest.mark.parametrize("text", ["", "[sweep]\nover = ['init.seed=']", "title = 3", "[sweep"])
def test_a_damaged_study_is_one_sentence(text, five_rows):
    shutil.copytree(five_rows, "out")
    Path("out/sweep.toml").write_text(text)
    done = call("sweep", *SMALL, "--over", "init.seed=0:1", "--out", "out", "--resume")
    assert done.exit_code == 2
    assert one_sentence(done.stderr)
    assert Path("out/rows.csv").read_text().count("\n") == 6


def test_what_a_killed_process_left_of_a_folder_is_deleted(tmp_path):
    gone = subprocess.run(
        [sys.executable, "-c", "from pathlib import Path; from reluflow.store.leftovers import new_folder\n"
         "print(new_folder(Path('.')))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (tmp_path / gone.stdout.strip()).is_dir()
    sweep(*SMALL, "--over", "init.seed=0", "--theory-only", "--out", "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
