"""Where the theory says that the loss rests and when it falls, before anything is trained.

What is sharpest for the data at hand: closed-form jumps for orthogonal inputs, the bundle's trajectory under
one neuron as teacher, the first escape for any other data. Losses and times are those of the problem's loss.
"""

from dataclasses import dataclass
from typing import Final

from reluflow.problem import Problem

#: share of a fall that is left at an escape's time, as measured and as predicted
_LEFT: Final = 0.25


@dataclass(frozen=True)
class Landmark:
    """An escape: at flow time ``time`` the loss passes ``at``, and rested on ``level`` before."""

    time: float
    at: float
    level: float


@dataclass(frozen=True)
class Landmarks:
    """``escapes`` in order of time; ``source`` names the theory, "" where it says nothing of these data."""

    source: str
    escapes: tuple[Landmark, ...] = ()


def landmarks(problem: Problem) -> Landmarks:
    """What there is to mark on a loss curve of a problem."""
    if problem.of_labels:
        return _any(problem)
    return _orthogonal(problem) or _one_neuron(problem) or _any(problem)


def _orthogonal(problem: Problem) -> Landmarks | None:
    from reluflow.theory.jump_process import sharp_process
    from reluflow.theory.orthogonal_assumptions import why_not

    if why_not(problem) is not None:
        return None
    process = sharp_process(problem.inputs, problem.targets, problem.weights, problem.output_weights)
    level, found = process.start_loss, []
    for jump in process.jumps:
        at = jump.loss + _LEFT * (level - jump.loss)
        found.append(_landmark(jump.time, at, level, problem.speed))
        level = jump.loss
    return Landmarks("orthogonal inputs", tuple(found))


def _one_neuron(problem: Problem) -> Landmarks | None:
    from reluflow.theory.correlated_assumptions import examine

    trajectory, reason = examine(problem)
    if trajectory is None or reason is not None:
        return None
    level = trajectory.start_loss
    at = _LEFT * level
    escape = _landmark(trajectory.bundle.time_of_loss(at), at, level, problem.speed)
    return Landmarks("one neuron as teacher", (escape,))


def _any(problem: Problem) -> Landmarks:
    from reluflow.theory.general import first_escape

    _, found = first_escape(problem)
    if found is None:
        return Landmarks("")
    level = problem.value(-problem.targets)
    return Landmarks("first escape", (Landmark(found.time, found.loss, level),))


def _landmark(time: float, at: float, level: float, speed: float) -> Landmark:
    """From half-mse units to those of a problem whose loss is ``speed`` times that."""
    return Landmark(float(time) / speed, float(at) * speed, float(level) * speed)
