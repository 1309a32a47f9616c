"""Long storms of keys, bytes, sizes and signals in a real terminal: the app lives and the shell gets it back.

Slow; the seed is printed, and RELUFLOW_FUZZ_SEED sets it. Each storm ends on the panels of the toy, where
what the app holds is counted.
"""

import os
import random
import shlex
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from shells import app_of, begin, interactive_shell, left_in_order, telling
from watched_app import DEADLINE, WatchedTerminal, answered

from reluflow.tui.actions import ACTIONS

ESCAPE = "\x1b[27u"
#: seconds until memory of runs that are not shown any more has been given back, and at most where many want
#: the processor
REST_SECONDS, LATEST_REST_SECONDS = 5.0, 60.0
#: what the app may hold more after a storm than before it
MORE_BYTES = 20 * 2**20
#: keys as a terminal sends them; not those that leave, write or stop
KEPT_OUT = ("quit", "write", "save", "picture", "palette")
KEYS = [action.shown for action in ACTIONS if len(action.shown) == 1 and action.id not in KEPT_OUT]
KEYS += ["\r", "\t", " ", ESCAPE, "\x7f", "\x15", "\x0c", *(f"\x1b[{letter}" for letter in "ABCDHFZ")]
KEYS += [*"0123456789.-+", "\x1b[5~", "\x1b[6~", "\x1b[3~", "\x1b[<0;20;9M\x1b[<0;20;9m", "\x1b[<65;30;9M"]
PIECES = [b"\x1b", b"\x1b[", b"\x1b[M", b"\x1b[M\x20\xa5", b"\x1b[<0;1", b"\x1b[200~"]
PIECES += [b"\x1b[201~", b"\x1b]52;c;", b"\x1bP", b"\x1b[<35;999;999M"]
#: bytes that leave or stop the app, or find the actions that do, which may well be among any bytes
LEAVING = b"qwx:\x03\x11\x1a"
SIZES = [(1, 1), (20, 5), (60, 20), (80, 24), (100, 30), (120, 40), (300, 100)]


@pytest.fixture
def draw() -> random.Random:
    seed = int(os.environ.get("RELUFLOW_FUZZ_SEED", "14"))
    print(f"RELUFLOW_FUZZ_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def shell() -> Iterator[WatchedTerminal]:
    with interactive_shell(WatchedTerminal) as one:
        begin(one, "--fresh", shows="lorentz", tells=one.tells)
        yield one


def back_on_the_toy(shell: WatchedTerminal) -> None:
    """Leave every page, open the toy, and see it there."""
    shell.resize(101, 30)
    shell.resize(100, 30)
    # a paste that was begun is at its end, and a report of the mouse that was cut
    shell.type("\x1b[201~" + "   " + "\x1b[201~" + ESCAPE * 8)
    shell.type("1oorthogonal-toy\r")
    # a key after all that, whose effect nothing else has
    shell.type("g")
    answered(shell, lambda screen: "50% of the run" in screen.text, "an answer to a key")
    shell.type(ESCAPE)
    answered(
        shell, lambda screen: "50% of the run" not in screen.text and "quit" in screen.text, "the panels"
    )


def held(process: int) -> tuple[int, int]:
    """Bytes of memory of its own, and open files."""
    status = Path(f"/proc/{process}/status").read_text()
    kilobytes = int(next(line for line in status.splitlines() if line.startswith("RssAnon")).split()[1])
    return kilobytes * 1024, len(os.listdir(f"/proc/{process}/fd"))


def held_at_rest(process: int, most: tuple[float, int], seconds: float) -> tuple[int, int]:
    """What it holds once that is no more than ``most``, or after so many seconds in which it is not."""
    end = time.monotonic() + seconds
    while True:
        bytes_, files = held(process)
        if (bytes_ <= most[0] and files <= most[1]) or time.monotonic() > end:
            return bytes_, files
        time.sleep(0.1)


def suspended_and_back(shell: WatchedTerminal) -> None:
    shell.resize(100, 30)
    shell.type("\x1a")
    answered(shell, lambda screen: not screen.alternate and "Stopped" in screen.text, "the shell")
    shell.type("\x15clear; fg\r")
    # before it asks for pastes in brackets the shell's settings hold, under which ctrl+u is no key of its
    answered(shell, lambda screen: screen.alternate and "?2004" in screen.modes, "the app")


def with_its_servers(shell: WatchedTerminal) -> None:
    """Have the app start the two processes from which those of a range are made, and which then stay."""
    shell.type("%")
    answered(shell, lambda screen: "The range of a number" in screen.text, "the question")
    shell.type(ESCAPE)
    answered(shell, lambda screen: "The range of a number" not in screen.text, "the panels")


def storm_of_keys(shell: WatchedTerminal, draw: random.Random, count: int) -> None:
    sent = 0
    while sent < count:
        burst = draw.choice((1, 3, 10, 50))
        shell.type("".join(draw.choice(KEYS) for _ in range(burst)))
        sent += burst
        chance = draw.random()
        if chance < 0.05:
            shell.resize(*draw.choice(SIZES))
        elif chance < 0.06:
            text = "".join(draw.choice("ab 1.\n\x1bq[") for _ in range(draw.choice((10, 1000, 100_000))))
            shell.type(f"\x1b[200~{text}\x1b[201~")
        elif chance < 0.065:
            suspended_and_back(shell)
        if sent % 1000 < burst:
            back_on_the_toy(shell)


@pytest.mark.slow
def test_twenty_thousand_keys(shell: WatchedTerminal, draw: random.Random) -> None:
    with_its_servers(shell)
    # by then nearly every page was opened once, and what it needs is loaded
    storm_of_keys(shell, draw, 5000)
    back_on_the_toy(shell)
    process = app_of(shell)
    memory, files = held_at_rest(process, (0.0, 0), REST_SECONDS)
    for _ in range(3):
        storm_of_keys(shell, draw, 5000)
        back_on_the_toy(shell)
        assert app_of(shell) == process
    more, files_after = held_at_rest(process, (memory + MORE_BYTES, files), LATEST_REST_SECONDS)
    print(f"{(more - memory) / 2**20:.1f} MB more, {files_after - files} files more")
    left_in_order(shell, "qn")
    begin(shell, "--fresh", shows="lorentz")
    left_in_order(shell, "qn")
    assert more - memory < MORE_BYTES
    assert files_after <= files


@pytest.mark.slow
def test_ten_thousand_sequences_of_bytes_and_storms_of_signals(draw: random.Random) -> None:
    # a shell that does not take the terminal when the app is stopped, so that it may be at any time
    line = f"stty -a > before; {shlex.join(telling(WatchedTerminal.tells, '--fresh'))}; stty -a > after"
    shell = WatchedTerminal(["bash", "--norc", "--noprofile", "-c", line], (100, 30))
    shell.until(lambda screen: screen.alternate and "quit" in screen.text, "a run")
    process = app_of(shell)
    for number in range(10_000):
        noise = draw.choice(PIECES) if draw.random() < 0.3 else draw.randbytes(draw.randrange(1, 12))
        kept = bytes(byte for byte in noise if byte not in LEAVING)
        if kept:
            shell.send(kept)
        if number % 100 == 0:
            for _ in range(draw.randrange(5)):
                os.kill(process, draw.choice((signal.SIGCONT, signal.SIGWINCH, signal.SIGSTOP)))
            os.kill(process, signal.SIGCONT)
        if number % 1000 == 999:
            back_on_the_toy(shell)
            assert app_of(shell) == process
    shell.type("qn")
    assert shell.ended(DEADLINE) == 0
    assert Path("after").read_text() == Path("before").read_text()
