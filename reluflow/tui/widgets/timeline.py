"""The timeline shows the whole run as a band, with the cursor on it."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from textual import events

from reluflow.network import Array
from reluflow.observe.history import Clock, History
from reluflow.plot.axes import Tick, linear_ticks, short
from reluflow.plot.band import band_row, ticks_row, with_band_cursor
from reluflow.plot.cells import Row, Segment
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.phases import focus_of, place_of
from reluflow.plot.settings import PHASES
from reluflow.tui.messages import EventChosen, TimeChosen
from reluflow.tui.moment import Moment
from reluflow.tui.widgets.rows_panel import RowsPanel

#: the share of the band that what follows the last plateau gets at most, however long it is
_TAIL: Final = 0.25
#: cells that a label of the times below the band needs
_TICK_CELLS: Final = 12


class TimeScale:
    """The scale of the band of a run: from shares of the band to flow times and back.

    Up to ``focus`` (a flow time) the band counts evenly by its clock. What follows, however long, gets the
    last quarter at most.
    """

    def __init__(self, history: History, clock: Clock, focus: float) -> None:
        self._history, self._clock, self._focus = history, clock, focus
        whole = max(history.reading(clock, history.end), 1e-300)
        self._near = history.reading(clock, focus)
        self._far = whole
        self._split = 1.0 if focus >= history.end else max(self._near / whole, 1.0 - _TAIL)

    def time_of(self, share: float) -> float:
        """The flow time at a share of the band."""
        return float(self.times_of(np.array([share]))[0])

    def times_of(self, shares: Array) -> Array:
        """The flow times (k,) at shares (k,) of the band."""
        readings = np.interp(shares, (0.0, self._split, 1.0), (0.0, self._near, self._far))
        return self._history.times_of(self._clock, readings)

    def share_of(self, t: float) -> float:
        """The place of a flow time on the band."""
        reading = self._history.reading(self._clock, t)
        if reading <= self._near or self._far <= self._near:
            return self._split * reading / max(self._near, 1e-300)
        return self._split + (1.0 - self._split) * (reading - self._near) / (self._far - self._near)

    def ticks(self, room: int) -> list[Tick]:
        """Times to write below a band of so many cells: evenly up to the focus, and the end."""
        near = linear_ticks((0.0, self._focus), max(int(room * self._split) // _TICK_CELLS, 1))
        end = self._history.end
        return near if self._focus >= end else [*near, Tick(end, short(_three_digits(end)))]


class Timeline(RowsPanel):
    """Plateaus shaded and named, escapes bright; a click goes to a time.

    It is laid out by the clock of the playback, by flow time where that counts change: most of what moves
    when movement is counted is the last descent to a small loss.
    """

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self._moment: Moment | None = None
        self._band = (0, 0)
        self._drawn: tuple[tuple[Any, ...], TimeScale, Row, Row] | None = None
        self._held: tuple[object, ...] = ()

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
        if room < PHASES.band or history.end <= 0.0:
            return [[*before, after]]
        scale, band, ticks = self._draw(moment, history, room)
        rows = [[*before, *with_band_cursor(band, scale.share_of(moment.t), self.glyphs), after]]
        if height > 1:
            rows.append([Segment(" " * start, "axis"), *ticks])
        return rows

    def _draw(self, moment: Moment, history: History, room: int) -> tuple[TimeScale, Row, Row]:
        """The scale, the band and the times below it; they are drawn again only when one changes."""
        key = (id(history), id(moment.plateaus), moment.clock, room)
        if self._drawn is None or self._drawn[0] != key:
            clock: Clock = "time" if moment.clock == "change" else moment.clock
            scale = TimeScale(history, clock, focus_of(moment.plateaus, history.end))
            band = band_row(moment.plateaus, history.event_times, scale.times_of, room, self.glyphs)
            self._drawn = key, scale, band, ticks_row(scale.ticks(room), scale.share_of, room)
            # held, so that no other history can have its number
            self._held = history, moment.plateaus
        return self._drawn[1:]

    def _sign(self, moment: Moment) -> Segment:
        return Segment(self.glyphs.play if moment.playing else self.glyphs.pause, "key")

    def _when(self, moment: Moment, history: History) -> str:
        # of a run that is over the number stays, and has all the digits that the time has
        end = _three_digits(history.end) if moment.frame.status == "running" else round(history.end, 3)
        return f"{short(round(moment.t, 3)):>7} of {short(end)}"

    def on_click(self, event: events.Click) -> None:
        """Go to where the pointer is, to the event there if one is; from that event, to the page about it."""
        start, room = self._band
        moment, at = self._moment, event.x - start
        if moment is None or self._drawn is None or not 0 <= at < room:
            return
        scale, history = self._drawn[1], moment.frame.history
        first, last = (scale.time_of((at + side) / room) for side in (0, 1))
        t = history.next_event(first) if history is not None else None
        if t is None or t > last:
            self.post_message(TimeChosen(scale.time_of((at + 0.5) / room)))
        elif first < moment.t <= last and history is not None and len(history.events_at(moment.t)):
            self.post_message(EventChosen(moment.t))
        else:
            self.post_message(TimeChosen(t))


def _three_digits(value: float) -> float:
    return float(f"{value:.3g}")
