"""Finished runs for tests to read numbers off."""

from collections.abc import Iterable

import pytest

from reluflow.flow import make_solver
from reluflow.flow.base import FlowSolver, Options
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.training.training import StopRules, Training

#: of ``solver_at``, where it is not told otherwise
TOLERANCES = {"rtol": 1e-7, "learning_rate": 2e-4}


#: what these keep from step to step is tried quickly, too; all else they do as dop853 and radau do it
ALIKE = ("rk45", "bdf")


def alike_slow(methods: Iterable[str]) -> list:
    """Methods as parameters, of which those that do all as another one does are tried by slow tests."""
    return [pytest.param(each, marks=pytest.mark.slow if each in ALIKE else ()) for each in methods]


def trained(problem: Problem, method: str | None = None, rtol: float = 1e-6, **stop: float) -> Measured:
    """A run to its end (to a loss of 1e-9 unless other stop rules are given), as it was recorded."""
    rules = StopRules(**(stop or {"loss": 1e-9, "steps": 20_000}))
    run = Training(problem, method, Options(rtol=rtol), rules)
    while run.status == "running":
        run.advance(seconds=10.0)
    return Measured(problem, run.recorder.series, run.recorder.snapshots, run.status)


def solver_at(method: str, problem: Problem, time: float, **options: float) -> FlowSolver:
    """A solver after it has gone to a time."""
    solver = make_solver(method, problem, Options(**(TOLERANCES | options)))
    while solver.t < time and solver.failure is None:
        solver.step(burst=1000, t_end=time)
    assert solver.failure is None
    return solver
