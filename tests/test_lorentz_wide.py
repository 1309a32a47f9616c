"""Wide networks on their plateaus: how long the steps of the lorentz solver are."""

import numpy as np
import pytest

from reluflow.flow.base import Options
from reluflow.flow.lorentz import Lorentz
from reluflow.flow.lorentz.context import StepContext
from reluflow.problem import Problem


def steps_on_the_plateau() -> int:
    """Of a thousand tiny neurons on 20 samples in two dimensions and a bias."""
    generator = np.random.default_rng(0)
    inputs = np.column_stack([generator.standard_normal((20, 2)), np.ones(20)])
    weights = 1e-6 * generator.standard_normal((1000, 3))
    signs = np.where(generator.random(1000) < 0.5, -1.0, 1.0)
    outputs = signs * np.linalg.norm(weights, axis=1)
    solver = Lorentz(Problem(inputs, generator.standard_normal(20), weights, outputs), Options())
    while solver.t < 35.0:
        solver.step(t_end=35.0)
    return solver.steps


def test_once_an_escape_is_seen_smaller_neurons_do_not_end_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = steps_on_the_plateau()
    monkeypatch.setattr(StepContext, "overtaking", lambda _, small: np.zeros(np.count_nonzero(small)))
    assert steps < steps_on_the_plateau()
