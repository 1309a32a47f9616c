"""How a run goes, on stderr: one line that is rewritten on a terminal, a line now and then elsewhere."""

import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reluflow.cli.output import say, write_raw
from reluflow.plot.glyphs import is_dumb

if TYPE_CHECKING:
    from reluflow.training.training import Training

#: Seconds between two looks at a run.
SHOW_EVERY: Final = 0.1
#: Seconds between two lines where stderr is no terminal.
LINE_EVERY: Final = 5.0
#: Width assumed where the terminal does not tell its own.
USUAL_WIDTH: Final = 80
#: Columns left free at the end of the line, where a terminal echoes ^C.
ECHO: Final = 3
_BAR: Final = 24
#: Steps a second below which no number of them is told: it only says for how long there was none.
_SLOWEST: Final = 0.1


@dataclass(frozen=True)
class Figures:
    """What is shown of a run between two steps."""

    t: float
    loss: float
    steps: int
    wall_seconds: float

    @classmethod
    def of(cls, training: "Training") -> "Figures":
        """Those of a run as it stands."""
        solver = training.solver
        return cls(solver.t, solver.loss, solver.steps, training.wall_seconds)


class StatusLine:
    """One line on stderr that is rewritten on a terminal, and written anew now and then elsewhere."""

    def __init__(self) -> None:
        self._rewrites = sys.stderr is not None and sys.stderr.isatty() and not is_dumb(os.environ)
        self._said = time.monotonic()
        self._dirty = False

    def show(self, line: Callable[[int], str]) -> None:
        """Write the line, which is asked for with its width, if it is time to."""
        if self._rewrites:
            width = terminal_width() - ECHO
            write_raw("\r" + line(width).ljust(width))
            self._dirty = True
        elif time.monotonic() - self._said >= LINE_EVERY:
            self._said = time.monotonic()
            say(line(USUAL_WIDTH))

    def close(self) -> None:
        """Leave the line as it is and go on below it."""
        if self._dirty:
            say("")
            self._dirty = False


def barred(done: float | None, words: str, width: int) -> str:
    """A bar of what is done, 0 to 1, before the words, in at most ``width`` columns; no bar without room."""
    if done is None or width < len(words) + _BAR + 9:
        return words[: max(width, 0)]
    filled = round(done * _BAR)
    return f"[{'#' * filled}{'-' * (_BAR - filled)}] {math.floor(100 * done):3d} %  {words}"


class Progress:
    """Shows a run; nothing at all when ``quiet``."""

    def __init__(self, training: "Training", quiet: bool) -> None:
        self._training = training
        self._quiet = quiet
        self._line = StatusLine()
        self._figures = Figures.of(training)
        self._first_loss = float(training.recorder.series["loss"][0])
        self._clock = time.monotonic()
        self._steps = self._figures.steps
        self._rate = 0.0

    def show(self) -> None:
        """Say how far the run is, between two steps, if it is time to; always once it is over."""
        self._figures = Figures.of(self._training)
        if self._is_due() or self._training.status != "running":
            self._show()

    def show_within_step(self) -> None:
        """Say how far the run was before the step that is being taken, if it is time to."""
        if self._is_due():
            self._show()

    def _is_due(self) -> bool:
        return not self._quiet and time.monotonic() - self._clock >= SHOW_EVERY

    def _show(self) -> None:
        if self._quiet:
            return
        self._measure()
        self._line.show(self.line)

    def close(self) -> None:
        """Leave the line as it is and go on below it."""
        self._line.close()

    def line(self, width: int) -> str:
        """Bar, time, loss and step rate, in at most ``width`` columns."""
        shown = self._figures
        rate = f"{self._rate:.3g}" if self._rate >= _SLOWEST else f"under {_SLOWEST}"
        words = f"t = {shown.t:.5g}  loss = {shown.loss:.4g}  {rate} steps/s"
        return barred(self.fraction(), words, width)

    def fraction(self) -> float | None:
        """How much is done, 0 to 1: towards the stop loss on a log scale, else towards the nearest end."""
        shown, stop = self._figures, self._training.stop
        if stop.loss is not None:
            way = math.log(self._first_loss / stop.loss) if self._first_loss > stop.loss else 0.0
            gone = math.log(self._first_loss / max(shown.loss, stop.loss)) if way else 0.0
            return _clip(gone / way) if way else 1.0
        shares = [(shown.t, stop.time), (shown.steps, stop.steps), (shown.wall_seconds, stop.wall_seconds)]
        known = [_clip(done / end) for done, end in shares if end is not None]
        return max(known) if known else None

    def _measure(self) -> None:
        now, steps = time.monotonic(), self._figures.steps
        if now > self._clock:
            latest = (steps - self._steps) / (now - self._clock)
            self._rate = latest if self._rate == 0.0 else 0.7 * self._rate + 0.3 * latest
        self._clock, self._steps = now, steps


def terminal_width() -> int:
    """Columns of the terminal behind stderr; the usual width where it cannot be read or is not told."""
    try:
        width = os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError, AttributeError):
        width = 0
    return width if width > 0 else USUAL_WIDTH


def _clip(share: float) -> float:
    return min(max(share, 0.0), 1.0)
