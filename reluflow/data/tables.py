"""Numbers read from .csv and .npz files; whatever is wrong with them becomes one sentence."""

import csv
import math
import os
from pathlib import Path

import numpy as np

from reluflow.data.arrays import Archive, NoArraysError
from reluflow.errors import PresetError
from reluflow.network import Array


def resolve(path: str, folder: Path, key: str) -> Path:
    """The file that ``key`` names, relative paths starting at ``folder``; PresetError if there is none."""
    found = folder / os.path.expanduser(path)
    if not os.path.isfile(found):  # os.path, unlike Path, also takes names that no system allows
        what = "a folder" if os.path.isdir(found) else "no file"
        raise PresetError(f"{key} = {str(path)!r}: found {what} at {found}; expected a file to read")
    return found


def read_csv(path: Path) -> Array:
    """The rows (n, columns) of a comma separated file; blank lines and one header line are passed over.

    Raises PresetError, with line and column, for text, NaN, infinity, rows of different lengths and
    files without numbers.
    """
    rows: list[list[float]] = []
    first_line = 0
    for line, cells in _lines(path):
        if not rows and not first_line and not any(map(_is_number, cells)):
            first_line = line  # the header: not one of its cells is a number
            continue
        row = [_number(cell, path, line, column) for column, cell in enumerate(cells, 1)]
        if rows and len(row) != len(rows[0]):
            raise PresetError(
                f"{path}, line {line}: found {_count(len(row))}; "
                f"expected {_count(len(rows[0]))} as in the rows above"
            )
        rows.append(row)
    if not rows:
        raise PresetError(f"{path}: found no row of numbers; expected comma separated rows")
    return np.array(rows)


def read_npz(path: Path, shapes: dict[str, tuple[int, ...]]) -> dict[str, Array]:
    """The arrays of the given names, made float64; ``shapes`` lists the numbers of dimensions allowed.

    Raises PresetError for files that are not .npz, missing arrays, anything but finite real numbers, and
    arrays that are empty or have another number of dimensions. Never unpickles.
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
        return {name: _array(archive.read(name), path, name, allowed) for name, allowed in shapes.items()}
    except NoArraysError:
        raise _not_npz(path, shapes) from None
    except MemoryError:
        raise PresetError(f"{path}: found arrays that do not fit in memory; expected smaller ones") from None
    finally:
        archive.close()


def _not_npz(path: Path, shapes: dict[str, tuple[int, ...]]) -> PresetError:
    return PresetError(
        f"{path}: found something that does not open as .npz; expected arrays {' and '.join(shapes)} "
        "of plain numbers, as written by numpy.savez"
    )


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, skipinitialspace=True)
            return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except (UnicodeDecodeError, csv.Error):
        raise PresetError(
            f"{path}: found bytes that are not text; expected comma separated numbers"
        ) from None
    except OSError as error:
        raise PresetError(f"{path}: cannot be read ({error.strerror}); expected a readable file") from None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(cell: str, path: Path, line: int, column: int) -> float:
    value = float(cell) if _is_number(cell) else math.nan
    if not math.isfinite(value):
        found = repr(cell.strip()) if cell.strip() else "an empty cell"
        raise PresetError(f"{path}, line {line}, column {column}: found {found}; expected a finite number")
    return value


def _count(columns: int) -> str:
    return f"{columns} column" + ("" if columns == 1 else "s")


def _array(values: object, path: Path, name: str, allowed: tuple[int, ...]) -> Array:
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise PresetError(f"{path}, array {name!r}: found type {array.dtype}; expected real numbers")
    if array.ndim not in allowed or array.size == 0:
        dimensions = " or ".join(map(str, allowed))
        raise PresetError(
            f"{path}, array {name!r}: found shape {array.shape}; expected a non-empty array of {dimensions} "
            f"dimension{'' if allowed == (1,) else 's'}"
        )
    numbers = array.astype(np.float64)
    if not np.all(np.isfinite(numbers)):
        where = tuple(int(index) for index in np.argwhere(~np.isfinite(numbers))[0])
        place = ", ".join(map(str, where))
        raise PresetError(f"{path}, {name}[{place}]: found {numbers[where]}; expected a finite number")
    return numbers
