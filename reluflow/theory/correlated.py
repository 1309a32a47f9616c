"""One neuron as teacher and correlated inputs: what training from a small balanced start does.

P2 is Chistikov, Englert, Lazic 2023 (arXiv 2306.06479): targets y_k = <v*, x_k> > 0, inputs less than 45
degrees from v*. Neurons with a > 0 align with gamma = (1/n) sum_k y_k x_k and grow as one bundle, those with
a < 0 die small; the bundle then turns to v*, along one eigenvector of H = X'X / n after another. Rows called
"derived" need less: what they assume is checked on the closed-form trajectory itself. Rows are in the
problem's loss and flow time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from reluflow.errors import ProblemError
from reluflow.observe.measured import Measured
from reluflow.observe.quantities import nuclear_norm
from reluflow.problem import Problem
from reluflow.theory import correlated_readings as readings
from reluflow.theory.cones import count_cones
from reluflow.theory.correlated_assumptions import examine, obtuse, too_wide, unsettled
from reluflow.theory.least_rank import rank_one_kappa
from reluflow.theory.minimum_norm import NORM_ROWS, minimum_norm
from reluflow.theory.pair_law import largest_angle
from reluflow.theory.prediction import Prediction
from reluflow.theory.readings import time_of_loss
from reluflow.theory.teacher_trajectory import TeacherTrajectory

PAPER = "Chistikov et al. 2023 (arXiv 2306.06479)"
DERIVED = "derived"


@dataclass(frozen=True)
class TeacherRows:
    """How closely angles and norms under one neuron as teacher are compared."""

    #: degrees up to which final angles are small for the pair law's formula
    small_angle: float = 8.0
    #: degrees below which an angle is rounding of the weights
    resolved: float = 1e-9
    #: difference from 1 up to which kappa is 1
    one: float = 1e-9


TEACHER_ROWS: Final = TeacherRows()


#: What a row reads off a run, given the trajectory that the theory foresees.
Reading = Callable[[Measured, TeacherTrajectory], float | None]


def predictions(problem: Problem) -> list[Prediction]:
    """All rows under one neuron as teacher, in the problem's loss and its flow time."""
    rows = _Rows(problem)
    return [
        rows.live(),
        rows.minus(),
        rows.one_way(),
        rows.half_time(),
        rows.curve(),
        rows.order(),
        rows.final_rate(),
        rows.widest_angle(),
        rows.nuclear_norm(),
        rows.parameter_norm(),
        rows.least_norm(),
    ]


class _Rows:
    """The rows one by one, from what all of them need."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        found, self.reason = examine(problem)
        self.trajectory = found if self.reason is None else None
        self.single_reason = self.reason or (unsettled(self.trajectory) if self.trajectory else None)
        self.paper_reason = self.reason or (too_wide(self.trajectory) if self.trajectory else None)

    def _row(
        self, name: str, statement: str, source: str, reason: str | None,
        predicted: Callable[[TeacherTrajectory], float], reading: Reading, tolerance: float,
        absolute: bool = False, one_sided: bool = False,
    ) -> Prediction:  # fmt: skip
        trajectory = self.trajectory if reason is None else None
        return Prediction(
            f"correlated/{name}",
            statement,
            source,
            trajectory is not None,
            reason or "the targets are those of one neuron and the start is small and balanced",
            None if trajectory is None else float(predicted(trajectory)),
            (lambda run: None) if trajectory is None else (lambda run: reading(run, trajectory)),
            tolerance,
            absolute,
            one_sided,
        )

    def live(self) -> Prediction:
        return self._row(
            "live",
            "Neurons that see some sample at the end: those with a > 0 that see one at the start.",
            DERIVED, self.single_reason,
            lambda trajectory: int(np.count_nonzero(trajectory.alignment.bundle)),
            lambda run, _: readings.live_count(run),
            0.0, absolute=True,
        )  # fmt: skip

    def minus(self) -> Prediction:
        reason = self.paper_reason or self.single_reason
        if reason is None and not np.any(self.problem.output_weights < 0.0):
            reason = "no neuron has a negative output weight"
        return self._row(
            "minus-die",
            "Neurons with a < 0 end seeing no sample and no longer than at first: largest ratio of lengths.",
            PAPER, reason, lambda _: 1.0, lambda run, _: readings.growth_of_minus(run), 1e-6, one_sided=True,
        )  # fmt: skip

    def one_way(self) -> Prediction:
        return self._row(
            "one-way",
            "Neurons with a > 0 only gain samples, those with a < 0 only lose them: changes the other way.",
            PAPER, self.reason or obtuse(self.problem.inputs), lambda _: 0.0,
            lambda run, _: readings.changes_back(run), 0.0, absolute=True,
        )  # fmt: skip

    def half_time(self) -> Prediction:
        return self._row(
            "half-time",
            "Half of the loss is left at this flow time: one bundle that starts from u_0 exp(2 |gamma| t).",
            DERIVED, self.reason,
            lambda trajectory: trajectory.half_time / self.problem.speed,
            lambda run, trajectory: time_of_loss(run, 0.5 * trajectory.start_loss * self.problem.speed),
            5e-3,
        )  # fmt: skip

    def curve(self) -> Prediction:
        return self._row(
            "loss-curve",
            "The loss is that of one bundle, dv/dt = |v| (I + vv'/|v|^2) H (v* - v), from alignment down to "
            "1e-6 of the first: largest difference of ln(loss).",
            DERIVED, self.reason, lambda _: 0.0, readings.curve_error, 0.01, absolute=True,
        )  # fmt: skip

    def order(self) -> Prediction:
        return self._row(
            "turn-order",
            "Eigen-coordinates of the bundle come halfway to the teacher's in decreasing order of "
            "eigenvalue: pairs out of order.",
            PAPER, self.paper_reason, lambda _: 0.0, readings.out_of_order, 0.0, absolute=True,
        )  # fmt: skip

    def final_rate(self) -> Prediction:
        return self._row(
            "final-rate",
            "In the end ln(loss) falls at the rate 2 |v*| lambda_min(H^(1/2) (I + v*v*'/|v*|^2) H^(1/2)) "
            "(twice that for mse).",
            DERIVED, self.close_reason,
            lambda trajectory: trajectory.final_rate * self.problem.speed,
            readings.final_rate, 0.05,
        )  # fmt: skip

    def widest_angle(self) -> Prediction:
        reason = self.close_reason
        if reason is None and self._members < 2:
            reason = "only one neuron grows"
        elif reason is None and self._widest < TEACHER_ROWS.resolved:
            reason = f"final angles of at most {self._widest:.2g} degrees are lost in double precision"
        return self._row(
            "widest-angle",
            "Largest angle in degrees between live neurons with a > 0 at the end, from the pair products "
            "a_i a_j - <w_i, w_j> that early alignment leaves.",
            DERIVED, reason, lambda _: self._widest, readings.widest_angle, 0.03,
        )  # fmt: skip

    @property
    def _members(self) -> int:
        return 0 if self.trajectory is None else int(np.count_nonzero(self.trajectory.alignment.bundle))

    @cached_property
    def _widest(self) -> float:
        return (
            0.0
            if self.trajectory is None
            else largest_angle(self.trajectory.amplitudes, self.trajectory.size)
        )

    @cached_property
    def close_reason(self) -> str | None:
        """Why the end of single neurons, not only of their sum, is not foreseen."""
        if self.trajectory is None:
            return self.reason
        if self._widest > TEACHER_ROWS.small_angle:
            return f"final angles up to {self._widest:.3g} degrees are not small"
        return unsettled(self.trajectory, growing=True)

    def nuclear_norm(self) -> Prediction:
        # dead neurons are counted too: one with a < 0 that lives on past early alignment changes it
        return self._row(
            "nuclear-norm",
            "Nuclear norm of the hidden weights at the end; sqrt(|v*|), of rank one, as the scale vanishes.",
            DERIVED, self.close_reason or self.single_reason,
            lambda trajectory: nuclear_norm(trajectory.final_weights[0]),
            readings.final_nuclear_norm, 0.01,
        )  # fmt: skip

    def parameter_norm(self) -> Prediction:
        def predicted(trajectory: TeacherTrajectory) -> float:
            weights, outputs = trajectory.final_weights
            return float(np.vdot(weights, weights) + outputs @ outputs)

        return self._row(
            "parameter-norm",
            "|theta|^2 at the end; 2 |v*| as the scale vanishes.",
            DERIVED, self.close_reason or self.single_reason, predicted, readings.final_parameter_norm, 0.01,
        )  # fmt: skip

    def least_norm(self) -> Prediction:
        reason, least, kappa = self.reason, 0.0, np.nan
        if self.trajectory is not None:
            try:
                least, kappa = _least_norm(self.trajectory)
            except ProblemError as error:
                reason = str(error)
        verdict = (
            ""
            if np.isnan(kappa)
            else f" kappa = {kappa:.6g}: {'yes' if kappa <= 1.0 + TEACHER_ROWS.one else 'no'}."
        )
        return self._row(
            "least-norm",
            f"Has the rank-one network the least norm that fits?{verdict} Final sum of |a_j||w_j| over the "
            "least one.",
            DERIVED, reason,
            lambda trajectory: trajectory.size / least,
            lambda run, trajectory: readings.share(readings.final_variation_norm(run, trajectory), least),
            0.01,
        )  # fmt: skip


def _least_norm(trajectory: TeacherTrajectory) -> tuple[float, float]:
    """The least norm and kappa. Raises ProblemError, in words, for data on which neither is computed."""
    inputs = trajectory.problem.span.inputs
    if inputs.shape[0] != inputs.shape[1]:
        raise ProblemError("kappa is for as many independent inputs as dimensions")
    kappa = rank_one_kappa(inputs, trajectory.inner_teacher)
    if kappa <= 1.0 + TEACHER_ROWS.one:
        return trajectory.size, kappa
    if count_cones(*inputs.shape) > NORM_ROWS.patterns:
        raise ProblemError(f"kappa = {kappa:.6g}: not rank one, but the data are too many for the least norm")
    return minimum_norm(inputs, trajectory.problem.targets).value, kappa
