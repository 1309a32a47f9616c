"""Rows that hold a run against the limit process of vanishing scale on any data (``limit_process``).

The limit says nothing about terms that do not grow with ln(1/scale): how long an escape takes, and how large
the neurons are that started in one basin. Both are estimated, and rows whose correction would be large do not
apply. Rows are in the problem's loss and its flow time.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reluflow.network import log_variation_norm, row_norms, variation_norm
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory.limit_process import Limit, general_limit
from reluflow.theory.orthogonal_assumptions import ORTHOGONAL
from reluflow.theory.orthogonal_formulas import least_orthogonal
from reluflow.theory.prediction import Measure, Prediction, not_relu
from reluflow.theory.readings import time_of_loss

#: Escapes that have a row of their own.
NAMES = ("first", "second", "third")
#: More samples, or more pairs of neuron and sample, than this are not followed.
MOST_SAMPLES, MOST_PAIRS = 100, 200_000
#: The outputs of a small start are at most this share of the largest target.
SMALL = 1e-2
#: e-folds of a neuron's size that the number of neurons in a basin and their angles may amount to ...
FOLDS = 3.0
#: ... and how often the duration of the escape itself, and of those before it, counts.
OWN_LAG, LAGS = 0.5, 2.0
#: A row applies if all this is at most such a share of the time predicted.
LARGEST_CORRECTION = 0.3
#: The final norm is hardly more than so many times that of one neuron for each sample.
LARGEST_NORM = 100.0
#: e-folds of the next neurons to grow for which the loss must rest to be a plateau.
PLATEAU = 8.0
#: Relative errors of the loss on a plateau and of the final norm.
LEVEL, NORM = 0.02, 0.02


def predictions(problem: Problem) -> list[Prediction]:
    """All rows of the limit process, in the problem's loss and its flow time."""
    rows = _Rows(problem)
    return [
        *(rows.escape(i) for i in range(len(NAMES))),
        rows.plateaus(),
        rows.final_loss(),
        rows.final_norm(),
    ]


@dataclass(frozen=True)
class _Rows:
    """The rows one by one, from what all of them need."""

    problem: Problem

    @cached_property
    def reason(self) -> str | None:
        """The assumption that fails; None if there is a limit to compare with."""
        problem = self.problem
        if problem.slope != 0.0:
            return not_relu(problem)
        if abs(least_orthogonal(problem.inputs)[0]) <= ORTHOGONAL:
            return "the inputs are orthogonal: the rows of that setting say more"
        if problem.samples > MOST_SAMPLES or problem.samples * problem.width > MOST_PAIRS:
            return f"{problem.width} neurons on {problem.samples} samples are too many for the limit process"
        reach = variation_norm(problem.weights, problem.output_weights) * np.max(row_norms(problem.inputs))
        if reach > SMALL * np.max(np.abs(problem.targets)):
            most = SMALL * np.max(np.abs(problem.targets))
            return f"the start is not small: its outputs may be {reach:.2g}; expected at most {most:.2g}"
        start = log_variation_norm(problem.weights, problem.output_weights)
        folds = 0.5 * (float(np.log(LARGEST_NORM * _norm_alone(problem))) - start)
        if LARGEST_CORRECTION * folds < FOLDS:
            least = FOLDS / LARGEST_CORRECTION
            return (
                f"the scale is too large for the limit: ln(1/scale) is {folds:.2g} at most; expected "
                f"{least:.2g} or more"
            )
        if self.limit.trouble:
            return self.limit.trouble
        return None if self.limit.escapes else "no neuron grows from this start"

    @cached_property
    def limit(self) -> Limit:
        p = self.problem
        return general_limit(p.inputs, p.targets, p.weights, p.output_weights)

    @cached_property
    def log_scale(self) -> float:
        """ln(1/scale), scale^2 = mass of the start / mass of the end."""
        start = log_variation_norm(self.problem.weights, self.problem.output_weights)
        return 0.5 * (float(np.log(self.limit.norm)) - start)

    def _correction(self, index: int) -> float:
        """What the limit leaves out of the time of an escape, at most, as a share of that time."""
        escapes = self.limit.escapes
        lags = LAGS * sum(one.lag for one in escapes[:index]) + OWN_LAG * escapes[index].lag
        return (lags + FOLDS / escapes[index].rate) / (escapes[index].time * self.log_scale)

    def _too_large(self, last: int) -> str | None:
        """Why the escapes up to number ``last`` cannot be told from the limit."""
        if self.reason is not None:
            return self.reason
        if last >= len(self.limit.escapes):
            return f"only {len(self.limit.escapes)} escape(s) take place in the limit"
        worst = max(self._correction(i) for i in range(last + 1))
        if worst > LARGEST_CORRECTION:
            return (
                f"the scale is too large for the limit: times may differ by {100.0 * worst:.3g} %, at most "
                f"{100.0 * LARGEST_CORRECTION:.0f} % are compared"
            )
        return None

    def _row(
        self, name: str, statement: str, reason: str | None, predicted: float | None, measure: Measure,
        tolerance: float, absolute: bool = False,
    ) -> Prediction:  # fmt: skip
        return Prediction(
            f"limit/{name}",
            statement,
            "derived",
            reason is None,
            reason or f"ln(1/scale) = {self.log_scale:.4g}, scale^2 = initial / final mass",
            predicted,
            measure,
            tolerance,
            absolute,
        )

    def _level(self, index: int) -> float:
        """Loss (half-mse) of the plateau before escape number ``index``."""
        return self.limit.escapes[index - 1].loss if index else self.limit.start_loss

    def _shows(self, index: int) -> bool:
        """Whether the plateau before escape number ``index`` lasts long enough to be seen, on both sides."""
        escapes = self.limit.escapes
        if index >= len(escapes):
            return True
        before = escapes[index - 1] if index else None
        wait = (escapes[index].time - (before.time if before else 0.0)) * self.log_scale
        spent = LAGS * before.lag if before else 0.0
        return (wait - spent) * escapes[index].rate >= PLATEAU

    def escape(self, index: int) -> Prediction:
        reason, predicted, tolerance, level = self._too_large(index), None, 0.0, 0.0
        if reason is None and not (self._shows(index) and self._shows(index + 1)):
            reason = "other escapes are too close for a plateau between them"
        if reason is None:
            one, speed = self.limit.escapes[index], self.problem.speed
            predicted = one.time * self.log_scale / speed
            level = (one.loss + 0.25 * (self._level(index) - one.loss)) * speed
            tolerance = self._correction(index)
        return self._row(
            f"{NAMES[index]}-escape",
            f"Three quarters of the {NAMES[index]} fall of the loss are done at flow time T ln(1/scale), "
            "T of the limit process of vanishing scale; the rest does not grow with ln(1/scale).",
            reason, predicted, lambda run: time_of_loss(run, level), tolerance,
        )  # fmt: skip

    def plateaus(self) -> Prediction:
        last = len(self.limit.escapes) - 1 if self.reason is None else 0
        reason = self._too_large(last)
        levels: list[float] = []
        if reason is None:
            levels = [self._level(i) for i in range(1, last + 1) if self._shows(i) and self._shows(i + 1)]
        if reason is None and not levels:
            reason = "the limit process has no plateau between its first and its last escape that lasts"
        told = ", ".join(f"{level * self.problem.speed:.6g}" for level in levels)
        return self._row(
            "plateaus",
            "The loss rests where the limit process does: largest relative difference over the plateaus "
            f"between escapes, {told or 'none'}.",
            reason, None if reason else 0.0, lambda run: _largest_gap(run, levels), LEVEL, absolute=True,
        )  # fmt: skip

    def _ended(self) -> str | None:
        """Why the end of a run cannot be told from that of the limit."""
        last = len(self.limit.escapes) - 1 if self.reason is None else 0
        reason = self._too_large(last)
        if reason is None and not all(self._shows(i) for i in range(last + 1)):
            reason = "two escapes are so close that they may be one"
        return reason

    def final_loss(self) -> Prediction:
        reason, scale = self._ended(), self.problem.speed
        predicted = self.limit.final_loss * scale if reason is None else None
        return self._row(
            "final-loss", "The loss ends where the limit process does.", reason, predicted, self._final_loss,
            1e-5 * self.limit.start_loss * scale if reason is None else 0.0, absolute=True,
        )  # fmt: skip

    def final_norm(self) -> Prediction:
        reason = self._ended()
        return self._row(
            "final-norm", "The final sum of |a_j||w_j| is that of the limit process.", reason,
            self.limit.norm if reason is None else None, self._final_norm, NORM,
        )  # fmt: skip

    def _over(self, run: Measured) -> bool:
        fall = run.series["loss"][-1] - self.limit.final_loss * self.problem.speed
        return run.status == "stationary" or bool(fall <= 1e-6 * self.limit.start_loss)

    def _final_loss(self, run: Measured) -> float | None:
        return float(run.series["loss"][-1]) if self._over(run) else None

    def _final_norm(self, run: Measured) -> float | None:
        return variation_norm(run.final.weights, run.final.output_weights) if self._over(run) else None


def _norm_alone(problem: Problem) -> float:
    """Sum of |a||w| if every sample had a neuron of its own."""
    lengths = row_norms(problem.inputs)
    seen = lengths > 0.0
    return float(np.sum(np.abs(problem.targets[seen]) / lengths[seen]))


def _largest_gap(run: Measured, levels: list[float]) -> float | None:
    """Largest relative distance of a level (half-mse) to the nearest plateau of the run; None without any."""
    seen = np.array([saddle.loss for saddle in run.saddles]) / run.problem.speed
    if not seen.size:
        return None
    return max(float(np.min(np.abs(seen - level))) / level for level in levels)
