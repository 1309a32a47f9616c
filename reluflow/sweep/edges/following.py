"""Two solutions that start close together, followed until they part."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.errors import EdgeError
from reluflow.flow import make_solver
from reluflow.flow.base import FlowSolver, Outcome, State
from reluflow.network import Array, row_norms
from reluflow.problem import Problem
from reluflow.sweep.edges.outcomes import Endings, StoppedError
from reluflow.training.threads import one_thread

#: Separations (see ``separation``) at which both are looked at: still close, and parted.
CLOSE: Final = 1e-6
PARTED: Final = 1e-3
#: Steps of either in which they part.
MOST_STEPS: Final = 50_000
#: Halvings within which the time of a separation is found in a step.
_HALVINGS: Final = 60


@dataclass(frozen=True)
class Pair:
    """Both networks at one time, and how far they are from each other."""

    t: float
    one: State
    other: State
    apart: float


@dataclass(frozen=True)
class Parting:
    """Two solutions at their start, still close, and parted.

    ``rate``: at which their separation grows between the last two, per unit of flow time.
    """

    start: Pair
    close: Pair
    parted: Pair

    @property
    def rate(self) -> float:
        passed = self.parted.t - self.close.t
        return math.log(self.parted.apart / self.close.apart) / passed if passed > 0.0 else math.inf


def separations(one: State, other: State) -> Array:
    """|w_j - w'_j| of two networks over the size of neuron j (m,)."""
    sizes = np.maximum(row_norms(one.weights), row_norms(other.weights))
    gaps = row_norms(one.weights - other.weights)
    return np.where(sizes > 0.0, gaps / np.where(sizes > 0.0, sizes, 1.0), 0.0)


def followed(one: Problem, other: Problem, endings: Endings, until: float) -> Parting:
    """Solve both until they part. Raises EdgeError if they do not up to the flow time ``until``."""
    two = _Two(one, other, endings, until)
    start = two.at(0.0)
    close = start if start.apart >= CLOSE else two.first_at(CLOSE)
    return Parting(start, close, close if close.apart >= PARTED else two.first_at(PARTED))


class _Two:
    """Two solvers, the one that is behind taking the next step, so that the last steps of both overlap."""

    def __init__(self, one: Problem, other: Problem, endings: Endings, until: float) -> None:
        self._endings, self._until = endings, until
        with one_thread():
            self._solvers = [make_solver(endings.method, each, endings.options) for each in (one, other)]
        #: both have been looked at up to here
        self._seen = 0.0

    def at(self, t: float) -> Pair:
        """Both at a time that lies in the last steps of both, or where both stand."""
        one, other = (_state(solver, t) for solver in self._solvers)
        return Pair(t, one, other, float(np.max(separations(one, other))))

    def first_at(self, level: float) -> Pair:
        """Both where their separation first comes to ``level``, to a factor of 2 unless it jumps there."""
        pair = self.at(self._seen)
        with one_thread():
            while pair.apart < level:
                now = min(solver.t for solver in self._solvers)
                if now <= self._seen:
                    self._step()
                    continue
                pair = self.at(now)
                if pair.apart >= level:
                    pair = self._narrowed(pair, level)
                self._seen = pair.t
        return pair

    def _step(self) -> None:
        by = self._endings.interrupted_by()
        if by is not None:
            raise StoppedError(by)
        solver = min(self._solvers, key=lambda each: each.t)
        if solver.t >= self._until or solver.steps >= MOST_STEPS:
            raise EdgeError(
                f"the two sides of the boundary do not part by t = {solver.t:.6g}, although they end "
                "differently; expected a boundary from which runs depart"
            )
        if solver.step(t_end=self._until) is Outcome.FAILED:
            raise EdgeError(f"a run along the boundary failed: {solver.failure}")

    def _narrowed(self, late: Pair, level: float) -> Pair:
        early = self._seen
        for _ in range(_HALVINGS):
            middle = 0.5 * (early + late.t)
            if late.apart <= 2.0 * level or middle in (early, late.t):
                break
            pair = self.at(middle)
            if pair.apart >= level:
                late = pair
            else:
                early = middle
        return late


def _state(solver: FlowSolver, t: float) -> State:
    return solver.state if t == solver.t else solver.dense_output()(t)
