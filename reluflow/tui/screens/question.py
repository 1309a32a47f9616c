"""The question that is asked before a long run would be lost."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from reluflow.tui.screens.dialogue import Dialogue


class QuitQuestion(Dialogue[str]):
    """Asks what is to become of a run that is not saved: "save", "leave" or "stay".

    Who asks to leave a second time leaves, and loses nothing.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,q,ctrl+c", "answer('save')", show=False),
        Binding("n", "answer('leave')", show=False),
        Binding("escape", "answer('stay')", show=False),
    ]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue"):
            yield Static("Save the run before leaving?", classes="title")
            yield Static("y q  write the run directory, then leave", markup=False)
            yield Static("n    leave; the run is lost", markup=False)
            yield Static("esc  stay", markup=False)

    def action_answer(self, answer: str) -> None:
        self.dismiss(answer)

    def on_click(self, event: events.Click) -> None:
        event.stop()
