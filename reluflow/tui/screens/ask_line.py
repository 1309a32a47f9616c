"""A dialogue that asks for one line of text, which is read before the dialogue ends."""

from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from reluflow.errors import ReluflowError
from reluflow.tui.screens.dialogue import Dialogue
from reluflow.tui.widgets.mended import StillInput

_Answer = TypeVar("_Answer")


class AskLine(Dialogue[_Answer | None], Generic[_Answer]):
    """Returns what ``read`` makes of the line, or None to leave things as they are.

    A line of which ``read`` raises a ReluflowError is not taken: its sentence is shown, and the user types
    on. ``label``: what stands before the line; ``hint``: what can be typed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(
        self, title: str, label: str, text: str, hint: str, read: Callable[[str], _Answer], wide: bool = False
    ) -> None:
        super().__init__()
        self._title, self._label, self._text, self._hint = title, label, text, hint
        self._read, self._wide = read, wide

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue wide" if self._wide else "dialogue"):
            yield Static(self._title, classes="title", markup=False)
            with Horizontal(classes="row"):
                yield Static(self._label, markup=False)
                yield StillInput(self._text, compact=True)
            yield Static("", id="answer", markup=False)
            yield Static(self._hint, classes="hint", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            self.dismiss(self._read(event.value))
        except ReluflowError as error:
            self.query_one("#answer", Static).update(str(error))

    def on_input_changed(self) -> None:
        self.query_one("#answer", Static).update("")
