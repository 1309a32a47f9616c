"""The theory's line through a curve of a sweep, where there is one."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.errors import ReluflowError
from reluflow.network import Array
from reluflow.sweep.columns import Column
from reluflow.sweep.mapping import rows_of
from reluflow.sweep.study import Study
from reluflow.sweep.summary import Groups
from reluflow.sweep.theory import Predicted, predict

#: Rows of each group for which the theory is asked, and seconds for all of them.
MOST_ROWS: Final = 9
MOST_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Line:
    """``values`` (g,) of the theory for each group, NaN where it says nothing; ``name``: what it is."""

    values: Array
    name: str


#: What is predicted of points of a grid, by their number, None where nothing is.
Predictions = dict[int, Predicted | None]


def theory_line(
    study: Study, groups: Groups, table: Mapping[str, Column], asked: Predictions | None = None
) -> Line | None:
    """The theory's median over some rows of each group; None where it knows nothing of the value.

    ``asked`` keeps what is predicted, for the line of another value of the same rows.
    """
    asked = {} if asked is None else asked
    if not _is_predicted(groups.value) or (study.theory_only and groups.value != "success"):
        return None  # it would be the curve itself
    values = np.full(len(groups.count), np.nan)
    end, name = time.perf_counter() + MOST_SECONDS, ""
    for place in range(values.size):
        rows = rows_of(table, groups, place)
        found = []
        for row in rows[:: max(1, len(rows) // MOST_ROWS)][:MOST_ROWS]:
            if time.perf_counter() > end:
                return None
            number = int(table["number"][row])
            if number not in asked:
                asked[number] = _prediction(study, number)
            prediction = asked[number]
            if prediction is not None:
                found.append(predicted_value(prediction, groups.value))
                name = _name(prediction, groups.value)
        known = [each for each in found if not math.isnan(each)]
        if known:
            values[place] = np.mean(known) if groups.value == "success" else np.median(known)
    return Line(values, name) if np.isfinite(values).any() else None


def _is_predicted(value: str) -> bool:
    return value in ("escape_times", "success", "loss", "variation_norm") or value.startswith("escape:")


def _prediction(study: Study, number: int) -> Predicted | None:
    try:
        found = predict(study.preset_at(number))
    except (ReluflowError, OSError, ArithmeticError, ValueError):
        return None
    return found if isinstance(found, Predicted) else None


def predicted_value(prediction: Predicted, value: str) -> float:
    """What is predicted for a value of a row, by its name; NaN where that is not known."""
    if value == "success":
        return math.nan if prediction.fit_probability is None else prediction.fit_probability
    if value in ("loss", "variation_norm"):
        return prediction.loss if value == "loss" else prediction.norm
    if not _is_predicted(value):
        return math.nan
    place = 0 if value == "escape_times" else int(value.partition(":")[2]) - 1
    return prediction.escapes[place] if place < len(prediction.escapes) else math.nan


def _name(prediction: Predicted, value: str) -> str:
    if value == "success":
        return "P(fit) of random starts on orthogonal data"
    return prediction.setting
