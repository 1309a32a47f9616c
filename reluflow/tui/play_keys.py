"""What the keys of the timeline do: the cursor, its clock and speed, and the solver behind it."""

from reluflow.plot.phases import Stop
from reluflow.tui.core import Core


class PlayKeys(Core):
    """Actions that move the cursor or the solver; none of them changes what is run."""

    def action_play(self) -> None:
        self.transport.toggle()
        self.pull()

    def action_redraw(self) -> None:
        """Draw everything anew, whatever something else has written on the terminal."""
        self.repaint()

    def action_halt(self) -> None:
        """Halt the solver, or let it go on."""
        frame = self.session.frame
        if frame.over:
            self.say("the solver is done; R solves the run anew")
        elif frame.status == "halted":
            self.session.run()
        else:
            self.session.halt()
        self.pull()

    def action_step(self, forward: bool) -> None:
        """One step of the solver forward or back; at the head of the recording, a new one."""
        if not self.transport.step(forward):
            self.transport.follow_step()
            self.session.step()
        self.pull()

    def action_rewind(self) -> None:
        self.transport.restart(playing=False)
        self.pull()

    def action_solve_anew(self) -> None:
        self.transport.restart(playing=True)
        self.session.reset()
        self.session.run()
        self.pull()

    def action_end(self, last: bool) -> None:
        """To the end of what is recorded, or to the beginning."""
        self.transport.go_to_share(1.0 if last else 0.0)
        self.pull()

    def action_scrub(self, by: int) -> None:
        self.transport.scrub(by)
        self.pull()

    def action_plateau(self, forward: bool) -> None:
        if not self.transport.to_plateau(forward):
            self.say(f"there is no {'later' if forward else 'earlier'} plateau")
        self.pull()

    def action_event(self, forward: bool) -> None:
        """To the next change of activation, or to the one before."""
        if not self.transport.to_event(forward):
            history = self.transport.history
            known = history is not None and len(history.events) > 0
            later = "later" if forward else "earlier"
            self.say(f"there is no {later} event" if known else "this solver has logged no events")
        self.pull()

    def action_play_to(self, kind: Stop) -> None:
        self.transport.play_to(kind)
        self.pull()

    def action_clock(self) -> None:
        self.transport.playback.next_clock()
        self.pull()

    def action_speed(self, by: int) -> None:
        self.transport.playback.change_speed(by)
        self.pull()

    def action_go_to(self) -> None:
        from reluflow.tui.screens.go_to import GoTo

        self.push_screen(GoTo(self.transport.time_named), self._go_to)

    def _go_to(self, t: float | None) -> None:
        """To a time of the record, which a frame holds; what is not solved yet the session goes to."""
        if t is None:
            return
        if self.transport.reaches(t):
            self.transport.go_to(t)
        else:
            self.session.seek(t)
            self.transport.await_time(t, coming=False)
        self.pull()
