"""One mutant at a time: the tests that cover it, the likeliest and fastest first, until one fails."""

import importlib.util
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mutation.coverage_map import CoverageMap
from mutation.pytest_runs import run_pytest
from mutation.rows import HUNG, NOTICED, SURVIVED, UNCOVERED
from mutation.sites import Mutant

#: Seconds of tests in the first batch, by the map; every further batch has so many times as much.
FIRST_BATCH, GROWTH = 2.0, 4.0
#: Seconds to import a file of tests.
IMPORT = 0.15
#: The least share of a test's lines that counts; 0 is that of tests which run only what imports the file.
LEAST_SHARE = 0.001
#: A test may take so many times as long as the slowest of its file did, beside the seconds that all get.
SLOWER = 5.0
#: So many of the tests that noticed other broken lines of the file come first.
NOTICED_BEFORE = 5
ONE_PROCESS = ["-x", "-n", "0"]


@dataclass(frozen=True)
class Outcome:
    """A verdict, the test that failed if one did, and how many of the tests that cover the line ran."""

    verdict: str
    test: str
    ran: int
    covering: int
    seconds: float


class Trials:
    """Breaks lines in a private copy; ``allowance``: seconds that any test gets beside its usual ones.

    ``budget``: seconds of tests, by the map, that a mutant gets at most; 0: all that cover it.
    """

    def __init__(self, copy: Path, tests: CoverageMap, slow: bool, allowance: float, budget: float) -> None:
        self._copy, self._map, self._allowance, self._budget = copy, tests, allowance, budget
        self._words = [*ONE_PROCESS, *(["-m", ""] if slow else [])]
        self._slowest: dict[str, float] = {}
        for test, seconds in tests.seconds.items():
            self._slowest[_file(test)] = max(seconds, self._slowest.get(_file(test), 0.0))

    def run(self, mutant: Mutant, first: Iterable[str] = ()) -> Outcome:
        """What became of a mutant; those of ``first`` that cover it are run before the others."""
        began = time.monotonic()
        covering = self._map.covering(mutant)
        early = [test for test in first if test in covering][:NOTICED_BEFORE]
        verdict, failed, ran = SURVIVED if covering else UNCOVERED, "", 0
        with self._broken(mutant):
            for batch in self._batches(early, covering, self._map.shares(mutant.file)):
                happened = self._run(batch)
                ran += len(happened.seconds)
                if happened.code not in (0, 5):
                    failed = happened.failed[0] if happened.failed else ""
                    verdict = HUNG if happened.hung or happened.code == -signal.SIGALRM else NOTICED
                    break
        return Outcome(verdict, failed, ran, len(covering), round(time.monotonic() - began, 1))

    def failing(self, tests: Iterable[str]) -> list[str]:
        """Those of some tests that fail on the unbroken code, run as they are on a broken line."""
        failed, left = [], list(tests)
        while left:
            happened = self._run(left)
            if happened.code in (0, 5):
                break
            if not happened.failed:
                raise SystemExit(f"mutants: pytest ended with code {happened.code} on the unbroken code")
            failed.append(happened.failed[0])
            left = left[left.index(happened.failed[0]) + 1 :]
        return failed

    def _run(self, tests: list[str]):
        files = list(dict.fromkeys(_file(test) for test in tests))
        slowest = {file: self._allowance + SLOWER * self._slowest.get(file, 0.0) for file in files}
        limits = {test: slowest[_file(test)] for test in tests}
        return run_pytest(self._copy, [*self._words, *files], limits)

    def _batches(self, early: list[str], covering: set[str], shares: dict[str, float]) -> Iterator[list[str]]:
        """Tests in batches of growing length, within each by file, so that files share their fixtures."""
        seconds = self._map.seconds
        ordered = early + likeliest_first(covering - set(early), seconds, shares)
        batch: list[str] = []
        taken, total, limit = 0.0, 0.0, FIRST_BATCH
        for place, test in enumerate(ordered):
            if self._budget and place >= len(early) and total + seconds[test] > self._budget:
                continue
            batch.append(test)
            taken, total = taken + seconds[test], total + seconds[test]
            if taken + IMPORT * len({_file(one) for one in batch}) >= limit:
                yield _by_file(batch)
                batch, taken, limit = [], 0.0, GROWTH * limit
        if batch:
            yield _by_file(batch)

    @contextmanager
    def _broken(self, mutant: Mutant) -> Iterator[None]:
        """The copy with one line broken, and whole again."""
        path = self._copy / mutant.file
        source = path.read_bytes()
        try:
            _write(path, mutant.applied(source))
            yield
        finally:
            _write(path, source)


def likeliest_first(tests: set[str], seconds: dict[str, float], shares: dict[str, float]) -> list[str]:
    """Tests by the seconds they take for the share of the lines they run that is in the broken module."""
    costs = {test: (IMPORT + seconds[test]) / max(shares.get(test, 0.0), LEAST_SHARE) for test in tests}
    return sorted(tests, key=lambda test: (costs[test], test))


def _file(test: str) -> str:
    return test.partition("::")[0]


def _by_file(batch: list[str]) -> list[str]:
    """The tests of a file one after another, the files in the order in which they come up."""
    files = list(dict.fromkeys(map(_file, batch)))
    return sorted(batch, key=lambda test: files.index(_file(test)))


def _write(path: Path, source: bytes) -> None:
    """Write a module and drop what was compiled from it: its time of change alone is too coarse."""
    path.write_bytes(source)
    Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)
