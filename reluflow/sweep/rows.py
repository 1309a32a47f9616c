"""The rows of a sweep on the disc: part files that grow as runs end, and one table made of them.

    part-<number>-<process>.csv    rows of one process, added and flushed to the disc as they come
    rows.csv, rows.parquet         all rows that were there when a sweep ended, sorted by the grid; the second
                                   where pyarrow is installed
    *.damaged                      a file of which lines could not be read, as it was

Each begins with a line of names. A row is one line; the last line of a process that was killed may be half of
one, and is not read. Of two rows of one point the later counts: tables are read first, then the parts by
their number. Files are deleted in that order, and only after the new table is written: a process killed at
any instant leaves every row in at least one file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reluflow.errors import SweepError
from reluflow.store.files import sync_folder, write_bytes, writing
from reluflow.sweep.axes import Axis
from reluflow.sweep.columns import Column, Heading, headings, written_cell
from reluflow.sweep.parts import ended_parts, part_files
from reluflow.sweep.solving import Cells
from reluflow.sweep.study import Study
from reluflow.sweep.tables import TABLES, read_table, table_names, write_table

Numbers = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Rows:
    """Rows by column, sorted by the grid: ``numbers`` (k,) of their points, ``columns`` (k,) by name.

    ``damaged``: a sentence for each file of which something could not be read.
    """

    headings: tuple[Heading, ...]
    numbers: Numbers
    columns: Mapping[str, Column]
    damaged: Mapping[Path, str] = field(default_factory=dict)

    @property
    def troubles(self) -> list[str]:
        """What could not be read, in sentences."""
        return list(self.damaged.values())

    def cells(self) -> list[Cells]:
        """The rows as they are written."""
        written = [list(map(written_cell, self.columns[each.name].tolist())) for each in self.headings]
        return [list(row) for row in zip(*written, strict=True)]


def read_rows(folder: Path, study: Study) -> Rows:
    """All rows of a folder, each point once. Lines that are damaged are left out, and told.

    Raises SweepError for a table that needs pyarrow where that is not installed.
    """
    names = headings(study)
    damaged: dict[Path, str] = {}
    found = [read_table(path, names, damaged) for path in _files(folder)]
    columns = {each.name: _joined([columns[each.name] for columns in found], each) for each in names}
    numbers = _numbers(columns, study)
    order = _last_of_each(numbers)
    return Rows(names, numbers[order], {name: each[order] for name, each in columns.items()}, damaged)


def _files(folder: Path) -> list[Path]:
    """Tables and parts in the order in which they are read."""
    return [*(folder / name for name in TABLES if (folder / name).exists()), *part_files(folder)]


def _joined(parts: Sequence[Column], heading: Heading) -> Column:
    kinds = {"text": object, "flag": np.bool_, "whole": np.int64, "float": np.float64}
    if not parts:
        return np.empty(0, dtype=kinds[heading.kind])
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


def _numbers(columns: Mapping[str, Column], study: Study) -> Numbers:
    """The point (k,) that each row is of, by its values of the varied keys; -1 for none."""
    count = len(next(iter(columns.values())))
    numbers, lost = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=bool)
    for axis in study.grid.axes:
        places = _places(axis, [columns[key] for key in axis.keys])
        lost |= places < 0
        numbers = numbers * len(axis) + places
    return np.where(lost, -1, numbers)


def _places(axis: Axis, columns: Sequence[Column]) -> Places:
    """The place (k,) on an axis of each row; -1 for none."""
    distinct: list[list[object]] = []
    codes = np.zeros(len(columns[0]), dtype=np.intp)
    for column in columns:
        values, own = np.unique(column, return_inverse=True)
        distinct.append([_comparable(value, column) for value in values.tolist()])
        codes = codes * max(len(values), 1) + own.reshape(-1)
    known = {
        tuple(_comparable(value, column) for value, column in zip(place, columns, strict=True)): number
        for number, place in enumerate(axis.values)
    }
    combined, inverse = np.unique(codes, return_inverse=True)
    found = np.array([known.get(_decoded(code, distinct), -1) for code in combined.tolist()], dtype=np.intp)
    return found[inverse.reshape(-1)]


def _decoded(code: int, distinct: Sequence[list[object]]) -> tuple[object, ...]:
    """The values of which a combined code is made."""
    parts = []
    for values in reversed(distinct):
        code, which = divmod(code, max(len(values), 1))
        parts.append(values[which])
    return tuple(reversed(parts))


def _comparable(value: object, column: Column) -> object:
    """A value of a key as it is compared with others of its column: text in one of text; "" for none."""
    if value is None or value != value:
        return ""
    return written_cell(value) if column.dtype.kind == "O" and not isinstance(value, str) else value


def _last_of_each(numbers: Numbers) -> Places:
    """Places of the last row of each point, in the order of the points; rows of none are left out."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    last = np.append(ordered[1:] != ordered[:-1], True) if ordered.size else np.zeros(0, dtype=bool)
    return order[last & (ordered >= 0)]


def compact(folder: Path, study: Study) -> None:
    """Put all parts of processes that have ended, and of this one, into the table. Raises SweepError.

    For the one process that may write to the folder; a shard that is still at work keeps its part. A file
    that is damaged is kept beside it as it was.
    """
    ended, rows = ended_parts(folder), read_rows(folder, study)
    new, *others = table_names()
    ended += [folder / name for name in others if (folder / name).exists()]
    if not ended and not rows.damaged:
        return
    with writing(folder, SweepError):
        for path in rows.damaged:
            write_bytes(path.with_name(f"{path.name}.damaged"), path.read_bytes())
        write_table(folder / new, rows.headings, rows.columns)
        for path in (*ended, *(path for path in rows.damaged if path.name != new)):
            path.unlink(missing_ok=True)
        sync_folder(folder)
