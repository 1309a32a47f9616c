"""One problem: its reference, the product's run, and the error between them."""

import time
from dataclasses import dataclass, replace
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
#: flow time of a run, in units of n / |X' y|
HORIZON = 3000.0
#: the shares of the wall limit for the reference, and for it from each of the moved starts
REFERENCE_SHARE, MOVED_SHARE = 0.4, 0.1
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
        limits = Limits(loss=0.0, time=reference.end, wall=limit * MOVED_SHARE)
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
    most = 0.0
    for _ in range(MOVES):
        try:
            other = integrate(*case_arguments(moved(case, rng)), case.slope, limits)
        except Exception:
            continue
        gaps = relative(other.loss(times), reference.loss(times), reference.first_loss)
        most = max(most, float(np.max(gaps[np.isfinite(gaps)], initial=0.0)))
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
    """Times up to the end of a run, more of them where the loss falls; one if it rests from its start."""
    if reference.end == 0:
        return np.ones(1)
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
