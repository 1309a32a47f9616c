"""Plain descent in iterations a second: a run with its recording, the papers' loop in NumPy, and PyTorch.

    python benchmarks/descent_rate.py [--rounds 5] [--seconds 2]

On the problem of the preset high-dimension (m = 200, n = 75, d = 150; --preset for another one). In every
round each of the three works for some seconds of processor time, on one thread. The table has medians over
the rounds; the last line is the median of their ratios of ours to the faster of the other two. NumPy's loop
and PyTorch keep the loss of every iteration, as the papers' code does; a run keeps its series and snapshots.
PyTorch (float64, SGD on the whole batch) is left out where it is missing: pip install 'reluflow[benchmarks]'.
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np

from reluflow.flow.base import Options
from reluflow.problem import Problem
from reluflow.store.preset import load_preset
from reluflow.training.training import StopRules, Training

#: iterations between two looks at the clock
BURST = 200


def of_run(problem: Problem, rate: float) -> Iterator[int]:
    """The iterations that a run with its recording has made, again and again."""
    training = Training(problem, "gd", Options(learning_rate=rate), StopRules(time=np.inf))
    while training.status == "running":
        training.advance(0.05)
        yield training.solver.steps


def of_numpy(problem: Problem, rate: float) -> Iterator[int]:
    """Those of a plain loop over arrays."""
    x, y = problem.inputs, problem.targets
    w, a = problem.weights.copy(), problem.output_weights.copy()
    step, losses, done = rate * problem.speed / y.size, [], 0
    while True:
        for _ in range(BURST):
            z = x @ w.T
            hidden = np.maximum(z, 0.0)
            residual = hidden @ a - y
            losses.append(problem.speed * float(residual @ residual) / (2 * y.size))
            change = step * (residual @ hidden)
            w -= step * a[:, None] * ((residual[:, None] * (z > 0.0)).T @ x)
            a -= change
        done += BURST
        yield done


def of_torch(problem: Problem, rate: float) -> Iterator[int]:
    """Those of PyTorch's own descent."""
    import torch

    torch.set_num_threads(1)
    x, y = (torch.tensor(array.copy()) for array in (problem.inputs, problem.targets))
    w, a = (
        torch.tensor(array.copy(), requires_grad=True) for array in (problem.weights, problem.output_weights)
    )
    optimiser, losses, done = torch.optim.SGD([w, a], lr=rate), [], 0
    while True:
        for _ in range(BURST):
            optimiser.zero_grad()
            loss = problem.speed / 2 * torch.mean((torch.relu(x @ w.T) @ a - y) ** 2)
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        done += BURST
        yield done


def rate_of(iterations: Iterator[int], seconds: float) -> float:
    """Iterations a second of processor time from here on."""
    before, start = next(iterations), time.process_time()
    while True:
        done, spent = next(iterations), time.process_time() - start
        if spent >= seconds:
            return (done - before) / spent


def main() -> int:
    asked = arguments()
    preset = load_preset(asked.preset, {"solver.learning_rate": asked.rate})
    contenders: dict[str, Callable[[Problem, float], Iterator[int]]] = {
        "reluflow run": of_run,
        "NumPy loop": of_numpy,
        "PyTorch": of_torch,
    }
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError:
        print("PyTorch is not installed: pip install 'reluflow[benchmarks]'", file=sys.stderr)
        del contenders["PyTorch"]
    problem = preset.problem()
    going = {name: make(problem, asked.rate) for name, make in contenders.items()}
    found: dict[str, list[float]] = {name: [] for name in going}
    for _ in range(asked.rounds):
        for name, iterations in going.items():
            found[name].append(rate_of(iterations, asked.seconds))
    ours, *others = found.values()
    ratio = statistics.median(one / max(rest) for one, *rest in zip(ours, *others, strict=True))
    m, (n, d) = problem.width, problem.inputs.shape
    print(f"{asked.preset}: m = {m}, n = {n}, d = {d}, {asked.rounds} rounds of {asked.seconds:g} s\n")
    print("| | iterations a second |\n| --- | --- |")
    for name, rates in found.items():
        print(f"| {name} | {statistics.median(rates):.0f} |")
    print(f"\nOurs over the faster of the others: {ratio:.2f}")
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--preset", default="high-dimension")
    parser.add_argument("--rate", type=float, default=1e-3, help="the learning rate")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="processor seconds of each in a round")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
