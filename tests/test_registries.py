"""Registries: what they name is there, and no name or line of help needs NumPy or Textual."""

from typing import get_args

import numpy as np
import pytest

from reluflow.errors import ProblemError
from reluflow.flow import DEFAULT_METHOD, DESCENT, METHODS
from reluflow.flow.base import FlowSolver
from reluflow.network import loss_of
from reluflow.problem import check_slope
from reluflow.registry.activations import ACTIVATIONS, SLOPES_BELOW
from reluflow.registry.losses import DEFAULT_LOSS, LOSSES, Loss
from reluflow.store.keys import KEYS


def key(id: str):
    return next(key for key in KEYS if key.id == id)


def test_solvers_are_named_as_they_name_themselves():
    for name, solver in METHODS.items():
        assert issubclass(solver, FlowSolver)
        assert solver.name == name
    assert [name for name, solver in METHODS.items() if solver.discrete] == [DESCENT]
    assert DEFAULT_METHOD in METHODS
    assert key("solver.method").choices == tuple(METHODS)
    assert "euler" not in METHODS


def test_losses_are_their_factor_times_the_mean_square():
    assert get_args(Loss) == tuple(LOSSES) == key("solver.loss").choices
    assert key("solver.loss").default == DEFAULT_LOSS == "half-mse"
    residual = np.array([1.0, -3.0])
    for name, convention in LOSSES.items():
        assert loss_of(residual, name) == convention.factor * 5.0
        assert f"{name} = {convention.formula}" in key("solver.loss").help


def test_slopes_are_those_of_an_activation():
    slope = key("network.slope")
    assert (slope.low, slope.high, slope.high_open) == (0.0, SLOPES_BELOW, True)
    assert all(f"{each.slopes} for {name}" in slope.help for name, each in ACTIVATIONS.items())
    assert check_slope(np.nextafter(SLOPES_BELOW, 0.0)) < SLOPES_BELOW
    with pytest.raises(ProblemError, match="at least 0 and below 1"):
        check_slope(SLOPES_BELOW)
