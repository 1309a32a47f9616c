"""A question about a run that another process left behind."""

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from reluflow.tui.screens.dialogue import Dialogue

Answer = Literal["take up", "discard", "later"]


class LeftoverRun(Dialogue[Answer]):
    """Asks what is to become of it. ``line`` says what it is, ``more`` how many others there are.

    ``goes_on``: whether it can be gone on with.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer('take up')", show=False),
        Binding("x", "answer('discard')", show=False),
        Binding("escape,q", "answer('later')", show=False),
    ]

    def __init__(self, line: str, more: int, goes_on: bool) -> None:
        super().__init__()
        self._line, self._more, self._goes_on = line, more, goes_on

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue"):
            yield Static("A run was cut off" if self._goes_on else "A run was not kept", classes="title")
            yield Static(self._line, markup=False)
            yield Static("", markup=False)
            then = "; h goes on with it" if self._goes_on else ""
            yield Static(f"y enter  show it{then}", markup=False)
            yield Static("x        delete it", markup=False)
            yield Static("esc      leave it; it is offered again", markup=False)
            if self._more:
                yield Static(f"o lists {self._more} more", classes="hint", markup=False)

    def action_answer(self, answer: Answer) -> None:
        self.dismiss(answer)
