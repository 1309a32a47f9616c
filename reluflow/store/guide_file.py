"""Whether the user has put the guided first minute away: ``guide.toml`` in the configuration folder."""

from pathlib import Path
from typing import Final

from reluflow.store import locations
from reluflow.store.files import write_text
from reluflow.store.parsing import UnreadableError, content_of, text_of_bytes, toml_of

FILE_NAME: Final = "guide.toml"
_LARGEST_FILE: Final = 2**20


def guide_is_done() -> bool:
    """Whether it was put away; a file that cannot be read says nothing."""
    try:
        return toml_of(text_of_bytes(content_of(_path(), _LARGEST_FILE))).get("done") is True
    except (OSError, UnreadableError):
        return False


def put_guide_away() -> None:
    """Never show it unasked again. Raises OSError."""
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "# the tour of the first minute was put away\ndone = true\n")


def _path() -> Path:
    return locations.config_folder() / FILE_NAME
