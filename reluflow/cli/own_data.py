"""``--data FILE``: samples without a preset, from a file, a pipe or standard input."""

import os
import select
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from reluflow.cli.output import remark
from reluflow.errors import PresetError

if TYPE_CHECKING:
    from reluflow.store.preset import Preset

STDIN: Final = "-"
#: the names of what is read from there, and from a pipe that is named
_STDIN_NAME: Final = "stdin"
_PIPE_NAME: Final = "pipe"
#: either is read up to this size, in bytes
_MOST: Final = 1 << 30
#: seconds for which a pipe is waited for without a word
PATIENCE: Final = 0.5


@contextmanager
def data_file(given: str) -> Iterator[Path]:
    """The file that ``--data`` names, absolute; of standard input ("-"), or of a pipe as a shell makes for
    ``<(command)``, one with what it holds, while this lasts.

    Raises PresetError in one sentence where there is none.
    """
    from reluflow.data.tables import resolve
    from reluflow.store.files import temporary_folder
    from reluflow.store.locations import typed

    if not is_stream(given):
        yield resolve(typed(given), Path(), "--data")
        return
    content = _stdin() if given == STDIN else _pipe(given)
    name, told = (_STDIN_NAME, "standard input") if given == STDIN else (_PIPE_NAME, given)
    with temporary_folder() as folder:
        path = folder / f"{name}{_ending(content)}"
        path.write_bytes(content)
        try:
            yield path
        except PresetError as error:  # the user knows nothing of that file
            raise PresetError(str(error).replace(str(path), told)) from None


def is_stream(given: str) -> bool:
    """Whether what ``--data`` names can be read once only."""
    if given == STDIN:
        return True
    try:
        mode = os.stat(os.path.expanduser(given)).st_mode
    except (OSError, ValueError):  # ValueError: names that no system allows
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def tell_remarks(preset: "Preset") -> None:
    """Say on stderr what a file of samples does not say itself, such as which column is the target."""
    from reluflow.store.own_data import remarks_of

    if preset.values["data.kind"] == "file":
        for each in remarks_of(preset):
            remark(each)


def _stdin() -> bytes:
    if sys.stdin is None:
        raise PresetError("standard input is closed; expected samples there")
    return _limited(sys.stdin.buffer, "standard input")


def _pipe(given: str) -> bytes:
    try:
        # without a writer to open it would wait, and nobody would know for what
        handle = os.open(os.path.expanduser(given), os.O_RDONLY | os.O_NONBLOCK)
        with open(handle, "rb") as pipe:
            if not select.select([pipe], [], [], PATIENCE)[0]:
                remark(f"{given}: waiting for samples to be written to it")
                select.select([pipe], [], [])
            os.set_blocking(handle, True)
            return _limited(pipe, given)
    except OSError as error:
        raise PresetError(f"{given}: cannot be read ({error.strerror}); expected samples there") from None


def _limited(stream: BinaryIO, told: str) -> bytes:
    content = stream.read(_MOST + 1)
    if len(content) > _MOST:
        raise PresetError(f"{told}: found more than {_MOST >> 20} MB; expected less, or a file")
    return content


def _ending(content: bytes) -> str:
    """That of a file with such a content."""
    if content.startswith(b"PK"):
        return ".npz"
    return ".npy" if content.startswith(b"\x93NUMPY") else ".csv"
