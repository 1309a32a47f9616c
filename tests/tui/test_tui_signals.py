"""The app and signals from the first line on: its end as documented, and the terminal as it was before."""

import os
import random
import re
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import MARKED, OTHERS, SIGNALS, spent, spent_by_those_that_ended
from terminal import Screen, Terminal

from reluflow.store.live_runs import left_behind

#: private modes that a shell leaves on: the cursor, wrapping, pasting
USUAL = {"?25", "?7", "?2004"}
#: seconds of the processor's time that the app may use after a signal
LIMIT = 1.0
SAID = re.compile(r"reluflow: (ended|interrupted) by SIG(INT|TERM|HUP|QUIT|USR1|USR2|XCPU); .*")
#: Does what the app does with the terminal's settings, begins to draw a frame, and then never comes back.
HANGING = """
import os, threading
from reluflow.tui.terminal.driver import TerminalDriver
started = TerminalDriver.start_application_mode
def hanging(driver):
    started(driver)
    driver.flush()
    os.write(1, b"has the terminal\\x1b[?2026h")
    threading.Event().wait()
TerminalDriver.start_application_mode = hanging
"""


#: Gives the settings back as the app does on leaving, and then never comes to the end of it.
LEAVING = """
import termios, threading
from reluflow.tui.terminal.driver import TerminalDriver
def hanging(driver):
    termios.tcsetattr(driver.fileno, termios.TCSANOW, driver.attrs_before)
    threading.Event().wait()
TerminalDriver.stop_application_mode = hanging
"""


def require_left_in_order(
    program: str, numbers: list[int], ready: Callable[[Screen], object], after: float = 0.0
) -> float:
    """Start the app and send it signals; how much of the processor's time it then took to end."""
    others = spent_by_those_that_ended()
    terminal = Terminal([sys.executable, "-c", program, "tui", "orthogonal-toy"], (250, 30))
    try:
        before = termios.tcgetattr(terminal.master)
        terminal.until(ready, "the moment")
        time.sleep(after)
        used = spent(terminal.pid)
        for number in numbers:
            os.kill(terminal.pid, number)
        assert terminal.ended() == 128 + numbers[0], terminal.screen.text.strip()
        took = spent_by_those_that_ended() - others - used
        terminal.quiet(0.05)
        assert termios.tcgetattr(terminal.master) == before
        screen = terminal.screen
        assert not screen.alternate
        assert screen.modes <= USUAL
        said = screen.text.replace("begun", "").replace("has the terminal", "").split("\n")
        assert all(SAID.fullmatch(line.strip()) for line in said if line.strip()), said
        return took
    finally:
        terminal.close()


def begun(screen: Screen) -> bool:
    return "begun" in screen.text


@pytest.mark.parametrize("numbers", SIGNALS, ids=["INT", "INT-INT", "TERM", "HUP"])
def test_a_signal_in_the_first_moment(numbers: list[int]) -> None:
    require_left_in_order(MARKED, numbers, begun)


#: the one that the terminal sends as it goes stands for the others
LIKE_OTHERS = ("INT", "INT-INT", "TERM")


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param(numbers, id=name, marks=pytest.mark.slow if name in LIKE_OTHERS else ())
        for numbers, name in zip(SIGNALS, ("INT", "INT-INT", "TERM", "HUP"), strict=False)
    ],
)
def test_a_signal_as_soon_as_the_app_has_the_terminal(numbers: list[int]) -> None:
    require_left_in_order(MARKED, numbers, lambda screen: screen.alternate)


def test_an_app_that_hangs_gives_the_terminal_back() -> None:
    require_left_in_order(HANGING + MARKED, SIGNALS[2], lambda screen: "has the terminal" in screen.text)


def test_an_app_that_hangs_on_leaving_gives_the_terminal_back() -> None:
    require_left_in_order(LEAVING + MARKED, SIGNALS[2], lambda screen: screen.alternate)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["first", "terminal"])
def test_signals_at_any_moment(moment: str) -> None:
    """RELUFLOW_SIGNALS sets how many, RELUFLOW_FUZZ_SEED the seed; the app may work for LIMIT afterwards."""
    seed = int(os.environ.get("RELUFLOW_FUZZ_SEED", "0"))
    rng, slowest, every = random.Random(seed), 0.0, SIGNALS + OTHERS
    for i in range(int(os.environ.get("RELUFLOW_SIGNALS", "12"))):
        ready = begun if moment == "first" else lambda screen: screen.alternate
        after = rng.uniform(0.0, 3.0) * rng.choice([0.03, 0.3, 1.0])
        slowest = max(slowest, require_left_in_order(MARKED, every[i % len(every)], ready, after))
    print(f"{moment}, seed {seed}: the slowest took {slowest:.2f} s")
    assert slowest <= LIMIT
    assert all(run.status in ("interrupted", "converged") for run in left_behind())
    assert not list(Path().iterdir())
