"""A field of the form: a mark, the name of a preset key, and an editor for its value."""

from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from reluflow.errors import PresetError
from reluflow.store.schema import Key, parse_text
from reluflow.tui.messages import FieldEdited, FieldStepped, RangeAsked
from reluflow.tui.panel_keys import bindings_of
from reluflow.tui.typed_values import stepped, text_of
from reluflow.tui.widgets.mended import StillInput

#: what an unset choice is called
UNSET = "automatic"


class ChoiceField(Widget, can_focus=True):
    """One of several words, turned with left and right."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("ChoiceField")

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


class NumberField(StillInput):
    """A number: typed, or stepped with left and right, which move in the text only while one types."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("NumberField")

    def __init__(self, key: Key, value: str) -> None:
        super().__init__(value, compact=True, select_on_focus=False)
        self._key = key
        self._stepped_to = value
        #: so many steps were made that the app has not heard of yet
        self.steps_on_their_way = 0

    def action_step_or_move(self, by: int) -> None:
        if self.value == self._stepped_to:
            self.action_step(by)
        elif by < 0:
            self.action_cursor_left()
        else:
            self.action_cursor_right()

    def action_step(self, by: int) -> None:
        text = stepped(self._key, self.value, by)
        if text is not None and text != self.value:
            self.adopt(text)
            self.steps_on_their_way += 1
            self.post_message(FieldStepped(self._key.id))

    def action_range(self) -> None:
        self.post_message(RangeAsked(self._key.id))

    def adopt(self, text: str) -> None:
        """Hold a value that nobody typed."""
        self._stepped_to = text
        self.value = text
        self.cursor_position = len(text)


class ParameterField(Horizontal):
    """A line of the form. ``text`` is what it holds now, ``present`` what the run on screen has."""

    def __init__(self, key: Key, present: Any, edited: str | None) -> None:
        super().__init__()
        self.key = key
        self.present = text_of(present)
        start = self.present if edited is None else edited
        self.editor = self._make_editor(start)
        self._mark = Static(" ", classes="mark", markup=False)
        self._key_name = Static(key.name, classes="name", markup=False)
        #: the mark, and the colour of the name, "" for that of every name
        self._shown = " ", ""

    def _make_editor(self, start: str) -> Input | ChoiceField:
        key = self.key
        if key.kind in ("choice", "bool"):
            choices = key.choices if key.kind == "choice" else ("true", "false")
            unset = ("",) if key.default is None and not key.always else ()
            return ChoiceField(key.id, (*unset, *choices), start)
        if key.kind in ("int", "float"):
            return NumberField(key, start)
        return StillInput(start, compact=True, select_on_focus=False)

    def compose(self) -> ComposeResult:
        yield self._mark
        yield self._key_name
        yield self.editor

    @property
    def mark(self) -> str:
        """The sign at the beginning of the line; see ``show_state``."""
        return self._shown[0]

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
        self._hold(self.present)

    def adopt(self, present: Any) -> None:
        """The run on screen has another value now; what was typed is forgotten.

        A number that was stepped since that run was asked for stays: a run with it is about to be.
        """
        self.present = text_of(present)
        if not (isinstance(self.editor, NumberField) and self.editor.steps_on_their_way):
            self._hold(self.present)

    def note_answered(self) -> None:
        """The app has heard of a step."""
        if isinstance(self.editor, NumberField):
            self.editor.steps_on_their_way = max(0, self.editor.steps_on_their_way - 1)

    def _hold(self, text: str) -> None:
        if isinstance(self.editor, NumberField):
            self.editor.adopt(text)
        else:
            self.editor.value = text

    def show_state(self, *, saved: bool, valid: bool) -> None:
        """Mark the line: ! cannot be used, > typed but not applied, * differs from the preset on file."""
        edited = self.edited
        mark = "!" if not valid else ">" if edited else " " if saved else "*"
        colour = "$text-error" if not valid else "$text-accent" if edited else ""
        if (mark, colour) != self._shown:
            # not by classes: a class has the styles of the line and of all in it computed anew
            self._shown = mark, colour
            self._mark.update(Content.styled(mark, "$text-error" if not valid else ""), layout=False)
            self._key_name.update(Content.styled(self.key.name, colour), layout=False)

    def on_descendant_blur(self) -> None:
        """Once the field is left it shows the beginning of its value again."""
        self.editor.scroll_to(x=0, animate=False, force=True)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(FieldEdited(self.key.id))
