"""The palette: every verb of the table of keys, found by typing a part of it."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from reluflow.tui.bindings import VERBS, Verb
from reluflow.tui.screens.search_list import SearchList


class Palette(SearchList[Verb]):
    """Returns the action of the verb chosen, or None."""

    DEFAULT_CSS = """
    Palette .dialogue Input { margin-bottom: 1; }
    """

    def __init__(self, verbs: Sequence[Verb] = VERBS) -> None:
        super().__init__()
        self._verbs = tuple(verbs)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue wide tall"):
            yield Static(
                "What to do   (type a part of it; enter does it, esc leaves)", classes="title", markup=False
            )
            yield from self.field()
            yield from self.options()

    def fitting(self, query: str) -> list[Verb]:
        return find(query, self._verbs)

    def lines(self, found: Sequence[Verb]) -> list[str]:
        return [f"{verb.shown:<7}{verb.long}" for verb in found]

    def answer(self, item: Verb) -> str:
        return item.action


def find(query: str, verbs: Sequence[Verb]) -> list[Verb]:
    """The verbs that every word of a query fits, best first, else in the table's order."""
    words = query.lower().split()
    scored = [(sum(scores), verb) for verb in verbs if all(scores := [_fit(word, verb) for word in words])]
    return [verb for _, verb in sorted(scored, key=lambda pair: -pair[0])]


def _fit(word: str, verb: Verb) -> int:
    """How well a word fits: it is the key, begins a word, is inside one, or its letters are in the name."""
    if word == verb.shown.lower():
        return 5
    name = f"{verb.id.replace('_', ' ')} {verb.short}".lower()
    for text, begins, inside in ((name, 4, 2), (verb.long.lower(), 3, 1)):
        if f" {word}" in f" {text}":
            return begins
        if word in text:
            return inside
    letters = iter(name)
    return int(all(letter in letters for letter in word))
