"""The list of the runs kept for comparison; the user removes one or all of them."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static
from textual.widgets.option_list import Option

from reluflow.tui.frozen_runs import LETTERS, MOST
from reluflow.tui.screens.dialogue import Dialogue
from reluflow.tui.widgets.mended import ChoiceList


class FrozenList(Dialogue[tuple[int, ...] | None]):
    """Returns the numbers of the runs to keep."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,F", "leave", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup,home", f"move(-{MOST})", show=False),
        Binding("pagedown,end", f"move({MOST})", show=False),
        Binding("x,delete,backspace", "drop", show=False),
        Binding("X", "drop_all", show=False),
    ]

    def __init__(self, labels: tuple[str, ...]) -> None:
        super().__init__()
        self._labels = labels
        self._kept = list(range(len(labels)))

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue wide"):
            yield Static("Runs kept for comparison", classes="title")
            yield ChoiceList(*self._options(), markup=False)
            yield Static("x lets go of one   X of all   esc leaves", classes="hint", markup=False)

    def _options(self) -> list[Option]:
        return [Option(f"{LETTERS[i]}  {self._labels[i]}") for i in self._kept]

    def on_mount(self) -> None:
        self.query_one(ChoiceList).highlighted = 0

    def action_move(self, by: int) -> None:
        options = self.query_one(ChoiceList)
        options.highlighted = min(max((options.highlighted or 0) + by, 0), len(self._kept) - 1)

    def action_drop(self) -> None:
        options = self.query_one(ChoiceList)
        place = options.highlighted
        if place is None:
            return
        del self._kept[place]
        if not self._kept:
            self.action_leave()
            return
        options.clear_options()
        options.add_options(self._options())
        options.highlighted = min(place, len(self._kept) - 1)

    def action_drop_all(self) -> None:
        self.dismiss(())

    def action_leave(self) -> None:
        self.dismiss(tuple(self._kept))
