"""Named arrays read from .npz files; whatever is wrong with them becomes one sentence."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from reluflow.data.arrays import Archive, NoArraysError, PythonObjectsError
from reluflow.errors import PresetError, found_at
from reluflow.network import Array

#: what the dimensions of an array count, from 1, as in a file of text
_PLACES: Final = ("row", "column")


def resolve(path: str, folder: Path, key: str) -> Path:
    """The file that ``key`` names, relative paths starting at ``folder``; PresetError if there is none."""
    found = folder / os.path.expanduser(path)
    if not os.path.isfile(found):  # os.path, unlike Path, also takes names that no system allows
        what = "no file" if (there := found_at(found)).startswith("nothing") else there
        raise PresetError(f"{key} = {str(path)!r}: found {what} at {found}; expected a file to read")
    return found


def read_npz(path: Path, shapes: dict[str, tuple[int, ...]]) -> dict[str, Array]:
    """The arrays of the given names, made float64; ``shapes`` lists the numbers of dimensions allowed.

    Raises PresetError for files that are not .npz, missing arrays, anything but finite real numbers, and
    arrays that are empty or have another number of dimensions; nothing is unpickled.
    """
    try:
        archive = Archive(path, compressed=True)
    except (OSError, NoArraysError):
        raise _not_npz(path, shapes) from None
    try:
        missing = [name for name in shapes if name not in archive.names]
        if missing:
            raise PresetError(
                f"{path}: found no array {missing[0]!r}; expected the arrays {' and '.join(shapes)}"
            )
        return {
            name: plain_numbers(archive.read(name), path, name, allowed) for name, allowed in shapes.items()
        }
    except PythonObjectsError as error:
        raise objects(path, error) from None
    except NoArraysError:
        raise _not_npz(path, shapes) from None
    except MemoryError:
        raise PresetError(f"{path}: found arrays that do not fit in memory; expected smaller ones") from None
    finally:
        archive.close()


def objects(path: Path, error: PythonObjectsError) -> PresetError:
    """The refusal of an array of Python objects."""
    where = f"{path}, array {error.name!r}" if error.name else str(path)
    return PresetError(f"{where}: {error}; expected real numbers")


def _not_npz(path: Path, shapes: dict[str, tuple[int, ...]]) -> PresetError:
    return PresetError(
        f"{path}: found something that does not open as .npz; expected arrays {' and '.join(shapes)} "
        "of plain numbers, as written by numpy.savez"
    )


def plain_numbers(values: object, path: Path, name: str, allowed: tuple[int, ...]) -> Array:
    """The array that a file has under ``name`` ("": the only one), made float64.

    Raises PresetError for anything but finite real numbers in one of the ``allowed`` numbers of dimensions.
    """
    where = f"{path}, array {name!r}" if name else str(path)
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise PresetError(f"{where}: found type {array.dtype}; expected real numbers")
    if array.ndim not in allowed or array.size == 0:
        dimensions = " or ".join(map(str, allowed))
        raise PresetError(
            f"{where}: found shape {array.shape}; expected a non-empty array of {dimensions} "
            f"dimension{'' if allowed == (1,) else 's'}"
        )
    numbers = array.astype(np.float64)
    if not np.all(np.isfinite(numbers)):
        first = tuple(int(index) for index in np.argwhere(~np.isfinite(numbers))[0])
        place = ", ".join(f"{word} {index + 1}" for word, index in zip(_PLACES, first, strict=False))
        raise PresetError(f"{where}, {place}: found {numbers[first]}; expected a finite number")
    return numbers


def remarks_on_truth(path: Path, arrays: Iterable[object]) -> tuple[str, ...]:
    """A sentence on what True and False are taken for, if an array of a file holds them."""
    if not any(np.asarray(array).dtype.kind == "b" for array in arrays):
        return ()
    return (f"{path.name}: True is taken for 1 and False for 0",)
