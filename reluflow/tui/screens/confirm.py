"""A question that is answered by one key: do it, or leave things as they are."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from reluflow.tui.screens.dialogue import Dialogue


class Confirm(Dialogue[bool | None]):
    """Returns True if the user wants it done."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "do", show=False),
        Binding("n,escape,q", "leave", show=False),
    ]

    def __init__(self, question: str, doing: str) -> None:
        super().__init__()
        self._question, self._doing = question, doing

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue"):
            yield Static(self._question, classes="title", markup=False)
            yield Static(f"y  {self._doing}", markup=False)
            yield Static("n  leave things as they are", markup=False)

    def action_do(self) -> None:
        self.dismiss(True)
