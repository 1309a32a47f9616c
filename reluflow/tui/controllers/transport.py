"""The transport controller moves the cursor and halts the solver or lets it go on."""

from reluflow.live.session import Session
from reluflow.plot.phases import Stop
from reluflow.tui.controllers.host import Host
from reluflow.tui.cursor import Cursor


class Transport:
    """Answers the keys of the timeline. None of them changes what is run."""

    def __init__(self, session: Session, cursor: Cursor, host: Host) -> None:
        self._session, self._cursor, self._host = session, cursor, host

    def play(self) -> None:
        """Play or pause."""
        self._cursor.toggle()
        self._host.pull()

    def play_to(self, kind: Stop) -> None:
        """Play on and pause at the next plateau, escape or event."""
        self._cursor.play_to(kind)
        self._host.pull()

    def halt(self) -> None:
        """Halt the solver, or let it go on."""
        frame = self._session.frame
        if frame.over:
            self._host.say("the solver is done; R solves the run anew")
        elif frame.status == "halted":
            self._session.run()
        else:
            self._session.halt()
        self._host.pull()

    def solve_anew(self) -> None:
        """Solve the run from its start, and play it from there."""
        self._cursor.restart(playing=True)
        self._session.reset()
        self._session.run()
        self._host.pull()

    def step(self, forward: bool) -> None:
        """One step of the solver forward or back; at the head of the recording, a new one."""
        if not self._cursor.step(forward):
            self._cursor.follow_step()
            self._session.step()
        self._host.pull()

    def rewind(self) -> None:
        """Back to the start of the run, paused."""
        self._cursor.restart(playing=False)
        self._host.pull()

    def go_to_end(self, last: bool) -> None:
        """To the end of what is recorded, or to its beginning."""
        self._cursor.go_to_share(1.0 if last else 0.0)
        self._host.pull()

    def go_to(self, t: float) -> None:
        """Put the cursor at a recorded flow time, paused."""
        self._cursor.go_to(t)
        self._host.pull()

    def scrub(self, by: int) -> None:
        """Move the cursor by hundredths of the run."""
        self._cursor.scrub(by)
        self._host.pull()

    def plateau(self, forward: bool) -> None:
        """To the next plateau, or to the one before."""
        if not self._cursor.to_plateau(forward):
            self._host.say(f"there is no {'later' if forward else 'earlier'} plateau")
        self._host.pull()

    def event(self, forward: bool) -> None:
        """To the next change of activation, or to the one before."""
        if not self._cursor.to_event(forward):
            history = self._cursor.history
            known = history is not None and len(history.events) > 0
            later = "later" if forward else "earlier"
            self._host.say(f"there is no {later} event" if known else "this solver has logged no events")
        self._host.pull()

    def next_clock(self) -> None:
        """Play evenly by the next of the clocks."""
        self._cursor.playback.next_clock()
        self._host.pull()

    def change_speed(self, by: int) -> None:
        """Play faster (``by`` above 0) or slower."""
        self._cursor.playback.change_speed(by)
        self._host.pull()

    def ask_time(self) -> None:
        """Ask for a time to go to."""
        from reluflow.tui.screens.go_to import GoTo

        self._host.ask(GoTo(self._cursor.time_named), self.seek)

    def seek(self, t: float | None) -> None:
        """To a flow time, recorded or not: what is not solved yet the session solves. None goes nowhere."""
        if t is None:
            return
        if self._cursor.reaches(t):
            self._cursor.go_to(t)
        else:
            self._session.seek(t)
            self._cursor.await_time(t, coming=False)
        self._host.pull()
