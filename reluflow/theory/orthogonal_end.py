"""Pairwise orthogonal inputs: the network in the end, and how it comes there."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from reluflow.network import log_variation_norm, row_norms, variation_norm
from reluflow.observe.measured import Measured
from reluflow.theory.effort import TooLongError
from reluflow.theory.orthogonal_formulas import (
    SAME_LENGTH,
    block_rates,
    enough_neurons,
    least_norm,
    spread,
)
from reluflow.theory.orthogonal_rows import DERIVED, PAPER, Rows
from reluflow.theory.prediction import NotYet, Prediction
from reluflow.theory.readings import tail_rate
from reluflow.theory.start_bundles import SCALE, Error, bundles_from_start, finite_scale


@dataclass(frozen=True)
class EndRows:
    """How closely the end of a run on orthogonal inputs is compared."""

    #: relative error of the final rate
    rate: float = 0.02
    #: relative error of the final norm where the limit is reached; to it comes what the bundles are off at
    #: the scale of the start
    norm: float = 3e-4
    #: degrees of error of final directions, likewise
    angle: float = 0.02
    #: times what the bundles are off that is added to these errors
    bundles: float = 1.1
    #: relative error of the bundles' norm from which on a limit is not reached
    largest_norm: float = 0.02
    #: degrees of error of the bundles' directions from which on a limit is not reached
    largest_angle: float = 2.0
    #: samples that are named in a row, at most
    named: int = 8
    #: probability with which a width said to suffice may not
    failing: float = 0.05
    #: share of the first loss within which the loss of a run that has ended is from its limit
    ended: float = 1e-8


END: Final = EndRows()


class End(Rows):
    """Loss, norm, directions and rate in the end."""

    @cached_property
    def _followed(self) -> tuple[Measured | None, str]:
        """The flow of the bundles to its end, and why there is none if there is none."""
        try:
            found = bundles_from_start(self.problem)
        except TooLongError as error:
            return None, str(error)
        whole = found is None or self.ended(found) or found.status == "stationary"
        return found if whole else None, "the bundles of this start cannot be followed to their end"

    @property
    def bundles(self) -> Measured | None:
        """The flow of the bundles at the scale of the start: what a limit of vanishing scale leaves out."""
        return self._followed[0]

    def _finite(self, error: Error, largest: float, what: str) -> tuple[float, str | None]:
        """How far off the limit the bundles end, and why the limit is not reached if that is too much."""
        if self.bundles is None:
            return 0.0, self._followed[1]
        start = log_variation_norm(self.problem.weights, self.problem.output_weights)
        log_scale = 0.5 * (float(np.log(self.limit.norm)) - start)
        return finite_scale(self.problem, self.bundles, log_scale, error, largest, what)

    def _norm_finite(self, limit: float) -> tuple[float, str | None]:
        """The tolerance of a final norm, and why its limit is not reached."""

        def error(run: Measured) -> float | None:
            norm = self._final_norm(run)
            return None if norm is None else abs(norm / limit - 1.0)

        off, pending = self._finite(error, END.largest_norm, "the norm of the bundles")
        return END.norm + END.bundles * off, pending

    def least_norm(self) -> Prediction:
        reason, pending, predicted, tolerance = self.paper_reason, None, None, 0.0
        if reason is None:
            predicted = least_norm(self.problem.inputs, self.problem.targets)
            tolerance, pending = self._norm_finite(predicted)
        return self.row(
            "least-norm",
            "The final sum of |a_j||w_j| is the least that fits, "
            "sqrt(sum_+ y^2/|x|^2) + sqrt(sum_- y^2/|x|^2).",
            PAPER, reason, predicted, self._final_norm, tolerance, pending=pending,
        )  # fmt: skip

    def final_direction(self) -> Prediction:
        pending, tolerance = None, 0.0
        if self.paper_reason is None:
            off, pending = self._finite(self._final_angle, END.largest_angle, "the angle of the bundles")
            tolerance = END.angle + END.bundles * off
        return self.row(
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
        return self.row(
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
        return self.row(
            "final-norm",
            "The final sum of |a_j||w_j| is that of the limit process of vanishing scale.",
            DERIVED, self.reason, predicted, self._final_norm, tolerance, pending=pending,
        )  # fmt: skip

    def final_rate(self) -> Prediction:
        reason, predicted, pending = self.reason, None, None
        if reason is None:
            reason = self._mixed_tail()
        if reason is None:
            rates = block_rates(self.problem.inputs, self.problem.targets, self.limit)
            predicted = float(rates[-1]) * self.problem.speed
            pending = self._slow_mode(predicted)
        return self.row(
            "final-rate",
            "In the end ln(loss) falls at the rate (2/n) lambda_min(NTK) (twice that for mse) of the samples "
            "fitted last.",
            DERIVED, reason, predicted, lambda run: tail_rate(run, END.rate), END.rate, pending=pending,
        )  # fmt: skip

    def _slow_mode(self, predicted: float) -> str | None:
        """Why the loss does not fall at its last rate even at the end of the bundles."""
        seen = tail_rate(self.bundles, END.rate) if self.bundles is not None else None
        if isinstance(seen, NotYet):
            return seen.reason
        if seen is None or abs(seen / predicted - 1.0) <= 0.5 * END.rate:
            return None
        return (
            f"at {SCALE.fitted:g} of the first loss, of which the slowest mode hardly has a part, it falls "
            f"at the rate {seen:.4g}; expected at {predicted:.4g} at a far lower stop.loss"
        )

    def _mixed_tail(self) -> str | None:
        """Why the tail of the loss is not that of the samples fitted last."""
        if self.limit.final_loss > 0.0:
            left = ", ".join(str(k) for k in np.flatnonzero(self.limit.unfitted)[: END.named])
            enough = enough_neurons(self.problem.samples, END.failing)
            return (
                f"some samples stay unfitted, for no neuron of their sign sees them ({left}): the loss does "
                f"not fall to zero; {enough} neurons suffice with probability {1.0 - END.failing:g}"
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
        end = last + np.log(1.0 / END.ended) / rates[-1]
        left = rates * np.array([end - jump.time for jump in self.sharp.jumps])
        if np.any(left[:-1] < left[-1] + 3.0):
            return "samples fitted earlier still fade at a comparable rate"
        return None

    def ended(self, run: Measured) -> bool:
        """Whether the run is over, or as good as."""
        over = run.series["loss"][-1] - self.limit.final_loss * self.problem.speed
        return bool(over <= END.ended * self.limit.start_loss * self.problem.speed)

    def _final_loss(self, run: Measured) -> float | None:
        ended = run.status in ("converged", "stationary") or self.ended(run)
        return float(run.series["loss"][-1]) if ended else None

    def _final_angle(self, run: Measured) -> float | None:
        if not self.ended(run):
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
        ended = run.status == "stationary" or self.ended(run)
        return variation_norm(run.final.weights, run.final.output_weights) if ended else None
