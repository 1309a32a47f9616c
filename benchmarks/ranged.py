"""The range of a number, measured from outside: points, and keys while they are solved."""

import re
import time

from terminal import Screen
from watched import App, running

POINTS = 40
TEXT = f"init.scale=1e-10:1e-2:{POINTS}log"


def points(screen: Screen) -> int:
    """How many points the heading counts."""
    found = re.search(r"(\d+) of (\d+) points", screen.lines[0])
    return int(found[1]) if found else 0


def under_cursor(screen: Screen) -> str:
    """The number under the cursor."""
    found = re.search(r"init\.scale = (\S+)", screen.lines[1])
    return found[1] if found else ""


def ranged(runs: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds to the first point and to all of them of so many ranges, and milliseconds of keys meanwhile."""
    first, whole, keys = [], [], []
    for _ in range(runs):
        with running("orthogonal-toy") as app:
            app.solved()
            _ask(app)
            began = time.monotonic()
            app.terminal.type("\r")
            app.terminal.until(lambda screen: points(screen) >= 1, "a point")
            first.append(time.monotonic() - began)
            while points(app.screen) < POINTS:
                shown = under_cursor(app.screen)
                key = "\x1b[D" if len(keys) % 4 < 2 else "\x1b[C"
                took = app.press(
                    key, lambda screen, shown=shown: under_cursor(screen) not in ("", shown), "a move"
                )
                keys.append(1000.0 * took)
                time.sleep(0.1)
            whole.append(time.monotonic() - began)
    return first, whole, keys


def _ask(app: App) -> None:
    """Open the dialogue and type the range, as a user does."""
    app.press("%", lambda screen: "The range of a number" in screen.text, "the dialogue")
    app.terminal.type("\x7f" * 60)
    app.press(TEXT, lambda screen: TEXT in screen.text, "the range")
    time.sleep(1.0)
