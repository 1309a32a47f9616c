"""Points of a study solved on a cluster, through a scheduler of Dask distributed that is there already.

Workers may come and go: what a worker that is gone was at is solved by another. A run that ends its worker
again and again is a row. Workers need this version of reluflow and, where a preset names files, the same file
system.
"""

import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from reluflow.errors import SweepError, found_at, sentence
from reluflow.store.locations import expanded
from reluflow.sweep.solving import Cells, PointSolver, failed_row
from reluflow.sweep.study import Study, study_of
from reluflow.training.threads import one_thread_for_good

#: Seconds of solving that are asked for at a time, and points.
CHUNK_SECONDS: Final = 2.0
MOST_POINTS: Final = 4000
#: Chunks that wait for a thread of a worker, for each of these; and chunks that are asked for, at most.
AHEAD: Final = 3
MOST_CHUNKS: Final = 10**5
#: Share of a new measurement in what a run is taken to last.
NEWEST: Final = 0.3
#: Seconds in which a scheduler must answer, and between two looks.
ANSWERS_WITHIN: Final = "15s"
LOOK_EVERY: Final = 0.05

#: What a worker sends back of a chunk: the cells of each row and the seconds that it took.
Answers = list[tuple[Cells, float]]


class Scheduler:
    """A scheduler that answers, at an address or at that which a file of its own tells.

    Raises SweepError in one sentence where none answers, or the extra is not installed.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        try:
            self.dask: Any = import_module("distributed")
        except ImportError:
            raise SweepError(
                "--cluster needs Dask distributed; expected pip install 'reluflow[cluster]' before"
            ) from None
        address = _address(where)
        try:
            self.client: Any = self.dask.Client(address=address, timeout=ANSWERS_WITHIN)
        except (OSError, ValueError, TypeError, ImportError) as error:
            raise SweepError(
                f"--cluster {where}: no scheduler answers ({sentence(error)}); expected an address such as "
                "tcp://host:8786, or a scheduler file"
            ) from None

    def threads(self) -> int:
        """Of all workers that there are now."""
        return int(sum(self.client.nthreads().values()))


def _address(where: str) -> str:
    """The address that ``where`` is, or that stands in the scheduler file of this name.

    Raises SweepError where it is neither.
    """
    path, expected = expanded(where), "expected an address such as tcp://host:8786, or a scheduler file"
    if ":" in where and not path.is_file():
        return where
    if not path.is_file():
        raise SweepError(f"--cluster {where}: found {found_at(path)}; {expected}")
    try:
        address = json.loads(path.read_bytes())["address"]
    except OSError as error:
        raise SweepError(f"--cluster {where}: cannot be read ({error.strerror}); {expected}") from None
    except (ValueError, TypeError, LookupError, RecursionError):
        address = None
    if not isinstance(address, str) or not address.strip():
        raise SweepError(f"--cluster {where}: found no address of a scheduler in it; {expected}")
    return address


class Cluster:
    """Solves points on the cluster of a scheduler. ``keep``: where run directories are written, if at all."""

    def __init__(self, study: Study, scheduler: Scheduler, keep: Path | None = None) -> None:
        self._scheduler = scheduler
        self._client = scheduler.client
        self._words = (
            study.to_toml(),
            str(study.preset.folder.absolute()),
            None if keep is None else str(keep.absolute()),
        )
        self._rows = PointSolver(study)
        #: what a worker does with a chunk
        self.task: Callable[[str, str, str | None, list[int]], Answers] = solve_points
        #: seconds that a run takes, lately
        self._usual: float | None = None

    def solve(self, numbers: Iterator[int], is_unwanted: Callable[[], bool]) -> Iterator[list[Cells]]:
        """Rows of the points as they come; see ``Processes.solve``.

        Raises SweepError if the scheduler is gone.
        """
        asked: dict[Any, list[int]] = {}
        suspects: deque[int] = deque()
        with closing(self._client):
            done = self._scheduler.dask.as_completed([], loop=self._client.loop)
            while not is_unwanted():
                if self._client.status != "running":
                    raise SweepError(f"the scheduler at {self._scheduler.where} is gone")
                for chunk in self._chunks(numbers, suspects, len(asked)):
                    future = self._client.submit(self.task, *self._words, chunk, pure=False)
                    asked[future] = chunk
                    done.add(future)
                if not asked:
                    return
                if not done.has_ready():
                    time.sleep(LOOK_EVERY)
                    yield []
                    continue
                is_alone = len(asked) == 1
                yield self._rows_of(done.next_batch(block=False), asked, suspects, is_alone)
            self._client.cancel(list(asked))

    def _chunks(self, numbers: Iterator[int], suspects: deque[int], asked: int) -> Iterator[list[int]]:
        """Chunks to ask for now, by the workers that there are.

        A worker that ends brings whatever it was given under suspicion. So these points are asked for one by
        one, while nothing else is.
        """
        if suspects:
            if asked == 0:
                yield [suspects.popleft()]
            return
        room = min(max(AHEAD * self._scheduler.threads(), AHEAD), MOST_CHUNKS)
        least = CHUNK_SECONDS / MOST_POINTS
        size = 1 if self._usual is None else max(int(CHUNK_SECONDS / max(self._usual, least)), 1)
        for _ in range(room - asked):
            chunk = [number for _, number in zip(range(size), numbers, strict=False)]
            if not chunk:
                return
            yield chunk

    def _rows_of(
        self, ready: list[Any], asked: dict[Any, list[int]], suspects: deque[int], is_alone: bool
    ) -> list[Cells]:
        """The rows of chunks that are done; points of one that failed are suspects unless asked for alone."""
        rows = []
        for future in ready:
            chunk = asked.pop(future)
            try:
                answers = future.result()
            except Exception as error:  # whatever a worker, or its end, has raised
                if is_alone and len(chunk) == 1:
                    rows.append(self._rows.cells(chunk[0], failed_row(_why(error))))
                else:
                    suspects.extend(chunk)
                continue
            for cells, seconds in answers:
                rows.append(cells)
                before = seconds if self._usual is None else self._usual
                self._usual = (1.0 - NEWEST) * before + NEWEST * seconds
            future.release()
        return rows


def _why(error: Exception) -> str:
    """Why a run alone did not come back, in a sentence."""
    if type(error).__name__ == "KilledWorker":
        return "the workers that solved it ended, one after the other"
    return f"its worker failed: {sentence(error)}"


def solve_points(text: str, folder: str, keep: str | None, numbers: list[int]) -> Answers:
    """The rows of some points; done by a worker of the cluster, whatever has started it."""
    one_thread_for_good()
    solver, answers = _solver(text, folder, keep), []
    for number in numbers:
        began = time.perf_counter()
        cells = solver.solve(number)
        assert cells is not None, "nobody gives up a run here"
        answers.append((cells, time.perf_counter() - began))
    return answers


@lru_cache(maxsize=4)
def _solver(text: str, folder: str, keep: str | None) -> PointSolver:
    return PointSolver(study_of(text, Path(folder)), None if keep is None else Path(keep))
