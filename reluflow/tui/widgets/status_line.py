"""Two lines at the top: where the run is, and why it is in the state it is in."""

import math
from collections.abc import Sequence
from typing import Final

from reluflow.plot.axes import short
from reluflow.plot.cells import Role, Row, Segment
from reluflow.plot.glyphs import Glyphs
from reluflow.session import Frame
from reluflow.tui.widgets.rows_panel import RowsPanel

_WORDS: Final = {
    "ready": "ready",
    "playing": "playing",
    "paused": "paused",
    "converged": "converged",
    "stationary": "stationary",
    "time": "stopped: time is up",
    "steps": "stopped: steps are up",
    "wall": "stopped: seconds are up",
    "interrupted": "interrupted",
    "failed": "failed",
}


class StatusLine(RowsPanel):
    """The numbers of the present frame and the reason behind its state, in words."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self._frame: Frame | None = None
        self._speed = math.inf

    def show(self, frame: Frame, speed: float) -> None:
        """Draw a newer frame."""
        self._frame, self._speed = frame, speed
        self.redraw()

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        if self._frame is None:
            return []
        return [self._numbers(self._frame, width), self._shortened(self._words(self._frame), width)]

    def _shortened(self, row: Row, width: int) -> Row:
        """A row of one segment, with a mark at its end if it had to be cut."""
        return [
            Segment(text if len(text) <= width else text[: width - 1] + self.glyphs.ellipsis, role)
            for text, role in row
        ]

    def _numbers(self, frame: Frame, width: int) -> Row:
        sign, word, role = self._state(frame)
        row = [Segment(f"{sign} {word}", role), Segment(f"  {frame.preset.name}", "strong")]
        pieces = [("t", short(frame.t)), ("loss", loss_text(frame.loss)), ("step", f"{frame.steps:,}")]
        if frame.method:
            pieces.append(("", frame.method))
        pieces.append(("speed", "max" if math.isinf(self._speed) else f"{self._speed:g}"))
        if frame.status == "playing":
            pieces.append(("", f"{short(round(frame.steps_per_second, 1))} steps/s"))
        if frame.events:
            pieces.append(("events", f"{frame.events:,}"))
        for name, value in pieces:
            label = f"  {name} " if name else "  "
            if sum(len(segment.text) for segment in row) + len(label) + len(value) > width:
                break
            row += [Segment(label, "dim"), Segment(value, "text")]
        return row

    def _state(self, frame: Frame) -> tuple[str, str, Role]:
        if frame.error:
            return "!", "error", "error"
        word = _WORDS.get(frame.status, frame.status)
        if frame.status == "playing":
            return self.glyphs.play, word, "good"
        if frame.status == "failed":
            return "!", word, "error"
        return self.glyphs.pause, word, "good" if frame.status == "converged" else "key"

    def _words(self, frame: Frame) -> Row:
        if frame.error:
            return [Segment(frame.error, "error")]
        if frame.busy:
            return [Segment(f"{frame.busy} {self.glyphs.ellipsis}", "key")]
        if frame.status not in ("ready", "playing", "paused") and frame.reason:
            return [Segment(frame.reason, "text")]
        if frame.method:
            return [Segment(f"{frame.method}: {frame.method_summary}", "dim")]
        return []


def loss_text(loss: float) -> str:
    """A loss with four digits, in the notation that is shorter to read."""
    if not math.isfinite(loss):
        return "-"
    return f"{loss:.4f}" if 1e-3 <= abs(loss) < 1e4 else f"{loss:.3e}"
