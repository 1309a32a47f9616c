"""What every prediction of the theory looks like, so that one table can show them all."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from reluflow.observe.measured import Measured
from reluflow.problem import Problem


@dataclass(frozen=True)
class NotYet:
    """What a run says of a limit that it has not come to: ``reason``, why, and when it would have."""

    reason: str


#: Reads a number off a run; None if the run does not show it (it never comes to rest, say).
Measure = Callable[[Measured], float | NotYet | None]


@dataclass(frozen=True)
class Prediction:
    """One prediction for one problem.

    ``id``: "orthogonal/first-escape". ``statement``: one sentence with its unit. ``source``: a paper, or
    "derived". ``applies``: whether the assumptions hold on the data and the start at hand, and a limit that
    is spoken of is reached at this scale; ``reason``: what fails of this, or what was checked. ``pending``:
    of a prediction that does not apply, whether only its limit is not reached. ``predicted``: None if it
    does not apply. ``tolerance``: largest difference at which it holds, relative to ``predicted`` unless
    ``absolute``. ``one_sided``: the measured value need only not exceed the predicted one by more than the
    tolerance. ``per_rtol``: the tolerance is at least this times that of the run's solver. ``needs``: what a
    run must do to show it, where that is not plain from the statement.
    """

    id: str
    statement: str
    source: str
    applies: bool
    reason: str
    predicted: float | None
    measure: Measure
    tolerance: float
    absolute: bool = False
    one_sided: bool = False
    per_rtol: float = 0.0
    needs: str = ""
    pending: bool = False

    def not_applying(self, reason: str) -> "Prediction":
        """The same prediction where its assumptions fail."""
        return replace(self, applies=False, reason=reason, predicted=None, pending=False)


def not_relu(problem: Problem) -> str | None:
    """Why what is stated for the ReLU alone does not apply; None if the activation is one."""
    if problem.slope == 0.0:
        return None
    return f"the slope of the activation is {problem.slope:g}: this is known for the ReLU, slope 0, only"


def not_computed(id: str, statement: str, reason: str) -> Prediction:
    """A prediction that does not apply, of which no more is known than what it says in one line."""
    return Prediction(id, f"{statement[0].upper()}{statement[1:]}.", "", False, reason, None, _nothing, 0.0)


def _nothing(run: Measured) -> None:
    return None
