"""A sweep from its study to its table: which points are missing, who solves them, and where rows go."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from reluflow.errors import RunError, SweepError
from reluflow.store.claim import Claim
from reluflow.store.run_summary import STATUSES
from reluflow.sweep.columns import headings
from reluflow.sweep.conditions import fulfilled, parse_conditions, require_known
from reluflow.sweep.measures import chosen
from reluflow.sweep.parts import Part
from reluflow.sweep.rows import compact, read_rows
from reluflow.sweep.solving import Cells
from reluflow.sweep.study import Study

#: Of a sweep's folder: where run directories are kept, if they are.
RUNS: Final = "runs"

Numbers = npt.NDArray[np.int64]


class Executor(Protocol):
    """Who solves points: processes of this machine, or a cluster."""

    def solve(self, numbers: Iterator[int], is_unwanted: Callable[[], bool]) -> Iterator[list[Cells]]:
        """Rows of the points as they come; see ``Processes.solve``."""


@dataclass(frozen=True)
class Shard:
    """The share ``number`` of ``count``, from 1: points whose number in the grid leaves the same rest."""

    number: int
    count: int

    def of(self, numbers: Numbers) -> Numbers:
        """The points that are this shard's."""
        mine: Numbers = numbers[numbers % self.count == self.number - 1]
        return mine


def parse_shard(text: str) -> Shard:
    """``I/N``. Raises SweepError."""
    match = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise SweepError(f"--shard {text}: expected I/N with I from 1 to N")
    return Shard(int(match[1]), int(match[2]))


@dataclass
class Tally:
    """How far a sweep is: points that there are for it, rows so far, and how their runs ended."""

    points: int
    rows: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    successes: int = 0

    def add(self, statuses: Iterable[str], successes: int) -> None:
        """Count rows by how their runs ended, and how many of them are successes."""
        for status in statuses:
            self.rows += 1
            self.statuses[status] = self.statuses.get(status, 0) + 1
        self.successes += successes


class SweepRun:
    """The points of a study that are solved here, in a folder that this process may write to.

    ``retry``: statuses of rows whose points are solved again. ``shard``: that other processes write to the
    folder too, each its own points; their rows are put together when they are read. Raises SweepError for a
    folder that another process writes to. To be closed.
    """

    def __init__(
        self, folder: Path, study: Study, retry: Iterable[str] = (), shard: Shard | None = None
    ) -> None:
        self.folder, self.study = folder, study
        self._shard = shard
        try:
            self._claim = Claim(folder, shared=shard is not None)
        except RunError as error:
            raise SweepError(str(error)) from None
        rows = read_rows(folder, study)
        #: what could not be read of the rows so far, in sentences
        self.troubles = rows.troubles
        places = [each.name for each in headings(study)]
        self._status, self._success = places.index("status"), places.index("success")
        again = set(retry)
        kept = np.array([status not in again for status in rows.columns["status"]], dtype=bool)
        missing = np.ones(study.grid.size, dtype=bool)
        missing[rows.numbers[kept]] = False
        #: the points to solve
        self.todo = np.flatnonzero(missing) if shard is None else shard.of(np.flatnonzero(missing))
        everything = np.arange(study.grid.size)
        mine = everything if shard is None else shard.of(everything)
        self.tally = Tally(mine.size)
        held = kept if shard is None else kept & np.isin(rows.numbers, mine)
        statuses, successes = rows.columns["status"][held], rows.columns["success"][held]
        self.tally.add(statuses.tolist(), int(np.count_nonzero(successes)))

    def solve(
        self, executor: Executor, is_unwanted: Callable[[], bool], look: Callable[[Tally], None]
    ) -> None:
        """Solve what is missing and write every row as it comes; ``look`` is called now and then.

        Raises SweepError if rows cannot be written.
        """
        part = Part(self.folder, self.study)
        try:
            for rows in executor.solve(iter(self.todo.tolist()), is_unwanted):
                part.add(rows)
                successes = sum(row[self._success] == "true" for row in rows)
                self.tally.add([row[self._status] for row in rows], successes)
                look(self.tally)
        finally:
            part.close()
        if self._shard is None:
            compact(self.folder, self.study)

    def close(self) -> None:
        """Let others write to the folder."""
        self._claim.release()


def checked(study: Study) -> Study:
    """The study without measures that are columns already. Raises SweepError for names that there are not."""
    options = {"--measure": study.measures, "--limit": study.limit, "--check": study.check}
    for option, given in options.items():
        if study.theory_only and given:
            raise SweepError(f"{option} is for runs; expected it without --theory-only, which makes none")
    is_varied = "solver.method" in study.grid.keys
    if study.check is not None and not is_varied and study.preset.values.get("solver.method") == "gd":
        raise SweepError("--check: method gd has no tolerance; expected an adaptive method")
    study = replace(study, measures=chosen(study.measures, study.preset_at(0)))
    if study.success is not None:
        conditions = parse_conditions(study.success, "--success")
        examples = dict(study.constants)
        examples |= {each.name: "" if each.kind == "text" else 0.0 for each in headings(study)}
        del examples["success"]
        require_known(conditions, examples, "--success")
        fulfilled(conditions, examples)
    return study


def parse_retry(text: str) -> tuple[str, ...]:
    """Statuses with commas between. Raises SweepError for one that no run has."""
    statuses = tuple(part.strip() for part in text.split(","))
    for each in statuses:
        if each not in STATUSES or each in ("running", "interrupted"):
            raise SweepError(f"--retry {text}: expected how runs ended, such as failed or wall")
    return statuses


def shard_of_slurm(environment: Mapping[str, str]) -> Shard | None:
    """The share of this task of a SLURM array; None where this is none. Raises SweepError."""
    names = [f"SLURM_ARRAY_TASK_{each}" for each in ("ID", "MIN", "STEP", "COUNT")]
    if names[0] not in environment:
        return None
    words = [environment.get(name, "1" if name.endswith("STEP") else "") for name in names]
    if not all(word.isascii() and word.isdecimal() for word in words) or int(words[2]) == 0:
        raise SweepError(f"{', '.join(names)} are {words}; expected integers, or --shard I/N")
    number, first, step, count = map(int, words)
    return parse_shard(f"{(number - first) // step + 1}/{count}")
