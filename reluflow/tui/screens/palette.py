"""The palette: every verb of the table of keys, found by typing a part of it."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from reluflow.tui.bindings import VERBS, Verb


class Palette(ModalScreen[str | None]):
    """Returns the action of the verb chosen, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "move(-8)", show=False),
        Binding("pagedown", "move(8)", show=False),
    ]
    DEFAULT_CSS = """
    Palette .dialogue Input { margin-bottom: 1; }
    """

    def __init__(self, verbs: Sequence[Verb] = VERBS) -> None:
        super().__init__()
        self._verbs = tuple(verbs)
        self._found = self._verbs

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue wide tall"):
            yield Static(
                "What to do   (type a part of it; enter does it, esc leaves)", classes="title", markup=False
            )
            yield Input(compact=True)
            # the focus stays where one types
            verbs = OptionList(markup=False)
            verbs.can_focus = False
            yield verbs

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._show("")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._show(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        place = self.query_one(OptionList).highlighted
        if place is not None:
            self.dismiss(self._found[place].action)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._found[event.option_index].action)

    def action_move(self, by: int) -> None:
        verbs = self.query_one(OptionList)
        if verbs.highlighted is not None:
            verbs.highlighted = min(max(verbs.highlighted + by, 0), len(self._found) - 1)

    def action_leave(self) -> None:
        self.dismiss(None)

    def _show(self, query: str) -> None:
        self._found = tuple(find(query, self._verbs))
        verbs = self.query_one(OptionList)
        verbs.clear_options()
        verbs.add_options(Option(f"{verb.shown:<7}{verb.long}") for verb in self._found)
        verbs.highlighted = 0 if self._found else None


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
