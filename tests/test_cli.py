"""The command line as a shell sees it: stdout, one sentence on stderr, the exit code, the files."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from commands import FAST, call, one_sentence, shell

from reluflow.cli.completion import methods, preset_names, settings, themes
from reluflow.cli.report import report
from reluflow.store.locations import preset_files, shipped_presets
from reluflow.store.preset import Preset
from reluflow.store.run_directory import RunWriter, open_run


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")


def test_help_needs_nothing_heavy():
    code = (
        "import sys\n"
        "from reluflow.cli.app import app\n"
        "try:\n    app(['--help'])\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        "print([name for name in ('numpy', 'scipy', 'textual', 'rich', 'plotext') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_run_never_needs_the_app():
    code = (
        "import sys\n"
        "from reluflow.cli.app import app\n"
        f"try:\n    app({['run', 'orthogonal-toy', *FAST, '--json', '-q']!r})\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        "print([name for name in ('textual', 'plotext', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_completion_offers_keys_without_numpy():
    environment = {
        **os.environ,
        "_RELUFLOW_COMPLETE": "complete_bash",
        "COMP_WORDS": "reluflow run toy --set solver.me",
        "COMP_CWORD": "4",
    }
    code = (
        "import sys\nimport reluflow.cli\n"
        "try:\n    reluflow.cli.main()\nexcept SystemExit:\n    pass\n"
        "print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    *offered, numpy_loaded = done.stdout.split()
    assert {"solver.method=", "solver.method=lorentz"} <= set(offered)
    assert numpy_loaded == "False"


def test_completions():
    assert [word for word, _ in settings("init.s")] == ["init.scale=", "init.seed="]
    assert [word for word, _ in settings("solver.loss=h")] == ["solver.loss=half-mse"]
    assert [word for word, _ in settings("data.bias=")] == ["data.bias=true", "data.bias=false"]
    assert preset_names("orthogonal-t") == ["orthogonal-toy"]
    assert "polar" in methods("p")
    assert themes("nor") == ["nord"]
    assert {"textual-dark", "textual-light"} <= set(themes("textual-"))


def test_json_is_one_object_with_the_keys_that_scripts_rely_on(tmp_path):
    done = shell("run", "orthogonal-toy", *FAST, "--json")
    assert done.returncode == 0
    summary = json.loads(done.stdout, parse_constant=pytest.fail)
    assert {
        *("preset", "status", "reason", "time", "loss", "steps", "events", "wall_seconds", "method", "run"),
        *("variation_norm", "nuclear_norm", "parameter_norm_squared", "rank", "escapes", "saddles"),
    } <= summary.keys()
    assert summary["preset"] == "orthogonal-toy"
    assert summary["status"] == "converged"
    assert summary["loss"] <= 0.3
    assert summary["run"] == "runs/orthogonal-toy-1"
    assert json.loads((tmp_path / summary["run"] / "run.json").read_text()) == summary
    keys = {"start", "end", "loss", "escape_rate", "fitted", "large", "effective_width"}
    assert keys == summary["saddles"][0].keys()
    assert summary["escapes"] == [each["end"] for each in summary["saddles"] if each["end"] is not None] != []
    run = open_run(summary["run"])
    weights, outputs = run.snapshots.weights[-1], run.snapshots.output_weights[-1]
    singular = np.linalg.svd(weights, compute_uv=False)
    assert summary["nuclear_norm"] == pytest.approx(singular.sum())
    assert summary["rank"] == np.count_nonzero(singular > 1e-6 * singular[0])
    assert summary["parameter_norm_squared"] == pytest.approx(np.sum(weights**2) + np.sum(outputs**2))


def test_without_json_the_end_is_told_in_words():
    done = call("run", "orthogonal-toy", *FAST, "--quiet")
    assert done.exit_code == 0
    assert "converged" in done.stdout
    assert "runs/orthogonal-toy-1" in done.stdout
    assert done.stderr == ""


def test_a_run_that_falls_short_of_its_goal_ends_with_one():
    done = call("run", "orthogonal-toy", *FAST, "--set", "stop.time=0.5", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["status"] == "time"
    assert open_run("runs/orthogonal-toy-1").status == "time"


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--set", "network.width=1000000000"], ["network.width", "1000000000", "GB", "expected"]),
        (["--set", "network.width=0"], ["--set", "network.width is 0", "of at least 1"]),
        (["--set", "netwrk.width=3"], ["netwrk.width", "did you mean network.width?"]),
        (["--set", "network.width"], ["'='", "section.key=value"]),
        (["--set", "data.inputs=[nan, 1]"], ["data.inputs[0, 0] is nan"]),
        (["--set", "data.samples=3"], ["orthogonal-toy.toml", "data.samples is 3", "data.kind is points"]),
        (["--set", "data.kind=file", "--set", "data.path=no.csv"], ["data.path", "no.csv"]),
        (["--method", "euler"], ["--method", "euler", "polar"]),
        (["--method", "polar", "--set", "init.kind=unbalanced"], ["polar", "unbalanced"]),
        (["--out", "taken"], ["taken", "exists already"]),
        (["--out", "taken/file/run"], ["taken/file", "cannot be written"]),
        (["--resume"], ["runs/orthogonal-toy-<n>"]),
        (["--resume", "--out", "taken"], ["taken", "no run directory", "preset.toml"]),
        (["--resume", "--out", "missing"], ["missing", "expected a run directory"]),
    ],
)
def test_bad_usage_is_one_sentence_and_writes_nothing(tmp_path, words, parts):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("precious")
    done = call("run", "orthogonal-toy", *words)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert one_sentence(done.stderr)
    for part in parts:
        assert part in done.stderr.replace("is not a run directory", "is no run directory")
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["taken", "taken/file"]


@pytest.mark.parametrize(
    "words",
    [
        ["run", "orthogonal-tyo"],
        ["run", "missing.toml", "--json"],
        ["presets", "show", "missing"],
        ["presets", "check", "missing.toml"],
        ["info", "missing"],
        ["tui", "orthogonal-toy"],
    ],
)
def test_the_real_command_says_one_sentence(words):
    done = shell(*words, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert done.stdout == ""
    assert one_sentence(done.stderr)


@pytest.mark.parametrize(
    ("words", "start", "found", "command"),
    [
        (["run", "orthogonal-toy", "--nope"], "run: no such option", "--nope", "reluflow run"),
        (["nope"], "no such command", "'nope'", "reluflow"),
        (["runn"], "no such command", "'run'", "reluflow"),
        (["export", "a"], "export: missing argument", "'FILE'", "reluflow export"),
        (["sweep", "show"], "sweep show: missing argument", "'DIR'", "reluflow sweep show"),
        (["run", "--set"], "option", "'--set' requires an argument", "reluflow"),
    ],
)
def test_bad_usage_is_one_sentence(words, start, found, command):
    """In the words of the version of typer that is there."""
    done = call(*words)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert one_sentence(done.stderr)
    told = done.stderr.replace("see root", "see reluflow")
    assert told.startswith(f"reluflow: {start}")
    assert found in told
    assert f"see {command} --help" in told


def test_without_a_command_there_is_the_help():
    assert "Commands:" in call().stderr + call().stdout


@pytest.mark.parametrize("words", [(), ("presets",)])
def test_what_commands_do_is_told_in_whole_sentences(words):
    told = call(*words, "--help").stdout.partition("Commands:")[2]
    assert "..." not in told
    sentence = "Print a preset's file" if words else "Find the boundary between two outcomes by bisection"
    rest = "that it leaves to the defaults." if words else "and follow it to the saddle or kink on it."
    assert sentence in told
    assert rest in " ".join(told.split())


def test_a_run_whose_directory_was_deleted_says_no_more_than_that(monkeypatch):
    save = RunWriter.save

    def deleting(writer, run):
        shutil.rmtree(writer.path, ignore_errors=True)
        save(writer, run)

    monkeypatch.setattr(RunWriter, "save", deleting)
    done = call("run", "orthogonal-toy", "-q", "--out", "one")
    assert done.exit_code == 1
    assert one_sentence(done.stderr)
    assert "one is gone, and what was saved of the run with it" in done.stderr
    assert "resume" not in done.stderr


def test_presets_are_listed(tmp_path):
    own = tmp_path / "config" / "presets"
    own.mkdir(parents=True)
    (own / "broken.toml").write_text("[[")
    done = call("presets")
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(preset_files())
    assert one_sentence(done.stderr)
    listed = json.loads(call("presets", "--json").stdout)["presets"]
    assert {each["name"] for each in listed} == {*preset_files()}
    assert next(each for each in listed if each["name"] == "broken")["problem"]


def test_a_preset_is_shown_with_its_defaults():
    done = call("presets", "show", "orthogonal-toy")
    shown = tomllib.loads(done.stdout)
    # the file as it is, comments and all, and then what it leaves out
    assert done.stdout.startswith((shipped_presets() / "orthogonal-toy.toml").read_text())
    assert "rtol" not in shown["solver"]
    rest = done.stdout.partition("# by default:\n")[2]
    defaults = tomllib.loads("\n".join(line.removeprefix("#").strip() for line in rest.splitlines()))
    assert defaults["solver"]["rtol"] == 1e-6
    assert not set(defaults["solver"]) & set(shown["solver"])
    values = json.loads(call("presets", "show", "orthogonal-toy", "--json").stdout)["values"]
    assert values["init.scale"] == shown["init"]["scale"]


def test_a_preset_is_checked_with_its_files(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text("[data]\nkind = 'file'\npath = 'points.csv'\n[network]\nwidth = 2\n")
    done = call("presets", "check", str(path), "--json")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["usable"] is False
    assert "points.csv" in done.stderr
    (tmp_path / "points.csv").write_text("1,2,3\n")
    done = call("presets", "check", str(path), "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["dimension"] == 2


@pytest.mark.parametrize(
    "data",
    [
        "kind = 'gaussian'\nsamples = 300\ndimension = 7\nteacher_width = 1000000",
        "kind = 'gaussian'\nsamples = 1\ndimension = 7\nteacher_width = 300\nheld_out = 1000000",
        "kind = 'orthogonal'\nsamples = 1000\ndimension = 1000",
    ],
)
def test_data_that_take_long_are_not_drawn_for_a_check(data, tmp_path, monkeypatch):
    def drawn(self):
        raise AssertionError("the data were drawn")

    path = tmp_path / "large.toml"
    path.write_text(f"[data]\n{data}\n[network]\nwidth = 2\n")
    with monkeypatch.context() as patched:
        patched.setattr(Preset, "data", drawn)
        done = call("presets", "check", str(path), "--json")
        assert json.loads(done.stdout) == {
            "preset": str(path),
            "usable": True,
            "problem": None,
            "drawn": False,
        }
        assert "as far as its values tell" in call("presets", "check", str(path)).stdout
        study = tmp_path / "study.toml"
        study.write_text(f'{path.read_text()}[sweep]\nover = ["init.seed=0:1"]\nmeasures = ["steps"]\n')
        assert "as far as its values tell" in call("presets", "check", str(study)).stdout
    path.write_text(f"stop.wall_seconds = 0.2\n{path.read_text()}")
    for command in (("presets", "check"), ("run",), ("verify",)):
        done = call(*command, str(path))
        assert done.exit_code == 2
        assert one_sentence(done.stderr)
        assert "stop.wall_seconds is 0.2, where drawing the data alone takes about" in done.stderr
    path.write_text(path.read_text().replace("000\n", "0\n"))
    done = call("presets", "check", str(path), "--json")
    assert json.loads(done.stdout)["drawn"] is True


def test_info_tells_what_a_run_holds():
    call("run", "orthogonal-toy", *FAST)
    held = json.loads(call("info", "runs/orthogonal-toy-1", "--json").stdout)
    run = open_run("runs/orthogonal-toy-1")
    assert held["preset"] == "orthogonal-toy"
    assert held["status"] == "converged"
    assert held["resumable"] is False
    assert held["series_rows"] == len(run.t)
    assert held["snapshots"] == len(run.snapshots.t)
    assert (held["samples"], held["dimension"], held["width"]) == (2, 2, 8)
    told = ("variation_norm", "nuclear_norm", "parameter_norm_squared", "rank", "escapes")
    assert {name: held[name] for name in told} == {name: run.summary[name] for name in told}
    assert "converged" in call("info", "runs/orthogonal-toy-1").stdout


def test_info_tells_the_escapes_of_a_run_that_was_stored_without_them():
    call("run", "orthogonal-toy", *FAST)
    file = Path("runs/orthogonal-toy-1/run.json")
    content = json.loads(file.read_text())
    escapes = content.pop("escapes")
    for name in ("format", "sum", "rank"):
        del content[name]
    file.write_text(json.dumps(content))
    (Path("runs/orthogonal-toy-1") / "trajectory.npz").unlink()
    held = json.loads(call("info", "runs/orthogonal-toy-1", "--json").stdout)
    assert (held["escapes"], held["rank"]) == (escapes, None)


@pytest.mark.parametrize("method", ["gd", "polar"])
def test_a_run_in_two_parts_is_the_same_run(method):
    goal = ["--method", method, "--set", "solver.learning_rate=0.01"]
    assert call("run", "orthogonal-toy", *FAST, *goal, "--out", "whole").exit_code == 0
    assert (
        call("run", "orthogonal-toy", *FAST, *goal, "--set", "stop.steps=90", "--out", "parts").exit_code == 1
    )
    assert open_run("parts").summary["steps"] == 90
    assert call("run", "orthogonal-toy", *FAST, *goal, "--out", "parts", "--resume").exit_code == 0
    whole, parts = open_run("whole"), open_run("parts")
    assert parts.summary["steps"] == whole.summary["steps"] > 90
    assert parts.summary["time"] == whole.summary["time"]
    assert np.array_equal(parts.snapshots.weights[-1], whole.snapshots.weights[-1])
    assert np.array_equal(parts.snapshots.output_weights[-1], whole.snapshots.output_weights[-1])


def test_resuming_what_is_over_computes_nothing():
    call("run", "orthogonal-toy", *FAST)
    before = Path("runs/orthogonal-toy-1/trajectory.npz").read_bytes()
    done = call("run", "orthogonal-toy", *FAST, "--resume", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["status"] == "converged"
    assert "is over" in done.stderr
    assert Path("runs/orthogonal-toy-1/trajectory.npz").read_bytes() == before
    short = call("run", "orthogonal-toy", *FAST, "--set", "stop.time=0.5", "--out", "short")
    again = call("run", "orthogonal-toy", *FAST, "--set", "stop.time=0.5", "--out", "short", "--resume")
    assert short.exit_code == again.exit_code == 1


@pytest.mark.parametrize("goal", [[], ["--set", "stop.loss=1e-3"]], ids=["as it was", "relaxed"])
@pytest.mark.parametrize(("rule", "where"), [("stop.time=0.5", "t = "), ("stop.steps=2", "step ")])
def test_resuming_to_before_where_the_run_stands_is_refused(rule, where, goal):
    call("run", "orthogonal-toy", *FAST, "--out", "run", "-q")
    before = {path: path.read_bytes() for path in Path("run").iterdir()}
    done = call("resume", "run", "--set", rule, *goal)
    assert (done.exit_code, done.stdout) == (2, "")
    assert one_sentence(done.stderr)
    assert f"{rule.replace('=', ' is ')} and the run stands beyond it, at {where}" in done.stderr
    assert {path: path.read_bytes() for path in Path("run").iterdir()} == before


def test_resuming_as_another_run_is_refused():
    call("run", "orthogonal-toy", *FAST)
    done = call("run", "orthogonal-toy", *FAST, "--set", "init.scale=1e-4", "--resume")
    assert done.exit_code == 2
    assert "init.scale is 0.0001 now and was 0.001" in done.stderr


def test_resume_goes_on_with_the_newest_run():
    for _ in range(2):
        call("run", "orthogonal-toy", *FAST, "--set", "stop.time=0.5")
    done = call("run", "orthogonal-toy", *FAST, "--resume", "--json")
    assert json.loads(done.stdout)["run"] == "runs/orthogonal-toy-2"
    assert open_run("runs/orthogonal-toy-1").status == "time"


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["--set", "init.kind", "="], ["balanced", "dominated", "file", "fixed-norm", "unbalanced"]),
        (["--set", "init.kind", "=", "ba"], ["balanced"]),
        (["--set", "init.kind=ba"], ["init.kind=balanced"]),
        (["--set", "init.ki"], ["init.kind="]),
        (["--method", "ls"], ["lsoda"]),
    ],
)
def test_bash_completes_the_values_of_a_key(words, offered):
    """As bash asks: with the words that it makes of them, = being one of its own unless told otherwise."""
    every = ["reluflow", "run", "toy", *words]
    asked = {
        "_RELUFLOW_COMPLETE": "complete_bash",
        "COMP_WORDS": "\n".join(every),
        "COMP_CWORD": str(len(every) - 1),
    }
    done = shell(env={**os.environ, **asked})
    assert set(offered) <= set(done.stdout.split())
    assert all(word.startswith(tuple(offered)) for word in done.stdout.split())


def test_a_user_without_a_home_has_the_presets_of_the_program(tmp_path):
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("XDG", "RELUFLOW"))}
    bare["HOME"] = "nowhere"
    done = shell("presets", env=bare, cwd=tmp_path)
    assert done.returncode == 0
    assert "orthogonal-toy" in done.stdout
    assert one_sentence(done.stderr)
    assert "HOME is nowhere, and no absolute path" in done.stderr
    assert list(tmp_path.iterdir()) == []
    done = shell("presets", "show", "~nosuchuser/x.toml", env=bare, cwd=tmp_path)
    assert one_sentence(done.stderr)


def test_a_home_that_nobody_has_is_no_folder_of_the_working_folder(tmp_path):
    done = shell("presets", env=os.environ | {"RELUFLOW_CONFIG": "~nosuchuser/reluflow"}, cwd=tmp_path)
    assert "orthogonal-toy" in done.stdout
    assert one_sentence(done.stderr)
    assert "RELUFLOW_CONFIG is ~nosuchuser/reluflow" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_path_typed_with_set_is_looked_for_where_it_is_typed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("points.csv").write_text("x,y\n1,2\n3,4\n")
    words = ["--set", "data.kind=file", "--set", "data.path=points.csv", "--set", "network.width=4"]
    done = call("run", "orthogonal-toy", *words, "--set", "stop.steps=1", "--quiet", "--json")
    assert json.loads(done.stdout)["steps"] == 1


def test_a_report_wraps_between_words_and_breaks_no_path():
    reason = "the loss came to rest on a plateau that the flow does not leave by itself " * 3
    path = "/a/folder/with-a-name/that/is/longer/than/the/line/is/wide/and/is/never/broken"
    lines = report({"preset": "toy", "status": "stationary", "reason": reason, "run": path}, 60).splitlines()
    assert max(len(line) for line in lines if path not in line) <= 60
    assert any(path in line for line in lines)
    assert " ".join(" ".join(lines).split()).count(" ".join(reason.split())) == 1
