"""A training problem: data, an initial network, the loss, and the coordinates in which it moves."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.errors import ProblemError
from reluflow.losses import FUNCTIONS, LabelLoss, LossFunction, check_labels, check_margins
from reluflow.network import Array, predictions, residuals, row_norms
from reluflow.registry.activations import SLOPES_BELOW
from reluflow.registry.losses import LOSSES, Loss

#: Lengths of inputs, targets and predictions lie between these, or are zero: then floating-point numbers hold
#: the rates, kernels and their squares, which are products of at most five of them. So do slopes of the
#: activation, as what is fitted through a slope takes weights of one over it.
SMALLEST: Final = 1e-60
LARGEST: Final = 1e60
#: Neurons below this are held with fewer digits than others.
SMALLEST_NEURON: Final = float(np.finfo(float).tiny)


def basis_of_span(inputs: Array) -> Array | None:
    """An orthonormal basis (d, p) of the span of inputs (n, d); None if they span everything."""
    _, sizes, rows = np.linalg.svd(inputs, full_matrices=False)
    tolerance = max(inputs.shape) * np.finfo(float).eps * sizes.max(initial=0.0)
    rank = int(np.count_nonzero(sizes > tolerance))
    return None if rank == inputs.shape[1] else rows[:rank].T.copy()


@dataclass(frozen=True)
class Span:
    """Coordinates in which neurons move: an orthonormal basis of span(x_1 .. x_n) and the constant rest.

    ``basis`` (d, p), ``inputs`` (n, p) in that basis, ``rest`` (m, d): the part of the initial hidden
    weights orthogonal to every input, which the flow never changes (zero when p = d).
    """

    basis: Array
    inputs: Array
    rest: Array

    def project(self, weights: Array) -> Array:
        """Hidden weights (m, d) to moving coordinates (m, p)."""
        return weights @ self.basis

    def lift(self, coordinates: Array, share: Array | float = 1.0) -> Array:
        """Hidden weights (.., m, d) of moving coordinates (.., m, p); share: what is left of the rest."""
        rest = self.rest if isinstance(share, float) and share == 1.0 else share * self.rest
        return np.add(lifted := coordinates @ self.basis.T, rest, out=lifted)


@dataclass(frozen=True)
class Problem:
    """Data and an initial network.

    ``inputs`` (n, d), ``targets`` (n,), ``weights`` (m, d), ``output_weights`` (m,). A bias is a
    constant last column of ``inputs``. Arrays are copied, made float64 and read-only. ``slope``: that of the
    activation max(z, slope z) below zero, in [0, 1); 0 is the ReLU. ``held_out``: inputs (k, d) and targets
    (k,) on which the network is not trained but looked at, if any. ``weight_decay``: lambda of the term
    (lambda / 2) sum_j (|w_j|^2 + a_j^2) that is added to the loss.
    Raises ProblemError for shapes that do not fit together, empty arrays, NaN and infinity, and for targets
    other than +1 and -1 with a loss of labels.
    """

    inputs: Array
    targets: Array
    weights: Array
    output_weights: Array
    loss: Loss = "half-mse"
    slope: float = 0.0
    weight_decay: float = 0.0
    held_out: tuple[Array, Array] | None = None

    def __post_init__(self) -> None:
        for name, dimensions in (("inputs", 2), ("targets", 1), ("weights", 2), ("output_weights", 1)):
            object.__setattr__(self, name, _clean(name, getattr(self, name), dimensions))
        if self.loss not in LOSSES:
            raise ProblemError(f"loss is {self.loss!r}; expected one of {', '.join(LOSSES)}")
        object.__setattr__(self, "slope", check_slope(self.slope))
        object.__setattr__(self, "weight_decay", check_decay(self.weight_decay))
        _agree("targets", self.targets.shape[0], "inputs", self.inputs.shape[0], "samples")
        _agree("weights", self.weights.shape[1], "inputs", self.inputs.shape[1], "columns")
        _agree("output_weights", self.output_weights.shape[0], "weights", self.weights.shape[0], "neurons")
        if self.of_labels:
            check_labels("targets", self.targets, self.loss)
        if self.held_out is not None:
            inputs, targets = (_clean("held_out", each, 2 - k) for k, each in enumerate(self.held_out))
            _agree("held-out targets", targets.shape[0], "held-out inputs", inputs.shape[0], "samples")
            _agree("held-out inputs", inputs.shape[1], "inputs", self.inputs.shape[1], "columns")
            if self.of_labels:
                check_labels("held-out targets", targets, self.loss)
            object.__setattr__(self, "held_out", (inputs, targets))

    @property
    def samples(self) -> int:
        """n"""
        return int(self.inputs.shape[0])

    @property
    def dimension(self) -> int:
        """d, the bias column included."""
        return int(self.inputs.shape[1])

    @property
    def width(self) -> int:
        """m"""
        return int(self.weights.shape[0])

    @property
    def speed(self) -> float:
        """Half-mse flow time per unit of flow time of the stated loss: 2 for mse, 1 for all others."""
        return self.function.speed

    @property
    def of_labels(self) -> bool:
        """Whether the loss is one of labels +-1, and not the square loss."""
        return LOSSES[self.loss].of_labels

    @property
    def function(self) -> LossFunction:
        """Value, forces and curvature of the loss."""
        return FUNCTIONS[self.loss]

    @property
    def function_of_labels(self) -> LabelLoss | None:
        """The same, if it is one of labels."""
        return self.function if isinstance(self.function, LabelLoss) else None

    def value(self, residual: Array) -> float:
        """The loss of a residual h - y (n,)."""
        return self.function.value(residual, self.targets)

    def force(self, residual: Array) -> Array:
        """What the flow makes of a residual h - y (n,): d loss_k / dh_k, at half-mse's speed.

        For a square loss it is the residual itself.
        """
        return self.function.force(residual, self.targets)

    def left(self, weights: Array, output_weights: Array) -> Array:
        """What is left to fit (n,) with weights (m, d), (m,): minus the forces, y - h of a square loss."""
        return -self.force(residuals(weights, output_weights, self.inputs, self.targets, self.slope))

    def curvature(self, weights: Array, output_weights: Array) -> Array:
        """How forces (n,) change with the predictions, with these weights; 1 for a square loss."""
        found = residuals(weights, output_weights, self.inputs, self.targets, self.slope)
        return self.function.curvature(found, self.targets)

    @property
    def at_own_speed(self) -> "Problem":
        """The problem whose loss flows at the speed of forces as they are here: half-mse in place of mse."""
        return self if self.of_labels else replace(self, loss="half-mse")

    @cached_property
    def pull_at_zero(self) -> Array:
        """Minus the force (n,) on a network that is zero: the targets, half of them, or all of the labels."""
        return self.targets if not self.of_labels else -self.force(-self.targets)

    @cached_property
    def span(self) -> Span:
        """The reduced coordinates; when the inputs span everything the basis is the identity."""
        basis = basis_of_span(self.inputs)
        if basis is None:
            return Span(np.eye(self.dimension), self.inputs, np.zeros_like(self.weights))
        return Span(basis, self.inputs @ basis, self.weights - (self.weights @ basis) @ basis.T)

    def shrunk(self, t: Array | float) -> Array:
        """exp(-lambda t): what weight decay alone leaves of a weight after flow times ``t`` (..)."""
        left: Array = np.exp(-self.weight_decay * np.asarray(t))
        return left

    @property
    def decay(self) -> float:
        """Lambda in the time of the half-mse flow."""
        return self.weight_decay / self.speed

    def penalty(self, weights: Array, output_weights: Array) -> float:
        """(lambda / 2) sum_j (|w_j|^2 + a_j^2): the objective less the loss."""
        if not self.weight_decay:
            return 0.0
        return 0.5 * self.weight_decay * float(np.vdot(weights, weights) + output_weights @ output_weights)

    @cached_property
    def lengths(self) -> Array:
        """|x_k| of every sample (n,)."""
        return row_norms(self.inputs)

    @cached_property
    def best_line(self) -> Array:
        """v* (d,), of least norm among those that minimise |X v - y|."""
        return np.linalg.lstsq(self.inputs, self.targets, rcond=None)[0].astype(np.float64)

    def is_balanced(self, tolerance: float = 1e-9) -> bool:
        """Whether |a_j| = |w_j| for every neuron, to a relative tolerance."""
        norms = row_norms(self.weights)
        sizes = np.abs(self.output_weights)
        return bool(np.all(np.abs(sizes - norms) <= tolerance * np.maximum(sizes, norms)))


def _clean(name: str, values: npt.ArrayLike, dimensions: int) -> Array:
    try:
        with np.errstate(over="ignore"):  # what no double holds becomes infinite, and is named below
            array = np.array(values, dtype=np.float64, order="C")
    except OverflowError:
        raise ProblemError(
            f"{name} has an integer that no double holds; expected finite numbers only"
        ) from None
    except (TypeError, ValueError):
        raise ProblemError(f"{name} cannot be read as an array of numbers") from None
    if array.ndim != dimensions or array.size == 0:
        raise ProblemError(
            f"{name} has shape {array.shape}; expected a non-empty array of {dimensions} dimension(s)"
        )
    if not np.all(np.isfinite(array)):
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        index = ", ".join(map(str, where))
        raise ProblemError(f"{name}[{index}] is {array[where]}; expected finite numbers only")
    array.setflags(write=False)
    return array


def check_range(problem: Problem) -> None:
    """Raise ProblemError for numbers so large or small that what a solver makes of them would not be held."""
    check_samples(problem.inputs, problem.targets)
    longest_input = float(np.max(row_norms(problem.inputs)))
    sizes = np.maximum(row_norms(problem.weights), np.abs(problem.output_weights))
    # where all inputs are zero weights mean nothing, but their squares are looked at
    longest = max(longest_input, SMALLEST)
    with np.errstate(over="ignore"):
        reach = float(np.sum(np.square(sizes))) * longest
    if not reach <= LARGEST:
        raise ProblemError(
            f"weights of up to {np.max(sizes):.3g} on inputs of length {longest:.3g} may predict {reach:.3g};"
            f" expected at most {LARGEST:g}, so that floating-point numbers hold what is made of it"
        )
    if problem.of_labels:
        found = predictions(problem.weights, problem.output_weights, problem.inputs, problem.slope)
        check_margins(found, problem.targets, problem.loss)
    if 0.0 < problem.slope < SMALLEST:
        raise ProblemError(
            f"the slope is {problem.slope:.3g}; expected 0 or at least {SMALLEST:g}, so that floating-point "
            "numbers hold the weights that fit through it"
        )
    if 0.0 < problem.weight_decay < SMALLEST:
        raise ProblemError(
            f"the weight decay is {problem.weight_decay:.3g}; expected 0 or at least {SMALLEST:g}: a smaller "
            "one acts after flow times that no run comes to"
        )
    j = _least(sizes)
    if 0.0 < sizes[j] < SMALLEST_NEURON:
        raise ProblemError(
            f"neuron {j} has weights of {sizes[j]:.3g}, of which floating-point numbers hold few digits; "
            f"expected 0 or at least {SMALLEST_NEURON:.3g}"
        )


def check_samples(inputs: Array, targets: Array) -> None:
    """The same for inputs (n, d) and targets (n,) alone."""
    lengths = row_norms(inputs)
    for name, found in (
        *(
            (f"the input of sample {k + 1} has length", lengths[k])
            for k in (np.argmax(lengths), _least(lengths))
        ),
        ("the largest of the targets is", float(np.max(np.abs(targets)))),
    ):
        if found != 0.0 and not SMALLEST <= found <= LARGEST:
            raise ProblemError(
                f"{name} {found:.3g}; expected 0 or {SMALLEST:g} to {LARGEST:g}, so that floating-point "
                "numbers hold what is made of it"
            )


def _least(values: Array) -> int:
    """The place of the smallest value above zero, if any."""
    return int(np.argmin(np.where(values > 0.0, values, np.inf)))


def check_slope(slope: float) -> float:
    """The slope as a float. Raises ProblemError for anything but a number in [0, 1)."""
    number = isinstance(slope, int | float | np.number) and not isinstance(slope, bool)
    if not number or not 0.0 <= slope < SLOPES_BELOW:
        raise ProblemError(f"slope is {slope!r}; expected a number of at least 0 and below {SLOPES_BELOW:g}")
    return float(slope)


def check_decay(decay: float) -> float:
    """The weight decay as a float. Raises ProblemError for anything but a finite number from 0 on."""
    number = isinstance(decay, int | float | np.number) and not isinstance(decay, bool)
    if not number or not 0.0 <= decay < np.inf:
        raise ProblemError(f"weight_decay is {decay!r}; expected a finite number of at least 0")
    return float(decay)


def _agree(name: str, found: int, other: str, expected: int, what: str) -> None:
    if found != expected:
        raise ProblemError(f"{name} has {found} {what} but {other} has {expected}; expected the same number")
