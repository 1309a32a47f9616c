"""What a run shows to the predictions under one neuron as teacher. Times and losses as recorded."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.flow.base import State
from reluflow.network import ON_A_KINK, Array, row_norms, variation_norm
from reluflow.observe.measured import Measured
from reluflow.observe.quantities import (
    combined,
    live,
    nuclear_norm,
    parameter_norm_squared,
    spread,
)
from reluflow.theory.bundle import excess_rate
from reluflow.theory.teacher_trajectory import TeacherTrajectory


@dataclass(frozen=True)
class TeacherReadings:
    """What is read off a run under one neuron as teacher, and where."""

    #: share of the first loss below which a run has fitted its data
    fitted: float = 1e-6
    #: share of the teacher's length within which the bundle of a run that has come to the teacher is
    arrived: float = 0.05
    #: widths of a kink within which a pre-activation is on no side of it
    kinks: float = 1e3
    #: share of the first loss down to which curves are compared
    lowest: float = 1e-6
    #: relative part of faster modes in the fall of the loss, up to which it is at its final rate
    faster: float = 0.03
    #: share of the teacher's length within which the bundle is then: the rate is in proportion to |v|
    near: float = 0.02
    #: fall of ln(loss) over which that rate is measured, at least
    least_fall: float = 0.2
    #: share of the teacher's length below which an eigen-coordinate is left out of the order
    visible: float = 0.01
    #: relative difference of predicted halfway times below which two coordinates may change places
    apart: float = 0.05


READ: Final = TeacherReadings()


def fitted(run: Measured) -> bool:
    return bool(run.series["loss"][-1] <= READ.fitted * run.series["loss"][0])


def arrived(run: Measured, trajectory: TeacherTrajectory) -> bool:
    """Whether the sum of a_j w_j over live neurons is within ``READ.arrived`` |v*| of the teacher."""
    miss = float(np.linalg.norm(combined(run.final, run.problem) - trajectory.teacher))
    return fitted(run) and miss <= READ.arrived * trajectory.size


def curve_error(run: Measured, trajectory: TeacherTrajectory) -> float | None:
    """Largest |d ln L| between the run and the bundle, from alignment down to ``READ.lowest`` of the first.

    None if the run has not even lost half of its first loss.
    """
    speed = run.problem.speed
    t, loss = run.series["t"] * speed, run.series["loss"] / speed
    if loss[-1] > 0.5 * loss[0]:
        return None
    compared = (t >= trajectory.aligned) & (loss >= READ.lowest * loss[0])
    if not np.any(compared):
        return None
    gap = np.log(loss[compared]) - np.log(trajectory.bundle.losses(t[compared]))
    return float(np.max(np.abs(gap)))


def final_rate(run: Measured, trajectory: TeacherTrajectory) -> float | None:
    """-d ln(loss) / dt over the end of the run, where faster modes are gone; None if that is too short.

    Read off the loss itself: |gradient|^2 / loss is the same for an exact flow, but a dead neuron that
    rounding puts back on its last sample would count in it.
    """
    if not fitted(run):
        return None
    states = run.snapshots
    first, excess = len(states.t), [0.0]
    while first > 0 and excess[-1] <= 1.0:
        first -= 1
        excess.append(_excess(run, trajectory, first))
    if len(excess) < 3:
        return None
    begin = float(states.t[first])
    if excess[-1] > 1.0:  # between two states, linear in the logarithm
        share = np.log(excess[-1]) / np.log(excess[-1] / max(excess[-2], np.finfo(float).tiny))
        begin += share * float(states.t[first + 1] - states.t[first])
    end = float(run.series["t"][-1])
    fall = float(np.log(run.loss_at(np.array([begin]))[0] / run.series["loss"][-1]))
    return fall / (end - begin) if fall >= READ.least_fall else None


def _excess(run: Measured, trajectory: TeacherTrajectory, index: int) -> float:
    """How far snapshot number ``index`` is from the end, as a multiple of what its rate may be read at."""
    states, span = run.snapshots, run.problem.span
    state = State(float(states.t[index]), states.weights[index], states.output_weights[index])
    inner = combined(state, run.problem) @ span.basis
    far = float(np.linalg.norm(inner - trajectory.inner_teacher)) / trajectory.size
    return max(far / READ.near, excess_rate(span.inputs, trajectory.inner_teacher, inner) / READ.faster)


def widest_angle(run: Measured, trajectory: TeacherTrajectory) -> float | None:
    """Largest angle (degrees) between live neurons with a > 0 at the end."""
    if not arrived(run, trajectory):
        return None
    largest, _ = spread(run.final.weights[live(run.final, run.problem, 1)])
    return None if np.isnan(largest) else largest


def final_nuclear_norm(run: Measured, trajectory: TeacherTrajectory) -> float | None:
    return nuclear_norm(run.final.weights) if arrived(run, trajectory) else None


def final_parameter_norm(run: Measured, trajectory: TeacherTrajectory) -> float | None:
    return parameter_norm_squared(run.final) if arrived(run, trajectory) else None


def final_variation_norm(run: Measured, trajectory: TeacherTrajectory) -> float | None:
    if not arrived(run, trajectory):
        return None
    return variation_norm(run.final.weights, run.final.output_weights)


def live_count(run: Measured) -> float | None:
    """Neurons that see some sample at the end, dead ones being none."""
    return float(np.count_nonzero(live(run.final, run.problem))) if fitted(run) else None


def growth_of_minus(run: Measured) -> float | None:
    """Largest |w_j| over its start among neurons with a < 0 at the end; infinite if one sees a sample."""
    if not fitted(run):
        return None
    if np.any(live(run.final, run.problem, -1)):
        return np.inf
    minus = run.problem.output_weights < 0.0
    ratios = row_norms(run.final.weights[minus]) / row_norms(run.problem.weights[minus])
    return float(np.max(ratios))


def changes_back(run: Measured) -> float:
    """Samples lost by neurons with a > 0, or gained by others, from one recorded state to the next.

    A neuron at rest on the kink of its last sample is no change, whichever side rounding puts it on.
    """
    signs = np.sign(run.problem.output_weights)
    lengths = row_norms(run.problem.inputs)
    back, before = 0, None
    for weights in run.snapshots.weights:
        z = weights @ run.problem.inputs.T
        width = ON_A_KINK * np.outer(row_norms(weights), lengths)
        side = np.where(np.abs(z) > READ.kinks * width, np.sign(z), 0.0)
        if before is not None:
            side = np.where(side == 0.0, before, side)
            back += int(np.count_nonzero((side - before) * signs[:, None] < 0.0))
        before = side
    return float(back)


def out_of_order(run: Measured, trajectory: TeacherTrajectory) -> float | None:
    """Pairs of eigen-coordinates of v that come halfway to the teacher's against the order of eigenvalues.

    Coordinates that the teacher hardly has, or that come halfway almost together, are left out. None if fewer
    than two come halfway.
    """
    states, basis = run.snapshots, run.problem.span.basis
    active = np.any(states.weights @ run.problem.inputs.T > 0.0, axis=2)
    sums = np.einsum("kj,kj,kjd->kd", states.output_weights, active.astype(float), states.weights)
    seen, goal = trajectory.progress(sums @ basis)
    told, _ = trajectory.progress(trajectory.path)
    visible = np.abs(goal) > READ.visible * trajectory.size
    measured = _halfway(states.t, seen)
    predicted = _halfway(trajectory.path_times, told)
    usable = np.flatnonzero(visible & np.isfinite(measured) & np.isfinite(predicted))
    if usable.size < 2:
        return None
    pairs = [
        (i, j) for i in usable for j in usable if i < j and predicted[j] > (1.0 + READ.apart) * predicted[i]
    ]
    return float(sum(measured[i] > measured[j] for i, j in pairs))


def _halfway(t: Array, ratios: Array) -> Array:
    """First times (p,) at which columns of ``ratios`` (k, p) reach a half, linear between; NaN if never."""
    times = np.full(ratios.shape[1], np.nan)
    for c, column in enumerate(ratios.T):
        reached = np.flatnonzero(column >= 0.5)
        if reached.size and reached[0] > 0:
            i = int(reached[0])
            share = (0.5 - column[i - 1]) / (column[i] - column[i - 1])
            times[c] = t[i - 1] + share * (t[i] - t[i - 1])
    return times


def share(value: float | None, of: float) -> float | None:
    return None if value is None else value / of
