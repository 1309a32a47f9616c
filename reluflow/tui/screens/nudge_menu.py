"""A menu of the changes of a neuron, and the question of how much."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from reluflow.errors import ReluflowError
from reluflow.theory.nudges import Nudge
from reluflow.tui.screens.dialogue import Dialogue
from reluflow.tui.widgets.mended import StillInput


class NudgeMenu(Dialogue[str | None]):
    """Returns the verb that was chosen. ``lines``: what each does, by verb; its key is the first letter."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave", show=False)]

    def __init__(self, title: str, lines: Mapping[str, str]) -> None:
        super().__init__()
        self._title, self._lines = title, dict(lines)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue"):
            yield Static(self._title, classes="title", markup=False)
            for verb, line in self._lines.items():
                yield Static(f"{verb[0]}  {line}", classes="line", markup=False)
            yield Static("it becomes a run of its own   esc leaves", classes="hint", markup=False)

    def on_key(self, event: events.Key) -> None:
        chosen = next((verb for verb in self._lines if verb[0] == event.character), None)
        if chosen is not None:
            event.stop()
            self.dismiss(chosen)


class HowMuch(Dialogue[Nudge | None]):
    """Returns a change. ``read`` makes one of what is typed, or raises ReluflowError; ``text``: at first."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, title: str, name: str, text: str, hint: str, read: Callable[[str], Nudge]) -> None:
        super().__init__()
        self._texts, self._begun, self.read = (title, name, hint), text, read

    def compose(self) -> ComposeResult:
        title, name, hint = self._texts
        with Vertical(classes="dialogue"):
            yield Static(title, classes="title", markup=False)
            with Horizontal(classes="row"):
                yield Static(name)
                yield StillInput(self._begun, compact=True)
            yield Static("", id="answer", markup=False)
            yield Static(hint, classes="hint", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            self.dismiss(self.read(event.value))
        except ReluflowError as error:
            self.query_one("#answer", Static).update(str(error))

    def on_input_changed(self) -> None:
        self.query_one("#answer", Static).update("")
