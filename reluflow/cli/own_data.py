"""``--data FILE``: samples without a preset, from a file or from standard input."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reluflow.errors import PresetError

if TYPE_CHECKING:
    from reluflow.store.preset import Preset

STDIN: Final = "-"
#: the name of what is read from there
_STDIN_NAME: Final = "stdin"
#: standard input is read up to this size, in bytes
_MOST: Final = 1 << 30


@contextmanager
def data_file(given: str) -> Iterator[Path]:
    """The file that ``--data`` names, absolute; for "-" one with what standard input holds, while it lasts.

    Raises PresetError in one sentence where there is none.
    """
    from reluflow.data.tables import resolve
    from reluflow.store.locations import typed

    if given != STDIN:
        yield resolve(typed(given), Path(), "--data")
        return
    content = _stdin()
    with tempfile.TemporaryDirectory(prefix="reluflow-") as folder:
        path = Path(folder) / f"{_STDIN_NAME}{_ending(content)}"
        path.write_bytes(content)
        try:
            yield path
        except PresetError as error:  # the user knows nothing of that file
            raise PresetError(str(error).replace(str(path), "standard input")) from None


def tell_remarks(preset: "Preset") -> None:
    """Say on stderr what a file of samples does not say itself, such as which column is the target."""
    from reluflow.cli.output import remark
    from reluflow.store.own_data import remarks_of

    if preset.values["data.kind"] == "file":
        for each in remarks_of(preset):
            remark(each)


def _stdin() -> bytes:
    if sys.stdin is None:
        raise PresetError("standard input is closed; expected samples there")
    content = sys.stdin.buffer.read(_MOST + 1)
    if len(content) > _MOST:
        raise PresetError(f"standard input: found more than {_MOST >> 20} MB; expected less, or a file")
    return content


def _ending(content: bytes) -> str:
    """That of a file with such a content."""
    if content.startswith(b"PK"):
        return ".npz"
    return ".npy" if content.startswith(b"\x93NUMPY") else ".csv"
