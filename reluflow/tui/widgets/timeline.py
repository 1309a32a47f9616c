"""The whole run as a band at the foot of the screen, with the cursor on it."""

from collections.abc import Sequence

from textual import events

from reluflow.observe.history import Clock, History
from reluflow.plot.axes import linear_ticks, short
from reluflow.plot.band import LEAST, band_row, ticks_row
from reluflow.plot.cells import Row, Segment
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.phases import place_of
from reluflow.tui.messages import TimeChosen
from reluflow.tui.moment import Moment
from reluflow.tui.widgets.rows_panel import RowsPanel

#: cells that a label of the times below the band needs
_TICK_CELLS = 12


class Timeline(RowsPanel):
    """Plateaus shaded and named, escapes bright; a click goes to a time.

    It is laid out by the clock of the playback, by flow time where that counts change: most of what moves
    when movement is counted is the last descent to a small loss, which would fill the band.
    """

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self._moment: Moment | None = None
        self._band = (0, 0)

    def show(self, moment: Moment) -> None:
        """Draw a newer moment."""
        self._moment = moment
        self.redraw()

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        moment = self._moment
        history = moment.frame.history if moment else None
        if moment is None or history is None:
            return []
        before = [self._sign(moment), Segment(f" {place_of(moment.plateaus, moment.t):<11}", "strong")]
        after = Segment(f" {self._when(moment, history)}", "dim")
        start = sum(len(segment.text) for segment in before)
        room = width - start - len(after.text)
        self._band = (start, room)
        if room < LEAST or history.end <= 0.0:
            return [[*before, after]]
        band = band_row(
            moment.plateaus, lambda share: self._time(share), self._share(moment.t), room, self.glyphs
        )
        rows = [[*before, *band, after]]
        if height > 1:
            ticks = linear_ticks((0.0, history.end), max(room // _TICK_CELLS, 1))
            rows.append([Segment(" " * start, "axis"), *ticks_row(ticks, self._share, room)])
        return rows

    def _sign(self, moment: Moment) -> Segment:
        return Segment(self.glyphs.play if moment.playing else self.glyphs.pause, "key")

    def _when(self, moment: Moment, history: History) -> str:
        return f"{short(round(moment.t, 3)):>7} of {short(_three_digits(history.end))}"

    def _clock(self) -> Clock:
        clock = self._moment.clock if self._moment else "time"
        return "time" if clock == "change" else clock

    def _time(self, share: float) -> float:
        """The flow time at a share of the band."""
        history = self._moment.frame.history if self._moment else None
        if history is None:
            return 0.0
        return history.time_of(self._clock(), share * history.reading(self._clock(), history.end))

    def _share(self, t: float) -> float:
        history = self._moment.frame.history if self._moment else None
        whole = history.reading(self._clock(), history.end) if history else 0.0
        return history.reading(self._clock(), t) / whole if history and whole > 0.0 else 0.0

    def on_click(self, event: events.Click) -> None:
        start, room = self._band
        if start <= event.x < start + room:
            cell = min(event.x - start, room - 1)
            self.post_message(TimeChosen(self._time((cell + 0.5) / room)))


def _three_digits(value: float) -> float:
    return float(f"{value:.3g}")
