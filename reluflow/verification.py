"""The theory's predictions for a run, judged by what the run measured."""

import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from reluflow.errors import ReluflowError
from reluflow.observe.measured import Measured
from reluflow.theory import all_predictions
from reluflow.theory.prediction import NotYet, Prediction

State = Literal["holds", "fails", "not yet", "does not apply"]

#: what a run is called that has not ended
_UNFINISHED: Final = ("building", "halted", "running", "interrupted", "unknown")
#: which of its limits a run stopped at
_LIMITS: Final = {"time": "stop.time", "steps": "stop.steps", "wall": "stop.wall_seconds"}
#: the least width that lines of text are wrapped to
_NARROWEST: Final = 40


@dataclass(frozen=True)
class Row:
    """One line of the table; see ``Prediction``.

    ``state``: "holds" or "fails" where the prediction applies and the run shows what it speaks of; "not yet"
    where its assumptions hold but its limit is not reached, by the scale of the start or by the run;
    "does not apply" else. ``applies`` is whether it holds or fails, and where it does neither ``reason`` says
    why, and ``predicted``, ``measured`` and ``holds`` are None.
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
    state: State


@dataclass(frozen=True)
class Comparison:
    """The flow that a run by another ``method`` is held against where it fails a prediction.

    ``flow``: trains the same problem by the flow's own solver, and may raise ReluflowError; ``command``: what
    a person enters to see that.
    """

    method: str
    flow: Callable[[], Measured]
    command: str


def verify(measured: Measured, comparison: Comparison | None = None) -> list[Row]:
    """Every prediction for the run's problem beside what the run measured.

    ``comparison``: asked for where a prediction fails, so that its reason can say whose fault it is.
    """
    predictions = all_predictions(measured.problem)
    rows = [judge(prediction, measured) for prediction in predictions]
    if comparison is None or all_hold(rows):
        return rows
    try:
        flow = comparison.flow()
    except ReluflowError as error:
        return [_explained(row, f"the flow cannot be compared: {error}") for row in rows]
    return [
        _explained(row, _fault(row, judge(prediction, flow), comparison))
        for row, prediction in zip(rows, predictions, strict=True)
    ]


def _explained(row: Row, words: str) -> Row:
    """A row that fails, with ``words`` after its reason; any other as it is."""
    return replace(row, reason=f"{row.reason}; {words}") if row.state == "fails" else row


def _fault(row: Row, flow: Row, comparison: Comparison) -> str:
    """Whose fault it is that a row fails, by what the flow does."""
    offer = f"compare: {comparison.command}"
    if flow.state == "holds":
        gap = abs((row.measured or 0.0) - (flow.measured or 0.0))
        return (
            f"the flow satisfies it, with {_number(flow.measured)}: the method {comparison.method} is at "
            f"fault, by {gap:.3g}; {offer}"
        )
    if flow.state == "fails":
        return f"the flow fails it too, with {_number(flow.measured)}; {offer}"
    return f"of the flow it cannot be said: {flow.reason}; {offer}"


def judge(prediction: Prediction, measured: Measured) -> Row:
    """Measure one prediction and compare."""
    prediction = replace(prediction, tolerance=max(prediction.tolerance, prediction.per_rtol * measured.rtol))
    # of weights near the largest that a run keeps a product may be no number, which no prediction expects
    with np.errstate(over="ignore", invalid="ignore"):
        found = prediction.measure(measured) if prediction.applies else None
    predicted = prediction.predicted
    if isinstance(found, NotYet):
        return _unjudged(prediction, found.reason, True)
    if not prediction.applies or predicted is None:
        return _unjudged(prediction, prediction.reason, prediction.pending)
    if found is None:
        reason = f"the run does not show it: it {_end(measured.status)}"
        reason += f"; expected {prediction.needs}" if prediction.needs else ""
        return _unjudged(prediction, reason, measured.status in (*_UNFINISHED, *_LIMITS))
    # from NumPy's types to Python's own: a NumPy False is not ``False``
    predicted, value = float(predicted), float(found)
    holds = _holds(prediction, predicted, value)
    return Row(
        prediction.id, prediction.statement, prediction.source, True, prediction.reason, predicted, value,
        float(prediction.tolerance), holds, "holds" if holds else "fails",
    )  # fmt: skip


def _unjudged(prediction: Prediction, reason: str, pending: bool) -> Row:
    """The row of a prediction that neither holds nor fails."""
    return Row(
        prediction.id, prediction.statement, prediction.source, False, reason, None, None,
        float(prediction.tolerance), None, "not yet" if pending else "does not apply",
    )  # fmt: skip


def _end(status: str) -> str:
    if status in _UNFINISHED:
        return "is not over"
    return f"stopped at {_LIMITS[status]}" if status in _LIMITS else f"ended {status}"


def _holds(prediction: Prediction, predicted: float, value: float) -> bool:
    excess = value - predicted
    gap = excess if prediction.one_sided else abs(excess)
    allowed = prediction.tolerance * (1.0 if prediction.absolute else abs(predicted))
    return math.isfinite(gap) and bool(gap <= allowed)


def all_hold(rows: Sequence[Row]) -> bool:
    """Whether no prediction that applies was found wrong."""
    return all(row.state != "fails" for row in rows)


@dataclass(frozen=True)
class Line:
    """One line of the table as text. ``verdict``: the words at its start, "" where it has none."""

    text: str
    kind: Literal["head", "holds", "fails", "note", "not yet", "idle"]
    verdict: str = ""


def table_rows(rows: Sequence[Row], width: int) -> list[Line]:
    """For a person: what applies with its numbers, then what does not, or not yet, and why.

    In ``width`` cells.
    """
    lines = [Line(f"{'':8}{'predicted':>14}{'measured':>14}  prediction", "head")]
    for row in (row for row in rows if row.applies):
        verdict = "FAILS" if row.state == "fails" else "holds"
        numbers = f"{_number(row.predicted):>14}{_number(row.measured):>14}"
        lines.append(Line(f"{verdict:8}{numbers}  {row.id}", "holds" if row.holds else "fails", verdict))
        note = f"{row.statement} [{row.source}]" + (f" {row.reason}" if row.reason else "")
        lines += [Line(text, "note") for text in _wrapped(note, width, 8, 8)]
    return [*lines, *_set_aside(rows, "not yet", width), *_set_aside(rows, "does not apply", width)]


def _set_aside(rows: Sequence[Row], state: Literal["not yet", "does not apply"], width: int) -> list[Line]:
    """What neither holds nor fails, by its reason."""
    those = [row for row in rows if row.state == state]
    kind: Literal["not yet", "idle"] = "not yet" if state == "not yet" else "idle"
    lines = [Line("", "note"), Line(f"{state}:", kind, f"{state}:")] if those else []
    for reason in dict.fromkeys(row.reason for row in those):
        named = _named([row.id for row in those if row.reason == reason])
        lines += [Line(text, kind) for text in _wrapped(reason, width, 2, 4) + _wrapped(named, width, 6, 6)]
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
