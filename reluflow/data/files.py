"""Data sets from files as people have them: text in columns, .npz and .npy, told by their first bytes."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from reluflow.data.arrays import Archive, NoArraysError, PythonObjectsError, read_npy
from reluflow.data.csv_table import Columns, read_columns
from reluflow.data.tables import objects, plain_numbers, remarks_on_truth
from reluflow.data.target_column import likely_column, name_of_several, named_column, quoted
from reluflow.errors import PresetError, counted
from reluflow.network import Array

#: text files are read up to this size; arrays as long as they fit in memory
LARGEST_TEXT: Final = 64_000_000
#: names of the arrays of inputs and of targets, the likeliest first
PAIRS: Final = (
    ("inputs", "targets"),
    ("x", "y"),
    ("x_train", "y_train"),
    ("train_x", "train_y"),
    ("xtrain", "ytrain"),
    ("features", "targets"),
    ("features", "labels"),
    ("data", "target"),
    ("data", "targets"),
    ("data", "labels"),
    ("inputs", "labels"),
    ("inputs", "outputs"),
    ("x", "t"),
)
#: files of other programs, which say so when they are saved as text
_FOREIGN: Final = (".xlsx", ".xls", ".xlsm", ".ods", ".parquet", ".feather", ".json", ".h5", ".hdf5", ".mat")
_ZIP, _NPY = b"PK", b"\x93NUMPY"
#: Text files from this size on, in bytes, are read once for all that is made of them: reading one takes a
#: good part of a second.
_WORTH_KEEPING: Final = 1_000_000


@dataclass(frozen=True)
class Table:
    """What a file holds: ``inputs`` (n, d), ``targets`` (n,), the names of the columns of ``inputs`` and of
    the ``target`` ("" for none), and ``remarks``: a sentence on each thing that the file did not say itself.
    """

    inputs: Array
    targets: Array
    names: tuple[str, ...] = ()
    target: str = ""
    remarks: tuple[str, ...] = ()


def read_table(path: Path, target: int | str | None = None) -> Table:
    """The samples of a file.

    ``target``: the column of the targets by its number from 1 or its name, or the name of an array of an
    .npz file; by default a column called y, target or label, else the last one, and the usual pairs of names.
    Raises PresetError, in one sentence, for everything that is not a data set.
    """
    try:
        with path.open("rb") as file:
            begin = file.read(len(_NPY))
    except OSError as error:
        raise PresetError(f"{path}: cannot be read ({error.strerror}); expected a readable file") from None
    ending = path.suffix.lower()
    if ending in _FOREIGN:
        raise PresetError(
            f"{path}: found the ending {ending!r}; expected .csv, .npz or .npy, as which it may be saved"
        )
    if begin.startswith(_ZIP) or ending == ".npz":
        return _from_npz(path, target)
    if begin == _NPY or ending == ".npy":
        return _from_npy(path, target)
    return _from_text(path, target)


def _from_text(path: Path, target: int | str | None) -> Table:
    if (size := os.path.getsize(path)) > LARGEST_TEXT:
        raise PresetError(
            f"{path}: found {size / 1e6:.0f} MB of text; expected at most {LARGEST_TEXT // 10**6} MB, or .npz"
        )
    columns = _LATEST.columns(path) if size >= _WORTH_KEEPING else read_columns(path.read_bytes(), path)
    return _table(path, columns.values, columns.names, columns.index, target)


class _Latest:
    """What the large text file that was read last holds, as long as the file stays as it was then.

    A preset, a problem and what is said of a file each ask for its samples.
    """

    def __init__(self) -> None:
        self._kept: tuple[object, Columns] | None = None

    def columns(self, path: Path) -> Columns:
        """As ``read_columns``; the values cannot be written to, since others have them as well."""
        before = _signature(path)
        kept = self._kept
        if kept is not None and kept[0] == before:
            return kept[1]
        self._kept = None  # two of them need not be in memory at once
        columns = read_columns(path.read_bytes(), path)
        columns.values.setflags(write=False)
        if _signature(path) == before:
            self._kept = before, columns
        return columns


_LATEST: Final = _Latest()


def _signature(path: Path) -> tuple[str, int, int, int, int]:
    """Another one for another file, and for the same after it has been written to."""
    found = path.stat()
    return os.path.realpath(path), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _table(path: Path, values: Array, names: Sequence[str], index: bool, target: int | str | None) -> Table:
    """Columns taken apart: an index is left out, unless it is the target."""
    count = values.shape[1]
    chosen = named_column(path, names, target) if target is not None else likely_column(names, index)
    inputs = [place for place in range(count) if place != chosen and not (index and place == 0)]
    if not inputs:
        raise PresetError(
            f"{path}: found {counted(count, 'column')}; expected inputs and a column of targets"
        )
    remarks = []
    if index and chosen != 0:
        remarks.append(f"{path.name}: column 1 numbers the rows and is left out")
    several = name_of_several(names)
    if target is None and (chosen != count - 1 or several):
        why = f"; {several[1]} columns are called {quoted(several[0])}" if several else ""
        taken = f"column {chosen + 1}, {quoted(names[chosen])}, is taken for the target"
        remarks.append(f"{path.name}: {taken}{why}")
    kept = tuple(names[place] for place in inputs)
    return Table(values[:, inputs].copy(), values[:, chosen].copy(), kept, names[chosen], tuple(remarks))


def _from_npz(path: Path, target: int | str | None) -> Table:
    names = "inputs and targets"
    try:
        archive = Archive(path, compressed=True)
    except (OSError, NoArraysError):
        raise not_arrays(path, f".npz; expected arrays {names}", "numpy.savez") from None
    try:
        pair = _pair(path, archive, target)
        if pair is None:
            return _from_matrix(path, archive.read(archive.names[0]), target)
        arrays = [archive.read(name) for name in pair]
        inputs, targets = (
            plain_numbers(array, path, name, (1, 2)) for array, name in zip(arrays, pair, strict=True)
        )
    except PythonObjectsError as error:
        raise objects(path, error) from None
    except NoArraysError:
        raise not_arrays(path, f".npz; expected arrays {names}", "numpy.savez") from None
    except MemoryError:
        raise PresetError(f"{path}: found arrays that do not fit in memory; expected smaller ones") from None
    finally:
        archive.close()
    several = len(archive.names) > 2
    said = (f"{path.name}: inputs from {pair[0]}, targets from {pair[1]}",) if several else ()
    return _pairwise(path, inputs, targets, pair, said + remarks_on_truth(path, arrays))


def not_arrays(path: Path, kind: str, writer: str) -> PresetError:
    """The refusal of a file that does not hold the arrays that it should."""
    return PresetError(
        f"{path}: found something that does not open as {kind} of plain numbers, as written by {writer}"
    )


def _pair(path: Path, archive: Archive, target: int | str | None) -> tuple[str, str] | None:
    """The arrays of inputs and targets; None where there is one array only, with both in its columns."""
    names = archive.names
    plain: dict[str, list[str]] = {}
    for name in names:
        plain.setdefault(name.lower(), []).append(name)
    if isinstance(target, str) and target in names:
        likely = [name for pair in PAIRS for name in plain.get(pair[0], []) if name != target]
        others = [name for name in names if name != target]
        if likely or len(others) == 1:
            return (likely or others)[0], target
    elif isinstance(target, str):
        raise PresetError(
            f"{path}: there is no array {quoted(target)} (data.target); expected {_listed(names)}"
        )
    else:
        for first, second in PAIRS:
            if len(plain.get(first, [])) == len(plain.get(second, [])) == 1:
                return plain[first][0], plain[second][0]
    if len(names) == 1 and names[0].lower() not in {name for pair in PAIRS[:3] for name in pair}:
        return None
    missing = "targets" if "inputs" in names else "inputs"
    raise PresetError(
        f"{path}: found no array {missing!r} but {_listed(names)}; expected the arrays inputs and targets "
        "(or X and y)"
    )


def _pairwise(
    path: Path, inputs: Array, targets: Array, pair: tuple[str, str], remarks: tuple[str, ...]
) -> Table:
    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    if targets.ndim != 1:
        raise PresetError(
            f"{path}, array {pair[1]!r}: found shape {targets.shape}; expected one target a sample"
        )
    if inputs.shape[0] != targets.size:
        raise PresetError(
            f"{path}: found {targets.size} targets; expected {inputs.shape[0]}, one for each input"
        )
    inputs = np.ascontiguousarray(inputs.reshape(inputs.shape[0], -1))
    return Table(inputs, np.ascontiguousarray(targets), ("",) * inputs.shape[1], "", remarks)


def _from_npy(path: Path, target: int | str | None) -> Table:
    try:
        values = read_npy(path)
    except PythonObjectsError as error:
        raise objects(path, error) from None
    except (OSError, NoArraysError):
        raise not_arrays(path, ".npy; expected one array", "numpy.save") from None
    except MemoryError:
        raise PresetError(f"{path}: found an array that does not fit in memory; expected less") from None
    return _from_matrix(path, values, target)


def _from_matrix(path: Path, values: object, target: int | str | None) -> Table:
    """One array (n, d + 1) whose last column, or the one that is asked for, is the target."""
    matrix = plain_numbers(values, path, "", (2,))
    table = _table(path, np.ascontiguousarray(matrix), ("",) * matrix.shape[1], False, target)
    return replace(table, remarks=table.remarks + remarks_on_truth(path, [values]))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names[:6])) + (", ..." if len(names) > 6 else "") if names else "none"


def normalised(table: Table, how: str, learnt: Table) -> Table:
    """The inputs shifted and scaled by what is learnt on those of another table.

    "centre": less their mean; "variance": also over their standard deviation, a constant column left as it
    is; "length": every input over its own length; "none".
    """
    inputs = table.inputs
    if how == "length":
        lengths = np.sqrt(np.sum(inputs**2, axis=1, keepdims=True))
        return replace(table, inputs=inputs / np.where(lengths > 0.0, lengths, 1.0))
    if how in ("centre", "variance"):
        inputs = inputs - np.mean(learnt.inputs, axis=0)
    if how == "variance":
        deviation = np.std(learnt.inputs, axis=0)
        rounding = 1e-12 * np.max(np.abs(learnt.inputs), axis=0)
        inputs = inputs / np.where(deviation > rounding, deviation, 1.0)
    return replace(table, inputs=inputs)
