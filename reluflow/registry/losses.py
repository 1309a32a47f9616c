"""The losses by name; values and derivatives are in ``reluflow.losses``.

Square losses are L = factor / n * sum_k r_k^2 with r_k = h(x_k) - y_k: the flow of one is the flow of
"half-mse" at 2 * factor times its speed. The others are means of l(y_k h(x_k)) over labels y_k = +-1.
"""

from dataclasses import dataclass
from typing import Final, Literal

Loss = Literal["half-mse", "mse", "logistic", "exponential"]


@dataclass(frozen=True)
class LossEntry:
    """``formula``: L in words for help and tables; ``factor``: of a square loss, None for one of labels."""

    formula: str
    factor: float | None = None

    @property
    def of_labels(self) -> bool:
        """Whether targets must be +1 or -1."""
        return self.factor is None


LOSSES: Final[dict[Loss, LossEntry]] = {
    "half-mse": LossEntry("sum r^2 / 2n", 0.5),
    "mse": LossEntry("sum r^2 / n", 1.0),
    "logistic": LossEntry("sum ln(1 + exp(-y h)) / n"),
    "exponential": LossEntry("sum exp(-y h) / n"),
}
#: What is minimised when none is named.
DEFAULT_LOSS: Final[Loss] = "half-mse"
