"""Rows for symmetric data, x beside -x with targets y beside -y: the network becomes the best line.

Sources and equations are in ``symmetric_course``. Rows are in the problem's loss and its flow time.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.network import Array, residuals
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory.prediction import Measure, Prediction, not_relu
from reluflow.theory.readings import tail_rate, time_of_loss
from reluflow.theory.symmetric_course import SymmetricCourse, symmetric_course

PAPER = "Zhang et al. 2025 (arXiv 2406.12615)"


@dataclass(frozen=True)
class SymmetricRules:
    """When the rows for symmetric data apply, and how closely they hold.

    Shares of a loss are of that of no network above that of the best line.
    """

    #: half of |theta|^2 over |beta|, up to which a start is small
    small: float = 1e-5
    #: first mass of one bundle over that of the other, up to which the two grow together: in between the
    #: network is not linear, and unless S = c I the force then depends on which samples a neuron sees
    together: float = 1.6
    #: loss of the best line, as a share, up to which the targets are linear
    linear: float = 1e-12
    #: share of the loss down to which curves are compared, and at which a run has ended
    lowest: float = 1e-6
    #: |d ln L| where S = c I, and where it is not (up to 6e-4 in 60 random problems)
    white_curve: float = 1e-6
    curve: float = 1e-2
    #: to which comes the first mass over |beta|, times this (up to 900 in those)
    per_mass: float = 3000.0
    #: and the solver's rtol, times this
    per_rtol: float = 10.0
    #: relative error of a half-time, to which comes that of ln(L) over the e-folds of growth until then
    half: float = 1e-4
    folds: float = 10.0
    #: relative error of the final rate, and of how it is read (``tail_rate``)
    rate: float = 0.05
    #: share of the loss at which it must fall at one of the final rates, and relative distance of the two
    settled: float = 1e-9
    near: float = 0.02
    #: |X'y| over the sum of |y_k||x_k| by coordinate, up to which it is rounding
    rounding: float = 1e-12


SYMMETRIC: Final = SymmetricRules()
#: What the rows say, by their names.
STATEMENTS = {
    "loss-curve": "The loss is that of two bundles, dv/dt = |v| (I + vv'/|v|^2) X'X/2n (beta - v), down to "
    "1e-6 of the first above that of the best line beta: largest difference of ln(loss).",
    "half-time": "The loss has come half the way to that of the best line at this flow time; where "
    "X'X = c n I the bundles grow as |beta| / (1 + (|beta|/u_0 - 1) exp(-|X'y/n| t)).",
    "final-rate": "In the end ln(loss) falls at this rate, of a mode in which two bundles come to beta; "
    "2 |X'y/n| where X'X = c n I (twice that for mse).",
    "end": "The network ends as the best line, which is the two-piece least-squares fit: distance on the "
    "samples over the length of the line's values.",
}


def predictions(problem: Problem) -> list[Prediction]:
    """All rows for symmetric data, in the problem's loss and its flow time."""
    course, reason = examine(problem)
    if course is None:
        return [
            Prediction(f"symmetric/{name}", statement, PAPER, False, reason, None, lambda run: None, 0.0)
            for name, statement in STATEMENTS.items()
        ]
    rows = _Rows(problem, course, reason)
    return [rows.curve(), rows.half_time(), rows.final_rate(), rows.end()]


class _Rows:
    """The rows one by one, for data and a start that are as they must be; ``reason``: what was checked."""

    def __init__(self, problem: Problem, course: SymmetricCourse, reason: str) -> None:
        self.problem, self.course, self.reason = problem, course, reason
        mass = float(np.exp(max(course.log_masses))) / course.size
        self.error = (SYMMETRIC.white_curve if course.white else SYMMETRIC.curve) + SYMMETRIC.per_mass * mass

    def _row(
        self, name: str, predicted: float, measure: Measure, tolerance: float,
        absolute: bool = False, reason: str | None = None, pending: str | None = None, needs: str = "",
    ) -> Prediction:  # fmt: skip
        """A row that does not apply for a ``reason``, or whose limit is not reached, ``pending`` why."""
        applies = reason is None and pending is None
        return Prediction(
            f"symmetric/{name}",
            STATEMENTS[name],
            PAPER,
            applies,
            reason or pending or self.reason,
            predicted if applies else None,
            measure,
            tolerance,
            absolute,
            per_rtol=SYMMETRIC.per_rtol if absolute else 0.0,
            needs=needs,
            pending=reason is None and pending is not None,
        )

    def curve(self) -> Prediction:
        return self._row("loss-curve", 0.0, self._curve_error, self.error, absolute=True)

    def _curve_error(self, run: Measured) -> float | None:
        course, speed = self.course, run.problem.speed
        t, loss = run.series["t"] * speed, run.series["loss"] / speed
        if loss[-1] - course.floor > 0.5 * course.start_loss:
            return None
        compared = loss - course.floor >= SYMMETRIC.lowest * course.start_loss
        gap = np.log(loss[compared]) - np.log(course.floor + course.excess(t[compared]))
        return float(np.max(np.abs(gap)))

    def half_time(self) -> Prediction:
        level = (self.course.floor + 0.5 * self.course.start_loss) * self.problem.speed
        return self._row(
            "half-time",
            self.course.time_of(0.5) / self.problem.speed,
            lambda run: time_of_loss(run, level),
            SYMMETRIC.half + self.error / SYMMETRIC.folds,
        )

    def final_rate(self) -> Prediction:
        course, reason, pending = self.course, None, None
        seen = course.rate_at(SYMMETRIC.settled)
        rate = float(course.rates[np.argmin(np.abs(course.rates - seen))])
        if course.floor > SYMMETRIC.linear * course.start_loss:
            reason = f"the targets are not linear: the loss ends at {course.floor * self.problem.speed:.6g}"
        elif abs(seen / rate - 1.0) > SYMMETRIC.near:
            pending = (
                f"at {SYMMETRIC.settled:g} of the first loss ln(loss) falls at the rate "
                f"{seen * self.problem.speed:.4g}, not yet at {rate * self.problem.speed:.4g}; expected at a "
                "far lower stop.loss"
            )
        predicted = rate * self.problem.speed
        return self._row(
            "final-rate",
            predicted,
            lambda run: tail_rate(run, SYMMETRIC.rate),
            SYMMETRIC.rate,
            reason=reason,
            pending=pending,
        )

    def end(self) -> Prediction:
        lowest = SYMMETRIC.lowest
        return self._row(
            "end", 0.0, self._distance, 2.0 * float(np.sqrt(lowest)), absolute=True,
            needs=f"a run that comes to rest, or to {lowest:g} of its first loss above that of the line",
        )  # fmt: skip

    def _distance(self, run: Measured) -> float | None:
        course, problem, final = self.course, run.problem, run.final
        above = run.series["loss"][-1] / problem.speed - course.floor
        if run.status != "stationary" and above > SYMMETRIC.lowest * course.start_loss:
            return None
        line = problem.span.inputs @ course.line
        off = residuals(final.weights, final.output_weights, problem.inputs, line, problem.slope)
        return float(np.linalg.norm(off) / np.linalg.norm(line))


def examine(problem: Problem) -> tuple[SymmetricCourse | None, str]:
    """The course of the two bundles, and what was checked; or None, and what was found and is expected."""
    reason = not_relu(problem) or _unpaired(problem)
    if reason is not None:
        return None, reason
    if not np.any(np.abs(problem.targets @ problem.inputs) > SYMMETRIC.rounding * _products(problem)):
        return None, "no line fits better than zero: X'y = 0; expected another vector"
    course = symmetric_course(problem)
    squares = np.vdot(problem.weights, problem.weights) + problem.output_weights @ problem.output_weights
    share = 0.5 * float(squares) / course.size
    if share > SYMMETRIC.small:
        return None, (
            f"the start is not small: half of its |theta|^2 is {share:.2g} of the line's length; "
            f"expected at most {SYMMETRIC.small:g}"
        )
    if not np.all(np.isfinite(course.log_masses)):
        word = "positive" if np.isinf(course.log_masses[0]) else "negative"
        return None, f"no neuron comes to the bundle with {word} output weights; expected both bundles"
    ratio = float(np.exp(abs(course.log_masses[0] - course.log_masses[1])))
    if not course.white and ratio > SYMMETRIC.together:
        return None, (
            f"one bundle starts with {ratio:.3g} times the mass of the other; expected at most "
            f"{SYMMETRIC.together:g} times, as by chance in wide networks, where X'X is no multiple of the "
            "identity"
        )
    return course, "the data are pairs x and -x with targets y and -y, and the start is small"


def _unpaired(problem: Problem) -> str | None:
    """Which sample has no other at -x with the target -y."""
    samples = np.column_stack([problem.inputs, problem.targets])
    # adding zero makes -0.0 and 0.0 alike; negation does not round
    there = Counter(row.tobytes() for row in samples + 0.0)
    for k, row in enumerate(0.0 - samples):
        mirrored = (row + 0.0).tobytes()
        if there[mirrored] == 0:
            return (
                f"the data are not symmetric: sample {k + 1} has none of its own at -x with the target -y; "
                "expected all to have one"
            )
        there[mirrored] -= 1
    return None


def _products(problem: Problem) -> Array:
    """sum_k |y_k| |x_k| by coordinate (d,), of which X'y is known to rounding."""
    sizes: Array = np.abs(problem.targets) @ np.abs(problem.inputs)
    return sizes
