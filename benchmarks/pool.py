"""Many problems in processes of their own, each within a limit of wall time, and the table of outcomes."""

import csv
import multiprocessing
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
from comparison import Outcome, Task, compare
from families import Array

#: seconds beyond the limit that a process gets to end by itself
GRACE = 20.0


def run_all(
    tasks: Sequence[Task], jobs: int, limit: float, out: Path | None, keep: Path | None
) -> list[Outcome]:
    """All tasks in processes of their own, each task within the wall limit.

    A problem whose process dies is tried once more: something else on the machine may have ended it.
    """
    todo, rows, died = list(tasks)[::-1], [], set()
    total = len(todo)
    workers = [Worker(limit) for _ in range(min(jobs, total))]
    while todo or any(worker.task for worker in workers):
        for i, worker in enumerate(workers):
            if worker.task is None and todo:
                worker.give(todo.pop())
            elif worker.overdue():
                rows.append(_note(worker.stop(), {}, out, keep, len(rows) + 1, total))
                workers[i] = Worker(limit)
        ready = wait([worker.pipe for worker in workers if worker.task], timeout=1.0)
        for i, worker in enumerate(workers):
            if worker.task and worker.pipe in ready:
                task, found = worker.take()
                if found is None:
                    workers[i] = Worker(limit)
                    if task not in died:
                        died.add(task)
                        todo.append(task)
                        continue
                    found = _lost(task, "exception", "its process died"), {}
                rows.append(_note(*found, out, keep, len(rows) + 1, total))
    for worker in workers:
        worker.end()
    return rows


def _lost(task: Task, status: str, message: str) -> Outcome:
    return Outcome(task.family, task.seed, task.number, status=status, message=message)


class Worker:
    """A process that compares one problem after another."""

    def __init__(self, limit: float) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.limit = limit
        self.task: Task | None = None
        self.began = 0.0
        self.process = context.Process(target=_serve, args=(other, limit), daemon=True)
        self.process.start()
        other.close()

    def give(self, task: Task) -> None:
        self.task, self.began = task, time.monotonic()
        self.pipe.send(task)

    def overdue(self) -> bool:
        return self.task is not None and time.monotonic() - self.began > self.limit + GRACE

    def take(self) -> tuple[Task, tuple[Outcome, dict[str, Array]] | None]:
        """The task and what came out; None if the process is dead."""
        assert self.task is not None
        task, self.task = self.task, None
        try:
            return task, self.pipe.recv()
        except EOFError:
            self.process.join()
            return task, None

    def stop(self) -> Outcome:
        """End the process: its problem takes too long."""
        assert self.task is not None
        task, self.task = self.task, None
        self.process.kill()
        self.process.join()
        return _lost(task, "timeout", "beyond the wall limit")

    def end(self) -> None:
        self.process.kill()
        self.process.join()


def _serve(pipe: Connection, limit: float) -> None:
    while True:
        try:
            pipe.send(compare(pipe.recv(), limit))
        except (EOFError, BrokenPipeError):
            return


def _note(
    outcome: Outcome, arrays: dict[str, Array], out: Path | None, keep: Path | None, done: int, total: int
) -> Outcome:
    """Write an outcome down at once."""
    if out:
        new = not out.exists()
        with out.open("a", newline="") as file:
            writer = csv.DictWriter(file, [f.name for f in fields(Outcome)])
            if new:
                writer.writeheader()
            writer.writerow(asdict(outcome))
    if outcome.failed:
        name = f"{outcome.family}-{outcome.seed}-{outcome.number}"
        error = "" if outcome.error is None else f"error {outcome.error:.2g} at t = {outcome.error_time:.6g} "
        excused = "excused " if outcome.excused else "choice " if outcome.marked else ""
        print(f"{done}/{total} {name}: {outcome.status} {error}{excused}{outcome.message}", file=sys.stderr)
        if keep and arrays:
            keep.mkdir(parents=True, exist_ok=True)
            np.savez(keep / f"{name}.npz", **arrays)
    elif done % 50 == 0:
        print(f"{done}/{total}", file=sys.stderr)
    return outcome


def read_rows(out: Path, tasks: Sequence[Task]) -> list[Outcome]:
    """Outcomes of these tasks that an earlier run has written."""
    if not out.exists():
        return []
    wanted = {(task.family, task.seed, task.number) for task in tasks}
    with out.open(newline="") as file:
        rows = [_parsed(row) for row in csv.DictReader(file)]
    return [row for row in rows if (row.family, row.seed, row.number) in wanted]


def _parsed(row: dict[str, str]) -> Outcome:
    read: dict[Any, Any] = {
        str: str,
        int: int,
        float: float,
        bool: lambda text: text == "True",
        float | None: lambda text: float(text) if text else None,
    }
    kinds = get_type_hints(Outcome)
    return Outcome(**{name: read[kinds[name]](text) for name, text in row.items()})
