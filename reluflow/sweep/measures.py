"""Measures: what can be read off a run beside the columns that every table has."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from reluflow.data.datasets import build_data
from reluflow.data.held_out import held_out
from reluflow.errors import SweepError
from reluflow.flow.base import State
from reluflow.observe.columns import published_columns
from reluflow.problem import Problem
from reluflow.store.preset import Preset
from reluflow.store.schema import show, suggestion
from reluflow.sweep.columns import RESULTS
from reluflow.theory import PREDICTIONS, all_predictions
from reluflow.training.measuring import of_history
from reluflow.training.training import Training
from reluflow.verification import Row, judge

#: Numbers of ``run --json`` that are no columns already.
OF_SUMMARY: Final = ("steps", "events", "gradient_norm")
#: Before the name of a prediction; behind it may stand what is asked of it, else what was measured.
VERIFY: Final = "verify:"
_ASKED: Final = ("predicted", "state")
#: Columns of ``info --columns`` whose names depend on the numbers of samples or dimensions.
_CHANGING: Final = ("left_", "outside_")


def chosen(names: Sequence[str], preset: Preset) -> tuple[str, ...]:
    """The measures among ``names`` that are no columns already; ``preset``: at the first point.

    Raises SweepError for a name that there is not, and what building the problem raises.
    """
    columns = [each.name for each in RESULTS]
    wanted = tuple(dict.fromkeys(name for name in names if name not in columns))
    if not wanted:
        return ()
    problem = preset.problem()
    known = [*OF_SUMMARY, *_published(preset, problem, State(0.0, problem.weights, problem.output_weights))]
    if any(name.startswith(VERIFY) for name in wanted):
        known += [
            f"{VERIFY}{id}{end}" for id in PREDICTIONS for end in ("", *(f".{each}" for each in _ASKED))
        ]
    for name in wanted:
        if name not in known:
            raise SweepError(f"--measure: there is no measure {show(name)}{suggestion(name, known)}")
    return wanted


def measured(
    names: Sequence[str], preset: Preset, training: Training, summary: Mapping[str, Any]
) -> dict[str, Any]:
    """The measures of a run that has ended, by name; NaN for what it does not have."""
    found = {name: summary[name] for name in names if name in OF_SUMMARY}
    rows = _verified(names, preset, training)
    for name in names:
        if name.startswith(VERIFY):
            found[name] = _of_row(rows, name)
    left = [name for name in names if name not in found]
    if left:
        columns = _published(preset, training.problem, training.solver.state)
        found |= {name: columns.get(name, math.nan) for name in left}
    return found


def _published(preset: Preset, problem: Problem, state: State) -> dict[str, float]:
    """The columns of ``info --columns`` whose names do not change with the sizes of the problem."""
    data = build_data(preset.values, preset.folder)
    teacher = None if data.teacher is None else data.teacher[0]
    columns = published_columns(state, problem, teacher, held_out(preset.values, data))
    return {name: value for name, value in columns.items() if not name.startswith(_CHANGING)}


def _verified(names: Sequence[str], preset: Preset, training: Training) -> dict[str, Row]:
    """The judged predictions that are asked for, by id."""
    ids = {_parts(name)[0] for name in names if name.startswith(VERIFY)}
    if not ids:
        return {}
    run = of_history(preset, training.method, training.problem, training.recorder.history, training.status)
    return {row.id: judge(row, run) for row in all_predictions(training.problem) if row.id in ids}


def _of_row(rows: Mapping[str, Row], name: str) -> Any:
    id, asked = _parts(name)
    value = getattr(rows[id], asked or "measured") if id in rows else None
    if asked == "state":
        return value or "does not apply"
    return math.nan if value is None else value


def _parts(name: str) -> tuple[str, str]:
    """Of verify:ROW.predicted, ROW and predicted."""
    id, _, asked = name.removeprefix(VERIFY).rpartition(".")
    return (id, asked) if asked in _ASKED and id else (name.removeprefix(VERIFY), "")
