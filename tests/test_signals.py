"""Signals from the first line on: an exit within a moment, with one line and the code of the signal."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from commands import FAST, MARKED, OTHERS, SIGNALS, spent, spent_by_those_that_ended

import reluflow
from reluflow.store.run_directory import open_run

#: seconds of the processor's time that a command may use after a signal
LIMIT = 1.0
COMMANDS = {
    "run": ["run", "high-dimension", "--out", "out", "-q"],
    "verify": ["verify", "high-dimension", "-q"],
}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs signals")


def ended(words, numbers, after, folder, seconds=60.0):
    """Exit code and words of a command that got signals so long after it began, and what it then took.

    The last is in seconds of the processor's time, which does not depend on what else the machine does.
    """
    others = spent_by_those_that_ended()
    process = subprocess.Popen(
        [sys.executable, "-c", MARKED, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder
    )
    assert process.stdout.readline() == b"begun\n"
    time.sleep(after)
    used = spent(process.pid)
    for number in numbers:
        process.send_signal(number)
    _, said = process.communicate(timeout=seconds)
    return process.returncode, said.decode(), spent_by_those_that_ended() - others - used


def require_as_documented(words, numbers, code, said, folder):
    assert code == 128 + numbers[0], said
    assert "Traceback" not in said
    name = signal.Signals(numbers[0]).name
    assert said.startswith(("reluflow: interrupted and saved", f"reluflow: interrupted by {name}; "))
    assert said.count("\n") == 1
    out = folder / "out"
    if words[0] == "run" and out.exists():
        assert open_run(out).status == "interrupted"
        assert bool(open_run(out).arrays) == ("interrupted and saved" in said)
        assert {path.name for path in out.iterdir()} <= {
            *("preset.toml", "problem.npz", "trajectory.npz", "run.json"),
        }
    assert {path.name for path in folder.iterdir()} <= {"out"}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("numbers", SIGNALS, ids=["INT", "INT-INT", "TERM", "HUP"])
def test_a_signal_in_the_first_moment(command, numbers, tmp_path):
    code, said, _ = ended(COMMANDS[command], numbers, 0.0, tmp_path)
    require_as_documented(COMMANDS[command], numbers, code, said, tmp_path)


def test_a_signal_while_modules_are_imported(tmp_path):
    """What would clean up on leaving is in one that is half imported, and nothing is being written."""
    half = (
        "import os, signal, sys, types\n"
        "from reluflow.cli.leaving import leave_at_once\n"
        "leave_at_once()\n"
        "sys.modules['reluflow.store.files'] = types.ModuleType('reluflow.store.files')\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    done = subprocess.run([sys.executable, "-c", half], capture_output=True, timeout=60)
    said = b"reluflow: interrupted by SIGTERM; nothing was saved\n"
    assert (done.returncode, done.stdout, done.stderr) == (143, b"", said)


LEAVING = """
import os, signal, sys
from pathlib import Path
from reluflow.cli.leaving import leave_at_once
from reluflow.store.files import temporary_folder, write_text
leave_at_once()
with temporary_folder() as folder:
    print(folder, flush=True)
    write_text((folder if sys.argv[1] == "own" else Path()) / "file", "")
    os.kill(os.getpid(), signal.SIGTERM)
"""


@pytest.mark.parametrize(
    ("where", "said"), [("own", "nothing was saved"), ("kept", "what it has written is kept")]
)
def test_on_leaving_it_is_said_whether_a_file_is_left(where, said, tmp_path):
    words = [sys.executable, "-c", LEAVING, where]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert (done.returncode, done.stderr) == (143, f"reluflow: interrupted by SIGTERM; {said}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["file"] * (where == "kept")
    assert not Path(done.stdout.strip()).exists()


def test_on_leaving_nobody_waits_for_a_reader_of_stderr(tmp_path):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"." * 4096)
    os.set_blocking(writer, True)
    words = [sys.executable, "-c", LEAVING, "own"]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=writer, cwd=tmp_path, timeout=60)
    os.close(writer)
    os.close(reader)
    assert done.returncode == 143


@pytest.mark.parametrize("numbers", OTHERS, ids=lambda numbers: numbers[0].name)
def test_what_clusters_warn_with_ends_a_command_like_any_other(numbers, tmp_path):
    (number,) = numbers
    ending = LEAVING.replace("SIGTERM", number.name)
    words = [sys.executable, "-c", ending, "own"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    said = f"reluflow: interrupted by {number.name}; nothing was saved\n"
    assert (done.returncode, done.stderr) == (128 + number, said)


def test_next_to_nothing_is_imported_before_signals_are_seen_to():
    """While modules are imported, a signal that is not is a traceback, or is printed and forgotten."""
    seen = "import sys; before = {*sys.modules}; import reluflow.cli.leaving; print(*{*sys.modules} - before)"
    root = Path(reluflow.__file__).parents[1]
    words = [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(root)!r}); {seen}"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert not {"contextlib", "typing", "threading", "re"} & set(done.stdout.split())
    assert "reluflow.cli.leaving" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_signals_at_any_moment(command, tmp_path):
    """RELUFLOW_SIGNALS sets how many, RELUFLOW_FUZZ_SEED the seed; LIMIT is how long each may work then."""
    seed = int(os.environ.get("RELUFLOW_FUZZ_SEED", "0"))
    rng, slowest = random.Random(seed), 0.0
    for i in range(int(os.environ.get("RELUFLOW_SIGNALS", "12"))):
        folder = tmp_path / str(i)
        folder.mkdir()
        every = SIGNALS + OTHERS
        numbers, after = every[i % len(every)], rng.uniform(0.0, 3.0) * rng.choice([0.03, 0.3, 1.0])
        code, said, took = ended(COMMANDS[command], numbers, after, folder)
        slowest = max(slowest, took)
        require_as_documented(COMMANDS[command], numbers, code, said, folder)
    print(f"{command}, seed {seed}: the slowest took {slowest:.2f} s")
    assert slowest <= LIMIT


def test_what_is_to_be_ignored_is_ignored(tmp_path):
    words = [sys.executable, "-m", "reluflow", "run", "orthogonal-toy", *FAST, "--out", "out", "--json"]
    process = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    process.send_signal(signal.SIGHUP)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(out)["status"] == "converged"


def test_nobody_waits_for_the_interpreter_to_clear_up(tmp_path):
    program = f"import atexit\natexit.register(print, 'cleared up')\n{MARKED}"
    process = subprocess.Popen(
        [sys.executable, "-c", program, *COMMANDS["run"]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        text=True,
    )
    while not (tmp_path / "out" / "run.json").exists():
        assert process.poll() is None
        time.sleep(0.005)
    process.terminate()
    written, said = process.communicate(timeout=60.0)
    assert process.returncode == 128 + signal.SIGTERM
    assert "saved" in said
    assert "cleared up" not in written
