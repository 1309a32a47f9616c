"""Arrays in .npz and .npy files whose claims are checked before anything of their size is made.

An .npz file is a zip of .npy files, each with a header that names a kind and a shape. A file that is
damaged, or made to do harm, may claim far more numbers than it holds.
"""

import io
import os
import struct
import zipfile
import zlib
from functools import lru_cache
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt

from reluflow.data.memory import room

#: What zipfile and NumPy raise over bytes that are not what they should be.
UNREADABLE: Final = (
    OSError,
    ValueError,
    LookupError,
    EOFError,
    TypeError,
    AttributeError,
    RuntimeError,
    ArithmeticError,
    MemoryError,
    SyntaxError,
    TokenError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
_ENDING: Final = ".npy"
#: bytes that hold the length of a header, by the version of the format
_LENGTHS: Final = {(1, 0): 2, (2, 0): 4}
_NO_HEADER: Final = "found no header of an array"
_NO_END: Final = "found what cannot be read to its end"
#: a file of arrays has fewer members than this
_MOST_MEMBERS: Final = 10_000


class NoArraysError(Exception):
    """Bytes of a file that are no arrays, in a few words; whoever knows which file says it in a sentence."""


class PythonObjectsError(NoArraysError):
    """An array of Python objects, which only unpickling would read; ``name`` of it, where it has one."""

    def __init__(self, name: str = "") -> None:
        super().__init__("found Python objects")
        self.name = name


class Archive:
    """The arrays of an .npz file by name, none of them read before it is asked for.

    The file is opened once, so that what is read belongs together even if a newer file takes its place.
    Reading an array checks the sum that the zip holds of it, and never unpickles.

    Raises OSError where the file cannot be opened and NoArraysError where it is no .npz file.
    """

    def __init__(self, path: Path | None, compressed: bool = False, content: bytes = b"") -> None:
        """``compressed``: whether members may be, as others than reluflow write them.

        ``content``: what the file would hold, where there is no ``path``.
        """
        self._file: IO[bytes] = io.BytesIO(content) if path is None else path.open("rb")
        self._compressed = compressed
        try:
            self._size = self._file.seek(0, os.SEEK_END)
            self._zip = zipfile.ZipFile(self._file)
            entries = self._zip.infolist()
            if len(entries) > _MOST_MEMBERS:
                raise NoArraysError(f"found {len(entries)} members")
        except UNREADABLE as error:
            self._file.close()
            raise NoArraysError(words(error, "found what does not open as a zip of arrays")) from None
        except NoArraysError:
            self._file.close()
            raise
        self._entries = {entry.filename.removesuffix(_ENDING): entry for entry in entries}
        if len(self._entries) != len(entries):
            raise NoArraysError("two members have one name")

    @property
    def names(self) -> list[str]:
        """Of all arrays, in the order of the file."""
        return list(self._entries)

    def header(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Shape and kind that an array claims, if the file can hold that. Raises NoArraysError."""
        try:
            with self._open(name) as member:
                shape, _, kind = _header(member)
                start = member.tell()
        except UNREADABLE as error:
            raise NoArraysError(words(error, _NO_HEADER)) from None
        if kind.hasobject:
            raise PythonObjectsError(name)
        _require_room(shape, kind, self._entries[name].file_size - start)
        return shape, kind

    def read(self, name: str) -> npt.NDArray[Any]:
        """One array. Raises NoArraysError, and MemoryError for one that does not fit."""
        shape, kind = self.header(name)
        if prod(shape) * kind.itemsize > room():
            raise MemoryError
        try:
            with self._open(name) as member:
                array: npt.NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
                if member.read(1):  # to the end, where the sum is compared
                    raise NoArraysError("found more than the array")
        except UNREADABLE as error:
            raise NoArraysError(words(error, _NO_END)) from None
        return array

    def require_sums(self) -> None:
        """Raise NoArraysError where the bytes of an array do not fit their sum. No array is made."""
        try:
            damaged = self._zip.testzip()
        except UNREADABLE as error:
            raise NoArraysError(words(error, _NO_END)) from None
        if damaged is not None:
            raise NoArraysError(f"{damaged.removesuffix(_ENDING)}: found bytes that do not fit their sum")

    def close(self) -> None:
        """Nothing can be read any more."""
        self._zip.close()
        self._file.close()

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def _open(self, name: str) -> IO[bytes]:
        entry = self._entries[name]
        if not self._compressed and entry.compress_type != zipfile.ZIP_STORED:
            raise NoArraysError("found a compressed member")
        if entry.compress_size > self._size:
            raise NoArraysError(f"{entry.compress_size} bytes are claimed in a file of {self._size}")
        return self._zip.open(entry)


def read_npy(path: Path) -> npt.NDArray[Any]:
    """The array of an .npy file, of any byte order and order of axes; nothing is unpickled.

    Raises OSError where the file cannot be opened, NoArraysError where it holds something else and
    MemoryError for an array that does not fit.
    """
    with path.open("rb") as file:
        try:
            shape, _, kind = _header(file)
            if kind.hasobject:
                raise PythonObjectsError()
            _require_room(shape, kind, os.fstat(file.fileno()).st_size - file.tell())
            if prod(shape) * kind.itemsize > room():
                raise MemoryError
            file.seek(0)
            array: npt.NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        except MemoryError:
            raise
        except UNREADABLE as error:
            raise NoArraysError(words(error, _NO_HEADER)) from None
    return array


def _require_room(shape: tuple[int, ...], kind: np.dtype[Any], there: int) -> None:
    """Raise NoArraysError unless an array takes as many bytes as are there."""
    if (claim := prod(shape) * kind.itemsize) != there:
        raise NoArraysError(f"{claim} bytes are claimed and {there} are there")


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(member)
    if version not in _LENGTHS:
        raise NoArraysError(f"found version {version} of the format .npy")
    length = member.read(_LENGTHS[version])
    shape, fortran, kind = _parsed(version, length + member.read(int.from_bytes(length, "little")))
    if any(size < 0 for size in shape):
        raise NoArraysError(f"found the shape {shape}")
    return shape, fortran, kind


@lru_cache(maxsize=1000)
def _parsed(version: tuple[int, int], header: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    # as a Python literal, which takes ten times as long as to read it; most headers are read several times
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(io.BytesIO(header))


def words(error: BaseException, found: str = "") -> str:
    """What was found, in one line: what the system or a sum says, else ``found``."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, MemoryError):
        return "found more than fits in memory"
    if isinstance(error, zipfile.BadZipFile) and "CRC" in str(error):
        return "found bytes that do not fit their sum"
    return found or " ".join(str(error).split())[:120] or type(error).__name__
