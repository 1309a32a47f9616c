"""One problem: its reference, the product's run, and the error between them."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from families import Array, Case, draw
from reference import GaveUpError, Limits, integrate
from truth import Truth, relative, truth

#: an error above this is a failure, kept and examined
FAILS = 1e-4
#: by how much starts are moved, how many times, and the share of the error that excuses it
MOVED, MOVES, EXCUSE = 1e-13, 3, 0.1
#: the shares of the wall limit for the reference, and for it from each of the moved starts
REFERENCE_SHARE, MOVED_SHARE = 0.4, 0.1
#: the kind of reluflow's events that marks a choice
CHOICE = 7


@dataclass(frozen=True)
class Task:
    """One problem to compare, the tolerance of the product, and where references are kept."""

    family: str
    seed: int
    number: int
    rtol: float
    references: Path | None = None

    @property
    def name(self) -> str:
        return f"{self.family}-{self.seed}-{self.number}"


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
    shape = (*case.inputs.shape, len(case.weights))
    outcome = Outcome(task.family, task.seed, task.number, *shape, case.slope, case.balanced)
    kept = case.arrays
    try:
        exact = truth(case, task.name, limit * REFERENCE_SHARE, task.references)
    except Exception as trouble:
        said = str(trouble) if isinstance(trouble, GaveUpError) else f"{type(trouble).__name__}: {trouble}"
        return replace(outcome, status="no reference", message=said), kept
    kept |= {"times": exact.times, "loss": exact.loss}
    outcome = replace(
        outcome,
        slid=exact.slid,
        events=exact.events,
        reference_chose=exact.choices,
        ended=exact.ended,
        reference_seconds=exact.seconds,
    )
    outcome, losses = product(outcome, case, exact.times, task.rtol)
    if losses is None:
        return outcome, kept
    errors = relative(losses, exact.loss, exact.first_loss)
    worst = int(np.argmax(errors))
    outcome = replace(outcome, error=float(errors[worst]), error_time=float(exact.times[worst]))
    if errors[worst] > FAILS and not outcome.marked:
        outcome = examine(outcome, case, exact, limit * MOVED_SHARE)
    return outcome, kept


def product(outcome: Outcome, case: Case, times: Array, rtol: float) -> tuple[Outcome, Array | None]:
    """The product's losses at the times; those after a run has come to rest are its last."""
    from reluflow import simulate

    began = time.perf_counter()
    try:
        run = simulate(*case.arguments, slope=case.slope, rtol=rtol, times=times)
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


def examine(outcome: Outcome, case: Case, exact: Truth, wall: float) -> Outcome:
    """Whether the reference itself moves by a tenth of the error when its start moves by 1e-13."""
    rng = np.random.default_rng(0)
    most, limits = 0.0, Limits(loss=0.0, time=max(exact.end, 1e-300), wall=wall)
    for _ in range(MOVES):
        try:
            other = integrate(*moved(case, rng).arguments, case.slope, limits)
        except Exception:
            continue
        gaps = relative(other.loss(exact.times), exact.loss, exact.first_loss)
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
