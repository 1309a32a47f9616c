"""The arrays of a run directory, read one at a time when they are asked for."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from reluflow.data.arrays import Archive, NoArraysError, words
from reluflow.errors import DamageError, RunError, found_at
from reluflow.network import Array

#: what else must hold of an array: called with its full name, raises NoArraysError
Check = Callable[[str, npt.NDArray[Any]], None]

_Found = TypeVar("_Found")


class Members(Mapping[str, Any]):
    """The arrays of an .npz file whose names start with ``prefix``, under the rest of their names.

    What is read belongs together even if a newer file takes its place meanwhile. Raises DamageError, which
    names the file and what in it, for what is not as it was written, and RunError for a file that is not
    there.
    """

    def __init__(self, path: Path, archive: Archive, check: Check, prefix: str = "") -> None:
        self.path, self._archive, self._check, self._prefix = path, archive, check, prefix
        self._names = [name[len(prefix) :] for name in archive.names if name.startswith(prefix)]

    @classmethod
    def open(cls, path: Path, check: Check = lambda _, __: None) -> "Members":
        """All arrays of the file at ``path``; ``check``: what is asked of each that is read."""
        return cls(path, opened(path), check)

    def under(self, prefix: str) -> "Members":
        """Those whose names start with ``prefix/``."""
        return Members(self.path, self._archive, self._check, f"{self._prefix}{prefix}/")

    def header(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Shape and kind of an array, which is not read. Raises DamageError."""
        try:
            return self._archive.header(self._prefix + name)
        except NoArraysError as error:
            raise damaged(self.path, f"{self._prefix}{name}: {error}") from None

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        full = self._prefix + name
        try:
            array = self._read(full)
            self._check(full, array)
        except NoArraysError as error:
            raise damaged(self.path, f"{full}: {error}") from None
        return array

    def array(self, name: str) -> npt.NDArray[Any]:
        """One that is to be there. Raises DamageError."""
        if name not in self:
            raise damaged(self.path, f"there is no array {name}")
        array: npt.NDArray[Any] = self[name]
        return array

    def require_sums(self) -> None:
        """Raise DamageError for the first array of the file whose bytes do not fit their sum."""
        try:
            self._archive.require_sums()
        except NoArraysError as error:
            raise damaged(self.path, str(error)) from None

    def _read(self, name: str) -> npt.NDArray[Any]:
        try:
            return self._archive.read(name)
        except NoArraysError:
            # a copy of the directory may have been under way when the file was opened
            again = opened(self.path)
            if name not in again.names:
                raise
            return again.read(name)

    def __contains__(self, name: object) -> bool:
        return name in self._names  # without reading it

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class StoredSnapshots:
    """Whole states along a run: ``t`` (k,), ``weights`` (k, m, d), ``output_weights`` (k, m), read lazily."""

    def __init__(self, members: Members) -> None:
        self._members = members

    @cached_property
    def t(self) -> Array:
        return self._members.array("t")

    @cached_property
    def weights(self) -> Array:
        return self._members.array("weights")

    @cached_property
    def output_weights(self) -> Array:
        return self._members.array("output_weights")


def require_file(path: Path) -> None:
    """Raise DamageError for a folder, a pipe or a device, from which one might read for ever, and for a link
    that leads to no file.
    """
    if os.path.lexists(path) and not path.is_file():
        raise damaged(path, f"it is {found_at(path)}")


def opened(path: Path) -> Archive:
    """The file at ``path``, looked at once more if it seems damaged. Raises DamageError, RunError."""
    require_file(path)
    try:
        return at_the_second_look(lambda: Archive(path), NoArraysError)
    except FileNotFoundError:
        raise RunError(f"{path}: found no such file; expected the arrays of a run") from None
    except OSError as error:
        raise RunError(f"{path}: cannot be read ({words(error)}); expected the arrays of a run") from None
    except NoArraysError as error:
        raise damaged(path, str(error)) from None


def at_the_second_look(look: Callable[[], _Found], failure: type[Exception]) -> _Found:
    """What ``look`` finds; if it raises a ``failure`` once more, for whoever copies the file may be done."""
    try:
        return look()
    except failure:
        return look()


def damaged(path: Path, what: str) -> DamageError:
    """The sentence about a file that is not as reluflow wrote it."""
    return DamageError(f"damaged: {path} ({what}); expected it as reluflow wrote it")
