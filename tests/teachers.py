"""Data that one neuron labelled, and their runs."""

from functools import cache

import numpy as np

import reluflow
from reluflow.flow.base import Options
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory.teacher_trajectory import TeacherTrajectory, find_teacher
from reluflow.training.training import StopRules, Training

NEAR = {"data.noise": 0.35, "data.samples": 6, "data.dimension": 6, "network.width": 12, "data.seed": 2}


def preset_problem(**changes) -> Problem:
    return reluflow.load_preset("neuron-centred-10", changes).problem()


def trained(problem: Problem, loss: float) -> Measured:
    training = Training(problem, "lorentz", Options(rtol=1e-7), StopRules(loss=loss, steps=100_000))
    while training.status == "running":
        training.advance(seconds=10.0)
    assert training.status == "converged"
    return Measured(problem, training.recorder.series, training.recorder.snapshots, training.status)


@cache
def near() -> Measured:
    """Inputs within 45 degrees of the teacher: every assumption of the paper holds."""
    return trained(preset_problem(**NEAR), 1e-9)


def course_of(problem: Problem) -> TeacherTrajectory:
    teacher = find_teacher(problem)
    assert teacher is not None
    return TeacherTrajectory(problem, teacher)


def family(b: float, dimension: int):
    """The paper's data on which rank one is not the least norm."""
    inputs = np.zeros((dimension, dimension))
    inputs[:, 0] = b
    inputs[1, 1:3], inputs[2, 1:3] = (-np.sqrt(b), 1.0), (np.sqrt(b), 1.0)
    inputs[range(3, dimension), range(3, dimension)] = 1.0
    teacher = np.zeros(dimension)
    teacher[0], teacher[2] = 0.8, 0.6
    return inputs, teacher
