"""The app in a real terminal: tmux at 80 x 24. Skipped, with the reason, where there is no tmux."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reluflow.store.live_runs import left_behind

DEADLINE = 30.0
POLL = 0.05

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux, which is not installed")


class Terminal:
    """A shell in tmux, on a server of its own."""

    def __init__(self, socket: Path, folder: Path) -> None:
        self._socket = socket
        self._closed = False
        shell = ["env", "PS1=prompt> ", "bash", "--norc", "--noprofile"]
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "-c", str(folder), *shell)

    def _tmux(self, *words: str) -> str:
        command = ["tmux", "-S", str(self._socket), *words]
        # Without TMUX in the environment, so that the tests may themselves run inside tmux.
        environment = {name: value for name, value in os.environ.items() if name != "TMUX"}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    @property
    def lines(self) -> list[str]:
        return self._tmux("capture-pane", "-p").splitlines()

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def key(self, name: str) -> None:
        self._tmux("send-keys", name)

    def until(self, holds: Callable[[list[str]], object], what: str) -> list[str]:
        """The screen as soon as something holds of it."""
        end = time.monotonic() + DEADLINE
        while not holds(lines := self.lines):
            assert time.monotonic() < end, f"never: {what}\n" + "\n".join(lines)
            time.sleep(POLL)
        return lines

    def resize(self, width: int, height: int) -> None:
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    @property
    def child(self) -> int:
        """The process that the shell runs."""
        shell = self._tmux("display-message", "-p", "#{pane_pid}").strip()
        return int(Path(f"/proc/{shell}/task/{shell}/children").read_text().split()[0])

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._tmux("kill-server")


@pytest.fixture
def terminal(tmp_path: Path, own_folder: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path / "tmux", own_folder / "work")
    yield opened
    opened.close()


def alive(process: int) -> bool:
    """Whether a process is there and no mere entry of one that nobody has waited for."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def start(terminal: Terminal, *arguments: str) -> None:
    program = "from reluflow.cli import main; main()"
    words = [sys.executable, "-c", program, "tui", *arguments]
    terminal.type(" ".join(shlex.quote(word) for word in words) + "; echo exit=$?\n")


def time_of(lines: list[str]) -> float:
    """The flow time in the status line, -1 when there is none."""
    found = re.search(r"  t (\S+)", lines[0])
    return float(found[1]) if found else -1.0


def ended(lines: list[str]) -> object:
    """Whether the shell has told the exit code; the command it was typed in does not count."""
    return re.search(r"exit=\d", "\n".join(lines))


def test_the_curve_moves_pause_stops_it_and_q_restores_the_terminal(terminal: Terminal) -> None:
    start(terminal, "orthogonal-toy")
    first = terminal.until(lambda lines: time_of(lines) > 0, "a run")
    assert "─ loss ─" in "\n".join(first)
    terminal.until(lambda lines: lines[3:14] != first[3:14] and time_of(lines) > time_of(first), "a move")
    terminal.key("Space")
    terminal.until(lambda lines: "paused" in lines[1], "a pause")
    # Two looks with a key and its echo on screen between them: long enough for frames to have come.
    terminal.key("l")
    paused = terminal.until(lambda lines: "log time" in "\n".join(lines), "log time")
    terminal.key("l")
    later = terminal.until(lambda lines: "log time" not in "\n".join(lines), "linear time")
    assert time_of(later) == time_of(paused)
    terminal.key("q")
    left = terminal.until(ended, "the end")
    assert "exit=0" in "\n".join(left)
    assert "─ loss ─" not in "\n".join(left)
    terminal.type("stty -a\n")
    settings = terminal.until(lambda lines: "icanon" in "\n".join(lines), "the terminal's settings")
    assert not {"-echo", "-icanon", "-icrnl"} & set(" ".join(settings).replace(";", " ").split())


def test_a_terminal_made_too_small_says_so_and_comes_back(terminal: Terminal) -> None:
    start(terminal, "orthogonal-toy")
    terminal.until(lambda lines: time_of(lines) > 0, "a run")
    terminal.resize(40, 10)
    terminal.until(lambda lines: "found 40 x 10" in "\n".join(lines), "the sentence")
    terminal.resize(100, 30)
    terminal.until(lambda lines: "─ loss ─" in "\n".join(lines), "the panels")


def test_sigterm_saves_the_run_and_restores_the_terminal(terminal: Terminal) -> None:
    start(terminal, "orthogonal-toy")
    terminal.until(lambda lines: time_of(lines) > 0, "a run")
    os.kill(terminal.child, 15)
    lines = terminal.until(ended, "the end")
    assert "exit=143" in "\n".join(lines)
    (run,) = left_behind()
    assert run.summary["steps"] > 0
    assert f"endedbySIGTERM;runsavedin{run.path}" in "".join("".join(lines).split())


def test_a_vanished_terminal_leaves_a_run_and_no_process(terminal: Terminal) -> None:
    start(terminal, "orthogonal-toy")
    terminal.until(lambda lines: time_of(lines) > 0, "a run")
    process = terminal.child
    terminal.close()
    end = time.monotonic() + DEADLINE
    while alive(process):
        assert time.monotonic() < end, "the process stayed"
        time.sleep(POLL)
    (run,) = left_behind()
    assert run.summary["steps"] > 0


def test_a_preset_that_does_not_exist_is_one_line(terminal: Terminal) -> None:
    start(terminal, "orthogonal-toi")
    lines = terminal.until(ended, "the end")
    assert "exit=2" in "\n".join(lines)
    assert "Traceback" not in "\n".join(lines)
    assert "did you mean orthogonal-toy?" in "\n".join(lines)
