"""What must hold for the predictions under one neuron as teacher, checked on the data and the start."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.network import Array, row_norms
from reluflow.problem import Problem
from reluflow.theory.prediction import not_relu
from reluflow.theory.teacher_trajectory import EXACT, TeacherTrajectory, find_teacher, missed


@dataclass(frozen=True)
class TeacherAssumptions:
    """What the formulas for one neuron as teacher ask of the data and the start."""

    #: degrees between an input and the teacher that P2 allows
    widest: float = 45.0
    #: radians, rms by mass, by which the final directions of live neurons of a small start differ at most
    spread: float = 0.03
    #: share of the bundle's mass that may still be changing its samples when the loss begins to fall
    late: float = 1e-3
    #: share of the time in which half of the loss is lost, after which it begins to fall
    begin: float = 0.8


ASSUMED: Final = TeacherAssumptions()


def examine(problem: Problem) -> tuple[TeacherTrajectory | None, str | None]:
    """The course of training where there is one, and the assumption of the derived rows that fails."""
    trajectory, reason = None, not_relu(problem) or _no_teacher(problem)
    if reason is None:
        teacher = find_teacher(problem)
        assert teacher is not None
        trajectory = TeacherTrajectory(problem, teacher)
        reason = _no_bundle(trajectory) or _not_small(trajectory) or _blind(trajectory)
    return trajectory, reason


def _no_teacher(problem: Problem) -> str | None:
    low = int(np.argmin(problem.targets))
    if problem.targets[low] <= 0.0:
        found = f"the target of sample {low + 1} is {problem.targets[low]:g}"
        return f"{found}; one neuron as teacher makes all targets positive"
    if find_teacher(problem) is None:
        left = missed(problem.span.inputs, problem.targets)[1]
        return (
            f"the targets are not those of a single neuron: the best linear function misses {left:.2g} of "
            f"their size; expected at most {EXACT:g}"
        )
    if not problem.is_balanced():
        gap = np.abs(np.abs(problem.output_weights) - row_norms(problem.weights))
        return (
            f"the start is not balanced: |a_j| differs from |w_j|, by {np.max(gap):.2g} for neuron "
            f"{int(np.argmax(gap))}; expected |a_j| = |w_j|"
        )
    return None


def _no_bundle(trajectory: TeacherTrajectory) -> str | None:
    alignment = trajectory.alignment
    if alignment.slides:
        return "inputs more than 90 degrees apart hold a neuron at a kink during early alignment"
    if not np.any(alignment.bundle):
        return "no neuron with positive output weight sees any sample: nothing grows"
    if not np.all(alignment.bundle | alignment.dead):
        return "some neuron ends early alignment seeing only some of the samples"
    return None


def _not_small(trajectory: TeacherTrajectory) -> str | None:
    spread = trajectory.amplitudes.rms_angle(trajectory.size)
    if spread > ASSUMED.spread:
        return (
            f"the start is not small: live neurons would end {np.degrees(spread):.2g} degrees apart (rms), "
            f"at most {np.degrees(ASSUMED.spread):.2g} are followed"
        )
    late = trajectory.alignment.settled[trajectory.alignment.bundle] > ASSUMED.begin * trajectory.half_time
    if float(np.sum(trajectory.amplitudes.shares[late])) > ASSUMED.late:
        return "neurons that grow still gain samples when the loss falls: the start is not small enough"
    return None


def unsettled(trajectory: TeacherTrajectory, growing: bool = False) -> str | None:
    """Why single neurons cannot be told to have ended early alignment; None if they have.

    Of all neurons, however small, or only of those that are ``growing``.
    """
    settled = (
        trajectory.alignment.settled[trajectory.alignment.bundle] if growing else trajectory.alignment.settled
    )
    if np.any(settled > ASSUMED.begin * trajectory.half_time):
        return "some small neuron still changes its samples when the loss falls"
    return None


def _blind(trajectory: TeacherTrajectory) -> str | None:
    if np.any(trajectory.path @ trajectory.problem.span.inputs.T <= 0.0):
        return "the bundle loses sight of a sample while it turns to the teacher"
    return None


def too_wide(trajectory: TeacherTrajectory) -> str | None:
    inputs = trajectory.problem.inputs
    cosines = trajectory.problem.targets / (row_norms(inputs) * trajectory.size)
    k = int(np.argmin(cosines))
    angle = float(np.degrees(np.arccos(np.clip(cosines[k], -1.0, 1.0))))
    if angle >= ASSUMED.widest:
        wide = int(np.count_nonzero(cosines <= np.cos(np.radians(ASSUMED.widest))))
        return (
            f"the input of sample {k + 1} is {angle:.4g} degrees from the teacher, the farthest of {wide} "
            f"too far; the theorem is for less than {ASSUMED.widest:g}"
        )
    return None


def obtuse(inputs: Array) -> str | None:
    """Why neurons may gain and lose samples both; None if all inputs are less than 90 degrees apart."""
    gram = inputs @ inputs.T
    k, other = np.unravel_index(int(np.argmin(gram)), gram.shape)
    if gram[k, other] > 0.0:
        return None
    lengths = row_norms(inputs)
    angle = float(np.degrees(np.arccos(gram[k, other] / (lengths[k] * lengths[other]))))
    return f"samples {k + 1} and {other + 1} are {angle:.4g} degrees apart; expected less than 90"
