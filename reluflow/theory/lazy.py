"""Rows for large starts: the network moves as if it were linear in its parameters.

Equations and sources are in ``linearised``. Rows are in the problem's loss and its flow time.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.network import Array, preactivations, tangent_kernel, variation_norm
from reluflow.network import predictions as answers
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory.linearised import Linearised, linearised
from reluflow.theory.prediction import Measure, Prediction

PAPER = "Chizat et al. 2019 (arXiv 1812.07956)"


@dataclass(frozen=True)
class LazyRules:
    """When the rows for large starts apply, and how closely they hold. Shares of a loss are of the first."""

    #: samples whose kernel is diagonalised, and pairs of neuron and sample that are looked at
    most_samples: int = 2000
    most_pairs: int = 20_000_000
    #: eigenvalues of the kernel over the largest, up to which they are rounding
    singular: float = 1e-12
    #: flow times at which activations are looked at
    looks: int = 30
    #: how far a neuron may turn, as a multiple of how far the linearised network turns it
    margin: float = 1.2
    #: by how many times what the kernel at the linearised end does to kernel and curve these may differ from
    #: those at the start (3 times where neurons in pairs cancel, so that the kernel keeps to first order)
    factor: float = 6.0
    #: |d ln L| up to which a start is lazy
    largest: float = 0.05
    #: error of the solver, in its rtol; of |K - K_0| / |K_0|; and of rounding, over the size of the outputs
    per_rtol: float = 200.0
    kernel: float = 1e-9
    rounding: float = 4.0 * float(np.finfo(float).eps)
    #: what a neuron that turns on or off at a point changes there, in parts of what all do, times the width
    per_turn: float = 4.0
    #: share of the loss down to which curves are compared, and at which a run has ended
    lowest: float = 1e-8
    ended: float = 1e-6
    #: samples between pairs of which the function is compared: 435 pairs
    most_paired: int = 30


LAZY: Final = LazyRules()
#: What the rows say, by their names.
STATEMENTS = {
    "loss-curve": "The loss is that of the linearised network, |exp(-K_0 t/n) r_0|^2 / 2n (mse: t and the "
    "loss doubled), down to 1e-8 of the first: largest difference of ln(loss).",
    "kernel-change": "The tangent kernel stays: largest |K - K_0| / |K_0| of all states that were kept.",
    "final-function": "The function ends as the interpolant of the tangent kernel from the first function: "
    "largest difference on held-out or intermediate points, over the largest change there.",
}


@dataclass(frozen=True)
class Laziness:
    """How lazy a start is.

    ``curve``: by how much ln(loss) may differ from the linearised one; ``kernel``: |dK|/|K_0| at its end.
    """

    path: Linearised
    curve: float
    kernel: float


def predictions(problem: Problem) -> list[Prediction]:
    """All rows for large starts, in the problem's loss and its flow time."""
    found, reason = examine(problem)
    if found is None:
        return [
            Prediction(f"lazy/{name}", statement, PAPER, False, reason, None, lambda run: None, 0.0)
            for name, statement in STATEMENTS.items()
        ]
    path, curve, most = found.path, found.curve, LAZY.factor * found.kernel
    off = curve + LAZY.per_turn * _most_turned(path) / problem.width
    return [
        _row("loss-curve", reason, 0.0, lambda run: _curve_error(run, path), curve, per_rtol=LAZY.per_rtol),
        _row(
            "kernel-change", reason, most, lambda run: _kernel_change(run, path), LAZY.kernel, one_sided=True
        ),
        _row("final-function", reason, 0.0, lambda run: _distance(run, path), off, per_rtol=LAZY.per_rtol),
    ]


def _row(
    name: str, reason: str, predicted: float, measure: Measure, tolerance: float,
    one_sided: bool = False, per_rtol: float = 0.0,
) -> Prediction:  # fmt: skip
    return Prediction(
        f"lazy/{name}", STATEMENTS[name], PAPER, True, reason, predicted, measure, tolerance,
        absolute=True, one_sided=one_sided, per_rtol=per_rtol,
        needs=f"a run to {LAZY.ended:g} of its first loss",
    )  # fmt: skip


@np.errstate(over="ignore", invalid="ignore")  # what no number holds is said in words
def examine(problem: Problem) -> tuple[Laziness | None, str]:
    """How lazy a start is, and what was checked; or None, and what was found and is expected."""
    reach = variation_norm(problem.weights, problem.output_weights) * float(np.max(problem.lengths))
    most = float(np.max(np.abs(problem.targets)))
    if reach <= most:
        return (
            None,
            f"the start is not large: its outputs are at most {reach:.2g}; expected more than {most:.2g}",
        )
    if problem.samples > LAZY.most_samples or problem.samples * problem.width > LAZY.most_pairs:
        return None, f"{problem.width} neurons on {problem.samples} samples are too many for their kernel"
    too_large = "the start is so large that no number holds its tangent kernel; expected a smaller one"
    try:
        path = linearised(problem)
    except np.linalg.LinAlgError:
        return None, too_large
    if path.condition <= LAZY.singular:
        return None, "the tangent kernel of the start is singular; expected one that is not"
    turned = _turned(path)
    if turned:
        return None, (
            f"the start is not lazy: {turned} of {problem.width * problem.samples} activations change on the "
            "linearised way; expected none, as at a larger init.scale"
        )
    last = tangent_kernel(*path.weights(np.inf), problem.inputs, problem.slope)
    curve = LAZY.factor * _difference(path, last) + LAZY.rounding * reach / _least_residual(path)
    if np.isnan(curve):
        return None, too_large
    if curve > LAZY.largest:
        return None, (
            f"the start is not lazy: as the kernel changes ln(loss) may differ by {curve:.2g}; expected at "
            f"most {LAZY.largest:g}, as at a larger init.scale"
        )
    change = float(np.linalg.norm(last - path.kernel) / np.linalg.norm(path.kernel))
    return Laziness(path, curve, change), "on the linearised way no activation and hardly the kernel changes"


def _difference(path: Linearised, kernel: Array) -> float:
    """Largest |d ln L| of another kernel (n, n) down to ``LAZY.lowest``."""
    t = _times(path)
    losses = path.losses(t)
    compared = losses >= LAZY.lowest * losses[0]
    with np.errstate(divide="ignore"):
        gap = np.log(path.losses_with(kernel, t)[compared]) - np.log(losses[compared])
    return float(np.max(np.abs(gap)))


def _least_residual(path: Linearised) -> float:
    """The root mean square of the residual where the loss has fallen to ``LAZY.lowest``."""
    return float(np.sqrt(LAZY.lowest * np.mean(np.square(path.start))))


def _times(path: Linearised) -> Array:
    """Flow times (k,) between which every mode of the linearised flow goes by, and 0."""
    n = path.problem.samples
    return np.append(0.0, np.geomspace(0.01 * n / path.rates[-1], 30.0 * n / path.rates[0], LAZY.looks))


def _turned(path: Linearised) -> int:
    """Pairs of neuron and sample whose activation changes on the linearised way, or nearly so."""
    problem = path.problem
    first = preactivations(problem.weights, problem.inputs)
    turned = np.zeros(first.shape, dtype=bool)
    for t in _times(path):
        moved = preactivations(path.weights(float(t))[0], problem.inputs) - first
        turned |= (first > 0.0) != (first + LAZY.margin * moved > 0.0)
    return int(np.count_nonzero(turned))


def _most_turned(path: Linearised) -> int:
    """Neurons whose activation changes, or nearly so, at one of the points where the function is compared."""
    points = _points(path.problem)
    first = preactivations(path.problem.weights, points)
    moved = preactivations(path.weights(np.inf)[0], points) - first
    turned = (first - LAZY.margin * moved > 0.0) != (first + LAZY.margin * moved > 0.0)
    return int(np.max(np.count_nonzero(turned, axis=0)))


def _curve_error(run: Measured, path: Linearised) -> float | None:
    speed = run.problem.speed
    t, loss = run.series["t"] * speed, run.series["loss"] / speed
    if loss[-1] > LAZY.ended * loss[0]:
        return None
    compared = loss >= LAZY.lowest * loss[0]
    return float(np.max(np.abs(np.log(loss[compared]) - np.log(path.losses(t[compared])))))


def _kernel_change(run: Measured, path: Linearised) -> float:
    problem, states = run.problem, run.snapshots
    size, largest = float(np.linalg.norm(path.kernel)), 0.0
    for weights, outputs in zip(states.weights, states.output_weights, strict=True):
        kernel = tangent_kernel(weights, outputs, problem.inputs, problem.slope)
        largest = max(largest, float(np.linalg.norm(kernel - path.kernel)) / size)
    return largest


def _distance(run: Measured, path: Linearised) -> float | None:
    if run.series["loss"][-1] > LAZY.ended * run.series["loss"][0]:
        return None
    problem, final = run.problem, run.final
    points = _points(problem)
    # at the time at which the run ends, which leaves out what is not fitted yet
    foreseen, first = path.function(points, final.t * problem.speed)
    found = answers(final.weights, final.output_weights, points, problem.slope)
    return float(np.max(np.abs(found - foreseen)) / np.max(np.abs(foreseen - first)))


def _points(problem: Problem) -> Array:
    """Held-out inputs if there are any, else the middles of pairs of samples; of one sample, its double."""
    if problem.held_out is not None:
        return problem.held_out[0]
    some = problem.inputs[: LAZY.most_paired]
    if len(some) == 1:
        return 2.0 * some
    i, j = np.triu_indices(len(some), 1)
    middles: Array = 0.5 * (some[i] + some[j])
    return middles
