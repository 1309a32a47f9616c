"""A list that is narrowed by typing: the base of the palette and of the list of presets."""

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from reluflow.tui.screens.dialogue import Dialogue
from reluflow.tui.widgets.mended import ChoiceList, StillInput

_Item = TypeVar("_Item")


class SearchList(Dialogue[str | None], Generic[_Item]):
    """Returns the answer of the item chosen, or None.

    A subclass says what fits a query, how an item reads in the list and what it answers, and composes what
    ``field`` and ``options`` yield. The focus stays where one types.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "move(-8)", show=False),
        Binding("pagedown", "move(8)", show=False),
    ]

    found: Sequence[_Item] = ()

    def fitting(self, query: str) -> Sequence[_Item]:
        """The items that a query fits, best first."""
        raise NotImplementedError

    def lines(self, found: Sequence[_Item]) -> list[str]:
        """The lines of the list for some items."""
        raise NotImplementedError

    def answer(self, item: _Item) -> str:
        """The result of choosing an item."""
        raise NotImplementedError

    def first(self) -> int:
        """The index of the item that the cursor begins on."""
        return 0

    def field(self, placeholder: str = "") -> ComposeResult:
        yield StillInput(compact=True, placeholder=placeholder)

    def options(self) -> ComposeResult:
        yield ChoiceList(markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self.narrow("")

    def narrow(self, query: str) -> None:
        """List what fits a query."""
        self.found = self.fitting(query)
        options = self.query_one(ChoiceList)
        options.clear_options()
        options.add_options(map(Option, self.lines(self.found)))
        options.highlighted = self.first() if self.found else None

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.narrow(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        place = self.query_one(ChoiceList).highlighted
        if place is not None:
            self.choose(self.found[place])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        # a key may have narrowed the list after the click
        if event.option in event.option_list.options:
            self.choose(self.found[event.option_index])

    def choose(self, item: _Item) -> None:
        """Return an item; a subclass may rather show what is in it."""
        self.dismiss(self.answer(item))

    def action_move(self, by: int) -> None:
        options = self.query_one(ChoiceList)
        if options.highlighted is not None:
            options.highlighted = min(max(options.highlighted + by, 0), len(self.found) - 1)
