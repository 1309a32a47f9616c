"""What the menu of changes asks and begins, without an app and without a solver."""

from unittest.mock import call

import pytest
from stages import Stage
from test_cursor import DONE

from reluflow.errors import ReluflowError
from reluflow.theory.nudges import Nudge
from reluflow.tui.controllers.nudging import Nudging
from reluflow.tui.controllers.table import Table


@pytest.fixture
def stage() -> Stage:
    found = Stage()
    found.cursor.go_to(12.3)
    found.show(DONE)
    return found


@pytest.fixture
def nudging(stage: Stage) -> Nudging:
    table = Table(stage.host)
    table.cursor = 0
    return Nudging(stage.cursor, stage.parameters, table, stage.host)


def test_a_change_without_a_number_is_made_at_once(stage: Stage, nudging: Nudging) -> None:
    nudging.ask()
    stage.host.answer("flip")
    assert stage.session.mock_calls == [call.branch(DONE, 12.3, (Nudge("flip", 0),))]


def test_a_new_neuron_comes_last_and_its_size_is_asked(stage: Stage, nudging: Nudging) -> None:
    nudging.begin("add")
    assert stage.commands == []
    question, _ = stage.host.asked[-1]
    width = DONE.history.states[0].output_weights.size
    assert question.read("1e-4") == Nudge("add", width, 1e-4)
    assert question.read("1e-4 2") == Nudge("add", width, 1e-4, 2)
    with pytest.raises(ReluflowError, match="SIZE"):
        question.read("large")
    stage.host.answer(Nudge("add", width, 1e-4))
    assert stage.session.mock_calls == [call.branch(DONE, 12.3, (Nudge("add", width, 1e-4),))]


def test_nothing_is_begun_where_nothing_is_chosen(stage: Stage, nudging: Nudging) -> None:
    nudging.ask()
    stage.host.answer(None)
    nudging.begin("turn")
    stage.host.answer(None)
    assert stage.commands == []
    assert stage.host.asked == []
