"""What the lorentz solver costs on the papers' settings: steps, events and processor time to loss 1e-9.

    python benchmarks/lorentz_bars.py [--only NAME] [--wide]

One line a case. ``--wide`` adds the case of 200,000 neurons, which takes minutes.
"""

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np

from reluflow.flow.base import Options
from reluflow.flow.lorentz import Lorentz
from reluflow.network import Array
from reluflow.problem import Problem


def balanced(width: int, dimension: int, deviation: float, seed: int) -> tuple[Array, Array]:
    """Gaussian hidden weights of a standard deviation, |a_j| = |w_j|, random signs."""
    generator = np.random.default_rng(seed)
    weights = generator.standard_normal((width, dimension))
    signs = generator.choice([-1.0, 1.0], width)
    return weights * deviation, np.linalg.norm(weights, axis=1) * deviation * signs


def orthogonal_toy(scale: float) -> Problem:
    """Two orthogonal points, 60 neurons."""
    inputs = np.array([[2.0, 1.0], [-0.5, 1.0]])
    return Problem(inputs, np.array([1.0, -1.0]), *balanced(60, 2, scale / np.sqrt(120), 0))


def five_points(seed: int) -> Problem:
    """Five points on a line with a bias, 60 neurons, scale 1e-6: most of them slide."""
    inputs = np.column_stack([[-1.5, -1.0, 0.0, 0.25, 2.0], np.ones(5)])
    targets = np.array([0.7, -0.3, -0.3, 0.4, 0.2])
    return Problem(inputs, targets, *balanced(60, 2, 1e-6 / np.sqrt(60), seed))


def correlated(dimension: int, width: int, scale: float) -> Problem:
    """n = d correlated inputs, one neuron as teacher."""
    generator = np.random.default_rng(1000)
    while True:
        centre = generator.standard_normal(dimension)
        centre /= np.linalg.norm(centre)
        inputs = centre + generator.standard_normal((dimension, dimension)) / np.sqrt(dimension)
        if np.all(inputs @ centre > 0.0):
            break
    start = balanced(width, dimension, scale / np.sqrt(width * dimension), 0)
    return Problem(inputs, inputs @ centre, *start)


def high_dimension(seed: int) -> Problem:
    """75 Gaussian inputs in 150 dimensions, a teacher of 6 neurons, 200 neurons, scale 1e-20."""
    generator = np.random.default_rng(seed)
    inputs = generator.standard_normal((75, 150))
    teacher = generator.standard_normal((6, 150))
    teacher /= np.linalg.norm(teacher, axis=1)[:, None]
    targets = np.maximum(inputs @ teacher.T, 0.0) @ generator.choice([-1.0, 1.0], 6)
    return Problem(inputs, targets, *balanced(200, 150, 1e-20 / np.sqrt(200 * 150), seed))


def piecewise(width: int) -> Problem:
    """40 samples on a line with a bias, a piecewise linear target, scale 1e-3."""
    line = np.random.default_rng(0).uniform(-1.0, 1.0, 40)
    knots = np.array([-1.0, -0.7, -0.55, -0.4, 0.0, 0.5, 0.6, 0.7, 1.0])
    values = np.array([0.0, 0.7, 0.5, 1.0, 0.0, 1.0, 0.6, 0.7, 0.0])
    targets = np.interp(line, knots, values)
    inputs = np.column_stack([line, np.ones(40)])
    return Problem(inputs, targets, *balanced(width, 2, 1e-3 / np.sqrt(width), 0))


CASES: dict[str, Callable[[], Problem]] = {
    **{f"toy {scale:g}": lambda scale=scale: orthogonal_toy(scale) for scale in (1e-3, 1e-6, 1e-20, 1e-200)},
    **{f"five points {seed}": lambda seed=seed: five_points(seed) for seed in range(4)},
    **{
        f"correlated 10 {scale:g}": lambda scale=scale: correlated(10, 25, scale)
        for scale in (1.0, 1e-3, 1e-20, 1e-100)
    },
    "correlated 50": lambda: correlated(50, 100, 1e-3),
    "high dimension": lambda: high_dimension(1),
    "piecewise 2000": lambda: piecewise(2_000),
}


def main() -> None:
    """Print one line a case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="cases whose name begins so")
    parser.add_argument("--wide", action="store_true", help="also 200,000 neurons")
    arguments = parser.parse_args()
    cases = CASES | ({"piecewise 200000": lambda: piecewise(200_000)} if arguments.wide else {})
    print(f"{'case':24}{'time':>11}{'loss':>11}{'steps':>7}{'events':>9}{'seconds':>9}{'GB':>6}")
    for name, build in cases.items():
        if name.startswith(arguments.only):
            report(name, build())


def report(name: str, problem: Problem) -> None:
    """Run to loss 1e-9 or, for the wide ones, to t = 4000."""
    end = 4000.0 if name.startswith("piecewise") else np.inf
    _ = problem.span
    begin = time.process_time()
    solver = Lorentz(problem, Options())
    while solver.loss > 1e-9 and solver.t < end and solver.failure is None:
        solver.step(t_end=end)
    seconds = time.process_time() - begin
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{name:24}{solver.t:11.5g}{solver.loss:11.3g}{solver.steps:7d}{solver.events:9d}"
        f"{seconds:9.3f}{memory:6.2f}{'  ' + solver.failure if solver.failure else ''}",
        flush=True,
    )


if __name__ == "__main__":
    main()
