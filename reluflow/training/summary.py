"""What is told of a run in numbers."""

from dataclasses import asdict
from typing import Any

from reluflow.flow.base import SolverView
from reluflow.flow.margins import margins_of
from reluflow.observe.plateau_contents import contents
from reluflow.observe.plateaus import escapes_of, find_saddles
from reluflow.observe.quantities import size_of
from reluflow.observe.recorder import Recorder


def measured(solver: SolverView, recorder: Recorder, settled: bool) -> dict[str, Any]:
    """Numbers of a solver and its record; ``settled``: whether the last plateau is the end of the run."""
    problem, state, series = solver.problem, solver.state, recorder.series
    saddles = find_saddles(series, settled=settled)
    states = recorder.history.states
    found: dict[str, Any] = {
        "time": solver.t,
        "loss": solver.loss,
        "loss_convention": problem.loss,
        "steps": solver.steps,
        "events": solver.events,
        "gradient_norm": float(series["gradient_norm"][-1]),
        **vars(size_of(state)),
        "escapes": escapes_of(saddles),
        "saddles": [vars(saddle) | contents(saddle, states, problem) for saddle in saddles],
    }
    if problem.weight_decay:
        found["objective"] = solver.loss + problem.penalty(state.weights, state.output_weights)
    if problem.of_labels:
        found |= asdict(margins_of(problem, state))
    return found
