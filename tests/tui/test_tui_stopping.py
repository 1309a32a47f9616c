"""The app stopped and continued, with and without having left the terminal in order."""

import fcntl
import os
import shlex
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from shells import app_of, begin, interactive_shell, left_in_order
from terminal import Screen, Terminal

DEADLINE = 60.0
POLL = 0.01
#: The app, told of another size by a signal that comes while the handler of the one before is at work.
RESIZED_TWICE = """
import fcntl, struct, termios
from reluflow.tui.terminal.driver import TerminalDriver
usual, told = TerminalDriver.terminal_size, []
def interrupted(driver):
    size = usual(driver)
    if size == (90, 28) and not told:
        told.append(size)
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    return size
TerminalDriver.terminal_size = interrupted
import reluflow.tui
reluflow.tui.run("orthogonal-toy", fresh=True)
"""

#: The app, which leaves a note when it has given the terminal back; then it is continued, or nothing is done.
GIVES_BACK = """
import os, pathlib, signal
from reluflow.tui.terminal.driver import TerminalDriver
usual = TerminalDriver._hand_back
def noted(driver):
    usual(driver)
    {then}
    pathlib.Path("handed-back").touch()
TerminalDriver._hand_back = noted
import reluflow.tui
raise SystemExit(reluflow.tui.run("orthogonal-toy", fresh=True))
"""
CONTINUED = "os.kill(os.getpid(), signal.SIGCONT)"


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with interactive_shell(Terminal) as one:
        begin(one, shows="playing")
        yield one


def whole(screen: Screen) -> bool:
    """Whether all panels are there, and the footer below them."""
    return all(word in screen.text for word in ("paused", "─ loss ─", "active on samples", "help q quit"))


@pytest.mark.slow  # as where it is continued from outside, and brought back after that
def test_stopped_from_outside_while_the_shell_takes_the_terminal(terminal: Terminal) -> None:
    process = app_of(terminal)
    terminal.type(" ")
    terminal.until(whole, "a pause")
    os.kill(process, signal.SIGSTOP)
    terminal.until(lambda screen: "Stopped" in screen.text, "the shell")
    terminal.type("clear; echo in''side; fg\r")
    terminal.until(whole, "the panels")
    terminal.type("l")
    terminal.until(lambda screen: "over log time" in screen.text, "what a key does")
    left_in_order(terminal)


@pytest.mark.slow
def test_suspended_and_back_while_paused_all_is_painted(terminal: Terminal) -> None:
    terminal.type(" ")
    terminal.until(whole, "a pause")
    for _ in range(3):
        terminal.type("\x1a")
        terminal.until(lambda screen: not screen.alternate and "Stopped" in screen.text, "the shell")
        terminal.type("clear; fg\r")
        terminal.until(lambda screen: screen.alternate and whole(screen), "the panels")
    left_in_order(terminal)


def in_background(terminal: Terminal) -> None:
    """The app, paused, is stopped and then let run behind the shell."""
    terminal.type(" ")
    terminal.until(whole, "a pause")
    terminal.type("\x1a")
    terminal.until(lambda screen: not screen.alternate and "Stopped" in screen.text, "the shell")
    terminal.type("bg\r")
    terminal.until(lambda screen: "&" in screen.text, "its going on")


def test_in_the_background_it_takes_the_terminal_when_it_is_back_in_front(terminal: Terminal) -> None:
    in_background(terminal)
    # of a job that runs a shell says nothing as it brings it back
    terminal.type("clear; fg\r")
    terminal.until(lambda screen: screen.alternate and whole(screen), "the panels")
    terminal.type("l")
    terminal.until(lambda screen: "over log time" in screen.text, "what a key does")
    left_in_order(terminal)


@pytest.mark.slow  # as behind the shell, where it is ended as well
def test_ended_in_the_background_it_leaves_the_terminal_to_the_shell(terminal: Terminal) -> None:
    in_background(terminal)
    os.kill(app_of(terminal), signal.SIGTERM)
    terminal.until(lambda screen: "ended by SIGTERM" in screen.text, "its last words")
    terminal.type("wait %1; echo code=$?\r")
    terminal.until(lambda screen: "code=143" in screen.text, "its end")
    left_in_order(terminal, "\r")


def test_continued_from_outside_behind_the_shell_it_is_quiet(terminal: Terminal) -> None:
    """It plays, and would paint ten times a second; keys are the shell's, and would stop it for good."""
    process = app_of(terminal)

    def behind() -> None:
        os.kill(process, signal.SIGSTOP)
        terminal.until(lambda screen: "Stopped" in screen.text, "the shell")
        os.kill(process, signal.SIGCONT)
        # an answer to the app may have come to the shell, which takes it for the beginning of a command
        terminal.type("\r\recho cle''ared\r")
        terminal.until(lambda screen: "cleared" in screen.text, "the shell's words")
        terminal.feed("\x1b[2J\x1b[H")
        for word in ("one", "two", "three", "four", "five"):
            terminal.type(f"echo {word}''{word}\r")
            terminal.until(lambda screen, word=word: word * 2 in screen.text, "the shell's words")
        assert "loss" not in terminal.screen.text

    behind()
    terminal.type("clear; fg\r")
    terminal.until(lambda screen: "─ loss ─" in screen.text and "help q quit" in screen.text, "the panels")
    terminal.type(" l")
    terminal.until(lambda screen: "over log time" in screen.text and whole(screen), "what keys do")
    behind()
    os.kill(process, signal.SIGTERM)
    terminal.until(lambda screen: "ended by SIGTERM" in screen.text, "its last words")
    terminal.type("wait %1; echo code=$?\r")
    terminal.until(lambda screen: "code=143" in screen.text, "its end")
    left_in_order(terminal, "\r")


def stops_not(terminal: Terminal) -> None:
    """The app, paused, is told to stop, and after that answers a key as before."""
    terminal.type(" ")
    terminal.until(whole, "a pause")
    terminal.type("\x1a")
    end = time.monotonic() + DEADLINE
    while not Path("handed-back").exists():
        assert time.monotonic() < end, terminal.screen.text
        time.sleep(POLL)
    terminal.type("l")
    terminal.until(lambda screen: "over log time" in screen.text and whole(screen), "what a key does")


def test_a_stop_that_is_taken_back_before_it_happens_does_not_happen() -> None:
    with interactive_shell(Terminal) as terminal:
        terminal.type(shlex.join([sys.executable, "-c", GIVES_BACK.format(then=CONTINUED)]) + "\r")
        terminal.until(lambda screen: screen.alternate and "solver done" in screen.text, "a run")
        stops_not(terminal)
        left_in_order(terminal)


def test_where_no_shell_could_continue_it_it_does_not_stop() -> None:
    terminal = Terminal([sys.executable, "-c", GIVES_BACK.format(then="pass")], (100, 30))
    try:
        terminal.until(lambda screen: screen.alternate and "solver done" in screen.text, "a run")
        stops_not(terminal)
        terminal.type("q")
        assert terminal.ended() == 0
    finally:
        terminal.close()


def test_the_size_is_that_of_the_last_of_two_changes() -> None:
    terminal = Terminal([sys.executable, "-c", RESIZED_TWICE], (100, 30))
    try:
        terminal.until(lambda screen: "solver done" in screen.text, "a run")
        terminal.type(" ")
        terminal.until(lambda screen: "paused" in screen.text and "quit" in screen.lines[29], "a pause")
        terminal.quiet(0.2)
        terminal.screen.resize(100, 30)
        fcntl.ioctl(terminal.master, termios.TIOCSWINSZ, struct.pack("HHHH", 28, 90, 0, 0))
        terminal.until(lambda screen: whole(screen) and "quit" in screen.lines[29], "the last size")
    finally:
        terminal.close()


def test_what_comes_from_outside_leaves_the_app_as_it_was(terminal: Terminal) -> None:
    """One app, whose start takes longer than all that is done to it."""
    process = app_of(terminal)
    terminal.until(lambda screen: "solver done" in screen.text, "a run")
    terminal.type("g20\r")
    terminal.until(lambda screen: whole(screen) and " t 20 " in screen.text, "a pause")
    terminal.until(lambda screen: "theory (" in screen.text, "the last that is painted")
    # ctrl+l paints over what others wrote
    terminal.feed("\x1b[2J")
    assert not whole(terminal.screen)
    terminal.type("\x0c")
    terminal.until(whole, "the panels over what others wrote")
    # continued without having been suspended
    for _ in range(5):
        os.kill(process, signal.SIGCONT)
    terminal.type(":redraw\r")
    terminal.until(whole, "the panels after a signal")
    # it may hear of a change of size only when it is undone, and the terminal has cut off what was there
    for _ in range(3):
        terminal.resize(100, 30)
        os.kill(process, signal.SIGWINCH)
        terminal.until(whole, "the panels at the same size")
    # bytes that are no keys
    for noise in (b"\xfc", b"\x1b[M\x20\xa5\x81", b"\xff\xfe\x80", b"\x1b[99999999999u"):
        terminal.send(noise)
    terminal.type("l")
    terminal.until(lambda screen: "over log time" in screen.text and whole(screen), "what a key does")
    left_in_order(terminal)
