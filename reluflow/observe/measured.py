"""What a finished or unfinished run has to show to a prediction."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from reluflow.flow.base import State
from reluflow.network import Array
from reluflow.observe.plateaus import Saddle, find_saddles
from reluflow.problem import Problem


class States(Protocol):
    """Whole states along a run: ``t`` (k,), ``weights`` (k, m, d), ``output_weights`` (k, m)."""

    @property
    def t(self) -> Array: ...
    @property
    def weights(self) -> Array: ...
    @property
    def output_weights(self) -> Array: ...


@dataclass(frozen=True)
class Measured:
    """A run as recorded: ``series`` columns (k,) (``t``, ``loss``, ...), ``snapshots``, and how it ended.

    Times are flow time and losses those of ``problem.loss``.
    """

    problem: Problem
    series: dict[str, Array]
    snapshots: States
    status: str

    @cached_property
    def saddles(self) -> list[Saddle]:
        """The plateaus of the loss."""
        return find_saddles(self.series, settled=self.status == "converged")

    @property
    def final(self) -> State:
        """The last state of the run."""
        s = self.snapshots
        return State(float(s.t[-1]), s.weights[-1], s.output_weights[-1])

    def loss_at(self, t: Array) -> Array:
        """The loss at flow times (k,), linear in ln(loss) between recorded rows."""
        log_loss = np.log(np.maximum(self.series["loss"], np.finfo(float).tiny))
        values: Array = np.exp(np.interp(t, self.series["t"], log_loss))
        return values
