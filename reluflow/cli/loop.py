"""A headless run to its end: looked at, saved now and then, and ended in order by a signal."""

import time
from contextlib import suppress
from typing import Final

from reluflow.cli.interruption import Interruption
from reluflow.cli.output import say
from reluflow.cli.progress import Progress
from reluflow.errors import RunError
from reluflow.frame import Frame
from reluflow.session import Session

#: Seconds between two looks at the run, and between two saves at least. A run that is killed loses no more
#: than two seconds of solving, beside the step that was being taken.
LOOK_EVERY: Final = 0.1
SAVE_EVERY: Final = 1.5
#: Saving a large record takes at most one part in so many of the time.
SAVE_SHARE: Final = 19.0


class Loop:
    """One headless run in a session that has a directory to save it in.

    The session's thread solves and saves; this one, which gets the signals, looks on and gives commands.
    """

    def __init__(self, session: Session, interruption: Interruption, quiet: bool) -> None:
        self._session = session
        self._interruption = interruption
        self._progress = Progress(session.frame, quiet)
        self._next_save = time.monotonic() + SAVE_EVERY

    def run(self) -> Frame:
        """Watch until the run ends or a signal comes, and save; returns the last frame.

        Raises RunError if the last save fails, and KeyboardInterrupt if a second signal breaks off a step:
        then what was saved last is kept.
        """
        session, asked = self._session, False
        try:
            while not session.frame.over:
                if self._interruption.name is not None and not asked:
                    session.interrupt(self._interruption.name)
                    asked = True
                with suppress(TimeoutError):
                    session.wait(lambda frame: frame.over, LOOK_EVERY)
                self._progress.show(session.frame)
                if not session.frame.over and not asked and time.monotonic() >= self._next_save:
                    self._save_meanwhile()
        finally:
            self._progress.close()
        self._save()
        return session.frame

    def _save(self) -> None:
        """Save and wait for it; only what is being written cannot be broken off. Raises RunError."""
        session = self._session
        before = session.frame.note
        session.save_run()
        session.wait(lambda frame: frame.busy is not None or frame.note is not before)
        with self._interruption.shielded():
            note = session.wait(lambda frame: frame.note is not before).note
        if note is not None and note.failed:
            raise RunError(note.text)

    def _save_meanwhile(self) -> None:
        """Save, but go on if that fails: there may be room on the disc again when the run ends."""
        began = time.monotonic()
        try:
            self._save()
        except RunError as error:
            self._progress.close()
            say(f"reluflow: {error}; the run goes on and will be saved later")
        took = time.monotonic() - began
        self._next_save = began + took + max(SAVE_EVERY, SAVE_SHARE * took)
