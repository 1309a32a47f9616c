"""Writing files so that a reader, or a process killed at any instant, never meets half a file."""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from reluflow.errors import ReluflowError

_being_written: set[Path] = set()
#: folders of this process alone
_own_folders: set[Path] = set()
#: the first file that this process has written anywhere else
_first_written: set[Path] = set()


def write_atomically(path: Path, fill: Callable[[IO[bytes]], None]) -> None:
    """Let ``fill`` write to a temporary file in the same folder, then put it in the place of ``path``.

    The bytes are on the disc before the name is: after a crash ``path`` is the old file or the new one.
    Raises OSError (and whatever ``fill`` raises), and then leaves ``path`` as it was.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    _being_written.add(temporary)
    try:
        with temporary.open("xb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        if not _first_written and _own_folders.isdisjoint(path.parents):
            _first_written.add(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(temporary):
            error.filename = str(path)  # the name that was asked for
        raise
    finally:
        _being_written.discard(temporary)
    sync_folder(path.parent)


@contextmanager
def writing(path: Path, error: type[ReluflowError]) -> Iterator[None]:
    """While ``path`` is written: what the system does not allow is raised as an ``error`` in one sentence."""
    try:
        yield
    except OSError as problem:
        # a hidden name is one that only this process knows
        hidden = not problem.filename or Path(problem.filename).name.startswith(".")
        raise error(
            f"{path if hidden else problem.filename}: cannot be written ({problem.strerror or problem}); "
            "expected room and leave to write"
        ) from None


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is deleted in the end, also where that is by ``delete_temporary``."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="reluflow-") as name:
        folder = Path(name)
        _own_folders.add(folder)
        try:
            yield folder
        finally:
            _own_folders.discard(folder)


def delete_temporary() -> None:
    """Delete what is there for a time only: the process ends in the middle of it."""
    import shutil

    for path in list(_being_written):
        with suppress(OSError):
            path.unlink(missing_ok=True)
    for folder in list(_own_folders):
        shutil.rmtree(folder, ignore_errors=True)


def has_written() -> bool:
    """Whether this process has written a file that stays."""
    return bool(_first_written)


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` atomically."""
    write_atomically(path, lambda file: _write_all(file, content))


def write_text(path: Path, content: str) -> None:
    """Write ``content`` as UTF-8 with plain line ends, atomically."""
    write_bytes(path, content.encode("utf-8"))


def write_npz(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write named arrays as an uncompressed .npz, atomically; refuses anything that would need pickle."""
    import numpy as np

    plain: dict[str, Any] = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in plain.items():
        if array.dtype.hasobject:
            raise TypeError(f"{name} holds Python objects; expected plain numbers or text")
    write_atomically(path, lambda file: np.savez(file, **plain))


def sync_folder(folder: Path) -> None:
    """Ask that names made in ``folder`` survive a power cut; not every system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _write_all(file: IO[bytes], content: bytes) -> None:
    file.write(content)
