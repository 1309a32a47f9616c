"""A dialogue that asks for the name of a preset to save."""

from dataclasses import dataclass
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from reluflow.store.preset import list_presets
from reluflow.tui.screens.dialogue import Dialogue
from reluflow.tui.widgets.mended import StillInput
from reluflow.tui.widgets.parameter_field import ChoiceField

BEGINNING: Final = "the beginning"
HINT: Final = "enter saves  up/down field  left/right turn  esc leaves"


@dataclass(frozen=True)
class SaveRequest:
    """The user's wish to save a preset under a name."""

    name: str
    with_state: bool
    overwrite: bool


class SavePreset(Dialogue[SaveRequest | None]):
    """Asks for a name, and whether the present network shall be the start of the saved preset."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("enter", "save", show=False, priority=True),
    ]

    def __init__(self, suggestion: str, when: str) -> None:
        super().__init__()
        self._suggestion = suggestion
        self._present = f"the present state, {when}"
        self._taken = {preset.name: preset.user for preset in list_presets()}
        self._asked = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue"):
            yield Static("Save as a preset", classes="title")
            with Horizontal(classes="row"):
                yield Static("name")
                yield StillInput(self._suggestion, compact=True)
            with Horizontal(classes="row"):
                yield Static("starts from")
                yield ChoiceField("start", (BEGINNING, self._present), BEGINNING)
            yield Static("", id="answer", markup=False)
            yield Static(
                "enter saves  up/down field  left/right turn  esc leaves",
                classes="hint",
                markup=False,
            )

    def on_input_changed(self) -> None:
        self._say("")

    def action_save(self) -> None:
        name = self.query_one(Input).value.strip()
        if not name:
            self._say("a preset needs a name")
        elif self._taken.get(name) is False:
            self._say(f"{name} comes with the program; choose another name")
        elif name in self._taken and self._asked != name:
            self._asked = name
            self._say(f"{name} exists; enter again replaces it")
        else:
            with_state = self.query_one(ChoiceField).value == self._present
            self.dismiss(SaveRequest(name, with_state, overwrite=name in self._taken))

    def _say(self, text: str) -> None:
        self.query_one("#answer", Static).update(text)
