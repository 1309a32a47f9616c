"""Look for predictions that fail although the flow is right.

    python benchmarks/false_alarms.py [PROBLEMS] [--first SEED] [--family NAME]

Draws problems by family, trains each at a relative tolerance of 1e-6, and judges every prediction. A row that
fails is held against the same flow at 1e-9: it is the run's fault if the row holds there. Prints each such
row with its seed, how many rows are in which state, and exits with 1 if any failed.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable

import numpy as np

from reluflow.flow.base import Options
from reluflow.network import Array, row_norms
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory import all_predictions
from reluflow.training.measuring import RECORD
from reluflow.training.training import StopRules, Training
from reluflow.verification import Row, judge

#: seconds of training that a problem may take; runs that are longer are judged as far as they came
SECONDS = 60.0


def started(rng: np.random.Generator, inputs: Array, targets: Array, slope: float = 0.0) -> Problem:
    """A balanced start of 10 to 40 neurons at a scale from 1e-3 to 1e-33."""
    width, scale = int(rng.integers(10, 41)), 10.0 ** -rng.uniform(3.0, 33.0)
    weights = scale * rng.normal(size=(width, inputs.shape[1])) / np.sqrt(width)
    signs = np.where(rng.random(width) < 0.5, 1.0, -1.0)
    return Problem(inputs, targets, weights, signs * row_norms(weights), slope=slope)


def generic(rng: np.random.Generator) -> Problem:
    """4 to 10 samples in 2 to 6 dimensions."""
    samples, dimension = int(rng.integers(4, 11)), int(rng.integers(2, 7))
    return started(rng, rng.normal(size=(samples, dimension)), rng.normal(size=samples))


def line(rng: np.random.Generator) -> Problem:
    """3 to 8 points on a line with a bias."""
    x = rng.uniform(-1.5, 1.5, int(rng.integers(3, 9)))
    return started(rng, np.column_stack([x, np.ones(x.size)]), rng.normal(size=x.size))


def orthogonal(rng: np.random.Generator) -> Problem:
    """2 to 6 orthogonal inputs of different lengths."""
    samples = int(rng.integers(2, 7))
    turned = np.linalg.qr(rng.normal(size=(samples + 2, samples)))[0].T
    return started(rng, rng.uniform(0.5, 2.0, samples)[:, None] * turned, rng.normal(size=samples))


def teacher(rng: np.random.Generator) -> Problem:
    """Inputs about a teacher, whose outputs are the targets."""
    dimension = int(rng.integers(3, 9))
    centre = rng.normal(size=dimension)
    centre /= np.linalg.norm(centre)
    inputs = centre + rng.uniform(0.2, 0.9) * rng.normal(size=(dimension, dimension)) / np.sqrt(dimension)
    return started(rng, inputs * np.sign(inputs @ centre)[:, None], np.abs(inputs @ centre))


def leaky(rng: np.random.Generator) -> Problem:
    """As ``generic``, with a slope below zero."""
    samples, dimension = int(rng.integers(3, 8)), int(rng.integers(2, 5))
    slope = float(rng.uniform(0.01, 0.7))
    return started(rng, rng.normal(size=(samples, dimension)), rng.normal(size=samples), slope)


def unbalanced(rng: np.random.Generator) -> Problem:
    """As ``line`` or ``generic``, with layers of different sizes."""
    start = line(rng) if rng.random() < 0.5 else generic(rng)
    ratio = np.exp(0.7 * rng.normal(size=start.width))
    return Problem(start.inputs, start.targets, start.weights, ratio * start.output_weights)


FAMILIES: dict[str, Callable[[np.random.Generator], Problem]] = {
    one.__name__: one for one in (generic, line, orthogonal, teacher, leaky, unbalanced)
}


def trained(problem: Problem, rtol: float) -> Measured:
    """A run to a loss of 1e-9 of the first, or to rest."""
    goal = 1e-9 * float(np.mean(problem.targets**2)) / 2.0
    stop = StopRules(loss=goal, time=1e6, wall_seconds=SECONDS)
    run = Training(problem, "lorentz", Options(rtol=rtol), stop, RECORD)
    while run.status == "running":
        run.advance(seconds=1.0)
    return Measured(problem, run.recorder.series, run.recorder.snapshots, run.status, rtol)


def drawn(name: str, seed: int) -> np.random.Generator:
    """The random numbers of one problem of a family."""
    return np.random.default_rng([seed, sorted(FAMILIES).index(name)])


def alarms(problem: Problem) -> tuple[list[Row], list[tuple[Row, Row]]]:
    """All rows of a problem's run, and those that fail with what the flow at 1e-9 says of them."""
    predictions, run = all_predictions(problem), trained(problem, 1e-6)
    rows = [judge(prediction, run) for prediction in predictions]
    failing = [i for i, row in enumerate(rows) if row.state == "fails"]
    closer = trained(problem, 1e-9) if failing else run
    return rows, [(rows[i], judge(predictions[i], closer)) for i in failing]


def main() -> int:
    """Draw, judge, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("problems", type=int, nargs="?", default=100, help="of each family")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--family", choices=tuple(FAMILIES), action="append", help="default: all")
    asked = parser.parse_args()
    total = 0
    for name in asked.family or FAMILIES:
        states: Counter[str] = Counter()
        began = time.perf_counter()
        for seed in range(asked.first, asked.first + asked.problems):
            problem = FAMILIES[name](drawn(name, seed))
            rows, failing = alarms(problem)
            states.update(row.state for row in rows)
            total += len(failing)
            for row, closer in failing:
                print(
                    f"{name} {seed}: {row.id} predicted {row.predicted:.9g}, measured {row.measured:.9g} "
                    f"(at 1e-9: {closer.measured}, {closer.state}), tolerance {row.tolerance:.3g}",
                    flush=True,
                )
        counted = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        print(f"{name}: {counted} in {time.perf_counter() - began:.0f} s", flush=True)
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main())
