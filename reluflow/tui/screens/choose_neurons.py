"""A dialogue that asks which neurons to list."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from reluflow.errors import ReluflowError
from reluflow.tui.neuron_choice import Choice
from reluflow.tui.screens.dialogue import Dialogue
from reluflow.tui.widgets.mended import StillInput


class ChooseNeurons(Dialogue[Choice | None]):
    """Returns a choice, or None to leave things as they are. ``text``: the choice before."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue"):
            yield Static("Neurons to list (nothing: all of them)", classes="title", markup=False)
            with Horizontal(classes="row"):
                yield Static("that are")
                yield StillInput(self._text, compact=True)
            yield Static("", id="answer", markup=False)
            yield Static(
                "+ -  live sliding dead  on=3 off=3 (a sample)\n"
                "norm>1e-3  angle<=30  growth>0  group!=1  #<50\n"
                "several: all of them must hold",
                classes="hint",
                markup=False,
            )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            self.dismiss(Choice.read(event.value))
        except ReluflowError as error:
            self.query_one("#answer", Static).update(str(error))

    def on_input_changed(self) -> None:
        self.query_one("#answer", Static).update("")
