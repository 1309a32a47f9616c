"""Quantities of a whole network: rank, norms, kernel, angles between neurons, distance to a teacher.

The columns that the code of Chistikov, Englert, Lazic 2023 (arXiv 2306.06479) logs. Small angles are
2 asin(|u - v| / 2): arccos of a scalar product has a floor near 1e-6 degrees.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.flow.base import State
from reluflow.network import (
    Array,
    loss_of,
    preactivations,
    residuals,
    row_norms,
    tangent_kernel,
    variation_norm,
)
from reluflow.observe.neurons import unit_rows
from reluflow.problem import Problem
from reluflow.registry.losses import Loss


@dataclass(frozen=True)
class QuantityRules:
    """What counts as zero, and as too much, in quantities of a state."""

    #: share of the largest singular value above which others count for the numerical rank, unless told
    #: otherwise
    rank: float = 1e-3
    #: cosine between a neuron and a sample below which it is zero
    rounding: float = 1e-9
    #: neurons of which all pairs are compared, at most
    compared: int = 5000


QUANTITIES: Final = QuantityRules()


#: the same, for the rank that is told of the end of a run
SUMMARY_TOLERANCE: Final = 1e-6

Mask = npt.NDArray[np.bool_]


def live(state: State, problem: Problem, sign: int = 0) -> Mask:
    """Neurons (m,) active on at least one sample; with output weights of one ``sign`` (1, -1) or any (0).

    A neuron that died came to rest where its last <w_j, x_k> was zero: what is only rounding does not count.
    With a slope below zero every sample that is not at a right angle to the neuron keeps it alive.
    """
    sizes = np.outer(row_norms(state.weights), row_norms(problem.inputs))
    z = preactivations(state.weights, problem.inputs)
    if problem.slope > 0.0:
        z = np.abs(z)
    seen: Mask = np.any(z > QUANTITIES.rounding * sizes, axis=1)
    return seen if sign == 0 else seen & (np.sign(state.output_weights) == sign)


def rank(weights: Array, tolerance: float | None = None) -> int:
    """Number of singular values of (m, d) above ``tolerance`` times the largest; None: above rounding."""
    sizes = np.linalg.svd(weights, compute_uv=False)
    share = max(weights.shape) * np.finfo(float).eps if tolerance is None else tolerance
    return int(np.count_nonzero(sizes > share * sizes[0]))


@dataclass(frozen=True)
class Size:
    """How large a network is, and how many directions its hidden neurons span.

    ``variation_norm``: sum_j |a_j| |w_j|. ``nuclear_norm``: of hidden weights. ``parameter_norm_squared``:
    sum_j (|w_j|^2 + a_j^2). ``rank``: singular values of the hidden weights over ``SUMMARY_TOLERANCE`` times
    the largest.
    """

    variation_norm: float
    nuclear_norm: float
    parameter_norm_squared: float
    rank: int


def size_of(state: State) -> Size:
    """The sizes that are told of the end of a run."""
    singular = np.linalg.svd(state.weights, compute_uv=False)
    return Size(
        variation_norm(state.weights, state.output_weights),
        float(np.sum(singular)),
        parameter_norm_squared(state),
        int(np.count_nonzero(singular > SUMMARY_TOLERANCE * singular[0])),
    )


def nuclear_norm(weights: Array) -> float:
    """Sum of the singular values of hidden weights (m, d)."""
    return float(np.sum(np.linalg.svd(weights, compute_uv=False)))


def parameter_norm_squared(state: State) -> float:
    """|theta|^2 = sum_j (|w_j|^2 + a_j^2)."""
    return float(np.vdot(state.weights, state.weights) + state.output_weights @ state.output_weights)


def kernel_spectrum(state: State, problem: Problem) -> Array:
    """Eigenvalues (n,) of the neural tangent kernel, largest first."""
    kernel = tangent_kernel(state.weights, state.output_weights, problem.inputs, problem.slope)
    return np.asarray(np.linalg.eigvalsh(kernel)[::-1], dtype=np.float64)


def angle(one: Array, other: Array) -> float:
    """Angle between two vectors (d,), degrees; NaN if one is zero."""
    return float(_angles(one[None], other)[0])


def spread(directions: Array) -> tuple[float, float]:
    """Largest and average angle (degrees) between all pairs of rows (k, d); NaN for fewer than two.

    Time grows as k^2: NaN too above QUANTITIES.compared rows.
    """
    count = len(directions)
    if not 2 <= count <= QUANTITIES.compared:
        return np.nan, np.nan
    unit = unit_rows(directions)
    largest, total = 0.0, 0.0
    for j in range(count - 1):
        angles = _angles(unit[j + 1 :], unit[j])
        largest, total = max(largest, float(np.max(angles))), total + float(np.sum(angles))
    return largest, total / (0.5 * count * (count - 1))


def combined(state: State, problem: Problem, sign: int = 0) -> Array:
    """sum_j a_j w_j (d,) over live neurons, of one sign or of both."""
    members = live(state, problem, sign)
    total: Array = state.output_weights[members] @ state.weights[members]
    return total


def loss_at(state: State, points: Array, targets: Array, loss: Loss, slope: float = 0.0) -> float:
    """The loss on other points (k, d) with targets (k,): out of distribution, or a test set."""
    residual = residuals(state.weights, state.output_weights, points, targets, slope)
    return loss_of(residual, loss, targets)


def quantities(
    state: State,
    problem: Problem,
    *,
    teacher: Array | None = None,
    points: Array | None = None,
    point_targets: Array | None = None,
    tolerance: float = QUANTITIES.rank,
) -> dict[str, float]:
    """All of them by name; angles in degrees, NaN where there is nothing to measure.

    ``rank``, ``numerical_rank`` (at ``tolerance``), ``nuclear_norm``, ``parameter_norm_squared``,
    ``variation_norm``, ``kernel_largest``, ``kernel_smallest``; for both signs ``live_<sign>``,
    ``angle_max_live_<sign>``, ``angle_mean_live_<sign>`` (plus, minus); of v, the sum of a_j w_j over live
    neurons, ``combined_norm_live``, ``angle_to_gamma_live``, ``distance_to_gamma_live``, with gamma =
    (1/n) sum_k y_k x_k; with a ``teacher`` (d,) ``angle_to_teacher_live``, ``distance_to_teacher_live``; with
    ``points`` (k, d) and their targets (k,) ``point_loss``, in the problem's loss.

    What is said of live neurons is said of those that are live in this state. ``columns.published_columns``
    has numbers of the same kind, without "live" in their names, for the group that saw samples at the start.
    """
    spectrum = kernel_spectrum(state, problem)
    found: dict[str, float] = {
        "rank": rank(state.weights),
        "numerical_rank": rank(state.weights, tolerance),
        "nuclear_norm": nuclear_norm(state.weights),
        "parameter_norm_squared": parameter_norm_squared(state),
        "variation_norm": variation_norm(state.weights, state.output_weights),
        "kernel_largest": float(spectrum[0]),
        "kernel_smallest": float(spectrum[-1]),
    }
    for name, sign in (("plus", 1), ("minus", -1)):
        members = live(state, problem, sign)
        widest, mean = spread(state.weights[members])
        found |= {
            f"live_{name}": int(np.count_nonzero(members)),
            f"angle_max_live_{name}": widest,
            f"angle_mean_live_{name}": mean,
        }
    bundle = combined(state, problem)
    found["combined_norm_live"] = float(np.linalg.norm(bundle))
    gamma = problem.targets @ problem.inputs / problem.samples
    found["angle_to_gamma_live"] = angle(bundle, gamma)
    found["distance_to_gamma_live"] = float(np.linalg.norm(bundle - gamma))
    if teacher is not None:
        found["angle_to_teacher_live"] = angle(bundle, teacher)
        found["distance_to_teacher_live"] = float(np.linalg.norm(bundle - teacher))
    if points is not None and point_targets is not None:
        found["point_loss"] = loss_at(state, points, point_targets, problem.loss, problem.slope)
    return found


def _angles(rows: Array, other: Array) -> Array:
    """Angles (k,) between rows (k, d) and one vector (d,), degrees; NaN where one is zero."""
    chords = row_norms(unit_rows(rows) - unit_rows(other[None]))
    angles: Array = np.degrees(2.0 * np.arcsin(np.clip(0.5 * chords, 0.0, 1.0)))
    zero = (row_norms(rows) == 0.0) | (not np.any(other))
    return np.where(zero, np.nan, angles)
