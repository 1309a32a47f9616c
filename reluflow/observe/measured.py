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


def state_at(states: States, t: float) -> State:
    """The last state recorded at or before flow time ``t``, which is not before the first."""
    i = int(np.searchsorted(states.t, t, side="right")) - 1
    return State(float(states.t[i]), states.weights[i], states.output_weights[i])


@dataclass(frozen=True)
class Measured:
    """A run as recorded: ``series`` columns (k,) (``t``, ``loss``, ...), ``snapshots``, and how it ended.

    Times are flow time and losses those of ``problem.loss``. ``rtol``: relative tolerance of the solver; 0
    where it has none, or none is known.
    """

    problem: Problem
    series: dict[str, Array]
    snapshots: States
    status: str
    rtol: float = 0.0

    @cached_property
    def saddles(self) -> list[Saddle]:
        """The plateaus of the loss."""
        return find_saddles(self.series, settled=self.status == "converged")

    @property
    def final(self) -> State:
        """The last state of the run."""
        return state_at(self.snapshots, np.inf)

    def loss_at(self, t: Array) -> Array:
        """The loss at flow times (k,), linear in ln(loss) between recorded rows."""
        log_loss = np.log(np.maximum(self.series["loss"], np.finfo(float).tiny))
        values: Array = np.exp(np.interp(t, self.series["t"], log_loss))
        return values
