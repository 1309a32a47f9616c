"""When a run is saved while it is solved, on a clock that goes on only in steps and in saves."""

import random
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from reluflow.cli.interruption import Interruption
from reluflow.cli.loop import Loop
from reluflow.flow.base import FlowSolver
from reluflow.live import keeping, worker
from reluflow.live.session import Session
from reluflow.store.preset import load_preset
from reluflow.store.run_directory import RunWriter
from reluflow.training import saving, training
from reluflow.training.saving import Saver
from reluflow.training.training import Training

#: of solving that may be lost, beside the step in progress: seconds, and how often the time of a save
LOST_SECONDS, LOST_SAVES = 2.0, 20.0
#: seconds that a step takes at most, most of them, and every so many steps one that takes far longer
SHORT, LONG, SELDOM = 0.05, 7.0, 100
STEPS = 600
PRESET = {
    **{"network.width": 2, "solver.method": "gd", "solver.learning_rate": 1e-9},
    **{"stop.loss": None, "stop.steps": STEPS},
}


class Course:
    """What a kill would lose of a run, at the beginning of every step and of every save."""

    def __init__(self, save_seconds: float) -> None:
        self.save_seconds = save_seconds
        self.now = self.solved = self.kept = self.last_step = 0.0
        self.lost: list[float] = []
        self.saves = 0
        self._draw = random.Random(2)

    def clock(self) -> float:
        return self.now

    def step(self) -> None:
        self.lost.append(self.solved - self.kept)
        long = len(self.lost) % SELDOM == SELDOM - 1
        self.last_step = LONG if long else self._draw.uniform(0.0, SHORT)
        self.now += self.last_step
        self.solved += self.last_step

    def save(self) -> None:
        """A save begins with the step done that was in progress."""
        self.lost.append(self.solved - self.kept - self.last_step)
        self.now += self.save_seconds
        self.kept = self.solved
        self.saves += 1


@pytest.fixture(
    params=[0.0, pytest.param(0.1, marks=pytest.mark.slow), 0.5],
    ids=lambda seconds: f"a save takes {seconds:g} s",
)
def course(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Course:
    """The course of the run that the test solves, with every clock of solving and saving put to its own."""
    one = Course(request.param)
    clocks = SimpleNamespace(monotonic=one.clock, perf_counter=one.clock, sleep=time.sleep)
    for module in (training, saving, keeping, worker):
        monkeypatch.setattr(module, "time", clocks)

    def with_course(method: Callable[..., object], what: Callable[[], None]) -> Callable[..., object]:
        def counted(*given: object, **named: object) -> object:
            what()
            return method(*given, **named)

        return counted

    monkeypatch.setattr(FlowSolver, "step", with_course(FlowSolver.step, one.step))
    monkeypatch.setattr(RunWriter, "save", with_course(RunWriter.save, one.save))
    return one


def assert_little_is_lost(course: Course) -> None:
    assert course.saves > 4
    assert max(course.lost) <= max(LOST_SECONDS, LOST_SAVES * course.save_seconds)
    # saves are no more often than that asks for
    assert course.saves < course.solved + 2
    assert course.saves * course.save_seconds < 0.06 * course.now + course.save_seconds


def test_little_solving_is_lost_with_a_command_that_is_killed(
    course: Course, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    preset = load_preset("orthogonal-toy", PRESET)
    run = Training.from_preset(preset)
    run.longest_burst = 1
    writer = RunWriter.create(preset, run.problem)
    with Interruption() as interruption:
        Loop(run, Saver(run, writer), interruption, quiet=True).run()
    writer.close()
    assert_little_is_lost(course)


@pytest.mark.parametrize("by_hand", [False, True], ids=["solved on", "stepped by hand"])
def test_little_solving_is_lost_with_an_app_that_is_killed(
    course: Course, by_hand: bool, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.setenv("RELUFLOW_CONFIG", f"{tmp_path}/config")
    monkeypatch.setattr(training, "LONGEST_BURST", 1)
    session = Session(load_preset("orthogonal-toy", PRESET), not by_hand, live=True)
    try:
        for _ in range(STEPS if by_hand else 0):
            session.step()
        session.wait(lambda frame: frame.over, 60.0)
    finally:
        session.close()
    assert_little_is_lost(course)
