"""A shell in a real terminal, with the app in it; and whether it gets its terminal back."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from terminal import Terminal, app_command


@contextmanager
def interactive_shell() -> Iterator[Terminal]:
    """An interactive shell that has noted the settings of its terminal."""
    one = Terminal(["bash", "--norc", "--noprofile", "-i"], (100, 30), environment={"PS1": "prompt> $? "})
    try:
        one.type("stty -a > before\r")
        yield one
    finally:
        one.close()


def begin(shell: Terminal, *words: str, shows: str) -> None:
    """Start the app on the toy, with more ``words`` to it, until it ``shows`` something."""
    shell.type(shlex.join(app_command("orthogonal-toy", *words)) + "\r")
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
