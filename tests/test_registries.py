"""Registries: what they name is there, and no name or line of help needs NumPy or Textual."""

from dataclasses import fields
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from reluflow.data import DATA_KINDS, INITIALISATIONS
from reluflow.data.datasets import DataKind
from reluflow.data.initialisation import Start
from reluflow.errors import ProblemError
from reluflow.flow import DEFAULT_METHOD, DESCENT, METHODS
from reluflow.flow.base import FlowSolver, Options
from reluflow.network import loss_of
from reluflow.observe.recorder import RecordRules
from reluflow.plot.views import RUN_VIEWS, VIEWS
from reluflow.problem import check_slope
from reluflow.registry.activations import ACTIVATIONS, SLOPES_BELOW
from reluflow.registry.losses import DEFAULT_LOSS, LOSSES, Loss
from reluflow.store.keys import KEYS
from reluflow.store.preset import load_preset
from reluflow.theory import CHAPTERS, PREDICTIONS, all_predictions
from reluflow.training.stopping import StopRules
from reluflow.tui.widgets.neuron_view import NAMES


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
        if convention.factor is not None:
            assert loss_of(residual, name) == convention.factor * 5.0
        assert f"{name} = {convention.formula}" in key("solver.loss").help


def test_slopes_are_those_of_an_activation():
    slope = key("network.slope")
    assert (slope.low, slope.high, slope.high_open) == (0.0, SLOPES_BELOW, True)
    assert all(f"{each.slopes} for {name}" in slope.help for name, each in ACTIVATIONS.items())
    assert check_slope(np.nextafter(SLOPES_BELOW, 0.0)) < SLOPES_BELOW
    with pytest.raises(ProblemError, match="at least 0 and below 1"):
        check_slope(SLOPES_BELOW)


def test_data_kinds_and_the_keys_that_they_name():
    own = {each.name for each in KEYS if each.section == "data" and each.when is not None}
    assert {name for row in DATA_KINDS.rows.values() for name in row.keys} == own
    assert key("data.kind").choices == tuple(DATA_KINDS)
    assert all(issubclass(kind, DataKind) for kind in DATA_KINDS.values())
    seeded = [name for name, row in DATA_KINDS.rows.items() if "seed" in row.keys]
    assert key("data.seed").when == ("data.kind", tuple(seeded))
    assert "gaussian" in key("data.teacher_width").required
    assert "orthogonal" not in key("data.teacher_width").required


def test_initialisations_are_drawn_or_read():
    assert key("init.kind").choices == tuple(INITIALISATIONS)
    drawn = [name for name, row in INITIALISATIONS.rows.items() if row.drawn]
    assert key("init.scale").when == ("init.kind", tuple(drawn))
    start = Start({"network.width": 3, "init.scale": 0.5}, Path(), 2, 2)
    for name in drawn:
        weights, outputs = INITIALISATIONS[name](start)
        assert weights.shape == (3, 2)
        assert outputs.shape == (3,)


def test_stop_rules_are_the_keys_of_their_section():
    own = {each.name for each in KEYS if each.section == "stop"}
    assert own == {field.name for field in fields(StopRules)}
    values = {"stop.loss": 1e-3, "stop.time": 2.0, "stop.steps": 7, "stop.wall_seconds": 60.0}
    stop = StopRules.of(load_preset("first-steps", values))
    assert stop == StopRules(loss=1e-3, time=2.0, steps=7, wall_seconds=60.0)


def test_options_and_record_rules_are_read_off_their_keys():
    changes = {"solver.rtol": 1e-4, "solver.method": "gd", "solver.learning_rate": 0.25}
    values = load_preset("first-steps", {**changes, "record.series": 99, "record.memory_mb": 3.0}).values
    assert Options.of(values) == Options(rtol=1e-4, learning_rate=0.25)
    assert RecordRules.of(values) == RecordRules(snapshots=400, series=99, memory_mb=3.0)


def test_views_are_those_that_the_app_goes_through():
    assert (*VIEWS, *RUN_VIEWS) == NAMES
    assert all(callable(view) for view in (*VIEWS.values(), *RUN_VIEWS.values()))


@pytest.mark.parametrize("name", ["orthogonal-toy", "three-points"])
def test_every_prediction_of_a_problem_is_registered(name):
    problem = load_preset(name).problem()
    for chapter, predictions in CHAPTERS.items():
        assert [each.id for each in predictions(problem)] == list(CHAPTERS.rows[chapter].rows)
    every = all_predictions(problem)
    assert [each.id for each in every] == list(PREDICTIONS)
    assert all(each.absolute for each in every if each.predicted == 0.0), "there is no share of nothing"
