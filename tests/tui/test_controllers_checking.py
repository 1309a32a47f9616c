"""How sure the run on show is, without an app."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stages import Stage

from reluflow.live.frame import Frame
from reluflow.store.preset import load_preset
from reluflow.training.checking import check, told_in_words
from reluflow.training.training import Training
from reluflow.tui.controllers.checking import Checking

SMALL = {"network.width": 6, "init.scale": 1e-2}


def solved(changes: Mapping[str, Any] = SMALL) -> tuple[Training, Frame]:
    """A small run to its end, and the frame that shows it."""
    preset = load_preset("orthogonal-toy", {**SMALL, **changes})
    training = Training.from_preset(preset)
    training.run()
    history = replace(training.recorder.history, events=training.events)
    frame = Frame(
        preset, generation=1, status=training.status, method=training.method, history=history,
        problem=training.problem,
    )  # fmt: skip
    return training, frame


class CheckStage(Stage):
    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self.checking = Checking(self.cursor, self.host)
        self.cursor.take(frame, 0.0)

    async def work(self) -> None:
        while self.host.work:
            await self.host.work.pop(0)()


async def test_it_says_what_the_command_line_says() -> None:
    training, frame = solved()
    stage = CheckStage(frame)
    stage.checking.check()
    assert "checking the run" in stage.host.said[-1]
    stage.checking.check()
    assert "already" in stage.host.said[-1]
    await stage.work()
    expected = check(training)
    assert expected is not None
    assert 0.0 < expected.loss < 1e-4
    assert stage.host.said[-1] == f"checked: {told_in_words(expected.told())}"
    assert "loss to" in stage.host.said[-1]


async def test_another_run_on_show_ends_it() -> None:
    _, frame = solved()
    stage = CheckStage(frame)
    stage.checking.check()
    stage.show(replace(frame, generation=2, number=1))
    stage.cursor.take(stage.frame, 0.0)
    await stage.work()
    assert len(stage.host.said) == 1, "nothing is told of a run that is gone"
    stage.checking.check()
    assert len(stage.host.work) == 1, "the next can be checked"


async def test_what_cannot_be_checked_is_said() -> None:
    _, frame = solved({"solver.method": "gd", "stop.steps": 20})
    stage = CheckStage(frame)
    stage.checking.check()
    assert "gd has no tolerance" in stage.host.said[-1]
    _, frame = solved({"solver.rtol": 1e-13})
    stage = CheckStage(frame)
    stage.checking.check()
    assert "100 times tighter" in stage.host.complained[-1]
    stage = CheckStage(Frame(frame.preset))
    stage.checking.check()
    assert "no run to check" in stage.host.said[-1]
    assert stage.host.work == []
