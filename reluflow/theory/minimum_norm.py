"""The least variation norm of a network that interpolates small data, with a certificate.

Primal: least sum_j |a_j| |w_j| such that sum_j a_j sigma(<w_j, x_k>) = y_k for all k, any number of neurons.
Dual: greatest sum_k nu_k y_k such that |sum_k nu_k sigma(<w, x_k>)| <= 1 for all |w| <= 1.
For any nu whatever, with kappa the maximum of that absolute value, sum_k nu_k y_k / kappa is a lower bound;
the norm of any interpolating network is an upper one [weak duality]. With weight decay the network need not
interpolate: see ``decayed_norm``.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.errors import ProblemError
from reluflow.flow.base import State
from reluflow.network import Array, row_norms, variation_norm
from reluflow.network import predictions as outputs_of
from reluflow.observe.corners import constant_of, corners
from reluflow.observe.measured import Measured
from reluflow.problem import Problem, check_decay
from reluflow.theory.cones import CONES, count_cones
from reluflow.theory.cutting_planes import CuttingPlanes
from reluflow.theory.decayed_norm import DecayedSearch
from reluflow.theory.prediction import Prediction


@dataclass(frozen=True)
class NormRows:
    """When the rows of predictions about the least norm are made and measured."""

    #: chord between two unit vectors, or between the target vectors of unit inputs, up to which they are
    #: the same: far above rounding
    same: float = 1e-10
    #: activation patterns of the data, at most, for a least norm to be worked out with the table of
    #: predictions
    patterns: int = 300
    #: share by which the norm of a network that has the least one may exceed it
    least: float = 1e-6
    #: share of the range of the inputs by which its corners may be elsewhere
    astray: float = 0.02
    #: share of the first loss below which a run has fitted its data
    fitted: float = 1e-6


NORM_ROWS: Final = NormRows()


@dataclass(frozen=True)
class MinimumNorm:
    """The least norm, or with weight decay the least objective, a network that has it, and the proof.

    ``value``: norm of the network ``weights`` (k, d), ``output_weights`` (k,), which interpolates and is
    balanced; an upper bound. ``lower_bound`` = <nu, y> / kappa, which no interpolating network can beat.
    ``gap`` = value - lower_bound. ``nu`` (n,): the dual variables, ``kappa``: the maximum over |w| <= 1 of
    |sum_k nu_k sigma(<w, x_k>)|, exact up to rounding.

    With weight decay lambda ``value`` is the objective of that network, which need not interpolate, and
    ``lower_bound`` = <nu, y> - (n/2) |nu|^2 with kappa <= lambda, which no network can beat.

    >>> found = reluflow.minimum_norm([[1.0, 0.0], [0.0, 2.0]], [3.0, -2.0])
    >>> len(found.neurons), bool(found.gap < 1e-9)
    (2, True)
    """

    value: float
    lower_bound: float
    weights: Array
    output_weights: Array
    nu: Array
    kappa: float

    @property
    def gap(self) -> float:
        return self.value - self.lower_bound

    @property
    def neurons(self) -> list[tuple[float, Array]]:
        """(a_j, w_j) of every neuron."""
        return list(zip(self.output_weights.tolist(), self.weights, strict=True))


def minimum_norm(
    inputs: npt.ArrayLike, targets: npt.ArrayLike, slope: float = 0.0, weight_decay: float = 0.0
) -> MinimumNorm:
    """The least variation norm of a network that fits ``targets`` (n,) at ``inputs`` (n, d).

    ``slope``: that of the activation sigma(z) = max(z, slope z) below zero, in [0, 1); 0 is the ReLU.
    ``weight_decay``: lambda; above zero, the least half-mse loss plus lambda times the norm instead, which is
    what the best network of any width has of the loss plus (lambda/2) sum_j (|w_j|^2 + a_j^2). For "mse" give
    lambda / 2, and double the result.

    Cutting planes: a linear programme over finitely many directions w, to which the exact maxima of the
    dual constraint over all activation cones are added until the certified gap closes.
    Raises ProblemError for arrays that do not fit together, data that no network fits, and sizes with more
    activation patterns than an exact answer can visit.

    >>> round(reluflow.minimum_norm([[1.0, 0.0], [0.0, 2.0]], [3.0, -2.0]).value, 9)
    4.0
    >>> round(reluflow.minimum_norm([[1.0, 0.0], [0.0, 1.0]], [1.0, -0.6], weight_decay=0.02).value, 9)
    0.0312
    """
    if weight_decay:
        return _least_objective(inputs, targets, slope, check_decay(weight_decay))
    data = _Data.of(inputs, targets, slope)
    if not data.targets.size or not np.any(data.targets):
        none = np.zeros((0, data.axes.shape[1]))
        return MinimumNorm(0.0, 0.0, none, np.zeros(0), np.zeros(data.samples), 0.0)
    search = CuttingPlanes(data.inputs, data.targets, slope)
    search.run()
    return data.restore(search)


def _least_objective(
    inputs: npt.ArrayLike, targets: npt.ArrayLike, slope: float, decay: float
) -> MinimumNorm:
    """In units of the largest input and target: masses are those of unit directions."""
    problem = _problem(inputs, targets, slope)
    span, y = problem.span, problem.targets
    length, size = float(np.max(problem.lengths)), float(np.max(np.abs(y)))
    if not length or not size:
        value = float(y @ y) / (2.0 * len(y))
        return MinimumNorm(value, value, np.zeros((0, problem.dimension)), np.zeros(0), y / len(y), 0.0)
    search = DecayedSearch(span.inputs / length, y / size, decay / (length * size), slope)
    search.run()
    sizes = np.sqrt(np.abs(search.masses) * (size / length))
    weights, outputs = (search.directions @ span.basis.T) * sizes[:, None], np.sign(search.masses) * sizes
    bounds = search.upper * size**2, search.lower * size**2
    return MinimumNorm(*bounds, weights, outputs, search.nu * size, search.kappa * size * length)


def _problem(inputs: npt.ArrayLike, targets: npt.ArrayLike, slope: float) -> Problem:
    """The data, checked, with a network that does not matter."""
    given = np.asarray(inputs)
    columns = given.shape[1] if given.ndim == 2 else 1
    return Problem(inputs, targets, np.zeros((1, columns)), np.zeros(1), slope=slope)  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Data:
    """Distinct unit inputs in coordinates of their span, and targets scaled to maximum 1.

    Both the primal and the dual scale: y_k / |x_k| at x_k / |x_k|, and the norm with the targets.
    ``inputs`` (q, p), ``targets`` (q,), ``kept`` (q,) indices of the samples, ``lengths`` (q,),
    ``axes`` (p, d) basis of the span, ``size`` of the targets, ``samples`` n.
    """

    inputs: Array
    targets: Array
    kept: npt.NDArray[np.intp]
    lengths: Array
    axes: Array
    size: float
    samples: int

    @classmethod
    def of(cls, inputs: npt.ArrayLike, targets: npt.ArrayLike, slope: float) -> "_Data":
        problem = _problem(inputs, targets, slope)
        x, y = problem.inputs, problem.targets
        lengths = row_norms(x)
        for k in np.flatnonzero((lengths == 0.0) & (y != 0.0)):
            raise ProblemError(
                f"the target of sample {k + 1} is {y[k]:g} at an input of zeros; expected 0, for no "
                "network gives more"
            )
        some = np.flatnonzero(lengths > 0.0)
        unit, scaled = x[some] / lengths[some][:, None], y[some] / lengths[some]
        size = float(np.max(np.abs(scaled), initial=0.0)) or 1.0
        kept = _distinct(unit, scaled / size, some)
        axes = problem.span.basis.T
        return cls(
            unit[kept] @ axes.T, scaled[kept] / size, some[kept], lengths[some][kept], axes, size, len(y)
        )

    def restore(self, search: CuttingPlanes) -> MinimumNorm:
        nu = np.zeros(self.samples)
        nu[self.kept] = search.nu / self.lengths
        sizes = np.sqrt(np.abs(search.masses) * self.size)
        weights = (search.directions @ self.axes) * sizes[:, None]
        outputs = np.sign(search.masses) * sizes
        value = variation_norm(weights, outputs)
        return MinimumNorm(value, search.lower * self.size, weights, outputs, nu, search.kappa)


def _distinct(unit: Array, targets: Array, names: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Indices of inputs of different directions; two of one direction must agree on their target."""
    kept: list[int] = []
    for k in range(len(unit)):
        twins = [i for i in kept if float(np.linalg.norm(unit[i] - unit[k])) < NORM_ROWS.same]
        if not twins:
            kept.append(k)
        elif abs(targets[twins[0]] - targets[k]) > NORM_ROWS.same:
            raise ProblemError(
                f"the inputs of samples {names[twins[0]] + 1} and {names[k] + 1} point the same way but "
                "their targets are not in proportion to their lengths; expected data that some network fits"
            )
    return np.array(kept, dtype=np.intp)


def predictions(problem: Problem) -> list[Prediction]:
    """The norm at the end of a run, and the corners of h, against the certified least ones; of small data."""
    found, reason = None, why_no_norm(problem)
    if reason is None:
        try:
            found = minimum_norm(problem.inputs, problem.targets, problem.slope)
        except ProblemError as error:
            reason = str(error)
    value = "" if found is None else f" ({found.value:.7g}, certified to {max(found.gap, 0.0):.1e})"
    return [
        Prediction(
            "minimum-norm/bound",
            f"No network that fits has a sum of |a_j||w_j| below the least norm{value}: that bound over the "
            "sum at the end is at most 1, and 1 where training finds a least one.",
            "derived",
            found is not None,
            reason or "the data are small enough for an exact answer",
            None if found is None else 1.0,
            (lambda run: None) if found is None else (lambda run: _share_needed(run, found)),
            1e-9,
            one_sided=True,
            needs=f"a loss of at most {NORM_ROWS.fitted:g} of the first",
        ),
        _corners(problem, found, reason),
    ]


def _corners(problem: Problem, found: MinimumNorm | None, reason: str | None) -> Prediction:
    """Where one input has a bias the network of least norm is unique as a function."""
    best = None
    if reason is None and (problem.dimension != 2 or constant_of(problem) is None):
        reason = "the inputs are not one coordinate beside a bias"
    if found is not None and reason is None:
        best = corners(State(0.0, found.weights, found.output_weights), problem)
    return Prediction(
        "minimum-norm/corners",
        "With one input and a bias, a network that fits with the least norm has its corners where the "
        "certified one has them: largest distance over the range of the inputs, 1 for another number.",
        "Boursier, Flammarion 2023 (penalising the biases)",
        best is not None,
        reason or "one input with a bias, and an exact answer",
        None if best is None else 0.0,
        (lambda run: None)
        if found is None or best is None
        else (lambda run: _astray(run, found.value, best)),
        NORM_ROWS.astray,
        absolute=True,
        needs="an end that fits with the least norm",
    )


def _astray(run: Measured, least: float, best: Array) -> float | None:
    """The largest distance of a corner from that of the best network; None if the end is none of them."""
    loss, state = run.series["loss"], run.final
    norm = variation_norm(state.weights, state.output_weights)
    if loss[-1] > NORM_ROWS.fitted * loss[0] or norm > (1.0 + NORM_ROWS.least) * least:
        return None
    own, x = corners(state, run.problem), run.problem.inputs[:, 0]
    if own is None or own.size != best.size:
        return 1.0
    return float(np.max(np.abs(own - best), initial=0.0) / np.ptp(x))


def why_no_norm(problem: Problem) -> str | None:
    """Why no least norm is worked out with the table of predictions; None if one is."""
    if not np.any(problem.targets):
        return "all targets are zero, and so is the least norm"
    cones = count_cones(problem.samples, problem.span.inputs.shape[1])
    if cones > NORM_ROWS.patterns:
        return (
            f"the data have up to {cones:.3g} activation patterns; at most {NORM_ROWS.patterns} are visited "
            f"here, and up to {CONES.most} by reluflow.minimum_norm(inputs, targets)"
        )
    return None


def _share_needed(run: Measured, found: MinimumNorm) -> float | None:
    """<nu, h> / kappa over the norm of the last network, h what it computes; None before it fits."""
    loss, state = run.series["loss"], run.final
    if loss[-1] > NORM_ROWS.fitted * loss[0]:
        return None
    outputs = outputs_of(state.weights, state.output_weights, run.problem.inputs, run.problem.slope)
    norm = variation_norm(state.weights, state.output_weights)
    return float(found.nu @ outputs) / (found.kappa * norm)
