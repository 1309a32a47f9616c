"""A dialogue that asks for the circle of directions that the field is drawn on."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from reluflow.errors import ReluflowError
from reluflow.plot.circles import CircleChoice
from reluflow.tui.screens.dialogue import Dialogue
from reluflow.tui.widgets.mended import StillInput


class ChooseCircle(Dialogue[CircleChoice | None]):
    """Returns a choice, or None to leave things as they are. ``text``: the choice before."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue"):
            yield Static("The circle of the field (nothing: the fullest)", classes="title", markup=False)
            with Horizontal(classes="row"):
                yield Static("through")
                yield StillInput(self._text, compact=True)
            yield Static("", id="answer", markup=False)
            yield Static(
                "two of  D+ D-  pulls of early alignment\n"
                "        x3     a sample\n"
                "        3      a neuron\n"
                "        pca1   a principal axis of the directions",
                classes="hint",
                markup=False,
            )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            self.dismiss(CircleChoice.read(event.value))
        except ReluflowError as error:
            self.query_one("#answer", Static).update(str(error))

    def on_input_changed(self) -> None:
        self.query_one("#answer", Static).update("")
