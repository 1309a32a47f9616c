"""A run and the world around its process: signals, sudden ends, closed pipes, full discs, odd terminals."""

import json
import os
import pty
import signal
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from commands import COMMAND, FAST, call, one_sentence

from reluflow.cli import loop
from reluflow.cli.interruption import Interruption
from reluflow.errors import RunError
from reluflow.live import keeping as keeper
from reluflow.live import worker
from reluflow.store.preset import load_preset
from reluflow.store.run_directory import RunWriter, open_run
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
    monkeypatch.setattr(worker, "SLICE_SECONDS", 0.0)
    for name in ("LIVE_SECONDS", "SAVE_SECONDS", "SAVE_SHARE"):
        monkeypatch.setattr(keeper, name, 0.0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
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
        "from reluflow.live import keeping as keeper, worker\n"
        "worker.SLICE_SECONDS = 0.0\n"
        "keeper.LIVE_SECONDS = keeper.SAVE_SECONDS = keeper.SAVE_SHARE = 0.0\n"
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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disc_behind_stdout_is_one_sentence():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, "run", "orthogonal-toy", *FAST, "-q"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert one_sentence(done.stderr)
    assert open_run("runs/orthogonal-toy-1").status == "converged"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("size", [None, (0, 0), (24, 10), (24, 200)])
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
    save, failures = RunWriter.save, [1, 1]

    def failing(writer, run):
        if failures and failures.pop():
            raise RunError("disc: cannot be written")
        save(writer, run)

    monkeypatch.setattr(RunWriter, "save", failing)
    done = call("run", "orthogonal-toy", *FAST)
    assert done.exit_code == 0
    assert done.stderr.count("cannot be written; the run goes on") == 2
    assert open_run("runs/orthogonal-toy-1").status == "converged"


def test_a_last_save_that_fails_is_told(monkeypatch):
    def failing(*_):
        raise RunError("disc: cannot be written")

    monkeypatch.setattr(RunWriter, "save", failing)
    done = call("run", "orthogonal-toy", *FAST, "-q", "--json")
    assert done.exit_code == 1
    assert one_sentence(done.stderr)


def test_signals_are_a_wish_and_the_first_counts():
    before = signal.getsignal(signal.SIGINT)
    with Interruption() as interruption:
        assert interruption.name is None
        signal.raise_signal(signal.SIGTERM)
        assert interruption.name == "SIGTERM"
        signal.raise_signal(signal.SIGINT)
        assert (interruption.name, interruption.code) == ("SIGTERM", 143)
    assert signal.getsignal(signal.SIGINT) is before


def test_one_signal_ends_also_a_step_that_cannot_be_given_up(monkeypatch):
    """What was saved before it is kept."""
    advance, over = Training.advance, threading.Event()

    def stubborn(training, *args, **options):
        if training.solver.steps < 2:
            return advance(training, 0.0)
        signal.raise_signal(signal.SIGTERM)  # in the thread that solves; the main thread gets it
        return over.wait()

    saving_after_every_step(monkeypatch)
    monkeypatch.setattr(loop, "PATIENCE", 0.1)
    with monkeypatch.context() as patched:
        patched.setattr(Training, "advance", stubborn)
        done = call("run", "orthogonal-toy", *FAST, "--out", "out", "-q")
    over.set()
    assert done.exit_code == 143
    assert one_sentence(done.stderr)
    assert "--out out --resume" in done.stderr
    assert open_run("out").summary["steps"] == 2


def test_what_is_being_written_when_a_signal_comes_is_written(monkeypatch):
    """However long it takes."""
    save, looks = RunWriter.save, []

    def slow(writer, run):
        if not looks:
            signal.raise_signal(signal.SIGTERM)
            while len(looks) < 5:
                pass
        save(writer, run)

    class Looks(loop.Loop):
        def _look(self):
            super()._look()
            looks.extend([True] if self._interruption.name else [])

    saving_after_every_step(monkeypatch)
    monkeypatch.setattr(loop, "PATIENCE", 0.0)
    monkeypatch.setattr(loop, "Loop", Looks)
    monkeypatch.setattr(RunWriter, "save", slow)
    done = call("run", "orthogonal-toy", *ENDLESS, "--out", "out", "-q")
    assert done.exit_code == 143
    assert "interrupted and saved" in done.stderr
    assert open_run("out").summary["status"] == "interrupted"


def test_no_handler_outlives_a_run():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    call("run", "orthogonal-toy", *FAST)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
