"""Losses solved between recorded states, held against the run itself at a tight tolerance."""

from functools import cache

import numpy as np
import pytest

import reluflow
from reluflow.flow.base import Options, State
from reluflow.store.preset import Preset, load_preset
from reluflow.training.closeup import close_up
from reluflow.training.training import Training


@cache
def finished(preset: str) -> tuple[Preset, Training]:
    """A preset and its run, which tests look at."""
    loaded = load_preset(preset, {"network.width": 12, "init.scale": 1e-3})
    run = Training.from_preset(loaded)
    run.run()
    return loaded, run


@pytest.mark.parametrize(
    ("preset", "part"),
    [
        ("orthogonal-toy", (0.0, 0.02)),
        ("nonorthogonal-five-points", (0.6, 0.7)),
        *(
            pytest.param(*each, marks=pytest.mark.slow)
            for each in (
                ("orthogonal-toy", (0.3, 0.31)),
                ("orthogonal-toy", (0.6, 0.7)),
                ("nonorthogonal-five-points", (0.0, 0.02)),
                ("nonorthogonal-five-points", (0.3, 0.31)),
            )
        ),
    ],
)
def test_it_is_the_loss_of_the_run(preset: str, part: tuple[float, float]) -> None:
    loaded, run = finished(preset)
    history, problem = run.recorder.history, run.problem
    times = np.linspace(part[0] * history.end, part[1] * history.end, 23)
    options = Options.of(loaded.values)
    found = close_up(problem, run.method, options, history.recorded_at(times[0]), times)
    exact = reluflow.simulate(
        problem.inputs, problem.targets, problem.weights, problem.output_weights, rtol=1e-9, times=times
    )
    assert found is not None
    assert found.t.tolist() == times.tolist()
    assert found.loss == pytest.approx(exact.loss, rel=1e-4, abs=1e-12)


def test_iterates_of_descent_are_those_of_the_run() -> None:
    loaded = load_preset(
        "orthogonal-toy",
        {"network.width": 6, "solver.method": "gd", "solver.learning_rate": 0.01, "stop.steps": 400},
    )
    run = Training.from_preset(loaded)
    iterates = {0.0: run.solver.loss}
    run.run(lambda each: iterates.__setitem__(round(each.solver.t, 9), each.solver.loss), every=None)
    begun = run.recorder.history.recorded_at(2.0)
    times = np.array([t for t in iterates if 2.0 <= t <= 2.5])
    found = close_up(run.problem, "gd", Options.of(loaded.values), begun, times)
    assert found is not None
    assert found.loss == pytest.approx([iterates[t] for t in times], rel=1e-9)


def test_after_the_end_it_rests_and_when_given_up_there_is_nothing() -> None:
    problem = load_preset("orthogonal-toy", {"network.width": 6}).problem()
    begun = State(0.0, problem.weights, problem.output_weights)
    times = np.array([0.0, 1.0, 1e4])
    found = close_up(problem, "lorentz", Options(), begun, times)
    assert found is not None
    assert found.loss[-1] < 1e-12 < found.loss[1]
    assert close_up(problem, "lorentz", Options(), begun, times, lambda: True) is None
