"""What is minimised: values, forces and curvatures of the losses, on plain arrays.

All that the flow knows of a loss is its force g_k = d loss_k / dh_k on sample k, and how that changes with
the prediction h_k. Residuals r = h - y stand for predictions throughout: for labels +-1 the margin is
y h = 1 + y r. Losses are means over samples.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.errors import ProblemError
from reluflow.registry.losses import LOSSES, Loss

Array = npt.NDArray[np.float64]

#: exponents beyond which exp overflows; no loss of a start reaches them (``problem.check_range``)
LARGEST_EXPONENT: Final = 700.0
#: Margins y h of labels at the start lie between this and minus this, of which exp is squared.
FARTHEST_MARGIN: Final = 300.0
#: A loss of labels below this has forces whose squares are no numbers: it counts as zero.
LEAST_LOSS: Final = 1e-150


class LossFunction(ABC):
    """One loss, as values, forces and curvatures of residuals."""

    @property
    def speed(self) -> float:
        """The flow time of forces as they are here per unit of flow time of the loss."""
        return 1.0

    @abstractmethod
    def value(self, residual: Array, targets: Array) -> float:
        """The loss of residuals (n,)."""

    @abstractmethod
    def each(self, residual: Array, targets: Array) -> Array:
        """What samples (n,) add to the loss, but for a factor that all have."""

    @abstractmethod
    def force(self, residual: Array, targets: Array) -> Array:
        """g_k / speed (.., n): what the residual is to the half-mse loss."""

    @abstractmethod
    def curvature(self, residual: Array, targets: Array) -> Array:
        """dg_k / dh_k / speed (.., n), at least zero."""

    @abstractmethod
    def least(self, left: Array, targets: Array) -> float:
        """The least of value / speed minus the mean of left_k h_k, over all predictions h (n,).

        It is the concave dual of the loss at forces -left (n,): where no network has a mean of left_k h_k
        above zero, no network has a loss below it. -infinity where there is no such bound.
        """


@dataclass(frozen=True)
class Square(LossFunction):
    """L = factor / n * sum r^2: the flow of half-mse, at another speed."""

    factor: float

    @property
    def speed(self) -> float:
        return 2.0 * self.factor

    def value(self, residual: Array, targets: Array) -> float:
        return self.factor / residual.size * float(residual @ residual)

    def each(self, residual: Array, targets: Array) -> Array:
        return np.square(residual)

    def force(self, residual: Array, targets: Array) -> Array:
        """The residual itself, no copy of it."""
        return residual

    def curvature(self, residual: Array, targets: Array) -> Array:
        return np.ones_like(residual)

    def least(self, left: Array, targets: Array) -> float:
        return float(left @ (targets - 0.5 * left)) / left.size


class LabelLoss(LossFunction):
    """A loss l(y h) of labels y = +-1 that falls with the margin y h and tends to zero."""

    @abstractmethod
    def of_margins(self, margins: Array) -> Array:
        """l (..)."""

    @abstractmethod
    def pushes(self, margins: Array) -> Array:
        """-l' (..), above zero."""

    @abstractmethod
    def bends(self, margins: Array) -> Array:
        """l'' (..), at least zero."""

    @abstractmethod
    def smoothed_margin(self, loss: float, samples: int) -> float:
        """l^-1(n L): at most the smallest margin, and by ln n less at most; below zero for n L > l(0).

        Lyu & Li 2020 (arXiv 1906.05890), definition 4.
        """

    def value(self, residual: Array, targets: Array) -> float:
        return float(np.mean(self.of_margins(margins(residual, targets))))

    def each(self, residual: Array, targets: Array) -> Array:
        return self.of_margins(margins(residual, targets))

    def force(self, residual: Array, targets: Array) -> Array:
        return -targets * self.pushes(margins(residual, targets))

    def curvature(self, residual: Array, targets: Array) -> Array:
        return self.bends(margins(residual, targets))

    @abstractmethod
    def force_series(self, predicted: Array, force: Array, targets: Array, power: int) -> Array:
        """The coefficient (n,) of ``power`` of the forces' Taylor series in time.

        predicted (power + 1, n), force (power, n): coefficients of the predictions up to that power, and of
        the forces below it, lowest first.
        """


class Logistic(LabelLoss):
    """l(m) = ln(1 + exp(-m))."""

    def of_margins(self, margins: Array) -> Array:
        return np.logaddexp(0.0, -margins)

    def pushes(self, margins: Array) -> Array:
        left = np.exp(-np.abs(margins))
        return np.where(margins > 0.0, left, 1.0) / (1.0 + left)

    def bends(self, margins: Array) -> Array:
        left = np.exp(-np.abs(margins))
        return left / np.square(1.0 + left)

    def smoothed_margin(self, loss: float, samples: int) -> float:
        total = samples * loss
        return -(total + float(np.log(-np.expm1(-total))))

    def least(self, left: Array, targets: Array) -> float:
        pushes = targets * left
        return float(np.mean(_entropy(pushes) + _entropy(1.0 - pushes)))

    def force_series(self, predicted: Array, force: Array, targets: Array, power: int) -> Array:
        """With p = -y g, p' = -y h' p (1 - p)."""
        pushes = -targets * force
        bends = pushes[:power].copy()
        for k in range(power):
            bends[k] -= np.einsum("in,in->n", pushes[: k + 1], pushes[k::-1])
        orders = np.arange(1.0, power + 1)[:, None]
        moved: Array = np.einsum("in,in->n", orders * predicted[1 : power + 1], bends[::-1]) / power
        return moved


class Exponential(LabelLoss):
    """l(m) = exp(-m)."""

    def of_margins(self, margins: Array) -> Array:
        return np.exp(np.minimum(-margins, LARGEST_EXPONENT))

    def pushes(self, margins: Array) -> Array:
        return self.of_margins(margins)

    def bends(self, margins: Array) -> Array:
        return self.of_margins(margins)

    def smoothed_margin(self, loss: float, samples: int) -> float:
        return -float(np.log(samples * loss))

    def least(self, left: Array, targets: Array) -> float:
        pushes = targets * left
        return float(np.mean(pushes + _entropy(pushes)))

    def force_series(self, predicted: Array, force: Array, targets: Array, power: int) -> Array:
        """g' = -y h' g."""
        orders = np.arange(1.0, power + 1)[:, None]
        moved: Array = np.einsum("in,in->n", orders * predicted[1 : power + 1], force[power - 1 :: -1])
        return -targets * moved / power


_OF_LABELS: Final[dict[Loss, LossFunction]] = {"logistic": Logistic(), "exponential": Exponential()}
#: Every loss by its name.
FUNCTIONS: Final[dict[Loss, LossFunction]] = {
    name: _OF_LABELS[name] if entry.factor is None else Square(entry.factor) for name, entry in LOSSES.items()
}


def margins(residual: Array, targets: Array) -> Array:
    """y_k h_k (.., n) of residuals h - y and labels."""
    found: Array = targets * (residual + targets)
    return found


def _entropy(values: Array) -> Array:
    """-v ln v (..), which is 0 at 0 and minus infinity below."""
    whole = np.where(values > 0.0, values, 1.0)
    return np.where(values < 0.0, -np.inf, -whole * np.log(whole))


def check_labels(name: str, targets: Array, loss: Loss) -> None:
    """Raise ProblemError unless all ``targets`` are +1 or -1."""
    other = np.flatnonzero(np.abs(targets) != 1.0)
    if other.size:
        found = float(targets[other[0]])
        short = f"{found:g}"  # but not where it is rounded to what is expected
        raise ProblemError(
            f"{name}: that of sample {other[0] + 1} is {short if float(short) == found else repr(found)}; "
            f"expected labels, +1 or -1, with the loss {loss}"
        )


def check_margins(found: Array, targets: Array, loss: Loss) -> None:
    """Raise ProblemError for predictions (n,) so wrong, or right, that no number holds the squared loss."""
    seen = margins(found - targets, targets)
    worst = int(np.argmin(seen))
    if loss == "exponential" and seen[worst] < -FARTHEST_MARGIN:
        raise ProblemError(
            f"the start predicts {found[worst]:.3g} for the label {targets[worst]:g};"
            f" expected a margin y h of at least -{FARTHEST_MARGIN:g}, so that floating-point numbers hold"
            " the exponential loss"
        )
    if seen[worst] > FARTHEST_MARGIN:
        raise ProblemError(
            f"the start predicts every label with a margin y h of at least {seen[worst]:.3g}; expected at"
            f" most {FARTHEST_MARGIN:g}, so that floating-point numbers hold the loss"
        )
