"""A step that is given up at any moment, and taken again: nothing of it is left, to the last bit."""

from dataclasses import replace
from traceback import extract_stack

import numpy as np
import pytest

from reluflow.flow import descent, make_solver
from reluflow.flow.base import AbandonedError, FlowSolver
from reluflow.observe import recorder
from reluflow.store.preset import load_preset
from reluflow.training.training import Training

#: runs with events, series, collocation, insides of steps that are recorded, and an end within a step
CASES = [
    ("orthogonal-toy", {"init.scale": 1e-3}),
    pytest.param("wu-five-points", {"solver.rtol": 1e-4}, marks=pytest.mark.slow),
    (
        "nonorthogonal-five-points",
        {"network.width": 30, "solver.rtol": 1e-3, "record.snapshots": 8, "record.series": 16},
    ),
    ("neuron-centred-10", {"network.width": 20, "init.scale": 1e-3, "record.series": 64}),
]
SMALL = {"network.width": 6, "init.scale": 1e-3, "solver.rtol": 1e-2, "stop.steps": 150, "stop.loss": 0.3}


class Impatience:
    """Gives up after so many questions, and after more of them the next time."""

    def __init__(self) -> None:
        self.left = self.allowed = 0
        self.given_up = 0

    def __call__(self) -> bool:
        self.left -= 1
        if self.left < 0:
            self.allowed = 2 * self.allowed + 1
            self.left, self.given_up = self.allowed, self.given_up + 1
            return True
        return False


def run(preset, changes, abandoned):
    training = Training.from_preset(load_preset(preset, changes))
    calls = 0
    while training.status == "running" and calls < 3000:
        steps = training.solver.steps
        training.advance(0.0, abandoned=abandoned)
        calls += 1
        if training.solver.steps > steps and isinstance(abandoned, Impatience):
            abandoned.left = abandoned.allowed = 0
    return training


def require_nothing_left(preset, changes, monkeypatch):
    take_back, taken_back = FlowSolver.take_back, []

    def counting(solver):
        taken_back.append(solver.steps)
        take_back(solver)

    monkeypatch.setattr(FlowSolver, "take_back", counting)
    impatience = Impatience()
    straight, again = run(preset, changes, lambda: False), run(preset, changes, impatience)
    assert impatience.given_up > len(taken_back) > 0, "within steps, and while they were looked into"
    assert (again.status, again.reason) == (straight.status, straight.reason)
    expected, found = straight.checkpoint(), again.checkpoint()
    assert found.keys() == expected.keys()
    for key in expected.keys() - {"wall_seconds"}:
        assert np.array_equal(found[key], expected[key]), key


@pytest.mark.parametrize(("preset", "changes"), CASES)
def test_a_step_that_was_given_up_leaves_nothing(preset, changes, monkeypatch):
    require_nothing_left(preset, changes, monkeypatch)


@pytest.mark.parametrize("method", ["lorentz", "polar"])
def test_nor_where_it_is_given_up_between_passes_over_many_weights(method, monkeypatch):
    """What is recorded of a step of a network with 100000 dimensions takes longer than the step."""
    monkeypatch.setattr(recorder, "RECORDER", replace(recorder.RECORDER, long=0, many=1))
    changes = SMALL | {"solver.method": method, "stop.steps": 30}
    require_nothing_left("orthogonal-toy", changes, monkeypatch)
    training = Training.from_preset(load_preset("orthogonal-toy", changes))
    training.single_step()
    asked = []
    training.single_step(lambda: bool(asked.append(extract_stack(limit=2)[0].name)))
    assert asked.count("ask") >= 6, "before the state is made, looked at and recorded, and in between"


def test_nor_while_few_states_are_kept_and_most_are_let_go(monkeypatch):
    monkeypatch.setattr(recorder, "RECORDER", replace(recorder.RECORDER, long=0, many=1))
    require_nothing_left("orthogonal-toy", SMALL | {"record.snapshots": 4, "stop.steps": 20}, monkeypatch)


@pytest.mark.parametrize("long", [descent.LONG, 0])
def test_nor_of_descent_whose_iterations_are_looked_at(long, monkeypatch):
    """Of many weights it is asked within an iteration, before they are changed."""
    monkeypatch.setattr(recorder, "RECORDER", replace(recorder.RECORDER, long=0))
    monkeypatch.setattr(descent, "LONG", long)
    changes = SMALL | {"solver.method": "gd", "solver.learning_rate": 0.1, "stop.steps": 400}
    impatience = Impatience()
    del changes["solver.rtol"]
    straight = run("orthogonal-toy", changes, lambda: False)
    again = run("orthogonal-toy", changes, impatience)
    assert impatience.given_up > 10
    expected, found = straight.checkpoint(), again.checkpoint()
    for key in expected.keys() - {"wall_seconds"}:
        assert np.array_equal(found[key], expected[key]), key


def test_an_observation_that_is_given_up_was_never_made(monkeypatch):
    monkeypatch.setattr(recorder, "RECORDER", replace(recorder.RECORDER, long=0))
    solver = make_solver("polar", load_preset("orthogonal-toy", SMALL).problem())
    watch = recorder.Recorder(solver.problem, recorder.RecordRules())
    watch.observe(solver)
    solver.step()
    before, solver.abandoned = watch.checkpoint(), lambda: True
    with pytest.raises(AbandonedError):
        watch.observe(solver)
    for name, value in watch.checkpoint().items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)


@pytest.mark.parametrize("method", ["polar", "rk45", "dop853", "radau", "bdf", "lsoda"])
def test_nor_does_it_of_another_method(method, monkeypatch):
    require_nothing_left("orthogonal-toy", SMALL | {"solver.method": method}, monkeypatch)
