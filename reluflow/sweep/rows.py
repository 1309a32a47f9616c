"""The rows of a sweep on the disc: part files that grow as runs end, and one table made of them.

    part-<number>-<process>.csv    rows of one process, added and flushed to the disc as they come
    rows.csv                       all rows that were there when a sweep ended, sorted by the grid
    *.damaged                      a file of which lines could not be read, as it was

Each begins with a line of names. A row is one line; the last line of a process that was killed may be half of
one, and is not read. Of two rows of one point the later counts: rows.csv is read first, then the parts by
their number. Parts are deleted in that order, and only after rows.csv is written: a process killed at any
instant leaves every row in at least one file.
"""

import csv
import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import numpy as np
import numpy.typing as npt

from reluflow.errors import SweepError
from reluflow.store.files import sync_folder, write_atomically, write_bytes, write_text, writing
from reluflow.store.owner import Owner, is_gone
from reluflow.sweep.axes import cell
from reluflow.sweep.columns import Heading, headings
from reluflow.sweep.solving import Cells
from reluflow.sweep.study import Study

TABLE: Final = "rows.csv"
_PART: Final = re.compile(r"part-(\d{6})-(.+)\.csv")

Numbers = npt.NDArray[np.int64]


class Part:
    """A part file of this process, made when its first rows come."""

    def __init__(self, folder: Path, study: Study) -> None:
        self._folder = folder
        self._names = [each.name for each in headings(study)]
        self._file: IO[str] | None = None

    def add(self, rows: Sequence[Cells]) -> None:
        """Write rows, so that they are on the disc when this returns. Raises SweepError."""
        if not rows:
            return
        with writing(self._folder, SweepError):
            if self._file is None:
                self._file = self._begun()
            self._file.write(_lines(rows))
            self._file.flush()
            os.fsync(self._file.fileno())

    def _begun(self) -> IO[str]:
        numbers = [int(match[1]) for _, match in _parts(self._folder)]
        name = f"part-{max(numbers, default=0) + 1:06d}-{Owner.this().tag}.csv"
        write_text(self._folder / name, _lines([self._names]))
        return (self._folder / name).open("a", encoding="utf-8", newline="")

    def close(self) -> None:
        """Write no more rows."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _lines(rows: Iterable[Cells]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _parts(folder: Path) -> list[tuple[Path, "re.Match[str]"]]:
    """The part files, in the order in which they are read."""
    matches = [(path, _PART.fullmatch(path.name)) for path in folder.glob("part-*.csv")]
    found = [(path, match) for path, match in matches if match is not None]
    return sorted(found, key=lambda each: (int(each[1][1]), each[0].name))


@dataclass(frozen=True)
class Rows:
    """Rows by column, sorted by the grid: ``numbers`` (k,) of their points, and the ``cells`` of each column.

    ``damaged``: a sentence for each file of which something could not be read.
    """

    headings: tuple[Heading, ...]
    numbers: Numbers
    cells: tuple[list[str], ...]
    damaged: Mapping[Path, str] = field(default_factory=dict)

    @property
    def troubles(self) -> list[str]:
        """What could not be read, in sentences."""
        return list(self.damaged.values())

    def column(self, name: str) -> list[str]:
        """The cells of a column."""
        return self.cells[[each.name for each in self.headings].index(name)]


def read_rows(folder: Path, study: Study) -> Rows:
    """All rows of a folder, each point once. Lines that are damaged are left out, and told."""
    names = [each.name for each in headings(study)]
    kept: list[Cells] = []
    damaged: dict[Path, str] = {}
    for path in (folder / TABLE, *(path for path, _ in _parts(folder))):
        try:
            kept += _usable(path, names, damaged)
        except FileNotFoundError:
            continue  # no table yet, or a part that another process has put into the table meanwhile
        except OSError as error:
            damaged[path] = f"{path}: cannot be read ({error.strerror}); its runs count as missing"
    columns = [list(column) for column in zip(*kept, strict=True)] if kept else [[] for _ in names]
    numbers = _numbers(columns, study)
    order = _last_of_each(numbers)
    cells = tuple([column[place] for place in order] for column in columns)
    return Rows(headings(study), numbers[order], cells, damaged)


def _usable(path: Path, names: list[str], damaged: dict[Path, str]) -> list[Cells]:
    """The rows of a file that are whole; what is not is told in ``damaged``."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        lines = [line for line in file if line.endswith("\n")]
    if not lines or _cells(lines[0]) != names:
        damaged[path] = f"{path}: damaged: its first line does not name the columns of this study"
        return []
    rows = _together(lines[1:], len(names))
    if rows is None:
        single = map(_cells, lines[1:])
        rows = [cells for cells in single if len(cells) == len(names)]
        broken = len(lines) - 1 - len(rows)
        damaged[path] = f"{path}: damaged: {broken} line(s) are no rows; their runs count as missing"
    return rows


def _together(lines: list[str], width: int) -> list[Cells] | None:
    """The cells of all lines, quickly; None if not each of them is a row of so many cells."""
    try:
        rows = list(csv.reader(lines))
    except csv.Error:
        return None
    return rows if len(rows) == len(lines) and all(len(cells) == width for cells in rows) else None


def _cells(line: str) -> Cells:
    """The cells of one line; none where it is no row at all."""
    try:
        (cells,) = csv.reader([line], strict=True)
    except (csv.Error, ValueError):
        return []
    return cells


def _numbers(columns: Sequence[list[str]], study: Study) -> Numbers:
    """The point (k,) that each row is of, by its values of the varied keys; -1 for none."""
    numbers = np.zeros(len(columns[0]), dtype=np.int64)
    lost = np.zeros(len(columns[0]), dtype=bool)
    first = 0
    for axis in study.grid.axes:
        places = {tuple(map(cell, value)): place for place, value in enumerate(axis.values)}
        rows = zip(*columns[first : first + len(axis.keys)], strict=True)
        found = np.fromiter((places.get(row, -1) for row in rows), dtype=np.int64, count=len(numbers))
        lost |= found < 0
        numbers = numbers * len(axis) + found
        first += len(axis.keys)
    return np.where(lost, -1, numbers)


def _last_of_each(numbers: Numbers) -> npt.NDArray[np.intp]:
    """Places of the last row of each point, in the order of the points; rows of none are left out."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    last = np.append(ordered[1:] != ordered[:-1], True) if ordered.size else np.zeros(0, dtype=bool)
    return order[last & (ordered >= 0)]


def writers_of(folder: Path) -> int:
    """How many processes of this host, or of others, may still add rows."""
    return len({match[2] for _, match in _parts(folder) if not is_gone(match[2])})


def compact(folder: Path, study: Study) -> None:
    """Put all parts of processes that have ended, and of this one, into the table. Raises SweepError.

    For the one process that may write to the folder; a shard that is still at work keeps its part. A file
    that is damaged is kept beside it as it was.
    """
    mine = Owner.this().tag
    ended = [path for path, match in _parts(folder) if match[2] == mine or is_gone(match[2])]
    rows = read_rows(folder, study)
    if not ended and not rows.damaged:
        return
    with writing(folder, SweepError):
        names = [each.name for each in rows.headings]
        text = _lines([names, *zip(*rows.cells, strict=True)])  # type: ignore[list-item]
        for path in rows.damaged:
            write_bytes(path.with_name(f"{path.name}.damaged"), path.read_bytes())
        write_atomically(folder / TABLE, lambda file: _write(file, text))
        for path in (*ended, *(path for path in rows.damaged if path.name != TABLE)):
            path.unlink(missing_ok=True)
        sync_folder(folder)


def _write(file: IO[bytes], text: str) -> None:
    file.write(text.encode("utf-8"))
