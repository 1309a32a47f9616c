"""Predictions for the run on show, computed without an app; the theory itself is replaced."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hosts import FakeHost
from stages import Stage
from test_controllers_tour import PROBLEM, RUN

from reluflow.tui.controllers import theory as module
from reluflow.tui.controllers.theory import Marks, Theory, TheoryLimits
from reluflow.tui.moment import Moment

#: where the controller takes them from
HOMES = {
    "landmarks": "reluflow.tui.controllers.theory.landmarks",
    "forecast": "reluflow.theory.forecast.forecast",
    "extremal_directions": "reluflow.theory.alignment.extremal_directions",
}


class TheoryStage(Stage):
    """Predictions that are numbers, counted as they are made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(RUN)
        self.made: list[str] = []
        self.theory = Theory(
            self.host, TheoryLimits(first_seconds=0.0, settled_seconds=0.0, goals_seconds=0.0)
        )
        self.seen: list[Marks] = []
        self.theory.changed = self.seen.append
        for name, value in (
            ("landmarks", "landmarks"),
            ("forecast", SimpleNamespace(time=20.0)),
            ("extremal_directions", "goals"),
        ):
            monkeypatch.setattr(HOMES[name], self._making(name, value))

    def _making(self, name: str, value: Any) -> Any:
        def make(*_: object, **__: object) -> Any:
            self.made.append(name)
            return value

        return make

    def at(self, t: float) -> Moment:
        self.cursor.go_to(t)
        return self.cursor.take(self.frame, 0.0)

    async def work(self) -> None:
        """Do what is to be done beside everything else, until there is no more."""
        while self.host.work:
            await self.host.work.pop(0)()


async def test_landmarks_come_first_then_forecasts_while_the_cursor_is_on_a_plateau(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = TheoryStage(monkeypatch)
    stage.theory.follow(stage.at(2.0))
    assert len(stage.host.work) == 1
    stage.theory.follow(stage.at(2.1))
    assert len(stage.host.work) == 1, "one at a time"
    await stage.work()
    assert stage.made == ["landmarks", "forecast", "extremal_directions"]
    assert stage.theory.marks == Marks("landmarks", SimpleNamespace(time=20.0), "goals")
    assert Marks("landmarks", SimpleNamespace(time=20.0)) in stage.seen, (
        "the forecast does not wait for the goals"
    )
    stage.theory.follow(stage.at(2.5))
    assert stage.host.work == [], "the escape is not much nearer"
    stage.theory.follow(stage.at(5.0))
    await stage.work()
    assert stage.made.count("forecast") == 2
    assert stage.seen[-1] == stage.theory.marks


async def test_off_the_plateau_the_forecast_is_forgotten_and_for_another_problem_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = TheoryStage(monkeypatch)
    stage.theory.follow(stage.at(2.0))
    await stage.work()
    stage.theory.follow(stage.at(30.0))
    assert stage.theory.marks == Marks("landmarks")
    other = replace(RUN, number=2, generation=2, problem=RUN.preset.problem())
    stage.show(other)
    stage.theory.follow(stage.at(0.0))
    assert stage.theory.marks == Marks()


async def test_a_forecast_is_forgotten_where_its_plateau_is_another_one_or_its_time_is_past(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As while a run is solved: of the curve so far the first plateau was another one."""
    stage = TheoryStage(monkeypatch)
    stage.theory.follow(stage.at(2.0))
    await stage.work()
    assert stage.theory.marks.forecast is not None
    (first, *rest) = stage.at(5.0).plateaus
    later = replace(stage.at(5.0), plateaus=(replace(first, begin=4.0), *rest))
    stage.theory.follow(later)
    assert stage.theory.marks == Marks("landmarks")
    await stage.work()
    assert stage.theory.marks.forecast is not None
    late = replace(later, t=20.0, plateaus=(replace(first, begin=4.0, leave=None),))
    stage.theory.follow(late)
    assert stage.theory.marks.forecast is None


async def test_what_is_computed_for_a_run_is_not_told_of_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = TheoryStage(monkeypatch)
    stage.theory.follow(stage.at(2.0))
    await stage.host.work.pop(0)()
    other = RUN.preset.problem()
    make = stage._making("forecast", SimpleNamespace(time=20.0))

    def turned(*_: object) -> Any:
        """The number is turned while the forecast is under way."""
        stage.show(replace(RUN, number=2, generation=2, problem=other))
        stage.theory.follow(stage.at(2.0))
        return make()

    monkeypatch.setattr(HOMES["forecast"], turned)
    seen = len(stage.seen)
    await stage.host.work.pop(0)()
    assert stage.theory.marks == Marks()
    assert stage.seen[seen:] == []
    assert stage.theory.marks.problem is other
    assert Marks("landmarks", problem=PROBLEM).of(other) == Marks()


async def test_a_run_that_is_gone_before_it_settles_is_not_predicted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = TheoryStage(monkeypatch)
    stage.theory.follow(stage.at(2.0))
    stage.show(replace(RUN, number=2, generation=2, problem=None))
    stage.theory.follow(stage.at(0.0))
    await stage.work()
    assert stage.made == []
    assert stage.theory.marks == Marks()


async def waited_for(
    three_runs_at: float, limits: TheoryLimits, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> list[float]:
    """The seconds that are waited while predictions of three runs are made, and the clock is read so."""
    stage = TheoryStage(monkeypatch)
    readings, waited = iter(clock), list[float]()
    stage.theory = Theory(stage.host, limits, lambda: next(readings))

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(module.asyncio, "sleep", wait)
    for number in (1, 2, 3):
        stage.show(replace(RUN, number=number, generation=number, problem=RUN.preset.problem()))
        stage.theory.follow(stage.at(three_runs_at))
        await stage.work()
    return waited


async def test_the_next_run_waits_as_long_as_the_prediction_before_took(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits, clock = TheoryLimits(settled_seconds=0.1), [10.0, 10.02, 20.0, 20.7, 30.0, 30.1]
    assert await waited_for(30.0, limits, clock, monkeypatch) == pytest.approx([0.5, 0.1, 0.7])


async def test_extremal_directions_wait_no_longer_than_the_last_ones_took(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = TheoryLimits(first_seconds=0.0, goals_seconds=0.25)
    # two readings for the landmarks of a run, two for its extremal directions
    clock = [1.0, 1.1, 2.0, 2.01, 3.0, 3.1, 4.0, 4.7, 5.0, 5.1, 6.0, 6.1]
    waited = await waited_for(2.0, limits, clock, monkeypatch)
    assert waited[1::2] == pytest.approx([0.25, 0.01, 0.25])


async def test_a_prediction_that_breaks_down_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = TheoryStage(monkeypatch)

    def broken(*_: object, **__: object) -> None:
        raise IndexError("what nobody expected")

    for name in ("landmarks", "forecast", "extremal_directions"):
        monkeypatch.setattr(HOMES[name], broken)
    stage.theory.follow(stage.at(2.0))
    await stage.work()
    assert stage.host.complained == ["a prediction broke down: IndexError: what nobody expected"]


@pytest.mark.parametrize("status", ["running", "converged"])
def test_a_large_problem_waits_until_it_is_solved(status: str) -> None:
    host, pairs = FakeHost(), PROBLEM.width * PROBLEM.samples
    stage = Stage(replace(RUN, status=status))
    limits = TheoryLimits(pairs=pairs, pairs_while_solving=pairs - 1)
    Theory(host, limits).follow(stage.cursor.take(stage.frame, 0.0))
    assert len(host.work) == (1 if status == "converged" else 0)
