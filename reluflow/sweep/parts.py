"""Part files: the rows of one process, added and flushed to the disc as they come."""

import csv
import io
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Final

from reluflow.errors import SweepError
from reluflow.store.files import write_text, writing
from reluflow.store.owner import Owner, is_gone
from reluflow.sweep.columns import headings
from reluflow.sweep.solving import Cells
from reluflow.sweep.study import Study

_PART: Final = re.compile(r"part-(\d{6})-(.+)\.csv")


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
            self._file.write(lines(rows))
            self._file.flush()
            os.fsync(self._file.fileno())
            is_there = os.fstat(self._file.fileno()).st_nlink > 0
        if not is_there:
            raise SweepError(f"{self._file.name} was deleted while rows are written; expected it to stay")

    def _begun(self) -> IO[str]:
        numbers = [int(match[1]) for _, match in _matches(self._folder)]
        name = f"part-{max(numbers, default=0) + 1:06d}-{Owner.this().tag}.csv"
        write_text(self._folder / name, lines([self._names]))
        return (self._folder / name).open("a", encoding="utf-8", newline="")

    def close(self) -> None:
        """Write no more rows. Raises SweepError."""
        file, self._file = self._file, None
        if file is not None:
            with writing(self._folder, SweepError):  # it may hold rows that had no room
                file.close()


def lines(rows: Iterable[Sequence[str]]) -> str:
    """Rows as lines of CSV."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def part_files(folder: Path) -> list[Path]:
    """In the order in which they are read: by their number."""
    return [path for path, _ in _matches(folder)]


def ended_parts(folder: Path) -> list[Path]:
    """Those of processes that are gone, and of this one."""
    mine = Owner.this().tag
    return [path for path, match in _matches(folder) if match[2] == mine or is_gone(match[2])]


def writers_of(folder: Path) -> int:
    """How many processes may still add rows: of this host those that are there, of others all."""
    return len({match[2] for _, match in _matches(folder) if not is_gone(match[2])})


def _matches(folder: Path) -> list[tuple[Path, "re.Match[str]"]]:
    matches = [(path, _PART.fullmatch(path.name)) for path in folder.glob("part-*.csv")]
    found = [(path, match) for path, match in matches if match is not None]
    return sorted(found, key=lambda each: (int(each[1][1]), each[0].name))
