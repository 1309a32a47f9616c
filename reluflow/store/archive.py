"""Arrays in .npz files, read one at a time when they are asked for."""

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reluflow.errors import RunError

_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError)


class Members(Mapping[str, Any]):
    """The arrays of an .npz file whose names start with ``prefix``, under the rest of their names.

    The file is opened once: what is read belongs together even if a newer file takes its place meanwhile.
    Raises RunError in one sentence where the file is damaged. Never unpickles.
    """

    def __init__(self, path: Path, archive: "np.lib.npyio.NpzFile[Any]", prefix: str = "") -> None:
        self.path, self._archive, self._prefix = path, archive, prefix
        self._names = [name[len(prefix) :] for name in archive.files if name.startswith(prefix)]

    @classmethod
    def open(cls, path: Path) -> "Members":
        """All arrays of the file at ``path``."""
        try:
            archive = np.load(path, allow_pickle=False)
        except _DAMAGE as error:
            raise _damaged(path, error) from None
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise RunError(f"{path}: found a single array; expected an .npz file with several")
        return cls(path, archive)

    def under(self, prefix: str) -> "Members":
        """Those whose names start with ``prefix/``."""
        return Members(self.path, self._archive, f"{self._prefix}{prefix}/")

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        try:
            return self._archive[self._prefix + name]
        except _DAMAGE as error:
            raise _damaged(self.path, error) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _damaged(path: Path, error: Exception) -> RunError:
    if isinstance(error, FileNotFoundError):
        return RunError(f"{path}: found no such file; expected the arrays of a run")
    reason = " ".join(str(error).split()) or type(error).__name__
    return RunError(f"{path}: cannot be read as arrays ({reason}); expected a file written by reluflow")
