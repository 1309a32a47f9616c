"""Solvers against each other: time to loss 1e-9, steps, events, error; and what the cost depends on.

    python benchmarks/solvers.py                   every section, as Markdown on stdout
    python benchmarks/solvers.py papers scale      some of papers, scale, conditioning, width, samples, seeds

Every figure is measured in this run, in this process, on one thread. Seconds are medians of the runs that fit
in the budget (three at most); a solver that is not done within the budget shows how far it came. The error is
the largest over 50 times, spread evenly by the change of the state over plateaus, escapes and tail, of
|L - L_ref| / L_ref, L_ref being lorentz at rtol 1e-10.
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from reluflow.flow import make_solver
from reluflow.flow.base import Options
from reluflow.network import loss_of, residuals, row_norms
from reluflow.problem import Problem
from reluflow.store.preset import load_preset
from reluflow.training.training import StopRules, Training

GOAL = 1e-9
BUDGET = 30.0
RUNS = 3
TIMES = 50
#: flow time at which a run that has not reached the goal is at rest
REST = 1e6


@dataclass(frozen=True)
class Outcome:
    """One solver on one problem; ``error`` None where there is no reference."""

    seconds: float
    reached: bool
    loss: float
    t: float
    steps: int
    events: int
    error: float | None
    said: str = ""


def solve(problem: Problem, method: str, options: Options, goal: float, t_end: float = np.inf):
    """(solver, seconds) when the loss is down to the goal, the time is over, or the budget is spent."""
    solver = make_solver(method, problem, options)
    began = time.perf_counter()
    while solver.loss > goal and solver.t < t_end and solver.failure is None:
        solver.step(1000, goal, t_end)
        if time.perf_counter() - began > BUDGET:
            break
    return solver, time.perf_counter() - began


def outcome(problem, method, options, goal=GOAL, reference=None, t_end=np.inf) -> Outcome:
    """Medians over some runs, and the error of one more."""
    seconds: list[float] = []
    while len(seconds) < RUNS and sum(seconds) < BUDGET / 2:
        solver, took = solve(problem, method, options, goal, t_end)
        seconds.append(took)
    reached = solver.loss <= goal or solver.t >= t_end
    error = None
    if reference is not None:
        error = compare(problem, method, options, reference)
    return Outcome(
        statistics.median(seconds),
        reached,
        solver.loss,
        solver.t,
        solver.steps,
        solver.events,
        error,
        solver.failure or "",
    )


def reference_of(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """50 times spread by change, and the loss there."""
    training = Training(problem, "lorentz", Options(1e-10), StopRules(loss=GOAL))
    while training.status == "running" and training.wall_seconds < 4 * BUDGET:
        training.advance(seconds=1.0)
    snapshots = training.recorder.snapshots.t
    picks = snapshots[np.linspace(1, snapshots.size - 2, TIMES).astype(int)]
    return picks, losses_at(problem, "lorentz", Options(1e-10), picks)


def losses_at(problem: Problem, method: str, options: Options, times: np.ndarray) -> np.ndarray:
    """The loss at increasing times by dense output; NaN where the budget did not suffice."""
    solver, found = make_solver(method, problem, options), []
    began = time.perf_counter()
    burst = 100 if method == "gd" else 1
    while len(found) < len(times) and solver.failure is None and time.perf_counter() - began < 2 * BUDGET:
        solver.step(burst)
        if solver.t >= times[len(found)]:
            between = solver.dense_output()
            for t in times[len(found) :]:
                if t > solver.t:
                    break
                state = between(float(t))
                r = residuals(state.weights, state.output_weights, problem.inputs, problem.targets)
                found.append(loss_of(r, problem.loss))
    return np.array(found + [np.nan] * (len(times) - len(found)))


def compare(problem, method, options, reference) -> float:
    times, exact = reference
    gaps = np.abs(losses_at(problem, method, options, times) - exact) / exact
    return float(np.max(gaps[np.isfinite(gaps)], initial=0.0))


# --- problems ---


def preset(name: str, **changes: object) -> Problem:
    return load_preset(name, {key.replace("__", "."): value for key, value in changes.items()}).problem()


def one_neuron(samples: int, width: int, scale: float) -> Problem:
    return preset(
        "neuron-centred-10",
        data__samples=samples,
        data__dimension=samples,
        network__width=width,
        init__scale=scale,
        data__seed=1,
    )


def conditioned(number: float, width: int = 25, d: int = 10) -> Problem:
    """Inputs of a given condition number, labelled by a neuron with a part along every eigenvector."""
    rng = np.random.default_rng(5)
    left = np.linalg.qr(np.column_stack([np.ones(d), rng.normal(size=(d, d - 1))]))[0]
    right = np.linalg.qr(rng.normal(size=(d, d)))[0]
    inputs = np.sqrt(d) * (left * np.geomspace(1.0, 1.0 / number, d)) @ right.T
    teacher = right @ np.append(0.8, np.full(d - 1, 0.6 / np.sqrt(d - 1)))
    inputs *= np.sign(inputs @ teacher)[:, None]
    weights = 1e-3 * rng.normal(size=(width, d)) / np.sqrt(width * d)
    return Problem(inputs, inputs @ teacher, weights, rng.choice([-1.0, 1.0], width) * row_norms(weights))


def piecewise(width: int) -> Problem:
    """Forty samples of a piecewise linear function on a line (Boursier & Flammarion 2024)."""
    knots = [(-1, 0), (-0.7, 0.7), (-0.55, 0.5), (-0.4, 1), (0, 0), (0.5, 1), (0.6, 0.6), (0.7, 0.7), (1, 0)]
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(-1.0, 1.0, 40))
    weights = 1e-3 * rng.normal(size=(width, 2)) / np.sqrt(width)
    outputs = rng.choice([-1.0, 1.0], width) * row_norms(weights)
    return Problem(
        np.column_stack([x, np.ones(40)]), np.interp(x, *zip(*knots, strict=True)), weights, outputs
    )


def spread(samples: int) -> Problem:
    """Gaussian inputs in twice as many dimensions as samples, labels of a small teacher network."""
    return preset(
        "high-dimension",
        data__samples=samples,
        data__dimension=2 * samples,
        network__width=50,
        init__scale=1e-6,
        data__seed=1,
    )


# --- sections ---


def row(*cells: object) -> None:
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def head(title: str, *names: str) -> None:
    print(f"\n## {title}\n")
    row(*names)
    row(*("---" for _ in names))


def took(result: Outcome) -> str:
    if result.said:
        return f"failed at t = {result.t:.4g}"
    return f"{result.seconds:.3f}" if result.reached else f"> {BUDGET:.0f} (loss {result.loss:.2g})"


def papers() -> None:
    """The papers' settings, every solver."""
    cases: list[tuple[str, Problem, float]] = [
        ("orthogonal toy, m = 60, scale 1e-6", preset("orthogonal-toy"), 2e-3),
        ("five points, m = 60, scale 1e-6", preset("nonorthogonal-five-points"), 2e-3),
        ("one neuron, n = d = 10, m = 25, scale 4^-5", preset("neuron-centred-10"), 2e-2),
        ("one neuron, n = d = 50, m = 100, scale 1e-3", one_neuron(50, 100, 1e-3), 2e-2),
        ("high dimension, 75 x 150, m = 200, scale 1e-20", preset("high-dimension"), 2e-3),
    ]
    head(
        "The papers' settings: seconds to loss 1e-9 (gd at the papers' rate, all else at rtol 1e-6)",
        *("setting", "method", "seconds", "ratio to lorentz", "steps", "events", "largest error of L"),
    )
    for title, problem, rate in cases:
        reference = reference_of(problem)
        base = None
        for method in ("lorentz", "polar", "gd", "dop853", "lsoda"):
            result = outcome(problem, method, Options(1e-6, rate), reference=reference)
            base = base or result.seconds
            ratio = f"{result.seconds / base:.3g}" if result.reached else f"> {result.seconds / base:.3g}"
            row(title, method, took(result), ratio, result.steps, result.events, f"{result.error:.1e}")


def scale() -> None:
    """The cost must not depend on the initial scale."""
    head("Initial scale (lorentz, to 1e-9)", "scale", "toy: seconds", "steps", "n = d = 10: seconds", "steps")
    for exponent in (0, -3, -6, -20, -50, -100, -200):
        cells: list[object] = [f"1e{exponent}"]
        for name in ("orthogonal-toy", "neuron-centred-10"):
            result = outcome(preset(name, init__scale=10.0**exponent), "lorentz", Options())
            cells += [took(result), result.steps]
        row(*cells)


def conditioning() -> None:
    """The cost must grow like a logarithm."""
    head(
        "Conditioning of the inputs (n = d = 10, m = 25, scale 1e-3, to 1e-9)",
        *("condition number", "lorentz: seconds", "steps", "end time", "dop853: seconds", "steps"),
    )
    for number in (1.0, 10.0, 1e2, 1e3, 1e4, 1e5, 1e6):
        problem = conditioned(number)
        mine = outcome(problem, "lorentz", Options())
        other = outcome(problem, "dop853", Options())
        row(f"{number:g}", took(mine), mine.steps, f"{mine.t:.3g}", took(other), other.steps)


def width() -> None:
    """Neurons do not interact but through n numbers: the cost is linear in the width."""
    head(
        "Width (piecewise target, 40 samples on a line, scale 1e-3, to t = 4000)",
        *("width", "seconds", "steps", "events", "loss at the end"),
    )
    for neurons in (100, 1_000, 10_000, 100_000):
        global BUDGET
        BUDGET, kept = 600.0, BUDGET
        solver, seconds = solve(piecewise(neurons), "lorentz", Options(), 0.0, 4000.0)
        BUDGET = kept
        row(neurons, f"{seconds:.2f}", solver.steps, solver.events, f"{solver.loss:.3e} at t = {solver.t:g}")


def samples() -> None:
    """More samples: more events, and one eigenproblem of size n a step. Fifty neurons do not fit them all."""
    head(
        "Samples (Gaussian, d = 2 n, m = 50, scale 1e-6, to 1e-9)",
        *("samples", "seconds", "steps", "events", "loss at the end"),
    )
    for number in (10, 20, 50, 100, 200, 500):
        result = outcome(spread(number), "lorentz", Options(), t_end=REST)
        row(number, took(result), result.steps, result.events, f"{result.loss:.2e}")


def seeds() -> None:
    """The five points over 40 seeds: the true flow always reaches zero, descent hardly ever."""
    head(
        "Five points, 40 seeds, scale 1e-6",
        *("method", "zero loss", "median seconds", "slowest", "largest drift of a^2 - |w|^2", "sign flips"),
    )
    for method, options in (("lorentz", Options()), ("gd", Options(learning_rate=0.04))):
        runs = []
        for seed in range(40):
            problem = preset("nonorthogonal-five-points", init__seed=seed)
            solver, seconds = solve(problem, method, options, GOAL, 3000.0)
            runs.append((solver.loss <= GOAL, seconds, *invariants(problem, solver.state)))
        reached, times, drifts, flips = zip(*runs, strict=True)
        row(
            method,
            f"{sum(reached)} of 40",
            f"{statistics.median(times):.3f}",
            f"{max(times):.3f}",
            f"{max(drifts):.1e}",
            sum(flips),
        )


def invariants(problem: Problem, state) -> tuple[float, int]:
    """Largest relative drift of a_j^2 - |w_j|^2 from its start, and the number of signs that changed."""
    before = problem.output_weights**2 - row_norms(problem.weights) ** 2
    after = (np.abs(state.output_weights) - row_norms(state.weights)) * (
        np.abs(state.output_weights) + row_norms(state.weights)
    )
    size = np.maximum(state.output_weights**2, problem.output_weights**2)
    flips = np.sign(state.output_weights) != np.sign(problem.output_weights)
    return float(np.max(np.abs(after - before) / size)), int(np.count_nonzero(flips))


SECTIONS: dict[str, Callable[[], None]] = {
    each.__name__: each for each in (papers, scale, conditioning, width, samples, seeds)
}


def main(wanted: Sequence[str]) -> int:
    unknown = [name for name in wanted if name not in SECTIONS]
    if unknown:
        print(f"no section {unknown[0]!r}; expected some of: {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    print("# Solvers\n")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {os.cpu_count()} cores, one thread.")
    for name in wanted or SECTIONS:
        SECTIONS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
