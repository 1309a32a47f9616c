"""An unexpected error ends the app: the run is saved, and one message says where."""

import traceback
from pathlib import Path
from typing import Final

from reluflow.errors import escaped
from reluflow.live.session import Session
from reluflow.store.files import write_text
from reluflow.store.locations import state_folder
from reluflow.tui.shutdown import location_of

#: Seconds that the run may take to be written: nobody but the user waits for it.
SAVE_SECONDS: Final = 20.0
#: where the traceback is kept, in the folder of the last session
FILE_NAME: Final = "error.txt"


def _told(error: BaseException, run: str, details: str) -> str:
    """The message: what happened, where the run is, where the rest is to be read."""
    # an error in a worker comes wrapped up
    error = getattr(error, "error", error)
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return escaped(f"reluflow: the app ended by an error of its own ({what}); {run}; {details}")


def crash_message(error: BaseException, session: Session) -> str:
    """Save the run; the message on an error that ends the app."""
    return _told(error, location_of(session.keep(SAVE_SECONDS), session), _kept(error))


def _kept(error: BaseException) -> str:
    """Write the traceback to a file; where it is."""
    path: Path = state_folder() / FILE_NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, escaped("".join(traceback.format_exception(error)), kept="\n"))
    except OSError as problem:
        return f"its traceback could not be written ({problem.strerror or problem})"
    return f"its traceback is in {path}"
