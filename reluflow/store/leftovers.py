"""What processes that were killed leave of files and directories that they were writing."""

import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from reluflow.store.owner import Owner, is_gone

_UNFINISHED: Final = ".new-run-"
#: as ``files.write_atomically`` names them, of the files of a run directory
_TEMPORARY: Final = re.compile(
    r"\.(preset\.toml|problem\.npz|trajectory\.npz|run\.json|(data|init)\..*)\.[0-9a-f]{12}\.tmp"
)


def new_folder(parent: Path) -> Path:
    """A hidden directory in ``parent`` in which this process makes a run directory. Raises OSError."""
    folder = parent / f"{_UNFINISHED}{Owner.this().tag}-{secrets.token_hex(6)}"
    folder.mkdir(parents=True)
    return folder


def discard(folder: Path) -> None:
    """Delete a directory: it is gone at once, and the rest is done. Raises OSError."""
    hidden = new_folder(folder.parent)
    folder.rename(hidden / folder.name)
    shutil.rmtree(hidden)


def delete_leftovers(folder: Path) -> None:
    """Delete temporary files of a run directory; for the one process that may write to it."""
    with suppress(OSError):
        for path in folder.iterdir():
            if _TEMPORARY.fullmatch(path.name):
                path.unlink(missing_ok=True)


def delete_unfinished(parent: Path) -> None:
    """Delete the directories that processes of this host which have ended were making in ``parent``."""
    with suppress(OSError):
        for path in parent.iterdir():
            tag, dash, _ = path.name.removeprefix(_UNFINISHED).rpartition("-")
            if path.name.startswith(_UNFINISHED) and dash and is_gone(tag):
                shutil.rmtree(path, ignore_errors=True)
