"""A folder of run directories: what is in it, also while others write there, and how runs leave it.

<name>/                  a run directory
.bin/<time>-<n>/<name>/  a run that was deleted, with all that were deleted together; ``restore`` brings
                         them back, and nothing else looks there
"""

import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from reluflow.errors import ReluflowError, RunError
from reluflow.store.claim import Claim
from reluflow.store.files import sync_folder, writing
from reluflow.store.run_check import damage_of
from reluflow.store.run_reader import PRESET, PROBLEM, TRAJECTORY, open_run
from reluflow.store.run_summary import SUMMARY
from reluflow.store.schema import show

#: Of a folder of runs: where those are that were deleted.
BIN: Final = ".bin"
#: Seconds for which directories are read at a time.
READS_FOR: Final = 0.3

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=,+-]{0,119}")

#: What changes when a run is written to: the size and the time of each of its files.
Mark = tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class StoredRun:
    """A run directory as it was when it was read, at its ``mark``; no two are the same.

    ``summary``: what ``reluflow run --json`` prints; ``values``: of its preset, by key. ``trouble``: why it
    is damaged, "" if it is not. ``written``: when, in seconds since the epoch.
    """

    path: Path
    mark: Mark
    summary: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    trouble: str = ""
    written: float = 0.0

    @property
    def name(self) -> str:
        """Of the directory."""
        return self.path.name

    @property
    def status(self) -> str:
        """How the run ended, "running" while a process writes to it; "damaged" if a file of it is."""
        return "damaged" if self.trouble else str(self.summary.get("status", "unknown"))


class RunFolder:
    """The run directories in a folder. ``look`` reads those that have changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._runs: dict[str, StoredRun] = {}
        #: how many are still to be read
        self.pending = 0

    def look(self, seconds: float = READS_FOR) -> tuple[StoredRun, ...]:
        """The runs by name, as far as they are read; new and changed ones are, for so many seconds.

        A run whose process is gone no longer says so in a file: one that was running is always read again.
        """
        found = {path.name: _mark(path) for path in _directories(self.path)}
        runs = {name: run for name, run in self._runs.items() if name in found}
        until, self.pending = time.monotonic() + seconds, 0
        for name, mark in found.items():
            held = runs.get(name)
            if held is not None and held.mark == mark and held.status != "running":
                continue
            if time.monotonic() > until:
                self.pending += 1
                continue
            runs[name] = _read(self.path / name, mark)
        self._runs = dict(sorted(runs.items()))
        return tuple(self._runs.values())

    # --- leaving it, and coming back ---

    def delete(self, names: Sequence[str]) -> Path:
        """Put runs into the bin, together; returns the place in it.

        Raises RunError, before any is moved, if one of them is being written; and if it cannot be moved.
        """
        with self._claimed(names), writing(self.path, RunError):
            place = self._new_place()
            for name in names:
                (self.path / name).rename(place / name)
            sync_folder(self.path)
        return place

    def restore(self, place: Path | None = None) -> list[str]:
        """Bring back what is at a place in the bin, or what was deleted last; returns the names.

        Raises RunError, before any is moved, where a name is taken by now or the bin is empty.
        """
        places = sorted((self.path / BIN).glob("*"), key=_order)
        place = places[-1] if place is None and places else place
        names = sorted(each.name for each in place.iterdir()) if place is not None and place.is_dir() else []
        if place is None or not names:
            raise RunError(f"{self.path}: nothing was deleted; expected runs in {BIN}")
        for name in names:
            _require_free(self.path / name)
        with writing(self.path, RunError):
            for name in names:
                (place / name).rename(self.path / name)
            place.rmdir()
            sync_folder(self.path)
        return names

    def rename(self, name: str, new: str) -> None:
        """Give a run another name. Raises RunError if that cannot be one, is taken, or the run is written."""
        if not _NAME.fullmatch(new):
            raise RunError(
                f"the name {show(new)} cannot be used; expected letters, digits and '-', '_', '.', '=', ','"
            )
        _require_free(self.path / new)
        with self._claimed([name]), writing(self.path, RunError):
            (self.path / name).rename(self.path / new)
            sync_folder(self.path)

    def empty_bin(self) -> int:
        """Delete for good what is in the bin; returns how many runs that were."""
        count = sum(1 for _ in (self.path / BIN).glob("*/*"))
        with writing(self.path, RunError):
            if count:
                shutil.rmtree(self.path / BIN)
        return count

    @property
    def in_bin(self) -> int:
        """How many runs are in the bin."""
        return sum(1 for _ in (self.path / BIN).glob("*/*"))

    def _new_place(self) -> Path:
        stamp, number = time.strftime("%Y%m%d-%H%M%S"), 1
        while (place := self.path / BIN / f"{stamp}-{number}").exists():
            number += 1
        place.mkdir(parents=True)
        return place

    @contextmanager
    def _claimed(self, names: Sequence[str]) -> Iterator[None]:
        """While no other process may write to these runs."""
        claims: list[Claim] = []
        try:
            for name in names:
                path = self.path / name
                if not path.is_dir():
                    raise RunError(f"{path} is not there any more; expected a run directory")
                with writing(path, RunError):
                    claims.append(Claim(path))
            yield
        finally:
            for claim in claims:
                claim.release()


def has_runs(folder: Path) -> bool:
    """Whether there is a run directory in a folder, or nothing at all yet."""
    try:
        seen = [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError:
        return False
    return not seen or any(_is_run(path) for path in seen)


def newest(folder: Path) -> Path | None:
    """The run directory that was written to last; None if there is none."""
    return max(_directories(folder), key=lambda path: _written(_mark(path)), default=None)


def _directories(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".") and _is_run(path)]
    except OSError:
        return []


def _is_run(path: Path) -> bool:
    return (path / PRESET).is_file() and (path / PROBLEM).is_file()


def _mark(path: Path) -> Mark:
    marks = []
    for name in (SUMMARY, TRAJECTORY, PRESET):
        with suppress(OSError):
            told = (path / name).stat()
            marks.append((told.st_size, told.st_mtime_ns))
    return tuple(marks)


def _written(mark: Mark) -> float:
    """When, in seconds since the epoch."""
    return max((when for _, when in mark), default=0) / 1e9


def _read(path: Path, mark: Mark) -> StoredRun:
    written = _written(mark)
    try:
        run = open_run(path)
        trouble = next(iter(damage_of(run)), "")
        return StoredRun(path, mark, run.summary, run.preset.values, trouble, written)
    except (ReluflowError, OSError) as error:
        return StoredRun(path, mark, trouble=str(error), written=written)


def _order(place: Path) -> tuple[str, int]:
    """Places in the bin by when they were made."""
    stamp, _, number = place.name.rpartition("-")
    return stamp, int(number) if number.isdecimal() else 0


def _require_free(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise RunError(f"{path} exists already; expected a name that is free")
