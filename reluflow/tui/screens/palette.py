"""The palette finds an action by a part of its name or help."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from reluflow.tui.actions import ACTIONS, Action
from reluflow.tui.screens.search_list import SearchList


class Palette(SearchList[Action]):
    """Returns the id of the action chosen, or None."""

    DEFAULT_CSS = """
    Palette .dialogue Input { margin-bottom: 1; }
    """

    def __init__(self, actions: Sequence[Action] = ACTIONS) -> None:
        super().__init__()
        self._actions = tuple(actions)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue wide tall"):
            yield Static(
                "What to do   (type a part of it; enter does it, esc leaves)", classes="title", markup=False
            )
            yield from self.field()
            yield from self.options()

    def fitting(self, query: str) -> list[Action]:
        return find(query, self._actions)

    def lines(self, found: Sequence[Action]) -> list[str]:
        return [f"{action.shown:<7}{action.help}" for action in found]

    def answer(self, item: Action) -> str:
        return item.id


def find(query: str, actions: Sequence[Action]) -> list[Action]:
    """The actions that every word of a query fits, best first, else in the registry's order."""
    words = query.lower().split()
    scored = [
        (sum(scores), action) for action in actions if all(scores := [_fit(word, action) for word in words])
    ]
    return [action for _, action in sorted(scored, key=lambda pair: -pair[0])]


def _fit(word: str, action: Action) -> int:
    """A score: the word is the key, begins a word, is inside one, or its letters are in the name."""
    if word == action.shown.lower():
        return 5
    name = f"{action.id.replace('_', ' ')} {action.short}".lower()
    for text, begins, inside in ((name, 4, 2), (action.help.lower(), 3, 1)):
        if f" {word}" in f" {text}":
            return begins
        if word in text:
            return inside
    letters = iter(name)
    return int(all(letter in letters for letter in word))
