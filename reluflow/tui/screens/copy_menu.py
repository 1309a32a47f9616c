"""A menu of the texts that can be copied, with one key each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from reluflow.tui.screens.dialogue import Dialogue


@dataclass(frozen=True)
class Copyable:
    """A text to take away: its key in the menu, its name, and the text itself."""

    key: str
    name: str
    text: str


class CopyMenu(Dialogue[Copyable | None]):
    """Returns what was chosen; enter takes the first."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave", show=False)]

    def __init__(self, offers: Sequence[Copyable]) -> None:
        super().__init__()
        self.offers = list(offers)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue wide"):
            yield Static("Copy", classes="title")
            for offer in self.offers:
                first = offer.text.strip().splitlines()[0]
                yield Static(f"{offer.key}  {offer.name:<28} {first}", classes="line", markup=False)
            yield Static("enter copies the first   esc leaves", classes="hint", markup=False)

    def on_key(self, event: events.Key) -> None:
        wanted = self.offers[0].key if event.key == "enter" else event.character
        chosen = next((offer for offer in self.offers if offer.key == wanted), None)
        if chosen is not None:
            event.stop()
            self.dismiss(chosen)
