"""One problem: its reference, the product's run, the error between them; and many of them in processes."""

import csv
import multiprocessing
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import numpy as np
from families import Array, Case, draw
from reference import GaveUpError, Limits, Result, integrate

#: times at which losses are compared, and how much of their spread follows the falls of the loss
TIMES, BY_FALLS = 25, 0.7
#: the loss below which an error is not relative any more, as a share of the first loss
FLOOR = 1e-9
#: an error above this is a failure, kept and examined
FAILS = 1e-4
#: by how much starts are moved, how many times, and the share of the error that excuses it
MOVED, MOVES, EXCUSE = 1e-13, 3, 0.1
#: flow time of a run, in units of n / |X' y|, and the part of the wall limit for the reference
HORIZON, REFERENCE_SHARE = 3000.0, 0.4
#: the kind of reluflow's events that marks a choice
CHOICE = 7


@dataclass(frozen=True)
class Task:
    """One problem to compare, and the tolerance of the product."""

    family: str
    seed: int
    number: int
    rtol: float


@dataclass(frozen=True)
class Outcome:
    """What came out. ``status``: compared, exception, timeout, no reference. ``marked``: either chose."""

    family: str
    seed: int
    number: int
    samples: int = 0
    dimension: int = 0
    width: int = 0
    slope: float = 0.0
    balanced: bool = False
    slid: bool = False
    status: str = "compared"
    error: float | None = None
    error_time: float | None = None
    moved: float | None = None
    excused: bool = False
    chose: int = 0
    reference_chose: int = 0
    events: int = 0
    ended: str = ""
    seconds: float = 0.0
    reference_seconds: float = 0.0
    message: str = ""

    @property
    def marked(self) -> bool:
        return self.chose > 0 or self.reference_chose > 0

    @property
    def failed(self) -> bool:
        return self.status != "compared" or (self.error is not None and self.error > FAILS)


def compare(task: Task, limit: float) -> tuple[Outcome, dict[str, Array]]:
    """The outcome, and what an .npz of it holds."""
    case = draw(task.family, task.seed, task.number)
    outcome = Outcome(
        task.family, task.seed, task.number, *case.inputs.shape, len(case.weights), case.slope, case.balanced
    )
    kept = case_arrays(case)
    limits = Limits(loss=FLOOR, time=horizon(case), wall=limit * REFERENCE_SHARE)
    try:
        reference = integrate(*case_arguments(case), case.slope, limits)
    except Exception as trouble:
        said = str(trouble) if isinstance(trouble, GaveUpError) else f"{type(trouble).__name__}: {trouble}"
        return replace(outcome, status="no reference", message=said), kept
    times = spread(reference)
    exact = reference.loss(times)
    kept |= {"times": times, "loss": exact}
    outcome = replace(
        outcome,
        slid=reference.slid,
        events=sum(reference.events.values()),
        reference_chose=len(reference.choices),
        ended=reference.reason,
        reference_seconds=reference.seconds,
    )
    outcome, losses = product(outcome, case, times, task.rtol)
    if losses is None:
        return outcome, kept
    errors = relative(losses, exact, reference.first_loss)
    worst = int(np.argmax(errors))
    outcome = replace(outcome, error=float(errors[worst]), error_time=float(times[worst]))
    if errors[worst] > FAILS and not outcome.marked:
        outcome = examine(outcome, case, reference, times, limits)
    return outcome, kept


def product(outcome: Outcome, case: Case, times: Array, rtol: float) -> tuple[Outcome, Array | None]:
    """The product's losses at the times; those after a run has come to rest are its last."""
    from reluflow import simulate

    began = time.perf_counter()
    try:
        run = simulate(*case_arguments(case), slope=case.slope, rtol=rtol, times=times)
    except Exception as trouble:
        message = f"{type(trouble).__name__}: {trouble}"
        return replace(outcome, status="exception", message=message), None
    outcome = replace(
        outcome, seconds=time.perf_counter() - began, chose=int(np.sum(run.events.kind == CHOICE))
    )
    losses = np.full(times.shape, run.loss[-1] if run.loss.size else np.nan)
    losses[: run.loss.size] = run.loss
    if run.loss.size < times.size:
        outcome = replace(outcome, message=f"{run.status}: {run.reason}")
    return outcome, np.nan_to_num(losses, nan=np.inf)


def examine(outcome: Outcome, case: Case, reference: Result, times: Array, limits: Limits) -> Outcome:
    """Whether the reference itself moves by a tenth of the error when its start moves by 1e-13."""
    rng = np.random.default_rng(0)
    most, limits = 0.0, replace(limits, loss=0.0, time=reference.end)
    for _ in range(MOVES):
        try:
            other = integrate(*case_arguments(moved(case, rng)), case.slope, limits)
        except GaveUpError:
            continue
        gaps = relative(other.loss(times), reference.loss(times), reference.first_loss)
        most = max(most, float(np.nanmax(gaps)))
    excused = outcome.error is not None and most >= EXCUSE * outcome.error
    return replace(outcome, moved=most, excused=excused)


def moved(case: Case, rng: np.random.Generator) -> Case:
    """The case with every weight moved by 1e-13 of itself; balanced neurons stay balanced.

    Where neurons start exactly on kinks all weights of a neuron move by one factor, so that they stay there.
    """
    on_kinks = np.any(case.weights @ case.inputs.T == 0)
    shape = (len(case.weights), 1) if on_kinks else case.weights.shape
    weights = case.weights * (1 + MOVED * rng.standard_normal(shape))
    before, after = np.linalg.norm(case.weights, axis=1), np.linalg.norm(weights, axis=1)
    factor = np.divide(after, before, out=np.ones_like(after), where=before > 0)
    return replace(case, weights=weights, output_weights=case.output_weights * factor)


def horizon(case: Case) -> float:
    """The flow time after which a run ends in any case."""
    drive = np.linalg.norm(case.inputs.T @ case.targets) / len(case.targets)
    return HORIZON / drive if drive > 0 else HORIZON


def spread(reference: Result) -> Array:
    """Times up to the end of a run, more of them where the loss falls."""
    grid = np.unique(np.concatenate([reference.starts, np.linspace(0, reference.end, 200)]))
    grid = np.unique(np.concatenate([grid, (grid[1:] + grid[:-1]) / 2]))
    loss = np.maximum(reference.loss(grid), FLOOR * reference.first_loss)
    falls = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(np.log(np.maximum(loss, 1e-300)))))])
    if falls[-1] == 0:
        falls = grid / grid[-1]
    place = BY_FALLS * falls / falls[-1] + (1 - BY_FALLS) * grid / grid[-1]
    times = np.interp(np.arange(1, TIMES + 1) / TIMES, place, grid)
    return np.unique(times[times > 0])


def relative(losses: Array, exact: Array, first: float) -> Array:
    """Errors relative to the loss, or to the floor where it is below it."""
    return np.abs(losses - exact) / np.maximum(exact, max(FLOOR * first, 1e-300))


def case_arguments(case: Case) -> tuple[Array, Array, Array, Array]:
    return case.inputs, case.targets, case.weights, case.output_weights


def case_arrays(case: Case) -> dict[str, Any]:
    names = ("inputs", "targets", "weights", "output_weights", "slope")
    return {name: np.asarray(getattr(case, name)) for name in names}


def run_all(
    tasks: Sequence[Task], jobs: int, limit: float, out: Path | None, keep: Path | None
) -> list[Outcome]:
    """All tasks in processes of their own, each task within the wall limit."""
    todo, rows = list(tasks)[::-1], []
    total = len(todo)
    workers = [Worker(limit) for _ in range(min(jobs, total))]
    while todo or any(worker.task for worker in workers):
        for i, worker in enumerate(workers):
            if worker.task is None and todo:
                worker.give(todo.pop())
            elif worker.overdue():
                rows.append(_note(worker.stop(), {}, out, keep, len(rows) + 1, total))
                workers[i] = Worker(limit)
        busy = [worker for worker in workers if worker.task]
        ready = wait([worker.pipe for worker in busy], timeout=1.0)
        for i, worker in enumerate(workers):
            if worker.pipe in ready:
                outcome, arrays = worker.take()
                rows.append(_note(outcome, arrays, out, keep, len(rows) + 1, total))
                if not worker.process.is_alive():
                    workers[i] = Worker(limit)
    for worker in workers:
        worker.end()
    return rows


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
        return self.task is not None and time.monotonic() - self.began > self.limit + 20.0

    def take(self) -> tuple[Outcome, dict[str, Array]]:
        assert self.task is not None
        task, self.task = self.task, None
        try:
            outcome, arrays = self.pipe.recv()
        except EOFError:
            self.process.join()
            return Outcome(
                task.family, task.seed, task.number, status="exception", message="process died"
            ), {}
        return outcome, arrays

    def stop(self) -> Outcome:
        """End the process: its problem takes too long."""
        assert self.task is not None
        task, self.task = self.task, None
        self.process.kill()
        self.process.join()
        return Outcome(task.family, task.seed, task.number, status="timeout", message="beyond the wall limit")

    def end(self) -> None:
        self.process.kill()
        self.process.join()


def _serve(pipe: Connection, limit: float) -> None:
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        pipe.send(compare(task, limit))


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
    read: dict[str, Any] = {
        "str": str,
        "int": int,
        "float": float,
        "bool": lambda text: text == "True",
        "float | None": lambda text: float(text) if text else None,
    }
    kinds = {
        f.name: f.type if isinstance(f.type, str) else getattr(f.type, "__name__", str(f.type))
        for f in fields(Outcome)
    }
    return Outcome(**{name: read[kinds[name]](text) for name, text in row.items()})
