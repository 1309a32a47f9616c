"""A shell in a real terminal, with the app in it; and whether it gets its terminal back."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from terminal import Terminal, app_command

#: the program that runs the app so that it tells what it is at
TOLD = Path(__file__).with_name("told_app.py")


_Terminal = TypeVar("_Terminal", bound=Terminal)


@contextmanager
def interactive_shell(kind: type[_Terminal]) -> Iterator[_Terminal]:
    """An interactive shell, in a terminal of a kind, that has noted the settings of its terminal."""
    one = kind(["bash", "--norc", "--noprofile", "-i"], (100, 30), environment={"PS1": "prompt> $? "})
    try:
        one.type("stty -a > before\r")
        yield one
    finally:
        one.close()


def telling(file: Path, *words: str) -> list[str]:
    """The command line of the app on the toy, which on a signal tells in a file what it is at."""
    return [sys.executable, str(TOLD), str(file), "tui", "orthogonal-toy", *words]


def begin(shell: Terminal, *words: str, shows: str, tells: Path | None = None) -> None:
    """Start the app on the toy, with more ``words`` to it, until it ``shows`` something.

    ``tells``: the file in which it tells on a signal what it is at.
    """
    command = app_command("orthogonal-toy", *words) if tells is None else telling(tells, *words)
    shell.type(shlex.join(command) + "\r")
    shell.until(lambda screen: screen.alternate and "quit" in screen.text and shows in screen.text, "a run")


def app_of(shell: Terminal) -> int:
    """The process of the app."""
    return int(Path(f"/proc/{shell.pid}/task/{shell.pid}/children").read_text().split()[0])


def left_in_order(shell: Terminal, keys: str = "q") -> None:
    """Leave the app by ``keys``, and find the terminal as it was before."""
    shell.type(keys)
    shell.until(lambda screen: not screen.alternate and "prompt>" in screen.text, "the shell")
    shell.type("\x15stty -a > after; echo code=$?; echo fin''ished\r")
    shell.until(lambda screen: "finished" in screen.text, "the settings")
    assert Path("after").read_text() == Path("before").read_text()
