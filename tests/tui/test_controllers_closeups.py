"""The losses in a window are solved anew where the record is coarser, one window at a time."""

from dataclasses import replace

import numpy as np
import pytest
from hosts import FakeHost
from stages import Stage
from test_controllers_tour import RUN

from reluflow.live.frame import Frame
from reluflow.network import Array
from reluflow.training.closeup import CloseUp
from reluflow.tui.controllers import closeups as module
from reluflow.tui.controllers.closeups import CloseUps

FINE = np.linspace(1.0, 1.1, 50)


class CloseUpStage(Stage):
    """Closeups whose losses are numbers, counted as they are solved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(replace(RUN, method="lorentz"))
        self.closeups = CloseUps(self.host)
        self.seen: list[CloseUp | None] = []
        self.closeups.changed = self.seen.append
        self.solved: list[Array] = []
        self.given_up: list[bool] = []
        monkeypatch.setattr(module, "close_up", self._solve)
        self.follow()

    def _solve(self, problem, method, options, begun, times, abandoned) -> CloseUp | None:  # type: ignore[no-untyped-def]
        assert method == "lorentz"
        assert begun.t <= times[0]
        self.solved.append(times)
        self.given_up.append(abandoned())
        return None if abandoned() else CloseUp(times, np.zeros(times.size))

    def follow(self, frame: Frame | None = None) -> None:
        if frame is not None:
            self.show(frame)
        self.closeups.follow(self.cursor.take(self.frame, 0.0))

    async def work(self) -> None:
        while self.host.work:
            await self.host.work.pop(0)()


async def test_a_narrow_window_is_solved_once_and_a_wide_one_not(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = CloseUpStage(monkeypatch)
    stage.closeups.look_at(np.linspace(0.0, stage.frame.history.end, 20))
    assert stage.host.work == [], "the record has more rows than that"
    stage.closeups.look_at(FINE)
    await stage.work()
    stage.follow()
    await stage.work()
    assert [each.tolist() for each in stage.solved] == [FINE.tolist()]
    assert stage.closeups.closeup is stage.seen[-1]
    stage.closeups.look_at(None)
    assert stage.closeups.closeup is None
    assert stage.seen[-1] is None


async def test_only_the_newest_window_is_solved_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = CloseUpStage(monkeypatch)
    later = [FINE + by for by in (1.0, 2.0)]
    stage.closeups.look_at(FINE)
    for window in later:
        stage.closeups.look_at(window)
    assert len(stage.host.work) == 1
    await stage.work()
    assert [each[0] for each in stage.solved] == [1.0, 3.0]
    assert stage.given_up == [True, False]
    assert stage.closeups.closeup.t.tolist() == later[1].tolist()


async def test_of_another_run_it_is_solved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = CloseUpStage(monkeypatch)
    stage.closeups.look_at(FINE)
    await stage.work()
    stage.follow(replace(stage.frame, number=9, generation=9))
    assert stage.seen[-1] is None
    await stage.work()
    assert len(stage.solved) == 2
    assert stage.closeups.closeup is not None


async def test_a_run_that_is_not_there_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = CloseUpStage(monkeypatch)
    history = stage.frame.history
    early = replace(history, states=history.states[:1])
    stage.follow(replace(stage.frame, number=7, status="running", history=early))
    stage.closeups.look_at(FINE)
    assert stage.host.work == []
    stage.follow(replace(stage.frame, number=8, history=history))
    await stage.work()
    assert len(stage.solved) == 1


async def test_what_cannot_be_solved_is_told_and_leaves_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = CloseUpStage(monkeypatch)

    def broken(*_: object) -> None:
        raise IndexError("what nobody expected")

    monkeypatch.setattr(module, "close_up", broken)
    stage.closeups.look_at(FINE)
    await stage.work()
    assert stage.host.complained == ["the closeup cannot be solved: IndexError: what nobody expected"]
    assert stage.closeups.closeup is None


def test_a_wide_network_is_solved_for_at_fewer_times(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = CloseUpStage(monkeypatch)
    pairs = stage.frame.problem.width * stage.frame.problem.samples
    monkeypatch.setattr(module, "MOST_PRODUCTS", 20.0 * pairs)
    stage.closeups = CloseUps(FakeHost())
    found = module.solved(stage.frame, FINE, lambda: False)
    assert found.t.size == 20
    assert (found.t[0], found.t[-1]) == (FINE[0], FINE[-1])
