"""What the data exert on neurons over a step: the path of the residual, and what is prepared from it once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.samples import Samples
from reluflow.network import Array

#: a residual this much smaller than the largest one is rounding to neurons that feel both
NOISE = 1e-13


@dataclass(frozen=True)
class Forcing:
    """Samples, a path of their residual, and the (relative) hysteresis of releases from sliding.

    ``abandoned``: see ``FlowSolver``. What depends on the residual is given for each of the s terms of the
    path.
    """

    samples: Samples
    path: Path
    hysteresis: float
    abandoned: Callable[[], bool] = lambda: False

    @cached_property
    def on_force(self) -> Array:
        """r, as the active side of each primary is pulled with it (s, h)."""
        return self.samples.on_force(self.path.terms)

    @cached_property
    def off_force(self) -> Array:
        """q: what the inactive side of each primary is pulled with (s, h)."""
        return self.samples.off_force(self.path.terms)

    @cached_property
    def noise(self) -> float:
        """What is rounding in a residual, or in a multiplier of sliding, made of all the others."""
        largest = float(np.abs(self.path.values).max(initial=0.0))
        return NOISE * largest * float(self.samples.mirror_ratio.max(initial=1.0))

    @cached_property
    def on_inputs(self) -> Array:
        """-r_k x_k / n (s, h, p)."""
        return self._spread(self.on_force, self.samples.inputs)

    @cached_property
    def off_inputs(self) -> Array:
        """-q_k x_k / n (s, h, p)."""
        return self._spread(self.off_force, self.samples.inputs)

    @cached_property
    def on_gram(self) -> Array:
        """-r_k <x_k, x_l> / n (s, h, h)."""
        return self._spread(self.on_force, self.samples.gram)

    @cached_property
    def off_gram(self) -> Array:
        """-q_k <x_k, x_l> / n (s, h, h)."""
        return self._spread(self.off_force, self.samples.gram)

    def _spread(self, on_force: Array, rows: Array) -> Array:
        return (on_force * (-1.0 / self.samples.total))[:, :, None] * rows
