"""The theory's predictions for a run, judged by what the run measured."""

import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from reluflow.flow.base import Options
from reluflow.observe.history import History
from reluflow.observe.measured import Measured
from reluflow.observe.recorder import RecordRules, Snapshots
from reluflow.problem import Problem
from reluflow.store.preset import Preset
from reluflow.store.run_directory import Run
from reluflow.theory import all_predictions
from reluflow.theory.prediction import Prediction
from reluflow.training import StopRules, Training

#: How closely a preset is trained and recorded for verification. On shipped presets rtol 1e-8 and half the
#: resolution take twice as long, and move no measured number by a tenth of its tolerance.
RTOL = 1e-7
RECORD = RecordRules(snapshots=1000, series=50_000, memory_mb=256.0, resolution=0.02)

#: seconds of training between two looks at it
LOOK_EVERY: Final = 0.2
#: what a run is called that has not ended
_UNFINISHED: Final = ("building", "halted", "running")
#: which of its limits a run stopped at
_LIMITS: Final = {"time": "stop.time", "steps": "stop.steps", "wall": "stop.wall_seconds"}
#: the least width that lines of text are wrapped to
_NARROWEST: Final = 40


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
        reason = f"the run does not show it: it {_end(measured.status)}"
        reason += f"; expected {prediction.needs}" if prediction.needs else ""
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


def _end(status: str) -> str:
    if status in _UNFINISHED:
        return "is not over"
    return f"stopped at {_LIMITS[status]}" if status in _LIMITS else f"ended {status}"


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


def train(preset: Preset, look: Callable[[Training], None] | None = None) -> Measured:
    """Train a preset in memory, more closely than usual, and measure it; ``look`` is called meanwhile.

    Raises what building its problem or its solver raises.
    """
    values = preset.values
    stop = StopRules(*(values.get(f"stop.{rule}") for rule in ("loss", "time", "steps", "wall_seconds")))
    options = Options(min(RTOL, values["solver.rtol"]), values.get("solver.learning_rate"))
    training = Training(preset.problem(), values.get("solver.method"), options, stop, RECORD)
    while training.status == "running":
        training.advance(seconds=LOOK_EVERY)
        if look is not None:
            look(training)
    recorder = training.recorder
    return Measured(training.problem, recorder.series, recorder.snapshots, training.status)


def read(run: Run) -> Measured:
    """What a run directory recorded. Raises RunError if it holds no trajectory yet."""
    return Measured(run.problem, dict(run.series), run.snapshots, run.status)


def of_history(problem: Problem, history: History, status: str) -> Measured:
    """What the history of a live run recorded so far; its states are copied into one stack."""
    states = history.states
    weights = np.stack([state.weights for state in states])
    outputs = np.stack([state.output_weights for state in states])
    return Measured(
        problem, dict(history.series), Snapshots(np.array(history.times), weights, outputs), status
    )


@dataclass(frozen=True)
class Line:
    """One line of the table as text. ``verdict``: the words at its start, "" where it has none."""

    text: str
    kind: Literal["head", "holds", "fails", "note", "idle"]
    verdict: str = ""


def table_rows(rows: Sequence[Row], width: int) -> list[Line]:
    """For a person: what applies with its numbers, then what does not and why, in ``width`` cells."""
    lines = [Line(f"{'':8}{'predicted':>14}{'measured':>14}  prediction", "head")]
    for row in (row for row in rows if row.applies):
        verdict = "holds" if row.holds else "FAILS"
        numbers = f"{_number(row.predicted):>14}{_number(row.measured):>14}"
        lines.append(Line(f"{verdict:8}{numbers}  {row.id}", "holds" if row.holds else "fails", verdict))
        note = f"{row.statement} [{row.source}]" + (f" {row.reason}" if row.reason else "")
        lines += [Line(text, "note") for text in _wrapped(note, width, 8, 8)]
    others = [row for row in rows if not row.applies]
    lines += [Line("", "note"), Line("does not apply:", "idle", "does not apply:")] if others else []
    for reason in dict.fromkeys(row.reason for row in others):
        named = _named([row.id for row in others if row.reason == reason])
        lines += [Line(text, "idle") for text in _wrapped(reason, width, 2, 4) + _wrapped(named, width, 6, 6)]
    return lines


def _named(ids: Sequence[str]) -> str:
    """Ids with what stands before their stroke named once: "orthogonal/least-norm, final-norm"."""
    words: list[str] = []
    before = None
    for id in ids:
        chapter, stroke, name = id.partition("/")
        words.append(name if stroke and chapter == before else id)
        before = chapter
    return ", ".join(words)


def _wrapped(text: str, width: int, first: int, later: int) -> list[str]:
    return textwrap.wrap(
        text,
        max(width, _NARROWEST),
        initial_indent=" " * first,
        subsequent_indent=" " * later,
        break_on_hyphens=False,
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"
