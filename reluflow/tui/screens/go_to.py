"""A dialogue that asks for a time to go to."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from reluflow.tui.screens.dialogue import Dialogue
from reluflow.tui.widgets.mended import StillInput


class GoTo(Dialogue[float | None]):
    """Returns a flow time, or None. ``read`` turns what was typed into one, None if it cannot."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, read: Callable[[str], float | None]) -> None:
        super().__init__()
        self._read = read

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue"):
            yield Static("Go to", classes="title")
            with Horizontal(classes="row"):
                yield Static("time")
                yield StillInput(compact=True)
            yield Static("", id="answer", markup=False)
            yield Static(
                "12.4   50% of the run   S2 a plateau   E2 where it is left", classes="hint", markup=False
            )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        t = self._read(event.value)
        if t is None:
            self.query_one("#answer", Static).update("no such time in this run")
        else:
            self.dismiss(t)

    def on_input_changed(self) -> None:
        self.query_one("#answer", Static).update("")
