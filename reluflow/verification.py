"""The theory's predictions for a run, judged by what the run measured."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reluflow.flow.base import Options
from reluflow.observe.measured import Measured
from reluflow.observe.recorder import RecordRules
from reluflow.store.preset import Preset
from reluflow.store.run_directory import Run
from reluflow.theory import all_predictions
from reluflow.theory.prediction import Prediction
from reluflow.training import StopRules, Training

#: How closely a preset is trained and recorded for verification.
RTOL = 1e-8
RECORD = RecordRules(snapshots=1000, series=50_000, memory_mb=256.0, resolution=0.05)


@dataclass(frozen=True)
class Row:
    """One line of the table; see ``Prediction``.

    ``applies``: whether its assumptions hold, and the run shows what it speaks of; else ``reason`` says why
    not, and ``predicted``, ``measured`` and ``holds`` are None.
    """

    id: str
    statement: str
    source: str
    applies: bool
    reason: str
    predicted: float | None
    measured: float | None
    tolerance: float
    holds: bool | None


def verify(measured: Measured) -> list[Row]:
    """Every prediction for the run's problem beside what the run measured."""
    return [judge(prediction, measured) for prediction in all_predictions(measured.problem)]


def judge(prediction: Prediction, measured: Measured) -> Row:
    """Measure one prediction and compare."""
    value = prediction.measure(measured) if prediction.applies else None
    reason = prediction.reason
    if prediction.applies and value is None:
        reason = f"the run does not show it: it ended {measured.status}"
    applies = value is not None and prediction.predicted is not None
    return Row(
        prediction.id,
        prediction.statement,
        prediction.source,
        applies,
        reason,
        prediction.predicted if applies else None,
        value,
        prediction.tolerance,
        _holds(prediction, value) if value is not None and applies else None,
    )


def _holds(prediction: Prediction, value: float) -> bool:
    predicted = prediction.predicted or 0.0
    excess = value - predicted
    gap = excess if prediction.one_sided else abs(excess)
    return math.isfinite(gap) and gap <= prediction.tolerance * (
        1.0 if prediction.absolute else abs(predicted)
    )


def all_hold(rows: Sequence[Row]) -> bool:
    """Whether no prediction that applies was found wrong."""
    return all(row.holds is not False for row in rows)


def train(preset: Preset) -> Measured:
    """Train a preset in memory, more closely than usual, and measure it.

    Raises what building its problem or its solver raises.
    """
    values = preset.values
    stop = StopRules(*(values.get(f"stop.{rule}") for rule in ("loss", "time", "steps", "wall_seconds")))
    options = Options(min(RTOL, values["solver.rtol"]), values.get("solver.learning_rate"))
    training = Training(preset.problem(), values.get("solver.method"), options, stop, RECORD)
    while training.status == "running":
        training.advance(seconds=1.0)
    recorder = training.recorder
    return Measured(training.problem, recorder.series, recorder.snapshots, training.status)


def read(run: Run) -> Measured:
    """What a run directory recorded. Raises RunError if it holds no trajectory yet."""
    return Measured(run.problem, dict(run.series), run.snapshots, run.status)
