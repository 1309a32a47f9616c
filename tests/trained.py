"""Finished runs for tests to read numbers off."""

from reluflow.flow.base import Options
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.training import StopRules, Training


def trained(problem: Problem, method: str | None = None, rtol: float = 1e-6, **stop: float) -> Measured:
    """A run to its end (to a loss of 1e-9 unless other stop rules are given), as it was recorded."""
    rules = StopRules(**(stop or {"loss": 1e-9, "steps": 20_000}))
    run = Training(problem, method, Options(rtol=rtol), rules)
    while run.status == "running":
        run.advance(seconds=10.0)
    return Measured(problem, run.recorder.series, run.recorder.snapshots, run.status)
