"""One writer a directory: a claim that the system drops by itself when its process ends or is killed."""

import os
from pathlib import Path

from reluflow.errors import RunError

try:
    import fcntl
except ImportError:  # Windows: two writers are not told apart there
    fcntl = None  # type: ignore[assignment]


class Claim:
    """Held on ``folder`` until ``release``, or until it is garbage.

    ``shared``: with others that share it. Raises RunError if another writer holds one that is not shared with
    this one. File systems that know no locks grant every claim.
    """

    def __init__(self, folder: Path, shared: bool = False) -> None:
        self._handle: int | None = None
        if fcntl is None:
            return
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise RunError(
                f"{folder} is being written by a run that goes on; expected it to have ended"
            ) from None
        except OSError:
            os.close(handle)  # no locks here
        else:
            self._handle = handle

    def release(self) -> None:
        """Give it up; further calls do nothing."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __del__(self) -> None:
        self.release()
