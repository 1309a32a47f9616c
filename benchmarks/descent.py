"""The flow against plain descent at a rate and at half of it, for any problem.

    python benchmarks/descent.py orthogonal-toy --time 20
    python benchmarks/descent.py problem.npz --rate 1e-3 --times 1,2,5

A problem is a preset (a shipped one's name or a file) or an .npz with inputs, targets, weights,
output_weights and, if it is not 0, slope. Rates are steps of flow time of the half-mse loss. Where the flow
has several solutions it is the limit of descent as the rate goes to 0; a kink costs descent an error of the
order of the rate, so that twice the loss at half the rate less the loss at the rate is nearer to the limit.
Where descent's side depends on its phase the two rates disagree, and so does what is extrapolated from them.
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import argparse
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from families import Case

from reluflow import load_preset, simulate
from reluflow.errors import ReluflowError

Array = npt.NDArray[np.float64]

#: the kind of reluflow's events that marks a choice
CHOICE = 7


def main() -> int:
    """Print the table; 2 if the problem cannot be used."""
    asked = arguments()
    try:
        case = problem(asked.problem)
        times = moments(asked)
        flow = simulate(
            case.inputs, case.targets, case.weights, case.output_weights, slope=case.slope, rtol=asked.rtol,
            times=times,
        )  # fmt: skip
    except (ReluflowError, ValueError, OSError) as trouble:
        print(trouble, file=sys.stderr)
        return 2
    exact = np.full(len(times), flow.loss[-1] if flow.loss.size else np.nan)
    exact[: flow.loss.size] = flow.loss
    rate = asked.rate or default_rate(case, float(times[-1]))
    whole, half = descend(case, rate, times), descend(case, rate / 2, times)
    print(f"rate {rate:.3g}, half-mse; {int(np.sum(flow.events.kind == CHOICE))} choices in the flow\n")
    print(table(times, exact, whole, half))
    return 0


def problem(name: str) -> Case:
    """The problem of a preset or an .npz."""
    if name.endswith(".npz"):
        with np.load(Path(name), allow_pickle=False) as kept:
            missing = [key for key in ("inputs", "targets", "weights", "output_weights") if key not in kept]
            if missing:
                raise ValueError(f"{name}: no array called {', '.join(missing)}")
            slope = float(kept["slope"]) if "slope" in kept else 0.0
            return Case(kept["inputs"], kept["targets"], kept["weights"], kept["output_weights"], slope)
    drawn = load_preset(name).problem()
    return Case(drawn.inputs, drawn.targets, drawn.weights, drawn.output_weights, drawn.slope)


def moments(asked: argparse.Namespace) -> Array:
    """The times of the table."""
    if asked.times:
        return np.array([float(t) for t in asked.times.split(",")])
    if asked.time:
        return np.linspace(0, asked.time, asked.rows + 1)[1:]
    if asked.problem.endswith(".npz"):
        with np.load(Path(asked.problem), allow_pickle=False) as kept:
            if "times" in kept:
                return np.array(kept["times"], dtype=float)
    raise ValueError("no times: give --time or --times, or an .npz with times")


def default_rate(case: Case, end: float) -> float:
    """A rate far below 2 over the largest curvature, of about |x|^2 (1 + |y|), of at most 2,000,000 steps."""
    size = float(np.max(np.sum(case.inputs**2, axis=1)))
    output = 1.0 + float(np.max(np.abs(case.targets)))
    return max(0.01 / (size * output), end / 2e6)


def descend(case: Case, rate: float, times: Array) -> Array:
    """The loss of w += rate a D, a += rate <w, D> at times, linear between two steps.

    A sample counts as active where its pre-activation is positive. A neuron is left out while nothing moves
    it for good: no sample is active and the slope is 0.
    """
    x, y, slope = case.inputs, case.targets, case.slope
    w, a = case.weights.copy(), case.output_weights.copy()
    n, found, step, loss = len(y), [], 0, np.nan
    for t in times:
        last = int(np.floor(t / rate))
        while step <= last + 1:
            z = w @ x.T
            on = np.where(z > 0, 1.0, slope)
            r = a @ (on * z) - y
            before, loss = loss, float(r @ r) / (2 * n)
            d = (on * (r / -n)) @ x
            w, a = w + (rate * a)[:, None] * d, a + rate * np.einsum("ij,ij->i", w, d)
            if slope == 0.0 and step % 1000 == 0:
                moved = np.any(z > 0, axis=1)
                w, a = w[moved], a[moved]
            step += 1
        share = t / rate - last
        found.append((1 - share) * before + share * loss)
    return np.array(found)


def table(times: Array, flow: Array, whole: Array, half: Array) -> str:
    """Markdown: the flow, both descents, what is extrapolated, and how far the flow is from that."""
    limit = 2 * half - whole
    lines = [
        "| t | flow | descent | at half the rate | extrapolated | flow - extrapolated, relative |",
        "|---|---|---|---|---|---|",
    ]
    for t, one, two, three, four in zip(times, flow, whole, half, limit, strict=True):
        gap = (one - four) / max(abs(four), 1e-300)
        lines.append(f"| {t:.6g} | {one:.8g} | {two:.8g} | {three:.8g} | {four:.8g} | {gap:.1e} |")
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("problem", help="a preset's name or file, or an .npz")
    parser.add_argument("--time", type=float, help="the last time of the table")
    parser.add_argument("--rows", type=int, default=12, help="rows up to --time")
    parser.add_argument("--times", default="", help="times with commas between them, instead")
    parser.add_argument("--rate", type=float, help="of descent; half of it is run as well")
    parser.add_argument("--rtol", type=float, default=1e-6, help="of the flow")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
