"""Workers on this machine: processes with one thread of linear algebra each, which stay warm between runs."""

import contextlib
import multiprocessing
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Final

from reluflow.errors import SweepError
from reluflow.sweep.solving import Cells, PointSolver, failed_row
from reluflow.sweep.study import Study
from reluflow.sweep.worker import work
from reluflow.training.threads import set_for_this_process

#: Seconds of solving that a worker is given at a time, by what its runs took lately; and points, at most.
CHUNK_SECONDS: Final = 0.5
MOST_POINTS: Final = 1000
#: Share of a new measurement in what a run is taken to last.
NEWEST: Final = 0.3
#: Seconds beyond the limit of a run after which its worker is ended: a step could not be given up.
GRACE: Final = 5.0
#: Seconds between two looks at whether to stop, and seconds that workers get to end.
LOOK_EVERY: Final = 0.1
PATIENCE: Final = 3.0
#: Workers in a row that may end before they are ready.
MOST_STILLBORN: Final = 3


def available() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _context() -> Any:
    """How processes are made: from a server without threads, or anew, never by copying this one as it is."""
    methods = multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if hasattr(context, "set_forkserver_preload"):
        context.set_forkserver_preload(["reluflow.sweep.worker"])
    return context


def warm_up() -> None:
    """Let the server from which workers are made load what they need; does not wait for it.

    Who shows a screen calls this in the thread of the screen before any worker is made: servers are started
    with the standard error of the process, in whose place something without a file may stand there.
    """
    set_for_this_process()
    context = _context()
    with contextlib.redirect_stderr(sys.__stderr__):
        if hasattr(context, "set_forkserver_preload"):
            forkserver.ensure_running()
        if os.name == "posix":
            resource_tracker.ensure_running()


class Worker:
    """One process, and what it was asked for and has not answered yet."""

    def __init__(self, study: Study, keep: Path | None, beside_screen: bool) -> None:
        context = _context()
        self.connection, theirs = context.Pipe()
        folder, runs = study.preset.folder.absolute(), None if keep is None else str(keep.absolute())
        words = (theirs, study.to_toml(), str(folder), runs, beside_screen)
        self.process = context.Process(target=work, args=words, daemon=True)
        self.process.start()
        theirs.close()
        self.asked: deque[int] = deque()
        self.is_ready = False
        #: when it began with the first of what it was asked for
        self.since = time.monotonic()

    def ask(self, numbers: list[int]) -> None:
        """Ask for points. A worker that is gone is noticed when its answers are read."""
        if not self.asked:
            self.since = time.monotonic()
        self.asked.extend(numbers)
        try:
            self.connection.send(numbers)
        except OSError:
            return

    def answers(self) -> Iterator[tuple[int, Cells, float]]:
        """What it has answered so far. Raises EOFError if it is gone."""
        while self.connection.poll():
            try:
                answer = self.connection.recv()
            except OSError:
                raise EOFError from None
            if answer is None:
                self.is_ready = True
            else:
                self.asked.popleft()
                self.since = time.monotonic()
                yield answer

    def ending(self) -> str:
        """How the process ended, once it has."""
        self.process.join(PATIENCE)
        code = self.process.exitcode
        return f"by signal {-code}" if code is not None and code < 0 else f"with exit code {code}"


class Processes:
    """Solves points by ``jobs`` workers. ``keep``: where run directories are written, None for nowhere.

    ``beside_screen``: whether workers give way to this process, and write nothing to where its screen is.
    """

    def __init__(
        self, study: Study, jobs: int, keep: Path | None = None, beside_screen: bool = False
    ) -> None:
        self._study, self._beside_screen = study, beside_screen
        self._jobs = jobs
        self._keep = keep
        self._rows = PointSolver(study)
        #: those at work
        self.workers: list[Worker] = []
        self._again: deque[int] = deque()
        self._stillborn = 0
        #: seconds that a run takes, lately
        self._usual: float | None = None

    def solve(self, numbers: Iterator[int], is_unwanted: Callable[[], bool]) -> Iterator[list[Cells]]:
        """Rows of the points, as they come, some at a time and perhaps none; ends early if ``is_unwanted``.

        A point whose worker ends is a row that says so. Raises SweepError if no worker can be had.
        """
        set_for_this_process()  # processes that are started from here inherit it
        try:
            while not is_unwanted():
                self._hand_out(numbers)
                if not any(worker.asked for worker in self.workers):
                    return
                wait([worker.connection for worker in self.workers], LOOK_EVERY)
                yield self._received()
            yield self._received()
        finally:
            self._end()

    def _hand_out(self, numbers: Iterator[int]) -> None:
        """Keep every worker busy, and start those that are missing."""
        size = (
            1 if self._usual is None else int(CHUNK_SECONDS / max(self._usual, CHUNK_SECONDS / MOST_POINTS))
        )
        for place in range(self._jobs):
            if place == len(self.workers):
                chunk = self._taken(numbers, 1)
                if not chunk:
                    return
                self.workers.append(Worker(self._study, self._keep, self._beside_screen))
                self.workers[place].ask(chunk)
            worker = self.workers[place]
            if len(worker.asked) <= max(size, 1) // 2:
                chunk = self._taken(numbers, max(size, 1) - len(worker.asked))
                if chunk:
                    worker.ask(chunk)

    def _received(self) -> list[Cells]:
        return [row for worker in list(self.workers) for row in self._rows_of(worker)]

    def _taken(self, numbers: Iterator[int], count: int) -> list[int]:
        """The next points, first those that a worker has left behind."""
        taken = []
        for _ in range(count):
            number = self._again.popleft() if self._again else next(numbers, None)
            if number is None:
                break
            taken.append(number)
        return taken

    def _rows_of(self, worker: Worker) -> list[Cells]:
        rows = []
        try:
            for _, cells, seconds in worker.answers():
                rows.append(cells)
                self._measure(seconds)
                self._stillborn = 0
        except EOFError:
            return rows + self._buried(worker)
        limit = self._study.limit
        if limit is not None and worker.asked and time.monotonic() - worker.since > limit + GRACE:
            worker.process.kill()
            reason = f"the run was ended after {limit:g} seconds, in a step that could not be given up"
            return rows + self._left_by(worker, failed_row(reason, "wall"))
        return rows

    def _measure(self, seconds: float) -> None:
        before = seconds if self._usual is None else self._usual
        self._usual = (1.0 - NEWEST) * before + NEWEST * seconds

    def _buried(self, worker: Worker) -> list[Cells]:
        """The row of the run in which a worker has ended."""
        if not worker.is_ready:
            self._stillborn += 1
            if self._stillborn >= MOST_STILLBORN:
                raise SweepError(f"worker processes end ({worker.ending()}) before they begin to solve")
            self._again.extend(worker.asked)
            self.workers.remove(worker)
            return []
        return self._left_by(worker, failed_row(f"the process that solved it ended {worker.ending()}"))

    def _left_by(self, worker: Worker, row: dict[str, object]) -> list[Cells]:
        """The row of the point at which a worker was, whose other points are solved by others."""
        self.workers.remove(worker)
        worker.connection.close()
        if not worker.asked:
            return []
        at = worker.asked.popleft()
        self._again.extend(worker.asked)
        return [self._rows.cells(at, row)]

    def _end(self) -> None:
        """End all workers, which give up what they are at."""
        for worker in self.workers:
            try:
                worker.connection.send(None)
            except OSError:
                continue
        until = time.monotonic() + PATIENCE
        for worker in self.workers:
            worker.process.join(max(until - time.monotonic(), 0.0))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.connection.close()
        self.workers.clear()
