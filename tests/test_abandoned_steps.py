"""A step that nobody wants any more is given up, and the same step is taken later, bit for bit."""

import json
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from reluflow.flow import make_solver
from reluflow.flow.base import AbandonedError, Options
from reluflow.flow.patience import patiently
from reluflow.flow.polar import Polar
from reluflow.flow.scipy_implicit import BackwardDifferences, RadauIIA
from reluflow.flow.scipy_lsoda import Lsoda
from reluflow.flow.scipy_methods import DormandPrince853, RungeKutta45
from reluflow.store.preset import load_preset
from reluflow.theory import escape
from reluflow.training import stopping
from reluflow.training.training import Training

METHODS = [Polar, RungeKutta45, DormandPrince853, RadauIIA, BackwardDifferences, Lsoda]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("large", [False, True])
def test_a_step_given_up_is_taken_again_as_it_would_have_been(method, large, monkeypatch):
    if large:
        for module in ("scipy_implicit", "scipy_lsoda"):
            monkeypatch.setattr(f"reluflow.flow.{module}.LARGE", 0)
    problem = load_preset("orthogonal-toy", {"network.width": 6, "init.scale": 1e-2}).problem()
    straight, broken = (method(problem, Options(1e-6)) for _ in range(2))
    for number in range(40):
        straight.step()
        asked = iter(range(1 + number % 9))
        # it is wanted for so many looks, and then not
        broken.abandoned = lambda asked=asked: next(asked, None) is None
        before, steps = broken.state, broken.steps
        broken.step()
        if broken.steps == steps:
            assert np.array_equal(broken.state.weights, before.weights)
            assert broken.failure is None
            broken.abandoned = lambda: False
            broken.step()
        assert (broken.t, broken.steps) == (straight.t, straight.steps)
        assert np.array_equal(broken.state.weights, straight.state.weights)


def test_many_junctions_within_a_step_do_not_keep_it():
    """Opposite ones of four points are the same but for rounding: every neuron comes to where kinks meet."""
    values = {"data.kind": "xor", "data.samples": 4, "data.noise": 4e-13, "network.width": 8}
    changes = values | {"network.slope": 0.3, "data.inputs": None, "data.targets": None}
    problem = load_preset("first-steps", changes).problem()
    solver, asked = make_solver("lorentz", problem), []
    solver.abandoned = lambda: bool(asked.append(len(asked)))
    solver.step()
    assert solver.steps == 1
    assert len(asked) > problem.width
    again, left = make_solver("lorentz", problem), iter(range(problem.width))
    again.abandoned = lambda: next(left, None) is None
    again.step()
    assert again.steps == 0
    again.abandoned = lambda: False
    again.step()
    assert np.array_equal(again.state.weights, solver.state.weights)


def test_what_cannot_be_broken_off_is_not_waited_for():
    wanted = [True]

    def work():
        wanted[0] = False
        while not stop:
            time.sleep(0.001)

    stop: list[bool] = []
    try:
        with pytest.raises(AbandonedError):
            patiently(work, lambda: not wanted[0])
    finally:
        stop.append(True)
    assert patiently(lambda: 5, lambda: False) == 5
    with pytest.raises(ZeroDivisionError):
        patiently(lambda: 1 / 0, lambda: False)


#: Runs a command after work was given up; says if the interpreter ends in the usual way.
GIVING_UP = """
import atexit, sys, threading
from reluflow.cli import main
from reluflow.flow.base import AbandonedError
from reluflow.flow.patience import patiently
atexit.register(print, "ended as usual")
over = threading.Event()
if "goes on" not in sys.argv:
    over.set()
try:
    patiently(over.wait, lambda: True)
except AbandonedError:
    pass
sys.argv = ["reluflow", *sys.argv[2:]]
main()
"""


@pytest.mark.parametrize("work", ["goes on", "is over"])
@pytest.mark.parametrize(("words", "code"), [(["presets", "--json"], 0), (["presets", "show", "no-such"], 2)])
def test_the_interpreter_does_not_end_around_work_that_goes_on(work, words, code, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", GIVING_UP, work, *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == code
    said, last = done.stdout.removesuffix("ended as usual\n"), done.stdout.splitlines()[-1:]
    assert (last == ["ended as usual"]) == (work == "is over")
    if code == 0:
        assert any(each["name"] == "orthogonal-toy" for each in json.loads(said)["presets"])
    else:
        assert "no-such" in done.stderr


@pytest.mark.parametrize(("name", "ends"), [("orthogonal-toy", "time"), ("wu-five-points", "stationary")])
def test_a_verdict_that_nobody_waits_for_is_given_later(name, ends, monkeypatch):
    """What can still grow at the end of a run may take long to see; the end is the same then."""
    preset = load_preset(name, {"stop.time": 3.0} if ends == "time" else {})
    straight = Training.from_preset(preset)
    straight.run()
    assert straight.status == ends
    classify, asked, goes_on = escape.classify, threading.Event(), threading.Event()

    def slow(*words):
        asked.set()
        assert goes_on.wait(60.0)
        return classify(*words)

    monkeypatch.setattr(stopping, "FEWEST_PAIRS", 0)
    with monkeypatch.context() as while_slow:
        while_slow.setattr(escape, "classify", slow)
        broken = Training.from_preset(preset)
        broken.run(interrupted_by=lambda: "a signal" if asked.is_set() else None)
        goes_on.set()
    assert (broken.status, broken.solver.steps) == ("interrupted", straight.solver.steps)
    again = Training.from_preset(preset)
    again.restore(broken.checkpoint())
    assert (again.status, again.reason, again.solver.t) == (ends, straight.reason, straight.solver.t)
    broken.status = "running"
    broken.run()
    assert (broken.status, broken.reason) == (ends, straight.reason)
    for name, column in straight.recorder.series.items():
        np.testing.assert_array_equal(broken.recorder.series[name], column)


def test_the_wall_time_is_over_half_a_look_before_its_end(monkeypatch):
    """From one look to the next a pass over many weights may take some tenths of a second."""
    now = [0.0]
    monkeypatch.setattr(stopping.time, "perf_counter", lambda: now[0])
    clock = stopping.WallClock()
    clock.begin(1.0)
    for now[0], over, margin in (
        (0.1, False, 0.05),
        (0.3, False, 0.1),
        (0.5, False, 0.1),
        (0.91, True, 0.15),
    ):
        assert clock.is_over() is over
        assert clock.margin == pytest.approx(margin)
