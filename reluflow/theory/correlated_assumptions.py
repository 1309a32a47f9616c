"""What must hold for the predictions under one neuron as teacher, checked on the data and the start."""

import numpy as np

from reluflow.network import row_norms
from reluflow.problem import Problem
from reluflow.theory.course import Course, find_teacher

#: degrees between an input and the teacher that P2 allows
WIDEST = 45.0
#: the start is small if the bundle's tilt to gamma as it escapes (radians) is at most this; ln(loss) errs by
#: about twice as much
SMALL_TILT = 2.5e-3


def why_not(problem: Problem) -> str | None:
    """The assumption of the derived rows that fails, in words; None if all hold."""
    return examine(problem)[1]


def why_not_paper(problem: Problem) -> str | None:
    """The assumption of P2's theorems that fails, in words; None if all hold."""
    course, reason = examine(problem)
    return reason if course is None or reason is not None else too_wide(course)


def examine(problem: Problem) -> tuple[Course | None, str | None]:
    """The course of training where there is one, and the assumption of the derived rows that fails."""
    course, reason = None, _no_teacher(problem)
    if reason is None:
        teacher = find_teacher(problem)
        assert teacher is not None
        course = Course(problem, teacher)
        reason = _no_bundle(course) or _not_small(course) or _blind(course)
    return course, reason


def _no_teacher(problem: Problem) -> str | None:
    low = int(np.argmin(problem.targets))
    if problem.targets[low] <= 0.0:
        return f"targets[{low}] is {problem.targets[low]:g}; one neuron as teacher makes all targets positive"
    if find_teacher(problem) is None:
        return "the targets are not those of a single neuron"
    if not problem.is_balanced():
        return "the start is not balanced: |a_j| differs from |w_j| for some neuron"
    return None


def _no_bundle(course: Course) -> str | None:
    alignment = course.alignment
    if alignment.slides:
        return "inputs more than 90 degrees apart hold a neuron at a kink during early alignment"
    if not np.any(alignment.bundle):
        return "no neuron with positive output weight sees any sample: nothing grows"
    if not np.all(alignment.bundle | alignment.dead):
        return "some neuron ends early alignment seeing only some of the samples"
    return None


def _not_small(course: Course) -> str | None:
    tilt = course.amplitudes.tilt(course.size)
    if tilt > SMALL_TILT:
        return (
            f"the start is not small: the bundle leaves {np.degrees(tilt):.2g} degrees from gamma, "
            f"at most {np.degrees(SMALL_TILT):.2g} are followed"
        )
    if course.aligned >= course.half_time:
        return "some neuron still changes its samples when the loss falls: the start is not small enough"
    return None


def _blind(course: Course) -> str | None:
    if np.any(course.path @ course.problem.span.inputs.T <= 0.0):
        return "the bundle loses sight of a sample while it turns to the teacher"
    return None


def too_wide(course: Course) -> str | None:
    inputs = course.problem.inputs
    cosines = course.problem.targets / (row_norms(inputs) * course.size)
    k = int(np.argmin(cosines))
    angle = float(np.degrees(np.arccos(np.clip(cosines[k], -1.0, 1.0))))
    if angle >= WIDEST:
        return f"inputs[{k}] is {angle:.4g} degrees from the teacher; the theorem is for less than 45"
    return None
