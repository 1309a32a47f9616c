"""Weight decay: curves over lambda t for several lambda, and what a run to rest costs.

    python benchmarks/decay.py collapse decay-orthogonal grokking
    python benchmarks/decay.py cost orthogonal-toy nonorthogonal-five-points neuron-centred-10

After the fit the flow is slow: over s = lambda t, norm, objective / lambda and loss / lambda^2 have limits as
lambda goes to 0. ``collapse`` prints them for three lambda, with the largest difference from the smallest
lambda at s >= 0.1. ``cost`` prints seconds and steps of a run to rest against those of the run without decay;
they take turns, and each is the least of three.
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import argparse
import sys
import time
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from reluflow import load_preset, simulate
from reluflow.errors import ReluflowError
from reluflow.network import variation_norm

Array = npt.NDArray[np.float64]

LAMBDAS = (1e-3, 1e-4, 1e-5)
#: slow times s = lambda t
SLOW_TIMES = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
QUANTITIES = ("norm", "objective / lambda", "loss / lambda^2")
COSTS = (0.0, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
#: the loss is as small as lambda^2 times a number of size one: the tolerance must tell its digits
RTOL = 1e-8
REPEATS = 3


def curves(preset: str, decay: float, times: Sequence[float] = SLOW_TIMES, rtol: float = RTOL) -> Array:
    """The quantities (3, k) at slow times (k,) of a preset's run with this weight decay."""
    problem = load_preset(preset).problem()
    run = simulate(
        problem.inputs, problem.targets, problem.weights, problem.output_weights, loss=problem.loss,
        slope=problem.slope, weight_decay=decay, rtol=rtol, times=np.array(times) / decay,
    )  # fmt: skip
    pairs = list(zip(run.weights, run.output_weights, strict=True))
    norms = np.array([variation_norm(w, a) for w, a in pairs])
    halves = np.array([0.5 * (np.sum(w**2) + np.sum(a**2)) for w, a in pairs])
    return np.array([norms, run.loss / decay + halves, run.loss / decay**2])


def spread(found: Mapping[float, Array]) -> Array:
    """The largest relative difference (lambdas - 1, 3) of each curve from that of the smallest lambda."""
    *others, least = sorted(found, reverse=True)
    return np.array([np.max(np.abs(found[each] / found[least] - 1.0), axis=1) for each in others])


def collapse(preset: str) -> str:
    """The table of a preset in Markdown."""
    found = {decay: curves(preset, decay) for decay in LAMBDAS}
    heads = [f"{name}, {decay:g}" for name in QUANTITIES for decay in LAMBDAS]
    lines = [f"| lambda t | {' | '.join(heads)} |", "|" + "---|" * (len(heads) + 1)]
    for i, s in enumerate(SLOW_TIMES):
        values = [f"{found[decay][q, i]:.5g}" for q in range(len(QUANTITIES)) for decay in LAMBDAS]
        lines.append(f"| {s:g} | {' | '.join(values)} |")
    worst = spread(found).T
    said = [
        f"{name} {' and '.join(f'{each:.1e}' for each in row)}"
        for name, row in zip(QUANTITIES, worst, strict=True)
    ]
    others = " and ".join(f"{decay:g}" for decay in LAMBDAS[:-1])
    return "\n".join([*lines, "", f"Largest difference of {others} from {LAMBDAS[-1]:g}: {'; '.join(said)}."])


def cost(preset: str) -> str:
    """Seconds and steps to rest for every weight decay, in Markdown."""
    seconds, steps, ends = {}, {}, {}
    for _ in range(REPEATS):
        for decay in COSTS:
            began = time.perf_counter()
            problem = load_preset(preset).problem()
            run = simulate(
                problem.inputs, problem.targets, problem.weights, problem.output_weights, loss=problem.loss,
                slope=problem.slope, weight_decay=decay, stop_loss=None if decay else 1e-9,
            )  # fmt: skip
            taken = time.perf_counter() - began
            seconds[decay] = min(seconds.get(decay, np.inf), taken)
            steps[decay], ends[decay] = run.steps, run.status
    lines = ["| lambda | seconds | over without | steps | end |", "|---|---|---|---|---|"]
    for decay in COSTS:
        ratio = seconds[decay] / seconds[0.0]
        lines.append(f"| {decay:g} | {seconds[decay]:.2f} | {ratio:.2f} | {steps[decay]} | {ends[decay]} |")
    return "\n".join(lines)


def main() -> int:
    """Print the tables; 2 if a preset cannot be used."""
    parser = argparse.ArgumentParser(description="Weight decay over lambda t, and its cost.")
    parser.add_argument("table", choices=["collapse", "cost"])
    parser.add_argument("preset", nargs="+")
    asked = parser.parse_args()
    for preset in asked.preset:
        try:
            print(f"## {preset}\n\n{(collapse if asked.table == 'collapse' else cost)(preset)}\n", flush=True)
        except ReluflowError as trouble:
            print(trouble, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
