"""A run and the world around its process: signals, sudden ends, closed pipes, full discs, odd terminals."""

import copy
import json
import os
import pty
import shlex
import signal
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from commands import COMMAND, FAST, call, one_sentence

from reluflow.cli import interruption, loop
from reluflow.cli.interruption import Interruption
from reluflow.cli.progress import Progress
from reluflow.errors import RunError
from reluflow.flow import make_solver
from reluflow.flow.base import AbandonedError
from reluflow.flow.descent import Descent
from reluflow.signals import ENDING
from reluflow.store.preset import load_preset
from reluflow.store.run_directory import RunWriter, open_run
from reluflow.training import saving
from reluflow.training.training import Training

#: descent that would go on for hours
ENDLESS = [
    *FAST,
    *("--method", "gd", "--set", "solver.learning_rate=1e-7"),
    *("--set", "stop.loss=none", "--set", "stop.time=none"),
]


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")


def started(*words, **options):
    """A run that goes on until it is ended, once its directory is there."""
    process = subprocess.Popen(
        [*COMMAND, "run", "orthogonal-toy", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
    assert "writing" in process.stderr.readline()
    return process


def saving_after_every_step(monkeypatch):
    monkeypatch.setattr(loop, "LOOK_EVERY", 0.0)
    for name in ("FIRST_SECONDS", "SAVE_SECONDS", "SAVE_SHARE"):
        monkeypatch.setattr(saving, name, 0.0)


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)]
)
def test_a_signal_saves_and_says_how_to_resume(number):
    process = started(*ENDLESS, "--json", "--out", "cut")
    process.send_signal(number)
    out, narration = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    summary = json.loads(out)
    assert summary["status"] == "interrupted"
    assert number.name in summary["reason"]
    run = open_run("cut")
    assert run.status == "interrupted"
    assert run.checkpoint is not None
    assert "--out cut --resume" in narration
    command = narration.split("resume with: ")[1].split()
    done = call(*command[1:], "--set", f"stop.steps={summary['steps'] + 10}", "--json")
    assert json.loads(done.stdout)["steps"] == summary["steps"] + 10


def test_a_killed_run_opens_and_resumes():
    limit = ["--method", "polar"]
    preset = load_preset(
        "orthogonal-toy",
        {"network.width": 8, "init.scale": 1e-3, "stop.loss": 0.3, "solver.method": "polar"},
    )
    script = (
        "import os, signal\n"
        "from reluflow.store import files\n"
        "from reluflow.cli import loop\n"
        "from reluflow.training import saving\n"
        "loop.LOOK_EVERY = 0.0\n"
        "saving.FIRST_SECONDS = saving.SAVE_SECONDS = saving.SAVE_SHARE = 0.0\n"
        "replace, left = files.Path.replace, [7]\n"
        "def dying(path, target):\n"
        "    left[0] -= 1\n"
        "    if left[0] == 0:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return replace(path, target)\n"
        "files.Path.replace = dying\n"
        "import reluflow.cli.app\n"
        f"reluflow.cli.app.app({['run', 'orthogonal-toy', *FAST, *limit, '--out', 'killed']!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr
    run = open_run("killed")
    assert run.status == "interrupted"
    assert 0 < len(run.t) == len(run.loss)
    assert call("run", "orthogonal-toy", *FAST, *limit, "--out", "killed", "--resume").exit_code == 0
    straight = Training.from_preset(preset)
    while straight.status == "running":
        straight.advance(seconds=1.0)
    assert np.array_equal(open_run("killed").snapshots.weights[-1], straight.solver.state.weights)


def test_a_run_killed_before_its_first_save_resumes_from_the_start():
    process = started(*FAST, *ENDLESS[len(FAST) :], "--out", "early")
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert open_run("early").status == "interrupted"
    done = call(
        "run", "orthogonal-toy", *ENDLESS, "--set", "stop.steps=5", "--out", "early", "--resume", "--json"
    )
    assert json.loads(done.stdout)["steps"] == 5


def test_a_run_that_goes_on_cannot_be_resumed_beside_it():
    process = started(*ENDLESS, "--out", "busy")
    done = call("run", "orthogonal-toy", *ENDLESS, "--out", "busy", "--resume")
    process.kill()
    process.communicate(timeout=60)
    assert done.exit_code == 2
    assert "busy is being written" in done.stderr


def test_head_ends_it_quietly_and_nothing_is_lost():
    process = started(*FAST, "--json")
    process.stdout.close()
    narration = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 0
    assert narration == ""
    assert open_run("runs/orthogonal-toy-1").status == "converged"


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"]])
def test_help_that_nobody_reads_ends_quietly(words):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*COMMAND, *words], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disc_behind_stdout_is_one_sentence():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, "run", "orthogonal-toy", *FAST, "-q"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert one_sentence(done.stderr)
    assert open_run("runs/orthogonal-toy-1").status == "converged"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", [("--help",), ("sweep", "show", "--help"), ("--version",), ("presets",)])
def test_a_full_disc_behind_help_is_one_sentence(words):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*COMMAND, *words], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert one_sentence(done.stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disc_behind_completion_is_told_to_nobody():
    asked = {"_RELUFLOW_COMPLETE": "complete_bash", "COMP_WORDS": "reluflow pre", "COMP_CWORD": "1"}
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from reluflow.cli import process; process()"],
            env=os.environ | asked,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize(
    "closed",
    [
        *(pytest.param(each, marks=pytest.mark.slow) for each in (">&-", "2>&-", ">&- 2>&-")),
        "<&- >&- 2>&-",
    ],
)
def test_a_closed_stream_changes_nothing(closed):
    command = shlex.join([*COMMAND, "run", "orthogonal-toy", *FAST, "--out", "run"])
    done = subprocess.run(["sh", "-c", f"{command} {closed}"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert open_run("run").status == "converged"
    for words in ("--help", "presets"):
        done = subprocess.run(["sh", "-c", f"{shlex.join([*COMMAND, words])} {closed}"], capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    "size", [(0, 0), (24, 10), *(pytest.param(size, marks=pytest.mark.slow) for size in (None, (24, 200)))]
)
def test_the_progress_line_lives_with_any_terminal(size):
    import fcntl
    import termios

    ours, theirs = pty.openpty()
    if size is not None:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    environment = {**os.environ, "TERM": "xterm"}
    process = subprocess.Popen(
        [*COMMAND, "run", "orthogonal-toy", *FAST, "--json"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    narration = b""
    with suppress(OSError):  # how a pseudo-terminal ends
        while chunk := os.read(ours, 65536):
            narration += chunk
    narration = narration.decode()
    os.close(ours)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(out)["status"] == "converged"
    assert "Traceback" not in narration
    widest = max(len(line.rstrip("\n")) for line in narration.split("\r")[2:] or [""])
    assert widest < (size[1] if size and size[1] else 80)


def test_a_save_that_fails_now_and_then_does_not_end_the_run(monkeypatch):
    saving_after_every_step(monkeypatch)
    save, failures = RunWriter.save, [True, False, True, True]

    def failing(writer, run):
        if failures and failures.pop():
            raise RunError("disc: cannot be written")
        save(writer, run)

    monkeypatch.setattr(RunWriter, "save", failing)
    done = call("run", "orthogonal-toy", *FAST)
    assert done.exit_code == 0
    # two failures after each other are told once
    assert done.stderr.count("cannot be written; the run goes on") == 2
    assert open_run("runs/orthogonal-toy-1").status == "converged"


def test_a_last_save_that_fails_is_told(monkeypatch):
    def failing(*_):
        raise RunError("disc: cannot be written")

    monkeypatch.setattr(RunWriter, "save", failing)
    done = call("run", "orthogonal-toy", *FAST, "-q", "--json")
    assert done.exit_code == 1
    assert one_sentence(done.stderr)
    assert json.loads(done.stdout)["status"] == "converged"


def test_signals_are_a_wish_and_the_first_counts():
    before = signal.getsignal(signal.SIGINT)
    with Interruption() as interruption:
        assert interruption.name is None
        signal.raise_signal(signal.SIGTERM)
        assert interruption.name == "SIGTERM"
        signal.raise_signal(signal.SIGINT)
        assert (interruption.name, interruption.code) == ("SIGTERM", 143)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("number", ENDING)
def test_every_signal_that_ends_a_command_is_a_wish(number):
    before = signal.getsignal(number)
    with Interruption() as interruption:
        signal.raise_signal(number)
    assert (interruption.name, interruption.code) == (number.name, 128 + number)
    assert signal.getsignal(number) is before


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer")
@pytest.mark.parametrize("method", ["lorentz", "lsoda"])
def test_one_signal_ends_also_a_step_that_cannot_be_given_up(method, monkeypatch):
    """What was saved before it is kept."""
    solver = type(make_solver(method, load_preset("orthogonal-toy").problem()))
    step = solver.advance

    def stubborn(self, *args):
        if self.steps == 2:
            signal.raise_signal(signal.SIGTERM)
            while True:  # until the timer of the signal ends it
                step(copy.copy(self), *args)
        step(self, *args)

    saving_after_every_step(monkeypatch)
    monkeypatch.setattr(interruption, "PATIENCE", 0.1)
    monkeypatch.setattr(solver, "advance", stubborn)
    done = call("run", "orthogonal-toy", *FAST, "--method", method, "--out", "out", "-q")
    assert done.exit_code == 143
    assert one_sentence(done.stderr)
    assert "--out out --resume" in done.stderr
    run = open_run("out")
    assert (run.status, run.summary["steps"]) == ("interrupted", 2)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer")
def test_what_is_being_written_when_a_signal_comes_is_written(monkeypatch):
    """However long it takes."""
    save, break_off, asked = RunWriter.save, Interruption.break_off, []

    def slow(writer, run):
        if not asked:
            signal.raise_signal(signal.SIGTERM)
            while len(asked) < 3:  # the timer of the signal comes again and again
                pass
        save(writer, run)

    def counting(self, *words):
        asked.append(True)
        if len(asked) < 3:  # else it would come once more where the run may be broken off
            break_off(self, *words)

    saving_after_every_step(monkeypatch)
    monkeypatch.setattr(interruption, "PATIENCE", 0.01)
    monkeypatch.setattr(Interruption, "break_off", counting)
    monkeypatch.setattr(RunWriter, "save", slow)
    done = call("run", "orthogonal-toy", *ENDLESS, "--out", "out", "-q")
    assert done.exit_code == 143
    assert "interrupted and saved" in done.stderr
    assert open_run("out").summary["status"] == "interrupted"


def test_a_signal_within_a_step_gives_it_up(monkeypatch):
    """The step asks, and the run stands where it stood before it."""
    advance = Descent.advance

    def signalled(solver, *args):
        if solver.steps >= 3:
            signal.raise_signal(signal.SIGINT)
            assert solver.abandoned()
            raise AbandonedError
        advance(solver, 1, *args[1:])

    monkeypatch.setattr(Descent, "advance", signalled)
    done = call("run", "orthogonal-toy", *ENDLESS, "--out", "out", "-q", "--json")
    assert done.exit_code == 130
    assert (json.loads(done.stdout)["status"], open_run("out").summary["steps"]) == ("interrupted", 3)


def test_an_error_of_a_solver_is_a_failed_run_that_is_saved(monkeypatch):
    def wrong(*_):
        raise ZeroDivisionError("something is wrong")

    monkeypatch.setattr(Descent, "advance", wrong)
    done = call("run", "orthogonal-toy", *ENDLESS, "--out", "out", "-q", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["status"] == open_run("out").status == "failed"
    assert "the solver broke off: ZeroDivisionError: something is wrong" in json.loads(done.stdout)["reason"]


def test_progress_is_shown_between_and_within_steps(monkeypatch, capsys):
    """With a line now and then where stderr is no terminal, and the last state in any case."""
    training = Training.from_preset(load_preset("orthogonal-toy", {"stop.steps": 3, "stop.loss": None}))
    shown = Progress(training, quiet=False)
    monkeypatch.setattr("reluflow.cli.progress.LINE_EVERY", 0.0)
    shown.show_within_step()
    assert capsys.readouterr().err == "", "it is not time to"
    monkeypatch.setattr("reluflow.cli.progress.SHOW_EVERY", 0.0)
    shown.show_within_step()
    assert "t = 0 " in capsys.readouterr().err
    monkeypatch.setattr("reluflow.cli.progress.SHOW_EVERY", 1e9)
    training.run()
    shown.show()
    assert f"100 %  t = {training.solver.t:.5g}" in capsys.readouterr().err


def test_looks_within_steps_show_what_the_last_step_came_to(monkeypatch, capsys):
    """Also where it is never time to look between two steps, as looks within them come more often."""
    training = Training.from_preset(load_preset("orthogonal-toy"))
    shown = Progress(training, quiet=False)
    for _ in range(3):
        training.single_step()
        shown.show()
    monkeypatch.setattr("reluflow.cli.progress.LINE_EVERY", 0.0)
    monkeypatch.setattr("reluflow.cli.progress.SHOW_EVERY", 0.0)
    shown.show_within_step()
    assert f"t = {training.solver.t:.5g} " in capsys.readouterr().err


def test_no_small_share_of_a_step_is_told_of_a_long_one():
    shown = Progress(Training.from_preset(load_preset("orthogonal-toy")), quiet=False)
    assert shown.line(80).endswith("loss = 0.5  under 0.1 steps/s")


def test_no_handler_outlives_a_run():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    call("run", "orthogonal-toy", *FAST)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGHUP", 129), ("SIGTERM", 143)])
def test_a_signal_within_a_check_decides_the_exit_code(name, code, monkeypatch):
    """The run is over and saved by then, and keeps its status."""
    check = loop.check

    def signalled(*args):
        signal.raise_signal(getattr(signal, name))
        return check(*args)

    monkeypatch.setattr(loop, "check", signalled)
    done = call("run", "orthogonal-toy", *FAST, "--check", "--out", "out", "-q", "--json")
    assert done.exit_code == code
    assert done.stderr == "reluflow: the check was interrupted; the run is saved without it\n"
    assert (json.loads(done.stdout)["status"], open_run("out").status) == ("converged", "converged")


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer")
def test_an_alarm_of_somebody_elses_is_a_signal_like_others(monkeypatch):
    advance = Descent.advance

    def alarmed(solver, *words):
        if not solver.steps:
            signal.raise_signal(signal.SIGALRM)
        advance(solver, *words)

    monkeypatch.setattr(Descent, "advance", alarmed)
    done = call("run", "orthogonal-toy", *ENDLESS, "--out", "out", "-q")
    assert done.exit_code == 142
    assert "interrupted and saved" in done.stderr
    assert open_run("out").summary["reason"].startswith("stopped by SIGALRM")
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer")
def test_a_check_that_does_not_give_up_its_step_is_broken_off(monkeypatch):
    def stubborn(*_):
        signal.raise_signal(signal.SIGTERM)
        while True:  # until the timer of the signal ends it
            pass

    monkeypatch.setattr(loop, "CHECK_PATIENCE", 0.01)
    monkeypatch.setattr(loop, "check", stubborn)
    done = call("run", "orthogonal-toy", *FAST, "--check", "--out", "out", "-q")
    assert done.exit_code == 143
    assert done.stderr == "reluflow: the check was interrupted; the run is saved without it\n"
    assert open_run("out").status == "converged"


def test_an_earlier_check_is_kept_where_another_one_is_interrupted(monkeypatch):
    call("run", "orthogonal-toy", *FAST, "--check", "--out", "out", "-q")
    checked = open_run("out").summary["check"]
    monkeypatch.setattr(loop, "check", lambda *_: signal.raise_signal(signal.SIGTERM))
    done = call("run", "orthogonal-toy", *FAST, "--check", "--resume", "--out", "out", "-q")
    assert done.exit_code == 143
    assert done.stderr.endswith("the run is saved with the figures of an earlier one\n")
    assert open_run("out").summary["check"] == checked
