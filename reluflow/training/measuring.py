"""What is measured on a run, as predictions read it: a run that is trained for them, stored, or live."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from reluflow.errors import RunError
from reluflow.flow import DEFAULT_METHOD, DESCENT
from reluflow.flow.base import Options
from reluflow.flow.margins import MARGINS
from reluflow.network import Array
from reluflow.observe.history import History
from reluflow.observe.measured import Measured
from reluflow.observe.recorder import RecordRules, Snapshots
from reluflow.problem import Problem
from reluflow.store.preset import Preset
from reluflow.store.run_record import RunRecord
from reluflow.training.training import StopRules, Training

#: How closely a preset is trained and recorded for verification. On shipped presets rtol 1e-8 and half the
#: resolution take twice as long, and move no measured number by a tenth of its tolerance.
RTOL = 1e-7
RECORD = RecordRules(snapshots=1000, series=50_000, memory_mb=256.0, resolution=0.02)

#: seconds of training between two looks at it
LOOK_EVERY: Final = 0.2


def train(preset: Preset, look: Callable[[Training], None] | None = None) -> Measured:
    """Train a preset in memory, more closely than usual, and measure it; ``look`` is called meanwhile.

    Raises what building its problem or its solver raises.
    """
    return _trained(preset.problem(), preset, StopRules.of(preset), look)


def train_flow(
    measured: Measured,
    preset: Preset,
    look: Callable[[Training], None] | None = None,
    seconds: float | None = None,
) -> Measured:
    """Train the problem of a run of ``preset`` by the flow's own solver, for as long as the run went.

    Steps are counted in those of the run's method: where they are limited the flow time that it came to is
    the limit. ``seconds``: of wall time, instead of the preset's own limit. Raises what building the solver
    raises.
    """
    stop = StopRules.of(preset)
    if seconds is not None:
        stop = replace(stop, wall_seconds=seconds)
    if stop.steps is not None:
        stop = replace(stop, steps=None, time=float(measured.series["t"][-1]))
    flow = preset.with_values({"solver.method": DEFAULT_METHOD})
    return _trained(measured.problem, flow, stop, look)


def _trained(
    problem: Problem, preset: Preset, stop: StopRules, look: Callable[[Training], None] | None
) -> Measured:
    values = preset.values
    options = Options.of(values)
    options = replace(options, rtol=min(RTOL, options.rtol))
    training = Training(problem, values.get("solver.method"), options, stop, RECORD)
    training.run(look or (lambda _: None), LOOK_EVERY)
    recorder = training.recorder
    rtol = _tolerance(training.method, options.rtol)
    return Measured(training.problem, recorder.series, recorder.snapshots, training.status, rtol)


def read(run: RunRecord) -> Measured:
    """What a run recorded.

    Raises RunError if it holds no trajectory yet, or that of another loss than its preset has.
    """
    _require_margins(run.problem, run.series)
    rtol = _tolerance(
        run.preset.values.get("solver.method", DEFAULT_METHOD), run.preset.values["solver.rtol"]
    )
    return Measured(run.problem, dict(run.series), run.snapshots, run.status, rtol)


def of_history(preset: Preset, method: str, problem: Problem, history: History, status: str) -> Measured:
    """What the history of a live run recorded so far; its states are copied into one stack.

    Raises RunError for a stored one of another loss than its preset has.
    """
    _require_margins(problem, history.series)
    states = history.states
    weights = np.stack([state.weights for state in states])
    outputs = np.stack([state.output_weights for state in states])
    return Measured(
        problem,
        dict(history.series),
        Snapshots(np.array(history.times), weights, outputs),
        status,
        _tolerance(method, preset.values["solver.rtol"]),
    )


def _require_margins(problem: Problem, series: Mapping[str, Array]) -> None:
    """Raise RunError where a run cannot have been of the problem's loss: its preset was changed."""
    if problem.of_labels and not set(MARGINS) <= set(series):
        raise RunError(
            f"the run recorded no margins; expected them with the loss {problem.loss} of its preset, unless "
            "that was edited since"
        )


def _tolerance(method: str, rtol: float) -> float:
    """The relative tolerance that a method keeps; plain descent has none."""
    return 0.0 if method == DESCENT else float(rtol)
