"""The registry of actions: each names a part of the app that is there, and a method with its arguments."""

from inspect import signature

import pytest

from reluflow.live.session import Session
from reluflow.plot.glyphs import BRAILLE
from reluflow.store.preset import load_preset
from reluflow.tui.actions import ACTIONS, BY_ID, Action
from reluflow.tui.app import Explorer
from reluflow.tui.bindings import rebound


@pytest.fixture(scope="module")
def app() -> Explorer:
    session = Session(load_preset("orthogonal-toy"), running=False)
    made = Explorer(session, BRAILLE, timer=False)
    session.close()
    return made


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_is_answered_by_a_part_that_is_there(action: Action, app: Explorer) -> None:
    method, arguments = app.answer_to(action.id)
    signature(method).bind(*arguments)


def test_an_action_is_known_by_its_id_and_shown_by_the_key_that_the_user_gave_it() -> None:
    assert list(BY_ID) == [action.id for action in ACTIONS]
    keys = {"play": "f5", "slower": "full_stop"}
    shown = {action.id: action.shown for action in rebound(keys)}
    assert [shown[id] for id in ("play", "slower", "faster", "next", "dismiss", "quit")] == [
        *("f5", ".", "+", "]", "esc", "q"),
    ]
