"""Pairwise orthogonal inputs: what training does, in closed form.

P1 is Boursier, Pillaud-Vivien, Flammarion 2022 (arXiv 2206.00939). For targets of both signs and a small
balanced (or dominated) start, neurons align with D+ or D-, D_s = (1/n) sum_{s y_k > 0} |y_k| x_k; those of
one sign fit its samples near t = ln(1/scale)/|D_s|, a saddle follows, then those of the other sign do, and
the limit has the least variation norm of all interpolators. Rows are in the problem's loss and flow time.
"""

from functools import cached_property
from itertools import pairwise

import numpy as np

from reluflow.network import log_variation_norm, row_norms, variation_norm
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory.jump_process import limit_process, sharp_process
from reluflow.theory.orthogonal_assumptions import why_not, why_not_paper
from reluflow.theory.orthogonal_formulas import (
    SAME_LENGTH,
    block_rates,
    enough_neurons,
    least_norm,
    pulls,
    spread,
)
from reluflow.theory.prediction import Measure, Prediction
from reluflow.theory.readings import escape_time, plateau_loss, tail_rate
from reluflow.theory.start_bundles import Error, bundles_from_start, finite_scale

PAPER = "Boursier et al. 2022 (arXiv 2206.00939)"
DERIVED = "derived"
#: Relative error of the final rate.
RATE = 0.02
#: Relative error of the sharp times for one bundle (bar of the project: 0.3 %).
SHARP = 3e-3
#: Two escapes show a plateau between them if the second neurons grow by so many e-folds in between.
PLATEAU = 4.5
#: Errors of the final norm (relative) and of final directions (degrees) where the limit is reached; to them
#: comes what the bundles are off at the scale of the start, times this.
NORM, ANGLE, BUNDLES = 3e-4, 0.02, 1.1
#: A limit from which the bundles are farther off is not reached.
LARGEST_NORM, LARGEST_ANGLE = 0.02, 2.0
#: Samples that are named at most, and the probability with which a width said to suffice may not.
NAMED, FAILING = 8, 0.05
#: A run has ended for the final norm if its loss is within this share of the first of its limit.
ENDED = 1e-8


def predictions(problem: Problem) -> list[Prediction]:
    """All rows for orthogonal inputs, in the problem's loss and its flow time."""
    rows = _Rows(problem)
    return [
        rows.leading(0),
        rows.leading(1),
        rows.escape(0),
        rows.escape(1),
        rows.saddle(),
        rows.least_norm(),
        rows.final_direction(),
        rows.final_loss(),
        rows.final_norm(),
        rows.final_rate(),
    ]


class _Rows:
    """The rows one by one, from what all of them need."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.reason = why_not(problem)
        self.paper_reason = why_not_paper(problem)
        if self.reason is None:
            parts = (problem.inputs, problem.targets, problem.weights, problem.output_weights)
            self.limit, self.sharp = limit_process(*parts), sharp_process(*parts)

    def _row(
        self, name: str, statement: str, source: str, reason: str | None, predicted: float | None,
        measure: Measure, tolerance: float, absolute: bool = False, pending: str | None = None,
    ) -> Prediction:  # fmt: skip
        """A row that does not apply for a ``reason``, or whose limit is not reached, ``pending`` why."""
        applies = reason is None and pending is None
        return Prediction(
            f"orthogonal/{name}",
            statement,
            source,
            applies,
            reason or pending or "the inputs are orthogonal and the start is small",
            predicted if applies else None,
            measure,
            tolerance,
            absolute,
            pending=reason is None and pending is not None,
        )

    @cached_property
    def bundles(self) -> Measured | None:
        """The course of the bundles at the scale of the start: what a limit of vanishing scale leaves out."""
        found = bundles_from_start(self.problem)
        return found if found is None or self._ended(found) or found.status == "stationary" else None

    def _finite(self, error: Error, largest: float, what: str) -> tuple[float, str | None]:
        """How far off the limit the bundles end, and why the limit is not reached if that is too much."""
        if self.bundles is None:
            return 0.0, "the bundles of this start cannot be followed to their end"
        start = log_variation_norm(self.problem.weights, self.problem.output_weights)
        log_scale = 0.5 * (float(np.log(self.limit.norm)) - start)
        return finite_scale(self.problem, self.bundles, log_scale, error, largest, what)

    def _norm_finite(self, limit: float) -> tuple[float, str | None]:
        """The tolerance of a final norm, and why its limit is not reached."""

        def error(run: Measured) -> float | None:
            norm = self._final_norm(run)
            return None if norm is None else abs(norm / limit - 1.0)

        off, pending = self._finite(error, LARGEST_NORM, "the norm of the bundles")
        return NORM + BUNDLES * off, pending

    def leading(self, index: int) -> Prediction:
        """t = ln(1/scale)/|D_s|; with scale^2 = start mass / final mass the rest is of order 1/|D_s|."""
        name = ("first", "second")[index]
        predicted, tolerance = None, 0.0
        reason = self.paper_reason or self._apart(index)
        if reason is None:
            found = sorted(pulls(self.problem.inputs, self.problem.targets).values(), key=lambda p: -p.rate)
            start = log_variation_norm(self.problem.weights, self.problem.output_weights)
            log_scale = 0.5 * (np.log(found[index].mass) - start)
            predicted = float(log_scale / found[index].rate) / self.problem.speed
            tolerance = 3.0 / float(log_scale)
        return self._row(
            f"{name}-escape-leading",
            f"The {name} escape is at flow time ln(1/scale)/|D|, up to a constant over |D|, with "
            f"scale^2 = initial / final mass.",
            PAPER, reason, predicted, escape_time(index), tolerance,
        )  # fmt: skip

    def escape(self, index: int) -> Prediction:
        name = ("first", "second")[index]
        reason = self.reason or self._apart(index)
        predicted, tolerance = None, 0.0
        if reason is None:
            jump = self.sharp.jumps[index]
            predicted = jump.time / self.problem.speed
            # e-folds of mass that neurons which see other samples, or a turn on the way, may amount to
            turned = bool(np.any(jump.seen & ~jump.fitted))
            tolerance = SHARP + (float(np.log1p(jump.others)) + turned) / (2.0 * jump.rate * jump.time)
        return self._row(
            f"{name}-escape",
            f"Three quarters of the {name} fall of the loss are done at flow time ln(u_inf/u_0)/(2 gamma).",
            DERIVED, reason, predicted, escape_time(index), tolerance,
        )  # fmt: skip

    def _apart(self, index: int) -> str | None:
        """Why the escape cannot be told from its neighbours, or does not take place."""
        jumps = self.sharp.jumps
        if index >= len(jumps):
            return f"only {len(jumps)} escape(s) take place from this start"
        if jumps[index].others > 1.0:
            return "most of the neurons that fit these samples see only some of them: the fall is gradual"
        for left, right in pairwise(jumps):
            folds = (right.time - left.time) * right.rate
            if folds < PLATEAU and (jumps[index] is left or jumps[index] is right):
                times = f"{left.time / self.problem.speed:.5g} and {right.time / self.problem.speed:.5g}"
                return f"the escapes at t = {times} are too close for a plateau between them"
        return None

    def saddle(self) -> Prediction:
        reason = self.paper_reason or self._apart(0)
        predicted, tolerance = None, 0.0
        if reason is None:
            found = sorted(pulls(self.problem.inputs, self.problem.targets).values(), key=lambda p: -p.rate)
            predicted = found[1].loss * self.problem.speed
            folds = (self.sharp.jumps[1].time - self.sharp.jumps[0].time) * self.sharp.jumps[1].rate
            tolerance = 0.025 + float(np.exp(-folds))
            if any(jump.others > 0.1 for jump in self.sharp.jumps) or len(self.sharp.jumps) > 2:
                reason = "many neurons see only some samples of their sign: the plateau is not flat"
        return self._row(
            "saddle-loss",
            "The loss on the plateau between the two escapes is that of the samples of the slower sign.",
            PAPER, reason, predicted, plateau_loss(1), tolerance,
        )  # fmt: skip

    def least_norm(self) -> Prediction:
        reason, pending, predicted, tolerance = self.paper_reason, None, None, 0.0
        if reason is None:
            predicted = least_norm(self.problem.inputs, self.problem.targets)
            tolerance, pending = self._norm_finite(predicted)
        return self._row(
            "least-norm",
            "The final sum of |a_j||w_j| is the least that fits, "
            "sqrt(sum_+ y^2/|x|^2) + sqrt(sum_- y^2/|x|^2).",
            PAPER, reason, predicted, self._final_norm, tolerance, pending=pending,
        )  # fmt: skip

    def final_direction(self) -> Prediction:
        pending, tolerance = None, 0.0
        if self.paper_reason is None:
            off, pending = self._finite(self._final_angle, LARGEST_ANGLE, "the angle of the bundles")
            tolerance = ANGLE + BUNDLES * off
        return self._row(
            "final-direction",
            "The neurons of each sign end along sum |y_k| x_k/|x_k|^2 over its samples, not along D: largest "
            "angle of their sum of |a_j| w_j, in degrees.",
            PAPER, self.paper_reason, 0.0, self._final_angle, tolerance, absolute=True, pending=pending,
        )  # fmt: skip

    def final_loss(self) -> Prediction:
        predicted, tolerance = None, 0.0
        if self.reason is None:
            predicted = self.limit.final_loss * self.problem.speed
            tolerance = 1e-5 * self.limit.start_loss * self.problem.speed
        return self._row(
            "final-loss",
            "The loss ends at (1/2n) sum y^2 (twice that for mse) over the samples that no neuron of their "
            "sign sees.",
            DERIVED, self.reason, predicted, self._final_loss, tolerance, absolute=True,
        )  # fmt: skip

    def final_norm(self) -> Prediction:
        pending, predicted, tolerance = None, None, 0.0
        if self.reason is None:
            predicted = self.limit.norm
            tolerance, pending = self._norm_finite(predicted)
        return self._row(
            "final-norm",
            "The final sum of |a_j||w_j| is that of the limit process of vanishing scale.",
            DERIVED, self.reason, predicted, self._final_norm, tolerance, pending=pending,
        )  # fmt: skip

    def final_rate(self) -> Prediction:
        reason, predicted = self.reason, None
        if reason is None:
            reason = self._mixed_tail()
        if reason is None:
            rates = block_rates(self.problem.inputs, self.problem.targets, self.limit)
            predicted = float(rates[-1]) * self.problem.speed
        return self._row(
            "final-rate",
            "In the end ln(loss) falls at the rate (2/n) lambda_min(NTK) (twice that for mse) of the samples "
            "fitted last.",
            DERIVED, reason, predicted, lambda run: tail_rate(run, RATE), RATE,
        )  # fmt: skip

    def _mixed_tail(self) -> str | None:
        """Why the tail of the loss is not that of the samples fitted last."""
        if self.limit.final_loss > 0.0:
            left = ", ".join(str(k) for k in np.flatnonzero(self.limit.unfitted)[:NAMED])
            enough = enough_neurons(self.problem.samples, FAILING)
            return (
                f"some samples stay unfitted, for no neuron of their sign sees them ({left}): the loss does "
                f"not fall to zero; {enough} neurons suffice with probability {1.0 - FAILING:g}"
            )
        jump = self.sharp.jumps[-1]
        uneven = spread(row_norms(self.problem.inputs)[jump.fitted]) if jump.fitted.sum() > 1 else 1.0
        if SAME_LENGTH < uneven < 0.05:
            return "the inputs fitted last are of nearly the same length: slow modes are hardly excited"
        most = 1e-6 if uneven <= SAME_LENGTH else 0.02
        if len(self.sharp.jumps) != len(self.limit.jumps) or jump.others > most:
            return "many neurons see only some samples of their sign, and add to the kernel"
        rates = block_rates(self.problem.inputs, self.problem.targets, self.limit)
        last = self.sharp.jumps[-1].time
        end = last + np.log(1.0 / ENDED) / rates[-1]
        left = rates * np.array([end - jump.time for jump in self.sharp.jumps])
        if np.any(left[:-1] < left[-1] + 3.0):
            return "samples fitted earlier still fade at a comparable rate"
        return None

    def _ended(self, run: Measured) -> bool:
        """Whether the run is over, or as good as."""
        over = run.series["loss"][-1] - self.limit.final_loss * self.problem.speed
        return bool(over <= ENDED * self.limit.start_loss * self.problem.speed)

    def _final_loss(self, run: Measured) -> float | None:
        ended = run.status in ("converged", "stationary") or self._ended(run)
        return float(run.series["loss"][-1]) if ended else None

    def _final_angle(self, run: Measured) -> float | None:
        if not self._ended(run):
            return None
        y, inputs = self.problem.targets, self.problem.inputs
        widest = 0.0
        for sign in (1.0, -1.0):
            goal = (np.maximum(sign * y, 0.0) / row_norms(inputs) ** 2) @ inputs
            held = np.maximum(sign * run.final.output_weights, 0.0) @ run.final.weights
            chord = np.linalg.norm(goal / np.linalg.norm(goal) - held / np.linalg.norm(held))
            widest = max(widest, float(np.degrees(2.0 * np.arcsin(0.5 * chord))))
        return widest

    def _final_norm(self, run: Measured) -> float | None:
        ended = run.status == "stationary" or self._ended(run)
        return variation_norm(run.final.weights, run.final.output_weights) if ended else None
