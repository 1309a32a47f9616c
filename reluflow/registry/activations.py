"""The activations. They are one family, sigma(z) = max(z, slope z), chosen by the slope below zero.

Solvers and theory rely on a line with one kink, at zero: another slope is a row here, another family is not.
"""

from dataclasses import dataclass
from typing import Final

#: Slopes are at least 0 and below this: with slope 1 the network is a linear function.
SLOPES_BELOW: Final = 1.0


@dataclass(frozen=True)
class Activation:
    """``slopes``: in words, which make it; ``formula``: sigma(z)."""

    slopes: str
    formula: str


ACTIVATIONS: Final[dict[str, Activation]] = {
    "ReLU": Activation("0", "max(z, 0)"),
    "leaky ReLU": Activation("more", "max(z, slope z)"),
}
