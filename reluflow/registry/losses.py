"""The conventions of the square loss: L = factor / n * sum_k r_k^2 with r_k = h(x_k) - y_k.

The flow of a convention is the flow of "half-mse" at 2 * factor times its speed; everything that depends on
the convention is computed from the factor.
"""

from dataclasses import dataclass
from typing import Final, Literal

Loss = Literal["half-mse", "mse"]


@dataclass(frozen=True)
class Convention:
    """``factor``: L over the mean of the squared residuals; ``formula``: L in words for help and tables."""

    factor: float
    formula: str


LOSSES: Final[dict[Loss, Convention]] = {
    "half-mse": Convention(0.5, "sum r^2 / 2n"),
    "mse": Convention(1.0, "sum r^2 / n"),
}
#: What is minimised when none is named.
DEFAULT_LOSS: Final[Loss] = "half-mse"
