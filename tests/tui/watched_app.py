"""An app in a terminal that is waited for as long as it works, and tells what it is at if it does not."""

from collections import deque
from collections.abc import Callable
from pathlib import Path

from commands import spent
from shells import app_of
from terminal import Screen, Terminal
from told_app import what_it_is_at

#: seconds of the app's own time in which all keys that wait are done
DEADLINE = 300.0
#: seconds between two looks at how far that is, and how many looks there are at most
LOOK, LOOKS = 20.0, 90
#: Seconds of its own time that the app uses within so many looks, unless it hangs. Where many want the
#: processor, one that gives way to all of them gets a fiftieth of it.
LEAST, PATIENCE = 2.0, 5
#: pieces of what was sent that are told, and characters of each
PIECES_TOLD, LONGEST = 200, 400


class WatchedTerminal(Terminal):
    """A terminal that keeps what was sent last. ``tells``: the file in which the app in it tells."""

    tells = Path("told")

    def __init__(self, *words: object, **options: object) -> None:
        self.sent: deque[bytes] = deque(maxlen=PIECES_TOLD)
        super().__init__(*words, **options)  # type: ignore[arg-type]

    def type(self, text: str) -> None:
        self.send(text.encode())

    def send(self, data: bytes) -> None:
        self.sent.append(data)
        super().send(data)


def answered(shell: WatchedTerminal, holds: Callable[[Screen], object], what: str) -> None:
    """Wait until something holds of the screen, for as long as the app works.

    On a machine that others keep busy a storm takes any time by the clock. Fails with all that is known of
    an app that hangs.
    """
    process = app_of(shell)
    used = [spent(process)]
    while True:
        try:
            shell.until(holds, what, LOOK)
        except TimeoutError as error:
            used.append(spent(process))
            idle = len(used) > PATIENCE and used[-1] - used[-1 - PATIENCE] < LEAST
            if used[-1] - used[0] > DEADLINE or idle or len(used) > LOOKS:
                raise AssertionError("\n".join([str(error), *known_of(shell, process, used)])) from None
        else:
            return


def known_of(shell: WatchedTerminal, process: int, used: list[float]) -> list[str]:
    """What the app is at, what it has used, whether keys reach it, and what was sent last."""
    state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    sent = [repr(piece)[:LONGEST] for piece in shell.sent]
    return [
        f"process {process} in state {state}; seconds of its own at each look: {used}",
        f"modes {sorted(shell.screen.modes)}; not understood yet: {shell.screen.pending[:LONGEST]!r}",
        what_it_is_at(process, shell.tells),
        "sent last:",
        *sent,
    ]
