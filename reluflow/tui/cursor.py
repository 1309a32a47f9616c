"""The cursor chooses the run and the flow time on show; it does not depend on a screen."""

import math
from typing import Any, Final

from reluflow.live.frame import Frame
from reluflow.live.playback import Playback
from reluflow.observe.history import History
from reluflow.plot.phases import Plateau, Stop, next_time, plateaus_of
from reluflow.tui.moment import Moment

#: Seconds of solving after which a new run is shown though it is not over; until then the old one stays.
PATIENCE: Final = 0.05
#: Plateaus are looked for again when the run has become longer by this factor.
_LONGER: Final = 1.01
#: One press of an arrow key moves the cursor by this share of the run.
SCRUB: Final = 0.01


class Cursor:
    """The place in a run that is on show.

    ``take`` hands in the newest frame and how much wall time has passed. ``moment`` is what is on show, None
    before the first frame.
    """

    def __init__(self, frame: Frame) -> None:
        self.playback = Playback()
        self._frame = frame
        self._live = frame
        self._waits_for: Stop | None = None
        self._waits_from = 0.0
        self._step_after: int | None = None
        #: a share of the run to stand at, and the generation of the run that it was taken from
        self._share: tuple[float, int] | None = None
        #: a time to stand at in the run that follows a generation
        self._awaited: tuple[float, int] | None = None
        self._plateaus: tuple[Plateau, ...] = ()
        self._looked_at: tuple[int, bool, float] | None = None
        self.moment: Moment | None = None
        self._key: tuple[Any, ...] = ()

    @property
    def history(self) -> History | None:
        """The history of the run on show."""
        return self._frame.history

    @property
    def over(self) -> bool:
        """Whether the run on show has ended by itself."""
        return self._frame.over

    def take(self, newest: Frame, seconds: float, overdue: bool = False) -> Moment:
        """Go on by so much wall time over the newest frame; the same object again if nothing changed.

        ``overdue``: to show a new run also if it has hardly begun.
        """
        self._live = newest
        if self.is_ready(newest) or (overdue and newest.history is not None):
            if newest.generation != self._frame.generation:
                self._start_anew()
            self._frame = newest
        if self.history is not None:
            self._look(self.history)
            self._move(self.history, seconds)
        playback = self.playback
        frames = (newest.number, self._frame.number)
        key = (*frames, playback.t, playback.playing, playback.clock, playback.speed, self._waits_for)
        if self.moment is None or key != self._key:
            self._key, self.moment = key, self._picture()
        return self.moment

    def is_ready(self, newest: Frame) -> bool:
        """Whether a frame has enough to take the place of the one on show."""
        if newest.generation == self._frame.generation or newest.over or newest.error:
            return True
        if self._frame.history is None:
            return True
        halted = newest.history is not None and newest.status == "halted"
        return halted or newest.wall_seconds >= PATIENCE

    def _start_anew(self) -> None:
        self._looked_at, self._step_after = None, None
        if self._share is None and self._awaited is None:
            self.playback.t, self.playback.stop_at = 0.0, None
            self._waits_from = 0.0

    def _look(self, history: History) -> None:
        """Find the plateaus again when there is a good deal more to look at."""
        frame, looked = self._frame, self._looked_at
        known = looked is not None and looked[:2] == (frame.generation, frame.over)
        if known and looked is not None and history.end <= _LONGER * looked[2]:
            return
        self._looked_at = (frame.generation, frame.over, history.end)
        self._plateaus = plateaus_of(history.series, frame.status == "converged")

    def _move(self, history: History, seconds: float) -> None:
        playback = self.playback
        if self._share is not None and self._share[1] != self._frame.generation:
            playback.t = self._time_at(self._share[0], history)
            if self.over:
                self._share = None
        elif self._awaited is not None:
            self._reach(*self._awaited, history)
        elif self._step_after is not None:
            if self._frame.steps > self._step_after or self.over:
                self._step_after = None
                playback.go_to(history.end, history)
        else:
            self._set_stop()
            playback.advance(seconds, history, self.over)
            if not playback.playing:
                self._waits_for = None

    def _reach(self, t: float, generation: int, history: History) -> None:
        """Stand as near to an awaited time as the run allows, until it is reached or will not be."""
        if self._frame.generation > generation:
            self.playback.go_to(t, history)
            if history.end >= t or self.over or self._frame.status == "halted":
                self._awaited = None

    def _set_stop(self) -> None:
        kind, history = self._waits_for, self.history
        if kind is None or history is None or not self.playback.playing:
            return
        if kind == "event":
            self.playback.stop_at = history.next_event(self._waits_from)
        else:
            self.playback.stop_at = next_time(self._plateaus, self._waits_from, kind)

    def _time_at(self, share: float, history: History) -> float:
        clock = self.playback.clock
        return history.time_of(clock, share * history.reading(clock, history.end))

    def _picture(self) -> Moment:
        playback, frame, history, before = self.playback, self._frame, self.history, self.moment
        t = playback.t
        state = history.state_at(t) if history else None
        if before is not None and before.frame is frame and before.t == t:
            state = before.state  # the same object, so that nothing is drawn anew
        return Moment(
            frame,
            self._live,
            t,
            loss=history.loss_at(t) if history else math.nan,
            step=history.step_at(t) if history else 0,
            state=state,
            playing=playback.playing,
            clock=playback.clock,
            speed=playback.speed,
            waits_for=self._waits_for,
            plateaus=self._plateaus if history else (),
        )

    # --- commands ---

    def toggle(self) -> None:
        """Play or pause, also a run that is still to be built."""
        self._release()
        if self.history is not None:
            self.playback.toggle(self.history, self.over)
        else:
            self.playback.playing = not self.playback.playing

    def reaches(self, t: float) -> bool:
        """Whether a time is recorded, or never will be because the run is over."""
        return self.over or self.history is None or t <= self.history.end

    def go_to(self, t: float) -> None:
        """Put the cursor at a time, paused; of a run that is still to be built, once it is there."""
        if self.history is None:
            self.playback.playing = False
            self.await_time(t, coming=False)
        else:
            self._release()
            self.playback.go_to(t, self.history)

    def go_to_share(self, share: float) -> None:
        """Put the cursor at a share of the run as the clock counts it, paused."""
        if self.history is not None:
            self.go_to(self._time_at(min(max(share, 0.0), 1.0), self.history))

    def scrub(self, by: int) -> None:
        """Move the cursor by hundredths of the run as the clock counts it."""
        if self.history is not None:
            self.go_to_share(self.share + by * SCRUB)

    @property
    def share(self) -> float:
        """The place of the cursor in the run, from 0 to 1, as the clock counts it."""
        history, clock = self.history, self.playback.clock
        whole = history.reading(clock, history.end) if history else 0.0
        return history.reading(clock, self.playback.t) / whole if history and whole > 0.0 else 0.0

    def step(self, forward: bool) -> bool:
        """To the neighbouring step of the solver; False at the head, where there is none yet."""
        history = self.history
        if history is None:
            return not forward
        if forward and self.playback.t >= history.end:
            self.playback.playing = False
            return self.over
        self.go_to(history.neighbour(self.playback.t, forward))
        return True

    def follow_step(self) -> None:
        """The solver was asked for a step: show it when it is there."""
        self._release()
        self._step_after = self._frame.steps

    def to_plateau(self, forward: bool) -> bool:
        """To the beginning of the next or previous plateau; whether there is one."""
        time = next_time(self._plateaus, self.playback.t, "plateau", forward)
        if time is not None:
            self.go_to(time)
        return time is not None

    def to_event(self, forward: bool) -> bool:
        """To the next or previous change of activation; whether there is one."""
        time = self.history.next_event(self.playback.t, forward) if self.history else None
        if time is not None:
            self.go_to(time)
        return time is not None

    def play_to(self, kind: Stop) -> None:
        """Play on and pause where the next plateau or escape begins, or at the next event."""
        self._release()
        history, playback = self.history, self.playback
        if history is not None and self.over and playback.t >= history.end:
            playback.t = 0.0
        playback.playing = True
        self._waits_for, self._waits_from = kind, playback.t

    def pause_at(self, t: float) -> None:
        """Pause at a time that is still to come, unless something else is waited for."""
        if self._waits_for is None and self.playback.t < t:
            self.playback.stop_at = t

    def restart(self, playing: bool) -> None:
        """Back to the beginning of the run."""
        self._release()
        if self.history is not None:
            self.playback.go_to(0.0, self.history)
        self.playback.playing = playing

    def hold_place(self) -> None:
        """Keep the cursor at its share of the run when the next run comes."""
        self._awaited = None
        share = self.share if self._share is None else self._share[0]
        self._share = (share, self._frame.generation)

    def await_time(self, t: float, *, coming: bool = True) -> None:
        """Stand, paused, at a flow time once that is solved; inf is the run's end.

        ``coming``: of the run that comes next, else of the one that is there.
        """
        self._release()
        self._awaited = (t, self._frame.generation if coming else -1)

    def time_named(self, text: str) -> float | None:
        """A time as a person types it: 12.4, "50%" of the run, "S2" or "E2" (where S2 is left)."""
        word = text.strip().lower()
        if self.history is not None and word.endswith("%"):
            share = _number(word[:-1])
            return None if share is None else self._time_at(min(max(share / 100.0, 0.0), 1.0), self.history)
        for plateau in self._plateaus:
            if word == f"s{plateau.number}":
                return plateau.begin
            if word == f"e{plateau.number}":
                return plateau.leave
        return _number(word)

    def _release(self) -> None:
        """A command of the user's ends what the cursor was waiting for."""
        self._waits_for, self._step_after, self._share, self._awaited = None, None, None, None
        self.playback.stop_at = None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
