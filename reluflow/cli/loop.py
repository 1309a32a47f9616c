"""A headless run to its end: looked at, and ended in order by a signal."""

import time
from contextlib import suppress
from queue import SimpleQueue
from typing import Final

from reluflow.cli.interruption import Interruption
from reluflow.cli.output import say
from reluflow.cli.progress import Progress
from reluflow.errors import RunError
from reluflow.live.frame import Frame
from reluflow.live.session import Session

#: Seconds between two looks at the run.
LOOK_EVERY: Final = 0.1
#: Seconds that a run gets to give up its step after a signal. Steps of all methods but lsoda, whose compiled
#: code nothing can break off, take a fraction of one.
PATIENCE: Final = 3.0


class BrokenOffError(Exception):
    """The step that was being taken when a signal came could not be given up; it is not waited for."""


class Loop:
    """One headless run in a session that has a directory to save it in.

    The session's thread solves and saves; this one, which gets the signals, looks on and gives commands.
    ``troubles``: sentences on saves that failed while the run went on.
    """

    def __init__(
        self, session: Session, interruption: Interruption, troubles: SimpleQueue[str], quiet: bool
    ) -> None:
        self._session = session
        self._interruption = interruption
        self._troubles = troubles
        self._progress = Progress(session.frame, quiet)

    def run(self) -> Frame:
        """Watch until the run ends or a signal comes, and save; returns the last frame.

        Raises RunError if the last save fails, and BrokenOffError if a signal comes in a step that cannot be
        given up: then what was saved last is kept.
        """
        session = self._session
        try:
            while not session.frame.over and self._interruption.name is None:
                self._look()
            if not session.frame.over:
                self._interrupt()
        finally:
            self._progress.close()
        self._tell_troubles()
        before = session.frame.note
        session.save_run()
        note = session.wait(lambda frame: frame.note is not before).note
        if note is not None and note.failed:
            raise RunError(note.text)
        return session.frame

    def _look(self) -> None:
        """Wait a moment for the end, and show how far the run is."""
        with suppress(TimeoutError):
            self._session.wait(lambda frame: frame.over, LOOK_EVERY)
        self._progress.show(self._session.frame)
        self._tell_troubles()

    def _interrupt(self) -> None:
        """End the run where it is; what is being written is waited for, however long it takes."""
        session = self._session
        session.interrupt(self._interruption.name or "")
        since = time.monotonic()
        while not session.frame.over:
            self._look()
            if session.is_writing:
                since = time.monotonic()
            elif not session.frame.over and time.monotonic() - since > PATIENCE:
                raise BrokenOffError

    def _tell_troubles(self) -> None:
        while not self._troubles.empty():
            self._progress.close()
            say(f"reluflow: {self._troubles.get()}; the run goes on and will be saved later")
