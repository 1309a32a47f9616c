"""One key of the preset as a line of the form: a mark, the key's name and an editor for its value."""

from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from reluflow.errors import PresetError
from reluflow.store.schema import Key, parse_text
from reluflow.tui.messages import FieldEdited

#: what an unset choice is called
UNSET = "automatic"


def text_of(value: Any) -> str:
    """A value as it would be typed; "" when it is not set."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return f"[{', '.join(text_of(item) for item in value)}]"
    return str(value)


class ChoiceField(Widget, can_focus=True):
    """One of several words, turned with left and right."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "turn(-1)", show=False),
        Binding("right", "turn(1)", show=False),
    ]

    value: reactive[str] = reactive("")

    def __init__(self, key_id: str, choices: tuple[str, ...], value: str) -> None:
        super().__init__()
        self.key_id = key_id
        self.choices = choices
        self.set_reactive(ChoiceField.value, value)

    def render(self) -> Text:
        return Text(f"< {self.value or UNSET} >")

    def action_turn(self, by: int) -> None:
        place = self.choices.index(self.value) if self.value in self.choices else 0
        self.value = self.choices[(place + by) % len(self.choices)]

    def watch_value(self) -> None:
        if self.is_mounted:
            self.post_message(FieldEdited(self.key_id))

    def on_click(self) -> None:
        self.action_turn(1)


class ParameterField(Horizontal):
    """A line of the form. ``text`` is what it holds now, ``present`` what the run on screen has."""

    def __init__(self, key: Key, present: Any, edited: str | None) -> None:
        super().__init__()
        self.key = key
        self.present = text_of(present)
        start = self.present if edited is None else edited
        self.editor = self._make_editor(start)
        self._mark = Static(" ", classes="mark", markup=False)

    def _make_editor(self, start: str) -> Input | ChoiceField:
        key = self.key
        if key.kind in ("choice", "bool"):
            choices = key.choices if key.kind == "choice" else ("true", "false")
            unset = ("",) if key.default is None and not key.always else ()
            return ChoiceField(key.id, (*unset, *choices), start)
        return Input(start, compact=True, select_on_focus=False)

    def compose(self) -> ComposeResult:
        yield self._mark
        yield Static(self.key.name, classes="name", markup=False)
        yield self.editor

    @property
    def text(self) -> str:
        return self.editor.value

    @property
    def edited(self) -> bool:
        """Whether the field says something else than the run on screen."""
        return self.text.strip() != self.present

    def parse(self) -> Any:
        """The value typed; raises PresetError with one sentence."""
        try:
            return parse_text(self.key, self.text)
        except PresetError as error:
            raise PresetError(str(error).removeprefix("value given: ")) from None

    def restore(self) -> None:
        """Forget what was typed."""
        self.editor.value = self.present

    def show_state(self, *, saved: bool, valid: bool) -> None:
        """Mark the line: ! cannot be used, > typed but not applied, * differs from the preset on file."""
        mark = "!" if not valid else ">" if self.edited else " " if saved else "*"
        self._mark.update(mark)
        self.set_class(not valid, "-invalid")
        self.set_class(self.edited, "-edited")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(FieldEdited(self.key.id))
