"""What lies between two runs, without an app; the tracking itself is replaced."""

from dataclasses import replace
from typing import Any

import pytest
from stages import Stage
from test_cursor import DONE

from reluflow.errors import EdgeError
from reluflow.sweep.edges.kinks import Kink
from reluflow.sweep.edges.outcomes import Outcome, StoppedError
from reluflow.sweep.edges.tracking import Bisection, Edge
from reluflow.tui.controllers import outcomes as module
from reluflow.tui.controllers.outcomes import Outcomes

ENDS = tuple(Outcome("stationary", "", loss, 1.0, 1e-9) for loss in (0.5, 1e-9))
KINK = Edge(
    "kink", "the start", 0.25, ENDS, (Bisection(0.0, 1e-12, 40, 2.0, 50.0, 0.5),),
    Kink(1.5, 3, 7, 1.0, 0.0, 50.0, 0.1), None, (None, None),
)  # fmt: skip


class OutcomeStage(Stage):
    """A run that is kept, and another one on show."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
        super().__init__(DONE)
        self.asked: list[Any] = []
        self.outcomes = Outcomes(self.cursor, self.comparison, self.host)

        def edge_between(one: Any, other: Any, **options: Any) -> Any:
            self.asked.append((one, other, options))
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(module, "edge_between", edge_between)

    async def work(self) -> None:
        while self.host.work:
            await self.host.work.pop(0)()


async def test_it_says_what_lies_between_the_run_on_show_and_the_one_kept_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = OutcomeStage(monkeypatch, KINK)
    stage.outcomes.find()
    assert "f keeps the run on show" in stage.host.said[-1]
    stage.comparison.freeze()
    other = DONE.preset.with_values({"init.scale": 0.5})
    stage.show(replace(DONE, number=DONE.number + 1, generation=DONE.generation + 1, preset=other))
    stage.outcomes.find()
    stage.outcomes.find()
    assert "already" in stage.host.said[-1]
    await stage.work()
    ((one, kept, options),) = stage.asked
    assert (one.values, kept.values) == (other.values, DONE.preset.values)
    assert (one.name, kept.name) == ("this run", "a (orthogonal-toy)"), "runs of one preset are told apart"
    assert options["interrupted_by"]() is None
    stage.host.is_running = False
    assert options["interrupted_by"]() is not None
    said = stage.host.said[-1]
    assert said.startswith("the start = 0.25: one side rests at loss 0.5, the other fits")
    assert "a kink, of sample 8 for neuron 3 at t = 1.5" in said


@pytest.mark.parametrize("error", [EdgeError("both are the same run"), StoppedError("the end of the app")])
async def test_what_cannot_be_tracked_is_said(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    stage = OutcomeStage(monkeypatch, error)
    stage.comparison.freeze()
    stage.outcomes.find()
    await stage.work()
    assert stage.host.complained == ([str(error)] if isinstance(error, EdgeError) else [])
    stage.outcomes.find()
    assert len(stage.host.work) == 1, "the next pair can be looked at"
