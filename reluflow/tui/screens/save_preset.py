"""A dialogue that asks for the name of a preset to save, and for its title, source and notes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
OTHER_DATA: Final = "these data are not those of the file: title, source and notes are yours to say"
HINT: Final = "enter saves  up/down field  left/right turn  esc leaves"


@dataclass(frozen=True)
class SaveRequest:
    """The user's wish to save a preset under a name; ``texts``: its title, source and notes."""

    name: str
    with_state: bool
    overwrite: bool
    texts: Mapping[str, str] = field(default_factory=dict)


class SavePreset(Dialogue[SaveRequest | None]):
    """Asks for a name, whether the present network shall be the start of the saved preset, and for texts.

    ``texts``: title, source and notes to begin with, all "" where those of the preset are about other data.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("enter", "save", show=False, priority=True),
    ]

    def __init__(self, suggestion: str, when: str, texts: Mapping[str, str]) -> None:
        super().__init__()
        self._suggestion, self._texts = suggestion, texts
        self._present = f"the present state, {when}"
        self._taken = {preset.name: preset.user for preset in list_presets()}
        self._asked = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue"):
            yield Static("Save as a preset", classes="title")
            with Horizontal(classes="row"):
                yield Static("name")
                yield StillInput(self._suggestion, compact=True, id="preset-name")
            with Horizontal(classes="row"):
                yield Static("starts from")
                yield ChoiceField("start", (BEGINNING, self._present), BEGINNING)
            for name, text in self._texts.items():
                with Horizontal(classes="row"):
                    yield Static(name)
                    yield StillInput(_on_a_line(text), compact=True, id=f"text-{name}", select_on_focus=False)
            yield Static("", id="answer", markup=False)
            yield Static(HINT, classes="hint", markup=False)

    def on_mount(self) -> None:
        self._say("")

    def on_input_changed(self) -> None:
        self._say("")

    def action_save(self) -> None:
        name = self.query_one("#preset-name", Input).value.strip()
        if not name:
            self._say("a preset needs a name")
        elif self._taken.get(name) is False:
            self._say(f"{name} comes with the program; choose another name")
        elif name in self._taken and self._asked != name:
            self._asked = name
            self._say(f"{name} exists; enter again replaces it")
        else:
            with_state = self.query_one(ChoiceField).value == self._present
            texts = {each: self._typed(each, before) for each, before in self._texts.items()}
            self.dismiss(SaveRequest(name, with_state, name in self._taken, texts))

    def _typed(self, name: str, before: str) -> str:
        """A text as it is typed; one that was left as it was keeps its lines."""
        typed = self.query_one(f"#text-{name}", Input).value
        return before if typed == _on_a_line(before) else typed.strip()

    def _say(self, text: str) -> None:
        other = "" if any(self._texts.values()) else OTHER_DATA
        self.query_one("#answer", Static).update(text or other)


def _on_a_line(text: str) -> str:
    return " ".join(text.split())
