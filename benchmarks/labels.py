"""Logistic and exponential losses, and weight decay, against an event-driven reference on random problems.

    python benchmarks/labels.py                    40 problems of each: logistic, exponential, decay
    python benchmarks/labels.py exponential --problems 10 --first 20
    python benchmarks/labels.py cases              the reference against the cases of tests/cases/beyond

The reference (``event_driven``) shares no integration with reluflow: DOP853 between changes of activation,
which it locates, with sliding by projection. Starts are balanced, dominated or unbalanced, of scale 1 to
1e-100 (1e-8 with decay). Runs go down to a loss of 1e-6, or to flow time 1e7, or, with decay, to 6 / lambda.
They also end where the loss has been at rest for seven eighths of a run. The error of a problem is the
largest one of the loss, relative to it, at some 40 times at which the reference has steps; reluflow is at
rtol = 1e-6. Where the reference gives up the table says so, and where the two part after both have found that
plain descent leaves open how a neuron goes on.
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import argparse
import sys
import time
import zlib
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from event_driven import Found, GaveUpError, integrate, start
from families import Case, balanced, dominated, unbalanced

import reluflow

Array = npt.NDArray[np.float64]

CASES = Path(__file__).parent.parent / "tests" / "cases" / "beyond"
LOSSES = ("logistic", "exponential", "decay")
#: tolerance of the reference, and seconds of processor time that it gets
REFERENCE, LIMIT = 1e-11, 60.0
#: where runs end: loss, flow time, lambda t
LOWEST, LONGEST, SLOW = 1e-6, 1e7, 6.0
#: relative change of the loss while flow time grows by a factor, at which it is at rest
RESTS, FACTOR = 1e-10, 8.0
#: an error above this is looked into; the kind of reluflow's events that marks a choice
FAILS, CHOICE = 1e-4, 7
#: share of the first loss by which it has moved when a comparison begins
MOVED = 1e-3
#: times that are compared, about
TIMES = 40


@dataclass(frozen=True)
class Drawn:
    """A problem: ``case`` and how it was drawn, its loss by name and its weight decay."""

    case: Case
    data: str
    balance: str
    scale: float
    loss: str
    decay: float


@dataclass(frozen=True)
class Row:
    """What came of a problem; ``error`` of the loss and of the objective, nan where there is no reference.

    ``chose``: the two part after both have met a point at which the flow is not unique.
    """

    found: Found | None
    error: float
    objective: float
    said: str
    chose: bool = False


def draw(loss: str, number: int) -> Drawn:
    """Problem ``number`` of a loss: the same on every machine."""
    rng = np.random.default_rng([zlib.crc32(loss.encode()), number])
    data = ("random", "separable", "clusters", "xor")[number % 4]
    inputs, labels = _labelled(rng, data)
    decay = float(10.0 ** rng.uniform(-2, -0.5)) if loss == "decay" else 0.0
    targets = rng.standard_normal(len(labels)) if decay else labels
    scale = float(10.0 ** rng.uniform(-8 if decay else -100, 0))
    if number % 3 == 0:  # a third of the starts is not tiny
        scale = float(10.0 ** rng.uniform(-2, 0))
    case = balanced(rng, inputs, targets, scale)
    balance = ("balanced", "balanced", "dominated", "balanced", "unbalanced")[number % 5]
    if balance != "balanced":
        case = (dominated if balance == "dominated" else unbalanced)(rng, case)
    slope = float(rng.choice([0.05, 0.1, 0.3])) if rng.random() < 0.3 else 0.0
    return Drawn(replace(case, slope=slope), data, balance, scale, loss, decay)


def _labelled(rng: np.random.Generator, data: str) -> tuple[Array, Array]:
    """Inputs (n, d) and labels (n,)."""
    n, d = int(rng.integers(4, 13)), int(rng.integers(2, 7))
    inputs = rng.standard_normal((n, d))
    if data == "random":
        return inputs, rng.choice([-1.0, 1.0], n)
    if data == "separable":
        return inputs, np.sign(inputs @ rng.standard_normal(d))
    labels = np.repeat([1.0, -1.0], n)
    if data == "clusters":
        return 0.4 * rng.standard_normal((2 * n, d)) + labels[:, None] * rng.standard_normal(d), labels
    corners = np.array([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]])
    inputs = np.repeat(corners, 3, axis=0) + 0.2 * rng.standard_normal((12, 2))
    return np.column_stack([inputs, np.ones(12)]), np.repeat([1.0, -1.0], 6)


def forces(loss: str, targets: Array) -> tuple[Callable[[Array], Array], Callable[[Array], float]]:
    """dl_k/dh_k and the mean loss of predictions (n,)."""
    if loss == "logistic":
        return (
            lambda h: -targets / (1.0 + np.exp(np.minimum(targets * h, 700.0))),
            lambda h: float(np.mean(np.logaddexp(0.0, -targets * h))),
        )
    if loss == "exponential":
        return lambda h: -targets * np.exp(-targets * h), lambda h: float(np.mean(np.exp(-targets * h)))
    return lambda h: h - targets, lambda h: float(np.mean((h - targets) ** 2) / 2.0)


def reference(drawn: Drawn, until: Callable[[float, float], bool], times: Array | None = None) -> Found:
    """The run of the reference, at ``times`` or the ends of its steps; GaveUpError where it has none."""
    case = drawn.case
    force, loss = forces(drawn.loss, case.targets)
    flow, y = start(case.inputs, case.weights, case.output_weights, case.slope, drawn.decay, force, loss)
    return integrate(flow, y, REFERENCE, until, times)


def compare(drawn: Drawn) -> Row:
    """Both runs of a problem, and how far they are apart."""
    began, passed = time.process_time(), [(0.0, float("nan"))]
    nowhere = float("nan")

    def until(t: float, loss: float) -> bool:
        if time.process_time() - began > LIMIT:
            raise GaveUpError(f"no end after {LIMIT:g} s")
        passed.append((t, loss))
        if drawn.decay:
            return t >= SLOW / drawn.decay
        before = passed[bisect_right(passed, (t / FACTOR, np.inf)) - 1][1]
        rests = abs(loss / before - 1.0) < RESTS and abs(loss / passed[1][1] - 1.0) > MOVED
        return loss <= LOWEST or t >= LONGEST or rests

    try:
        exact = reference(drawn, until)
    except GaveUpError as trouble:
        return Row(None, nowhere, nowhere, str(trouble))
    moved = np.flatnonzero(np.abs(exact.loss / exact.loss[0] - 1.0) > MOVED)
    since = int(moved[0]) if moved.size else 1
    chosen = np.unique(np.linspace(since, len(exact.t) - 1, TIMES).round().astype(int))
    ours = reluflow.simulate(
        *drawn.case.arguments, slope=drawn.case.slope, weight_decay=drawn.decay, times=exact.t[chosen],
        loss=drawn.loss if drawn.loss != "decay" else "half-mse",
    )  # fmt: skip
    if len(ours.t) < chosen.size:
        return Row(exact, float("inf"), float("inf"), f"reluflow ended: {ours.reason}")
    errors = np.abs(ours.loss / exact.loss[chosen] - 1.0)
    off = np.max(errors)
    objective = 0.0
    if drawn.decay:
        objective = float(np.max(np.abs(ours.objective / exact.objective[chosen] - 1.0)))
    parted = exact.t[chosen[int(np.argmax(errors > FAILS))]] if off > FAILS else 0.0
    chose = any(t < parted for t in exact.choices) and bool(
        np.any(ours.events.t[ours.events.kind == CHOICE] < parted)
    )
    return Row(exact, float(off), objective, f"{off:.1e}, after a choice" if chose else "", chose)


def table(loss: str, numbers: range) -> str:
    """Problems of a loss in Markdown, and what their errors come to."""
    print(f"## {loss}\n")
    print(
        "| problem | data | start | scale | slope | lambda | n, d, m | events, slides | last loss | error |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
    errors, objectives, slid = [], [], 0
    for number in numbers:
        drawn = draw(loss, number)
        row, case = compare(drawn), drawn.case
        shape = f"{case.inputs.shape[0]}, {case.inputs.shape[1]}, {len(case.weights)}"
        end = f"{row.found.events}, {row.found.slid} | {row.found.loss[-1]:.2g}" if row.found else "- | -"
        said = row.said or f"{row.error:.1e}"
        print(
            f"| {number} | {drawn.data} | {drawn.balance} | {drawn.scale:.1e} | {case.slope:g} | "
            f"{drawn.decay:.2g} | {shape} | {end} | {said} |",
            flush=True,
        )
        if row.found and not row.chose:
            errors.append(row.error)
            objectives.append(row.objective)
            slid += row.found.slid > 0
    if not errors:
        return "No problem has a reference."
    shares = np.quantile(errors, [0.5, 0.95, 1.0])
    words = f"median {shares[0]:.1e}, 95 % {shares[1]:.1e}, largest {shares[2]:.1e}"
    more = f"; of the objective at most {max(objectives):.1e}" if loss == "decay" else ""
    told = f"{len(errors)} of {len(numbers)} compared, {slid} of which slide"
    return f"\n{told}: error of the loss {words}{more}.\n"


def cases() -> str:
    """The reference against the cases that others solved."""
    lines = ["| case | slides | reference and case differ by |", "|---|---|---|"]
    for path in sorted(CASES.glob("*.npz")):
        with np.load(path) as stored:
            given = dict(stored)
        case = Case(
            *(given[key] for key in ("inputs", "targets", "weights", "output_weights")), float(given["slope"])
        )
        decay, times = float(given["weight_decay"]), given["times"]
        drawn = Drawn(case, "", "", 0.0, str(given["loss_name"]), decay)
        try:
            exact = reference(drawn, lambda t, loss, last=times[-1]: t >= last, times[times > 0.0])
        except GaveUpError as trouble:
            lines.append(f"| {path.stem} | | {trouble} |")
            continue
        off = np.max(np.abs(exact.loss / given["loss"][times > 0.0] - 1.0))
        lines.append(f"| {path.stem} | {exact.slid} | {off:.1e} |")
    return "\n".join(lines)


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Losses of labels and weight decay against a reference.")
    known = [*LOSSES, "cases"]
    parser.add_argument("tables", nargs="*", default=LOSSES, metavar="TABLE", help=", ".join(known))
    parser.add_argument("--problems", type=int, default=40, help="how many of each")
    parser.add_argument("--first", type=int, default=0, help="the number of the first")
    asked = parser.parse_args()
    for name in asked.tables:
        if name not in known:
            parser.error(f"no table is called {name}; expected {', '.join(known)}")
    numbers = range(asked.first, asked.first + asked.problems)
    for name in asked.tables:
        print(cases() if name == "cases" else table(name, numbers), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
