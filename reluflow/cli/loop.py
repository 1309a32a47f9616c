"""A headless run to its end: looked at, saved now and then, and ended in order by a signal."""

import time
from contextlib import suppress
from typing import Final

from reluflow.cli.interruption import Interruption
from reluflow.cli.output import say
from reluflow.cli.progress import Progress
from reluflow.errors import RunError
from reluflow.frame import Frame, Notice
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
        #: the notice before that of the save which is under way, if one is
        self._saving = False
        self._before: Notice | None = None

    def run(self) -> Frame:
        """Watch until the run ends or a signal comes, and save; returns the last frame.

        Raises RunError if the last save fails, and KeyboardInterrupt if a later signal breaks off a step:
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
                if not session.frame.over and not asked:
                    self._save_now_and_then()
        finally:
            self._progress.close()
        if self._saving:
            self._saved()
        self._begin_save()
        note = self._saved()
        if note is not None and note.failed:
            raise RunError(note.text)
        return session.frame

    def _begin_save(self) -> None:
        self._saving, self._before = True, self._session.frame.note
        self._session.save_run()

    def _saved(self) -> Notice | None:
        """Wait for the save; only what is being written cannot be broken off."""
        session, before = self._session, self._before
        session.wait(lambda frame: frame.busy is not None or frame.note is not before)
        with self._interruption.shielded():
            note = session.wait(lambda frame: frame.note is not before).note
        self._saving = False
        return note

    def _save_now_and_then(self) -> None:
        """Save without waiting for it, which a step may delay, and go on if that fails.

        There may be room on the disc again when the run ends.
        """
        if not self._saving:
            if time.monotonic() >= self._next_save:
                self._begin_save()
            return
        note = self._session.frame.note
        if note is None or note is self._before:
            return
        self._saving = False
        if note.failed:
            self._progress.close()
            say(f"reluflow: {note.text}; the run goes on and will be saved later")
        self._next_save = time.monotonic() + max(SAVE_EVERY, SAVE_SHARE * note.seconds)
