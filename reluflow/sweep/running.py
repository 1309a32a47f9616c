"""A sweep from its study to its table: which points are missing, who solves them, and where rows go."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from reluflow.errors import RunError, SweepError
from reluflow.store.claim import Claim
from reluflow.store.run_summary import STATUSES
from reluflow.store.schema import show
from reluflow.sweep.columns import headings
from reluflow.sweep.conditions import fulfilled, parse_conditions, require_known
from reluflow.sweep.escapes import is_escape
from reluflow.sweep.measures import chosen
from reluflow.sweep.parts import Part
from reluflow.sweep.rows import Rows, compact, read_rows
from reluflow.sweep.solving import Cells
from reluflow.sweep.study import Study

#: Of a sweep's folder: where run directories are kept, if they are.
RUNS: Final = "runs"

#: What SLURM tells a task of an array, before the names; and these, with what stands for one that is missing.
_SLURM: Final = "SLURM_ARRAY_TASK_"
_TOLD: Final = {"ID": "", "MIN": "", "STEP": "1", "COUNT": "", "MAX": "0"}

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
        kept = _kept(rows, retry)
        #: the points to solve
        self.todo = to_solve(study, rows, retry, shard)
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


def to_solve(
    study: Study, rows: Rows | None, retry: Iterable[str] = (), shard: Shard | None = None
) -> Numbers:
    """The points (k,) that have no row, or one whose status is among ``retry``."""
    missing = np.ones(study.grid.size, dtype=bool)
    if rows is not None:
        missing[rows.numbers[_kept(rows, retry)]] = False
    return np.flatnonzero(missing) if shard is None else shard.of(np.flatnonzero(missing))


def _kept(rows: Rows, retry: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Which rows (k,) are not solved again."""
    again = set(retry)
    return np.array([status not in again for status in rows.columns["status"]], dtype=bool)


def of_theory(study: Study, given: Collection[str]) -> tuple[Study, list[str]]:
    """A study of theory only without what its file says of runs, and the names of that.

    What was ``given`` otherwise stays, to be refused.
    """
    nothing: dict[str, Any] = {"measures": (), "limit": None, "check": None, "success": None}
    aside = [name for name in nothing if name not in given and getattr(study, name)]
    if "success" in aside:
        names = {each.name for each in parse_conditions(study.success or "", "sweep.success")}
        if all(is_escape(name) or name in _examples(study) for name in names):
            aside.remove("success")
    return replace(study, **{name: nothing[name] for name in aside}), aside


def _examples(study: Study) -> dict[str, Any]:
    """What conditions on a run may be on, with a value for each name."""
    found = dict(study.constants)
    found |= {each.name: "" if each.kind == "text" else 0.0 for each in headings(study)}
    del found["success"]
    return found


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
        examples = _examples(study)
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
    """The share of this task of a SLURM array; None where this is none.

    Raises SweepError where the variables do not tell which of how many tasks it is.
    """
    if f"{_SLURM}ID" not in environment:
        return None
    told = {name: environment.get(f"{_SLURM}{name}", usual) for name, usual in _TOLD.items()}
    for name, text in told.items():
        if not (text.isascii() and text.isdecimal()) or len(text) > 9:
            raise SweepError(f"{_SLURM}{name} is {show(text)}; expected integers there, or --shard I/N")
    number, first, step, count, most = map(int, told.values())
    place, rest = divmod(number - first, max(step, 1))
    # of the array 1-10:4 the largest may be told as 10, which is no task of it
    is_even = most == 0 or 0 <= most - first - (count - 1) * step < step
    if step == 0 or rest or not 0 <= place < count or not is_even:
        found = ", ".join(f"{name} {text}" for name, text in told.items() if (name, text) != ("MAX", "0"))
        raise SweepError(
            f"{_SLURM}* are {found}: no task of an array of even steps; expected one such as --array=1-8, "
            "or --shard I/N"
        )
    return Shard(place + 1, count)
