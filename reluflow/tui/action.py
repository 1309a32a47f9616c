"""What an action is: something that a key does."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from textual.actions import parse
from textual.keys import key_to_character


@dataclass(frozen=True)
class Action:
    """Something that a key does.

    ``keys`` are Textual's names of its keys. ``target`` names who answers, in Textual's syntax of actions: a
    controller or a panel of the app, its method and the arguments; without a part it is the app itself.
    ``help`` is a line of the help page, ``short`` a word for the footer ("" leaves it out there). ``panel``:
    the panel whose help begins with it, "" for none. ``everywhere``: whether it works over every page and in
    every field. ``group``: its heading in the help.
    """

    id: str
    keys: str
    target: str
    help: str
    short: str = ""
    panel: str = ""
    everywhere: bool = False
    group: str = ""

    @property
    def shown(self) -> str:
        """The first of its keys, as people call it."""
        return self.all_shown[0]

    @property
    def all_shown(self) -> tuple[str, ...]:
        """Its keys, as people call them."""
        return tuple(_shown(key) for key in self.keys.split(","))

    @property
    def answer(self) -> tuple[str, str, tuple[Any, ...]]:
        """Who answers, by which method, with which arguments."""
        return parse(self.target)


#: keys that people call otherwise than Textual does
_NAMES: Final[Mapping[str, str]] = {"escape": "esc", "plus": "+", "minus": "-", "slash": "/"}


def _shown(key: str) -> str:
    character = key_to_character(key)
    readable = character is not None and character.isprintable() and character != " "
    return _NAMES.get(key, character if readable and character else key)


def under(group: str, *actions: Action) -> tuple[Action, ...]:
    """Actions under a heading of the help."""
    return tuple(replace(action, group=group) for action in actions)
