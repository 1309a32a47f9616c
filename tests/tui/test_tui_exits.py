"""However the app is left, the shell gets its terminal back; and it comes up in terminals of all kinds."""

import os
import re
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import remote
from terminal import Link, Screen, Terminal, app_command

from reluflow.store.live_runs import left_behind

#: private modes that a shell leaves on: the cursor, wrapping, pasting
USUAL = {"?25", "?7", "?2004"}
RAISING = """
from reluflow.tui.app import Explorer

from reluflow.tui.widgets.loss_panel import LossPanel

def broken(*_):
    raise IndexError("what nobody expected, not \\udcffutf-8")

# in an action, and while drawing
LossPanel.next_time = broken
LossPanel.next_scale = lambda panel: (setattr(LossPanel, "make_rows", broken), panel.app.pull(0.1))
from reluflow.cli import main
main()
"""
#: asks also of a run that took no time
ASKING = """
from reluflow.tui.controllers import saving

saving.QUICK_SECONDS = 0.0
from reluflow.cli import main
main()
"""
STEPS = re.compile(r"step [1-9]")
DEADLINE = 30.0
POLL = 0.05
Open = Callable[..., Terminal]


@pytest.fixture
def open_terminal() -> Iterator[Open]:
    """Opens terminals that are closed at the end."""
    opened: list[Terminal] = []

    def open_one(command: list[str], **options: object) -> Terminal:
        opened.append(Terminal(command, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close()


def in_shell(command: list[str]) -> list[str]:
    """A shell that runs a command and then tells its exit code and the terminal's settings."""
    after = "echo code=$?; stty -a | tail -n 4; echo finished"
    return ["bash", "--norc", "--noprofile", "-c", f"{shlex.join(command)}; {after}"]


def playing(screen: Screen) -> bool:
    """Whether a run is on screen, and steps of it are solved: before that there is nothing to save."""
    return "playing" in screen.text and "quit" in screen.text and bool(STEPS.search(screen.text))


def until(holds: Callable[[], object], what: str) -> None:
    end = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(POLL)


def restored(terminal: Terminal, code: int) -> None:
    terminal.until(lambda screen: "finished" in screen.text, "the shell")
    words = terminal.screen.text.split()
    assert f"code={code}" in words
    assert {"icanon", "echo", "isig"} <= set(words)
    assert not terminal.screen.alternate
    assert terminal.screen.modes <= USUAL


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)])
def test_a_signal_saves_the_run_and_restores_the_terminal(number: int, open_terminal: Open) -> None:
    terminal = open_terminal(in_shell(app_command("orthogonal-toy")), size=(250, 30))
    terminal.until(playing, "a run")
    os.kill(int(Path(f"/proc/{terminal.pid}/task/{terminal.pid}/children").read_text().split()[0]), number)
    restored(terminal, 128 + number)
    (run,) = left_behind()
    assert run.summary["steps"] > 0
    words = "".join(terminal.screen.text.split())
    assert f"reluflow:endedby{signal.Signals(number).name};runsavedin{run.path}" in words


def test_who_saves_on_leaving_is_told_where(open_terminal: Open, own_folder: Path) -> None:
    terminal = open_terminal(in_shell([sys.executable, "-c", ASKING, "tui", "orthogonal-toy"]))
    terminal.until(playing, "a run")
    terminal.type("q")
    terminal.until(lambda screen: "Save the run before leaving?" in screen.text, "the question")
    terminal.type("y")
    restored(terminal, 0)
    (run,) = (own_folder / "work" / "runs").iterdir()
    assert "reluflow:runsavedin" in "".join(terminal.screen.text.split())
    assert run.name in terminal.screen.text


@pytest.mark.parametrize("key", [pytest.param("l", marks=pytest.mark.slow), "y"])
def test_an_error_of_the_app_saves_the_run_and_is_told(
    key: str, open_terminal: Open, own_folder: Path
) -> None:
    terminal = open_terminal(in_shell([sys.executable, "-c", RAISING, "tui", "orthogonal-toy"]))
    terminal.until(playing, "a run")
    terminal.type(key)
    restored(terminal, 1)
    words = " ".join(terminal.screen.text.split())
    assert "ended by an error of its own (IndexError: what nobody expected, not \\udcffutf-8)" in words
    (run,) = left_behind()
    assert f"runsavedin{run.path}" in words.replace(" ", "")
    assert "Traceback" not in words
    assert run.summary["steps"] > 0
    details = (own_folder / "config" / "error.txt").read_text()
    assert "in broken" in details


def test_a_while_in_the_shell_with_another_size_after_it(open_terminal: Open) -> None:
    shell = ["bash", "--norc", "--noprofile", "-i"]
    terminal = open_terminal(shell, environment={"PS1": "prompt> "})
    terminal.type(shlex.join(app_command("orthogonal-toy")) + "\r")
    terminal.until(playing, "a run")
    terminal.type("\x1a")
    terminal.until(lambda screen: not screen.alternate and "Stopped" in screen.text, "the shell")
    assert terminal.screen.modes <= USUAL
    terminal.resize(100, 30)
    terminal.type("fg\r")
    terminal.until(lambda screen: screen.alternate and "solver" in screen.text, "the app")
    terminal.resize(40, 10)
    terminal.until(lambda screen: "found 40 x 10" in screen.text, "the sentence")
    terminal.resize(130, 35)
    terminal.until(lambda screen: "memory_mb" in screen.text, "the panels")


ASCII_LOCALE = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
#: as a shell exports it that had another size once: the terminal's own counts
OLD_SIZE = {"COLUMNS": "40", "LINES": "10"}


@pytest.mark.parametrize(
    "environment",
    [{"TERM": "linux", "NO_COLOR": "1", **OLD_SIZE}, pytest.param(ASCII_LOCALE, marks=pytest.mark.slow)],
)
def test_terminals_of_few_characters_and_colours(environment: dict[str, str], open_terminal: Open) -> None:
    terminal = open_terminal(in_shell(app_command("orthogonal-toy")), environment=environment)
    terminal.until(playing, "a run")
    terminal.type("?")
    # all of the help: esc and a key that follow each other at once are one key with alt
    told = "sort the table by its next column"
    terminal.until(lambda screen: told in screen.text and "of 60" not in screen.text, "the help")
    terminal.type("\x1b")
    terminal.until(lambda screen: "of 60" in screen.text and told not in screen.text, "the panels")
    assert terminal.screen.text.isascii()
    terminal.type("q")
    restored(terminal, 0)


@pytest.mark.parametrize(("term", "named"), [("dumb", "dumb"), ("", "empty")])
def test_a_terminal_that_cannot_place_its_cursor_gets_one_sentence(
    term: str, named: str, open_terminal: Open
) -> None:
    terminal = open_terminal(app_command("orthogonal-toy"), environment={"TERM": term}, size=(250, 30))
    assert terminal.ended() == 2
    terminal.quiet(0.05)
    (said,) = (line for line in terminal.screen.lines if line)
    assert said.startswith(f"reluflow: TERM is {named}: this terminal cannot place its cursor; expected one")


@pytest.mark.skipif(remote.missing() is not None, reason=str(remote.missing()))
def test_through_ssh_on_a_slow_line(open_terminal: Open, own_folder: Path) -> None:
    """A run behind a line of 20 kB/s: keys do what they do, and a lost connection saves the run."""
    (own_folder / "ssh").mkdir()
    work = own_folder / "work"
    with remote.Remote(own_folder / "ssh", Link(20_000.0, 0.05)) as host:
        there = {"RELUFLOW_CONFIG": str(own_folder / "config")}
        terminal = open_terminal(host.command(app_command("orthogonal-toy"), there, work))
        terminal.until(playing, "a run")
        terminal.type("l")
        terminal.until(lambda screen: "over log time" in screen.text, "what the key does")
        terminal.resize(100, 30)
        terminal.until(lambda screen: playing(screen) and len(screen.lines[2]) > 80, "the panels")
        host.cut()
        terminal.ended()
        until(lambda: [run for run in left_behind() if run.summary.get("steps")], "the saved run")
