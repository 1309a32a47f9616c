"""The status line says what is on show and what the solver does."""

import math
import re
from collections.abc import Sequence
from typing import Final

from textual import events

from reluflow.live.frame import Frame
from reluflow.plot.axes import short
from reluflow.plot.cells import Role, Row, Segment, wrap
from reluflow.plot.event_words import events_text
from reluflow.plot.glyphs import Glyphs
from reluflow.tui.moment import Moment
from reluflow.tui.widgets.rows_panel import RowsPanel

#: How runs end, in the words of the status line.
_ENDS: Final[dict[str, tuple[str, Role]]] = {
    "converged": ("solver done", "good"),
    "stationary": ("solver done, at rest", "key"),
    "time": ("solver done, time is up", "key"),
    "steps": ("solver done, steps are up", "key"),
    "wall": ("solver done, seconds are up", "key"),
    "interrupted": ("interrupted", "key"),
    "failed": ("solver failed", "error"),
}


#: where a line of the solver goes on
_INDENT: Final = 2
#: on a screen of fewer lines a reason gets at most two of them; the page about the plateau has all of it
_TALL: Final = 34


class StatusLine(RowsPanel):
    """The numbers at the cursor; how it moves, and how far the solver is."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self._moment: Moment | None = None
        self._lines = 0

    def show(self, moment: Moment) -> None:
        """Draw a newer moment."""
        self._moment = moment
        self._take_room()
        self.redraw()

    def on_resize(self, event: events.Resize) -> None:
        self._take_room()
        super().on_resize(event)

    def _take_room(self) -> None:
        """As many lines as what the solver says needs."""
        lines = len(self.make_rows(*self.size)) if self.size.width else 0
        if lines and lines != self._lines:
            self._lines = lines
            self.styles.height = lines

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        moment = self._moment
        if moment is None:
            return []
        doings = wrap(self._doings(moment, whole=True), width, _INDENT)
        if len(doings) > 2 and self.screen.size.height < _TALL:
            doings = wrap(self._doings(moment, whole=False), width, _INDENT)
        return [self._numbers(moment, width), *doings]

    def _numbers(self, moment: Moment, width: int) -> Row:
        live = moment.live
        row = [Segment(moment.frame.preset.name, "strong")]
        happens = _happens(moment)
        pieces = [("t", short(round(moment.t, 6))), ("loss", loss_text(moment.loss))]
        if happens:
            pieces.insert(1, ("", happens))
        pieces.append(("step", f"{moment.step:,}"))
        if live.method:
            pieces.append(("", live.method))
        history = moment.frame.history
        if history is not None and len(history.events) and not happens:
            pieces.append(("events", f"{history.changes_until(moment.t):,}"))
        for name, value in pieces:
            label = f"  {name} " if name else "  "
            if sum(len(segment.text) for segment in row) + len(label) + len(value) > width:
                break
            row += [Segment(label, "dim"), Segment(value, "text")]
        return row

    def _doings(self, moment: Moment, whole: bool) -> Row:
        """The cursor's side and the solver's side, which are two things; ``whole``: all of a reason."""
        live = moment.live
        if live.error and live.history is None:
            return [Segment("! error: ", "error"), Segment(live.error, "error")]
        separator = Segment(f" {self.glyphs.separator} ", "dim")
        other = f"{live.preset.name}: " if live.preset.name != moment.frame.preset.name else ""
        named = [Segment(other, "dim")] if other else []
        return [*self._cursor(moment), separator, *named, *self._solver(live, whole)]

    def _cursor(self, moment: Moment) -> Row:
        pace = "at full speed" if math.isinf(moment.speed) else f"{moment.speed:g}/s by {moment.clock}"
        if not moment.playing:
            return [Segment(f"{self.glyphs.pause} paused", "key"), Segment(f" ({pace})", "dim")]
        until = f" to the next {moment.waits_for}" if moment.waits_for else ""
        return [Segment(f"{self.glyphs.play} playing", "good"), Segment(f" {pace}{until}", "text")]

    def _solver(self, live: Frame, whole: bool) -> Row:
        if live.busy:
            return [Segment(f"{live.busy} {self.glyphs.ellipsis}", "key")]
        if live.status == "running":
            rate = short(float(f"{live.steps_per_second:.3g}"))
            return [Segment(f"solving {rate} steps/s", "good"), Segment(f", at t = {short(live.t)}", "dim")]
        if live.status == "halted":
            return [Segment("halted", "key"), Segment(f" at t = {short(live.t)}, step {live.steps:,}", "dim")]
        words, role = _ENDS.get(live.status, (live.status, "key"))
        reason = live.reason if whole else re.split("[:;] ", live.reason)[0]
        return [Segment(words, role), Segment(f": {reason}" if reason else "", "dim")]


def _happens(moment: Moment) -> str:
    """The events at the cursor in words, "" without any."""
    history = moment.frame.history
    return events_text(history.events_at(moment.t)) if history is not None else ""


def loss_text(loss: float) -> str:
    """A loss with four digits, in the notation that is shorter to read."""
    if not math.isfinite(loss):
        return "-"
    return f"{loss:.4f}" if 1e-3 <= abs(loss) < 1e4 else f"{loss:.3e}"
