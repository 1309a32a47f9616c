"""Sweeps from the command line to their tables."""

import csv
import errno
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import call, one_sentence
from sweeps import ENDLESS, SMALL, same, sweep, table

import reluflow
from reluflow.errors import SweepError
from reluflow.store.preset import load_preset
from reluflow.sweep.axes import cell, parse_axis
from reluflow.sweep.grid import Grid
from reluflow.sweep.parts import Part
from reluflow.sweep.running import Shard, parse_shard, shard_of_slurm
from reluflow.sweep.solving import LONGEST_NAME, place_of
from reluflow.sweep.study import Study, planned
from reluflow.sweep.tables import CSV, PARQUET

COLUMNS = [
    *("status", "reason", "success", "time", "loss", "variation_norm", "nuclear_norm"),
    *("parameter_norm_squared", "rank", "saddles", "escape_times", "wall_seconds"),
]


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.setattr("reluflow.sweep.rows.table_names", lambda: (CSV, PARQUET))


def test_a_sweep_is_a_table_of_its_grid():
    done = call("sweep", *SMALL[:3], "--over", "init.seed=0:2", "--over", "init.scale=1e-3,4^-2",
                "--out", "out", "--jobs", "2", "--json")  # fmt: skip
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert (told["points"], told["rows"], told["missing"], told["solved"]) == (6, 6, 0, 6)
    assert told["statuses"] == {"converged": 6}
    columns = reluflow.open_sweep("out").table()
    assert list(columns) == ["number", "init.seed", "init.scale", *COLUMNS]
    assert columns["number"].tolist() == list(range(6))
    assert columns["init.seed"].tolist() == [0, 0, 1, 1, 2, 2]
    assert columns["init.scale"].tolist() == [1e-3, 4.0**-2] * 3
    assert columns["success"].all()
    with open("out/rows.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == 6
    assert load_preset("out/sweep.toml").values["network.width"] == 8


@pytest.mark.parametrize(
    ("preset", "settings"),
    [
        ("orthogonal-toy", {}),
        ("first-steps", {}),
        pytest.param("nonorthogonal-five-points", {"network.width": 40}, marks=pytest.mark.slow),
        pytest.param("three-points", {}, marks=pytest.mark.slow),
        pytest.param("wu-five-points", {}, marks=pytest.mark.slow),
        pytest.param("neuron-centred-10", {}, marks=pytest.mark.slow),
        ("orthogonal-toy", {"solver.method": "gd", "network.width": 4, "stop.steps": 3000}),
        ("orthogonal-toy", {"solver.method": "polar", "network.width": 4, "stop.loss": 0.3}),
    ],
)
def test_a_row_is_what_run_tells_to_the_last_bit(preset, settings):
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    sweep(preset, *words, "--over", "init.seed=3,5", "--out", "out", "--measure", "steps,events", jobs=1)
    rows = reluflow.open_sweep("out").table()
    for place, seed in enumerate((3, 5)):
        run = call("run", preset, *words, "--set", f"init.seed={seed}", "--json", "-q")
        told = json.loads(run.stdout)
        row = {name: rows[name][place] for name in rows}
        same_names = ("status", "reason", "time", "loss", "variation_norm", "nuclear_norm", "rank", "steps")
        for name in (*same_names, "events", "parameter_norm_squared"):
            assert row[name] == told[name], name
        assert row["saddles"] == len(told["saddles"])
        assert row["escape_times"] == ";".join(map(repr, told["escapes"]))


def test_measures_and_successes():
    names = "steps,loss,angle_to_gamma,verify:orthogonal/final-norm,verify:orthogonal/final-norm.state"
    sweep(
        *SMALL, "--over", "init.seed=0:3", "--out", "out", "--measure", names, "--success", "steps<=8 rank=2"
    )
    columns = reluflow.open_sweep("out").table()
    assert list(columns)[-4:] == [name for name in names.split(",") if name != "loss"]
    assert columns["success"].tolist() == ((columns["steps"] <= 8) & (columns["rank"] == 2)).tolist()
    assert np.all(columns["angle_to_gamma"] >= 0.0)
    assert set(columns["verify:orthogonal/final-norm.state"]) <= {
        "holds",
        "fails",
        "not yet",
        "does not apply",
    }


def test_with_weight_decay_there_is_an_objective():
    words = [*SMALL[:3], "--set", "stop.loss=none", "--set", "stop.time=20"]
    sweep(*words, "--over", "solver.weight_decay=0,0.01", "--out", "out")
    columns = reluflow.open_sweep("out").table()
    told = json.loads(call("run", *words, "--set", "solver.weight_decay=0.01", "--json", "-q").stdout)
    assert np.isnan(columns["objective"][0])
    assert columns["objective"][1] == told["objective"] > told["loss"] == columns["loss"][1]
    sweep(
        *words, "--set", "solver.weight_decay=0.01", "--over", "init.seed=0", "--theory-only", "--out", "no"
    )
    assert "without weight decay" in table("no")["reason"][0]


def test_a_fit_is_the_usual_success():
    sweep("orthogonal-mild-width", "--over", "init.seed=0:1", "--set", "stop.loss=none", "--out", "out")
    columns = reluflow.open_sweep("out").table()
    first = [load_preset("orthogonal-mild-width", {"init.seed": seed}).problem() for seed in (0, 1)]
    losses = [0.5 * np.mean(problem.targets**2) for problem in first]
    assert columns["success"].tolist() == [
        bool(a <= 1e-6 * b) for a, b in zip(columns["loss"], losses, strict=True)
    ]


def test_a_margin_that_is_reached_is_the_usual_success():
    changes = ("--set", "stop.loss=none", "--set", "stop.steps=60", "--set", "network.width=4")
    sweep("orthogonally-separable", "--over", "stop.margin=1e-3,9", *changes, "--out", "out")
    columns = reluflow.open_sweep("out").table()
    assert columns["success"].tolist() == [True, False]


def test_a_study_file_is_a_whole_sweep(tmp_path):
    text = load_preset("orthogonal-toy", {"network.width": 8, "stop.loss": 0.3}).to_toml()
    section = '[sweep]\nover = ["init.seed=0:3", "init.scale=1e-3,1e-2"]\nmeasures = ["steps"]\nlimit = 60\n'
    (tmp_path / "study.toml").write_text(f"{text}\n{section}")
    sweep("study.toml", "--over", "init.seed=7", "--out", "out")
    columns = reluflow.open_sweep("out").table()
    assert sorted(zip(columns["init.scale"], columns["init.seed"], strict=True)) == [(1e-3, 7), (1e-2, 7)]
    assert "steps" in columns
    again = call("sweep", "out/sweep.toml", "--out", "out", "--resume", "--json", "-q")
    assert json.loads(again.stdout)["solved"] == 0


def test_axes_grow_and_only_what_is_new_is_solved():
    sweep(*SMALL, "--over", "init.seed=2:4", "--out", "out")
    before = table("out")
    done = sweep(*SMALL, "--over", "init.seed=0:5", "--out", "out", "--resume", "--json")
    assert json.loads(done.stdout)["solved"] == 3
    after = table("out")
    assert after["init.seed"] == list(range(6))
    assert [after["time"][seed] for seed in (2, 3, 4)] == before["time"]
    done = sweep(*SMALL, "--over", "init.seed=1", "--out", "out", "--resume", "--json")
    assert json.loads(done.stdout)["solved"] == 0, "values that were there stay"


def test_files_that_a_study_names_are_copied(tmp_path):
    (tmp_path / "mine.csv").write_text("-0.5,1,-1\n2,1,1\n")
    text = '[data]\nkind = "file"\npath = "mine.csv"\n[network]\nwidth = 4\n[stop]\nsteps = 3\n'
    (tmp_path / "study.toml").write_text(text)
    sweep("study.toml", "--over", "init.seed=0:1", "--out", "deep/out")
    assert (tmp_path / "deep/out/data.csv").read_bytes() == (tmp_path / "mine.csv").read_bytes()
    sweep("study.toml", "--over", "init.seed=0:2", "--out", "deep/out", "--resume")
    (tmp_path / "mine.csv").write_text("-0.5,1,-1\n2,1,2\n")
    done = call("sweep", "study.toml", "--over", "init.seed=0:2", "--out", "deep/out", "--resume")
    assert "study with data.path" in done.stderr
    (tmp_path / "mine.csv").unlink()
    sweep("deep/out/sweep.toml", "--over", "init.seed=0:3", "--out", "deep/out", "--resume")
    assert table("deep/out")["status"] == ["steps"] * 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["three-points"], "study with data.inputs"),
        ([*SMALL, "--set", "network.width=9"], "study with network.width = 8, not 9"),
        ([*SMALL, "--method", "rk45"], "study with solver.method"),
        ([*SMALL, "--measure", "steps"], "study with measures"),
        ([*SMALL, "--success", "loss<1"], "study with success"),
        ([*SMALL, "--over", "data.bias=true"], "varies init.seed, not"),
    ],
)
def test_another_study_in_the_same_folder_is_refused(words, message):
    sweep(*SMALL, "--over", "init.seed=0", "--out", "out")
    before = table("out")
    done = call("sweep", *words, "--over", "init.seed=0:1", "--out", "out", "--resume")
    assert done.exit_code == 2
    assert one_sentence(done.stderr)
    assert message in done.stderr
    assert same(table("out"), before)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["orthogonal-toy"], "nothing to vary"),
        (["orthogonal-toy", "--over", "init.sed=1"], "did you mean init.seed"),
        (["orthogonal-toy", "--over", "init.seed=0:1", "--set", "init.seed=1"], "is set to 1 and varied"),
        (["orthogonal-toy", "--over", "init.seed=0:1", "--measure", "stepps"], "did you mean steps"),
        (["orthogonal-toy", "--over", "init.seed=0:1", "--measure", "verify:orthogonal/no"], "no measure"),
        (["orthogonal-toy", "--over", "init.seed=0:1", "--success", "los<1"], "did you mean loss"),
        (["orthogonal-toy", "--over", "init.seed=0:1", "--success", "status<1"], "it is text"),
        (["orthogonal-toy", "--over", "init.seed=0:1", "--success", "success=true"], "there is no"),
        (["orthogonal-toy", "--over", "init.seed=0:1", "--limit", "0"], "number of seconds above 0"),
        (["orthogonal-toy", "--over", "init.seed=0:1", "--retry", "fialed"], "expected how runs ended"),
        (["orthogonal-toy", "--over", "init.seed=0:1", "--shard", "3/2"], "expected I/N"),
        (["orthogonal-toy", "--over", "init.seed=0:1", "--resume"], "nothing of that name"),
        (["orthogonal-toy", "--over", "data.samples=3,4"], "means nothing where data.kind is points"),
        (["no-such-preset", "--over", "init.seed=0:1"], "there is no preset"),
    ],
)
def test_bad_usage_is_one_sentence_and_writes_nothing(words, message, tmp_path):
    done = call("sweep", *words, "--out", "out")
    assert done.exit_code == 2
    assert one_sentence(done.stderr)
    assert message in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_is_never_overwritten(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    for words in ([], ["--resume"], ["--shard", "1/1"]):
        done = call("sweep", *SMALL, "--over", "init.seed=0", "--out", "out", *words)
        assert done.exit_code == 2
        assert one_sentence(done.stderr)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_what_cannot_be_run_is_a_row_and_is_tried_again_if_wanted():
    """Values that are fine alone and not together."""
    words = [*SMALL, "--set", "network.width=4"]
    axes = ["--over", "solver.method=lorentz,polar", "--over", "init.kind=balanced,dominated"]
    sweep(*words, *axes, "--out", "out")
    columns = table("out")
    assert columns["status"] == ["converged", "converged", "converged", "failed"]
    assert "solver.method is polar where init.kind is dominated" in columns["reason"][3]
    assert columns["success"] == [True, True, True, False]
    assert np.isnan(columns["loss"][3])
    done = sweep(*words, *axes, "--out", "out", "--resume", "--json")
    assert json.loads(done.stdout)["solved"] == 0
    done = sweep(*words, *axes, "--out", "out", "--retry", "failed", "--json")
    assert json.loads(done.stdout)["solved"] == 1
    assert same(table("out"), columns)


def test_an_overdue_run_is_a_row():
    sweep(*ENDLESS, "--over", "init.seed=0:2", "--limit", "0.05", "--out", "out")
    columns = table("out")
    assert columns["status"] == ["wall"] * 3
    assert all(loss > 0.0 for loss in columns["loss"])


def test_shards_are_one_table():
    sweep(*SMALL, "--over", "init.seed=0:4", "--out", "whole", jobs=2)
    for number in (2, 1):
        done = sweep(*SMALL, "--over", "init.seed=0:4", "--out", "out", "--shard", f"{number}/2", "--json")
        assert json.loads(done.stdout)["solved"] == {1: 3, 2: 2}[number]
    assert same(table("out"), table("whole"))
    sweep(*SMALL, "--over", "init.seed=0:4", "--out", "out", "--resume")
    assert same(table("out"), table("whole"))


def test_a_task_of_a_slurm_array_is_a_shard(monkeypatch):
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "14")
    monkeypatch.setenv("SLURM_ARRAY_TASK_MIN", "10")
    monkeypatch.setenv("SLURM_ARRAY_TASK_STEP", "2")
    monkeypatch.setenv("SLURM_ARRAY_TASK_COUNT", "3")
    done = call("sweep", *SMALL, "--over", "init.seed=0:5", "--out", "out", "--jobs", "1")
    assert "shard 3/3, by SLURM_ARRAY_TASK_ID" in done.stderr
    assert table("out")["init.seed"] == [2, 5]
    with pytest.raises(SweepError, match="expected integers"):
        shard_of_slurm({"SLURM_ARRAY_TASK_ID": "1"})
    assert shard_of_slurm({}) is None
    told = {"ID": "9", "MIN": "1", "STEP": "4", "COUNT": "3"}
    for most in ({}, {"MAX": "9"}, {"MAX": "10"}):  # of the array 1-10:4
        assert shard_of_slurm(slurm(told | most)) == Shard(3, 3)
    assert parse_shard(" 2/3 ").of(np.arange(7)).tolist() == [1, 4]


def slurm(told):
    return {f"SLURM_ARRAY_TASK_{name}": text for name, text in told.items()}


@pytest.mark.parametrize(
    "told",
    [
        {"ID": "7", "MIN": "1", "STEP": "5", "COUNT": "3"},  # the ids are 1, 6 and 11
        {"ID": "99", "MIN": "1", "STEP": "1", "COUNT": "3"},
        {"ID": "0", "MIN": "1", "STEP": "1", "COUNT": "3"},
        *({"ID": id, "MIN": "1", "STEP": "1", "COUNT": "3", "MAX": "7"} for id in "137"),
        {"ID": "1", "MIN": "1", "STEP": "0", "COUNT": "3"},
        {"ID": "0", "MIN": "0", "STEP": "1", "COUNT": "0"},
    ],
)
def test_what_is_no_task_of_an_even_array_solves_nothing(told):
    with pytest.raises(SweepError, match="no task of an array of even steps") as refused:
        shard_of_slurm(slurm(told))
    assert one_sentence(f"reluflow: {refused.value}\n")
    assert all(f"{name} {text}" in str(refused.value) for name, text in told.items())


def test_a_dry_run_knows_what_is_in_the_folder(tmp_path):
    axes = ["--over", "init.seed=0:2"]
    sweep(*SMALL, *axes, "--out", "out", "--limit", "50")
    before = {path.name: path.read_bytes() for path in Path("out").iterdir()}

    def told(*words):
        return call("sweep", *SMALL, *words, "--out", "out", "--dry-run", "--json")

    assert "expected a new folder, or --resume" in told(*axes).stderr
    assert "is a study with network.width" in told(*axes, "--set", "network.width=9", "--resume").stderr
    for words, runs in ([axes, 0], [["--over", "init.seed=0:6"], 4], [[*axes, "--retry", "converged"], 3]):
        done = json.loads(told(*words, "--resume").stdout)
        assert (done["runs"], done["rows"]) == (runs, 3)
    assert json.loads(told("--over", "init.seed=0:6", "--shard", "1/2").stdout)["runs"] == 2
    done = call("sweep", *SMALL, *axes, "--out", "out", "--dry-run", "--resume")
    assert done.stdout == "0 runs over init.seed; 3 of 3 have a row\n"
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == before


def test_a_dry_run_says_how_much_and_writes_nothing(tmp_path):
    done = call("sweep", *SMALL, "--over", "init.seed=0:99", "--dry-run", "--json", "--jobs", "2")
    told = json.loads(done.stdout)
    assert (told["runs"], told["jobs"], told["sampled"], told["at_least"]) == (100, 2, 5, False)
    assert told["seconds"] == pytest.approx(50 * told["seconds_per_run"])
    assert 100 * 100 < told["bytes"] < 100 * 1000
    assert list(tmp_path.iterdir()) == []
    assert "100 runs over init.seed" in call("sweep", *SMALL, "--over", "init.seed=0:99", "--dry-run").stdout


def test_runs_are_kept_if_wanted():
    sweep(*SMALL, "--over", "init.seed=0:1", "--out", "out", "--keep")
    run = reluflow.open_run("out/runs/init.seed=1")
    assert run.preset.name == "orthogonal-toy"
    assert run.summary["time"] == table("out")["time"][1]
    assert run.checkpoint is not None


def test_the_working_folder_is_no_new_one(tmp_path):
    refused = call("sweep", *SMALL, "--over", "init.seed=0:1", "--out", ".")
    assert refused.exit_code == 2
    assert refused.stderr == "reluflow: . is the working folder; expected a new folder, such as sweep\n"
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_solved_again_is_kept_in_place_of_the_one_before():
    axes = ["--over", "init.seed=0:1", "--out", "out", "--keep"]
    sweep(*SMALL, *axes)
    rows = table("out")
    Path(
        "out/rows.csv"
    ).unlink()  # as of a sweep that was killed before it wrote the rows of runs that it kept
    sweep(*SMALL, *axes, "--resume")
    assert same(table("out"), rows)
    sweep(*SMALL, *axes, "--retry", "converged")
    assert same(table("out"), rows)
    assert sorted(os.listdir("out/runs")) == ["init.seed=0", "init.seed=1"]


@pytest.mark.parametrize(
    ("axis", "name"),
    [
        ("data.targets=[1,-1]", r"data\.targets=\[1\.0,-1\.0\]"),
        ("stop.loss,init.scale=(none,1e-3)", r"stop\.loss=,init\.scale=0\.001"),
        (
            "data.inputs=[" + ",".join(["[1,0]", "[0,2]"] * 9) + "]",
            r"data\.inputs=\[\[1\.0,0\.0\],.*-[0-9a-f]{16}",
        ),
        ("init.path='a b/c.npz'", r"init\.path=.*%2Fa%20b%2Fc\.npz(-[0-9a-f]{16})?"),
    ],
)
def test_kept_runs_are_named_after_their_values(axis, name, tmp_path, monkeypatch):
    monkeypatch.setattr("reluflow.sweep.axes.typed", lambda path: f"/{path}")
    study = Study(load_preset("orthogonal-toy"), Grid((parse_axis(axis),)))
    place = place_of(tmp_path, study, 0)
    assert re.fullmatch(name, place.name)
    assert len(place.name) <= LONGEST_NAME
    older = hashlib.sha256(
        ",".join(f"{key}={cell(value)}" for key, value in study.grid.changes(0).items()).encode()
    )
    (tmp_path / older.hexdigest()[:16]).mkdir()
    assert place_of(tmp_path, study, 0) == tmp_path / older.hexdigest()[:16]


def test_help_says_how_axes_are_written():
    done = call("sweep", "--help")
    assert done.exit_code == 0
    assert re.search(r"Usage: .*sweep +\[OPTIONS\] \{?PRESET", done.stdout)
    assert "4^2:4^-13" in done.stdout


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ('over = ["init.seed=0:3"]\nmeasures = ["steps"]', None),
        ('over = ["init.seed=0:3:2"]', "is no range"),
        ('over = ["init.seed=0:3"]\nmeasures = ["stepps"]', "did you mean steps"),
        ("over = []", "nothing to vary"),
    ],
)
def test_the_section_of_a_preset_is_checked_with_it(section, message, tmp_path):
    text = load_preset("orthogonal-toy", {"network.width": 8}).to_toml()
    (tmp_path / "study.toml").write_text(f"{text}\n[sweep]\n{section}\n")
    done = call("presets", "check", "study.toml")
    assert done.exit_code == (0 if message is None else 2)
    assert message is None or (message in done.stderr and one_sentence(done.stderr))


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted")
def test_a_folder_that_is_deleted_meanwhile_is_told(tmp_path):
    part = Part(tmp_path, planned("orthogonal-toy", ["init.seed=0:9"]))
    part.add([["x"]])
    next(tmp_path.glob("part-*")).unlink()
    with pytest.raises(SweepError, match="was deleted while rows are written"):
        part.add([["x"]])
    part.close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of files")
def test_rows_that_have_no_room_are_one_sentence(tmp_path):
    import resource

    def fill():
        for _ in range(9):
            part.add([["x" * 499]])

    part = Part(tmp_path, planned("orthogonal-toy", ["init.seed=0:9"]))
    size, limits = resource.RLIMIT_FSIZE, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(size, (3000, limits[1]))  # as on a full disc the buffer stays full as well
    try:
        for write in (fill, part.close):
            with pytest.raises(SweepError, match="expected room and leave to write"):
                write()
    finally:
        resource.setrlimit(size, limits)


def test_a_full_disc_ends_it_in_one_sentence(monkeypatch):
    fsync = os.fsync

    def full(handle):
        if Path("out/sweep.toml").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", full)
    done = call("sweep", *SMALL, "--over", "init.seed=0:3", "--out", "out", "-q")
    assert done.exit_code == 1
    assert one_sentence(done.stderr)
    assert "No space left" in done.stderr
    assert "resume with" in done.stderr
    monkeypatch.setattr(os, "fsync", fsync)
    sweep("out/sweep.toml", "--out", "out", "--resume")
    assert table("out")["status"] == ["converged"] * 4


@pytest.mark.skipif(sys.platform == "win32", reason="bash")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("reluflow sweep s", {"show", "status", "simplicity-bias"}),
        ("reluflow sweep orthogonal-toy --sha", {"--shard"}),
        ("reluflow sweep show --whe", {"--where"}),
    ],
)
def test_the_shell_completes_commands_presets_and_options(line, offered):
    environment = {
        "_RELUFLOW_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(line.count(" ")),
    }
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv[0] = 'reluflow'; from reluflow.cli import main; main()"],
        env={**os.environ, **environment}, capture_output=True, text=True,
    )  # fmt: skip
    assert offered <= set(done.stdout.split())
