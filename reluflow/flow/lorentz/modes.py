"""Modes of the kernel as terms of a path: they die out exponentially, which no polynomial holds for long."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from reluflow.flow.lorentz.collocation import RADAU
from reluflow.network import Array

#: below this fall over a stretch an exponential is a straight line
FLAT: Final = 1e-5
#: where the stretches through all stages begin
BEGINS: Final = np.append(0.0, RADAU.nodes[:-1])


@dataclass(frozen=True)
class Modes:
    """k modes that die out exponentially: rates (k,), for a step of length one, and vectors (k, q)."""

    rates: Array
    vectors: Array

    def basis(self, positions: Array) -> Array:
        """exp(-rates x) at positions (..): shape (.., k)."""
        values: Array = np.exp(-positions[..., None] * self.rates)
        return values

    def magnus_weights(self, begin: Array, end: Array) -> Array:
        """The same as of stage values, (.., 2, k): from the exact moments B0 and B1 of the exponentials.

        The two exponentials of order 4 are B0 / 2 -+ 2 B1, with B0 the integral over the stretch, and B1
        that of (y - 1/2) times the same, y the share of the stretch.
        """
        span = (end - begin)[..., None]
        fall = span * self.rates
        safe = np.where(np.abs(fall) < FLAT, 1.0, fall)
        mean = np.where(np.abs(fall) < FLAT, 1.0 - 0.5 * fall, -np.expm1(-fall) / safe)
        tilt = np.where(
            np.abs(fall) < FLAT, -fall / 6.0, 2.0 * (mean - np.exp(-fall) - 0.5 * fall * mean) / safe
        )
        size = span * self.basis(begin)
        return np.stack([size * (0.5 * mean - tilt), size * (0.5 * mean + tilt)], axis=-2)

    @property
    def packed(self) -> Array:
        """Both in one array (k, 1 + q)."""
        return np.column_stack([self.rates, self.vectors])

    @staticmethod
    def unpacked(packed: Array) -> "Modes":
        """Those that were packed, in memory as they were: sums come out the same to the last bit."""
        return Modes(packed[:, 0].copy(), packed[:, 1:].copy())

    @cached_property
    def at_nodes(self) -> Array:
        """Their sum at the nodes (s, q)."""
        values: Array = self.basis(RADAU.nodes) @ self.vectors
        return values

    @cached_property
    def through(self) -> Array:
        """Weights (2s, k) of all exponentials that lead through the nodes."""
        return self.magnus_weights(BEGINS, RADAU.nodes).reshape(2 * RADAU.stages, -1)
