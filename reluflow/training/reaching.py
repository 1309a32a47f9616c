"""The state of a stored run at any flow time, solved rather than interpolated."""

from dataclasses import replace
from typing import Final

import numpy as np

from reluflow.errors import RunError
from reluflow.flow import DEFAULT_METHOD
from reluflow.flow.base import Options, State
from reluflow.observe.measured import state_at
from reluflow.observe.recorder import RecordRules
from reluflow.store.run_reader import Run
from reluflow.training.stopping import StopRules
from reluflow.training.training import Training

#: Nothing of the way there is kept.
_RECORD: Final = RecordRules(snapshots=4, series=16, memory_mb=0.0, resolution=float("inf"))


def reached(run: Run, t: float) -> State:
    """The state of a run at flow time ``t``, which is none after its end.

    It is solved from the last state recorded by then, by the run's own method and tolerance. Of descent it is
    the last iterate by then. Raises RunError if the solver fails on the way, and what reading the run raises.
    """
    begun, values = state_at(run.snapshots, t), run.preset.values
    method, left = values.get("solver.method", DEFAULT_METHOD), t - begun.t
    rate = values.get("solver.learning_rate") if method == "gd" else None
    if rate is not None:
        left = float(np.floor(left / rate + 1e-9)) * rate
    if left <= 0.0:
        return begun
    problem = replace(run.problem, weights=begun.weights, output_weights=begun.output_weights)
    training = Training(problem, method, Options.of(values), StopRules(time=left), _RECORD)
    training.run()
    if training.status == "failed":
        raise RunError(f"{run.path}: its state at t = {t:.6g} cannot be solved: {training.reason}")
    return replace(training.solver.state, t=t if rate is None else begun.t + left)
