"""Leaving because of an error of the app's own: the run is saved, and one message says where."""

import traceback
from pathlib import Path
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from reluflow.live.session import Session
from reluflow.store.files import write_text
from reluflow.store.locations import state_folder
from reluflow.tui.core import Core
from reluflow.tui.farewell import whereabouts

#: Seconds that the run may take to be written: nobody but the user waits for it.
SAVE_SECONDS: Final = 20.0
#: where the traceback is kept, in the folder of the last session
FILE_NAME: Final = "error.txt"


class UnexpectedEndError(Exception):
    """The app has ended and nobody knows why."""


class Mishaps(Core):
    """Ends the app for any exception that nobody expected; Textual restores the terminal and prints."""

    def _handle_exception(self, error: Exception) -> None:
        if self._exception is not None:
            return  # what comes of the first one
        if self._exit:
            # a part that was about to be shown misses another that is gone, which does not matter any more
            self._close_messages_no_wait()
            return
        self._exception = error
        self._exception_event.set()
        self._return_code = 1
        self._exit_renderables.append(Text(epitaph(error, self.session)))
        self._close_messages_no_wait()

    def panic(self, *renderables: RenderableType) -> None:
        """What Textual does for an error in its own threads, of which it then forgets that there was one."""
        self._handle_exception(UnexpectedEndError(" ".join(str(each) for each in renderables)))


def told(error: BaseException, run: str, details: str) -> str:
    """The message: what happened, where the run is, where the rest is to be read."""
    # an error in a worker comes wrapped up
    error = getattr(error, "error", error)
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"reluflow: the app ended by an error of its own ({what}); {run}; {details}"


def epitaph(error: BaseException, session: Session) -> str:
    """Save the run; the message on an error that ends the app."""
    return told(error, whereabouts(session.keep(SAVE_SECONDS), session), _kept(error))


def _kept(error: BaseException) -> str:
    """Write the traceback to a file; where it is."""
    path: Path = state_folder() / FILE_NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, "".join(traceback.format_exception(error)))
    except OSError as problem:
        return f"its traceback could not be written ({problem.strerror or problem})"
    return f"its traceback is in {path}"
