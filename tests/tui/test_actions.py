"""The registry of actions: each names a part of the app that is there, and a method with its arguments."""

import importlib
import pkgutil
from inspect import signature
from types import FunctionType

import pytest
from textual.actions import parse
from textual.binding import Binding

import reluflow.tui
from reluflow.live.session import Session
from reluflow.plot.glyphs import BRAILLE
from reluflow.store.preset import load_preset
from reluflow.tui.actions import ACTIONS, BY_ID, MENU_ACTIONS, Action
from reluflow.tui.app import Explorer
from reluflow.tui.bindings import rebound
from reluflow.tui.panel_keys import PANEL_KEYS, Key

#: what makes a method, a property included
METHODS = (FunctionType, property, classmethod, staticmethod)


def classes() -> set[type]:
    """All classes of the app."""
    found = pkgutil.walk_packages(reluflow.tui.__path__, "reluflow.tui.")
    modules = [importlib.import_module(each.name) for each in found]
    return {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__
    }


@pytest.fixture(scope="module")
def app() -> Explorer:
    session = Session(load_preset("orthogonal-toy"), running=False)
    made = Explorer(session, BRAILLE, timer=False)
    session.close()
    return made


@pytest.mark.parametrize("action", BY_ID.values(), ids=lambda action: action.id)
def test_every_action_is_answered_by_a_part_that_is_there(action: Action, app: Explorer) -> None:
    method, arguments = app.answer_to(action.id)
    signature(method).bind(*arguments)


def test_no_key_is_that_of_two_actions() -> None:
    keys = [key for action in ACTIONS for key in action.keys.split(",")]
    assert sorted(keys) == sorted(set(keys))


def test_an_action_is_known_by_its_id_and_shown_by_the_key_that_the_user_gave_it() -> None:
    assert list(BY_ID) == [action.id for action in (*ACTIONS, *MENU_ACTIONS)]
    keys = {"play": "f5", "slower": "full_stop"}
    shown = {action.id: action.shown for action in rebound(keys)}
    assert [shown[id] for id in ("play", "slower", "faster", "next", "dismiss", "quit")] == [
        *("f5", ".", "+", "]", "esc", "q"),
    ]


@pytest.mark.parametrize("key", [key for row in PANEL_KEYS for key in row.keys], ids=str)
def test_a_key_of_a_panel_is_bound_to_an_action_of_the_widget(key: Key) -> None:
    (widget,) = {each for each in classes() if each.__name__ == key.widget}
    name, arguments = parse(key.action)[1:]
    signature(getattr(widget, f"action_{name}")).bind(None, *arguments)
    bound = [(each.key, each.action) for each in widget.BINDINGS if isinstance(each, Binding)]
    assert (key.keys, key.action) in bound


def test_no_class_of_the_app_has_more_than_sixty_methods() -> None:
    """Those inherited from the app's own classes included."""
    for cls in classes():
        own = [base for base in cls.__mro__ if base.__module__.startswith("reluflow.")]
        names = {name for base in own for name, value in vars(base).items() if isinstance(value, METHODS)}
        assert len(names) <= 60, cls
