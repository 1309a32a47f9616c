"""The loss between recorded states of a run, solved rather than interpolated."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reluflow.flow.base import Options, State
from reluflow.network import Array
from reluflow.observe.quantities import loss_at
from reluflow.observe.recorder import RecordRules
from reluflow.problem import Problem
from reluflow.training.stopping import StopRules
from reluflow.training.training import Training

#: Seconds of solving after which it is given up.
MOST_SECONDS: Final = 5.0
#: Nothing of the way is kept but the loss at the times asked for.
_RECORD: Final = RecordRules(snapshots=4, series=16, memory_mb=0.0, resolution=float("inf"))


@dataclass(frozen=True, eq=False)
class CloseUp:
    """Losses (k,) at flow times (k,) of a run, increasing; the losses are those of the problem's loss."""

    t: Array
    loss: Array


def close_up(
    problem: Problem,
    method: str,
    options: Options,
    begun: State,
    times: Array,
    abandoned: Callable[[], bool] = lambda: False,
) -> CloseUp | None:
    """The loss at increasing flow times, solved from a state of the run at or before the first of them.

    The run's own method and tolerance are used, and dense output within its steps; between iterates of
    descent networks lie on straight lines. Returns None if it was ``abandoned``, takes too long, or the
    solver fails on the way. Raises what building the solver raises.
    """
    start = replace(problem, weights=begun.weights, output_weights=begun.output_weights)
    wanted = times - begun.t
    stop = StopRules(time=max(float(wanted[-1]), 0.0), wall_seconds=MOST_SECONDS)
    training = Training(start, method, options, stop, _RECORD)
    losses = np.where(wanted <= 0.0, training.solver.loss, np.nan)

    def of(state: State) -> float:
        return loss_at(state, problem.inputs, problem.targets, problem.loss, problem.slope)

    def follow(run: Training) -> None:
        solver = run.solver
        inside = np.flatnonzero((wanted > solver.t_old) & (wanted <= solver.t))
        if inside.size:
            states = solver.dense_output().states(wanted[inside])
            losses[inside] = [of(state) for state in states]

    training.run(follow, every=None, interrupted_by=lambda: "another" if abandoned() else None)
    if training.status in ("interrupted", "failed", "wall"):
        return None
    losses[np.isnan(losses)] = training.solver.loss  # it rests, or is at its goal within rounding
    return CloseUp(times, losses)
