"""Whether the user has put the guided first minute away: ``guide.toml`` in the configuration folder."""

import tomllib
from pathlib import Path
from typing import Final

from reluflow.store import locations
from reluflow.store.files import write_text

FILE_NAME: Final = "guide.toml"


def guide_is_done() -> bool:
    """Whether it was put away; a file that cannot be read says nothing."""
    try:
        return tomllib.loads(_path().read_text(encoding="utf-8")).get("done") is True
    except (OSError, ValueError):
        return False


def put_guide_away() -> None:
    """Never show it unasked again. Raises OSError."""
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "# the tour of the first minute was put away\ndone = true\n")


def _path() -> Path:
    return locations.config_folder() / FILE_NAME
