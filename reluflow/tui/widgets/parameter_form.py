"""The form of the parameters: a field for every preset key that applies, checked while it is typed."""

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Static

from reluflow.errors import PresetError
from reluflow.store.preset import Preset
from reluflow.store.schema import KEYS, Key, expectation
from reluflow.tui.messages import (
    FieldEdited,
    FieldStepped,
    NumberStepped,
    ParametersApplied,
    ParametersLeft,
)
from reluflow.tui.panel_keys import bindings_of
from reluflow.tui.typed_values import text_of
from reluflow.tui.widgets.parameter_field import ParameterField

LEGEND = "> typed, enter applies   * not on file"


class FieldList(VerticalScroll, can_focus=False):
    """The fields; up and down go from one to the next and the list follows."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("FieldList")

    def action_go(self, by: int) -> None:
        editors = [field.editor for field in self.query(ParameterField)]
        place = next((i for i, editor in enumerate(editors) if editor is self.screen.focused), None)
        if place is not None:
            # at once: the next key may be on its way already, and goes on from here
            self.screen.set_focus(editors[min(max(place + by, 0), len(editors) - 1)])


class ParameterForm(Vertical):
    """A form made from the table of keys. Enter posts what was changed, escape restores the field.

    Changes are collected over all fields, because some make sense only together.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("ParameterForm")

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._preset: Preset | None = None
        self._saved: Mapping[str, Any] = {}
        self._edits: dict[str, str] = {}
        #: the keys whose values were handed over since a preset was shown: its run may not be the newest
        self._handed_over: set[str] = set()
        self._fields: dict[str, ParameterField] = {}
        self._shown: tuple[str, ...] = ()
        #: another preset and what is typed may both ask for other fields while some are being laid out
        self._laying_out = asyncio.Lock()

    def compose(self) -> ComposeResult:
        yield FieldList(id="fields")
        yield Static("", id="sentence", markup=False)

    async def load(self, preset: Preset, saved: Mapping[str, Any]) -> None:
        """Show a preset and forget what was typed. ``saved`` are the values on file.

        Fields that stay are kept, and with them the focus.
        """
        field = self._focused()
        self._preset, self._saved = preset, saved
        self._edits, self._handed_over = {}, set()
        if self._keys_that_apply() != self._shown:
            await self._rebuild(focus=field.key.id if field else None)
            return
        for id, held in self._fields.items():
            if held.present != text_of(preset.values.get(id)) or held.edited:
                held.adopt(preset.values.get(id))
        self._check()

    async def mark_saved(self, saved: Mapping[str, Any]) -> None:
        """The values on file changed; what was typed stays."""
        self._saved = saved
        self._check()

    @property
    def first_field(self) -> Widget | None:
        """The editor of the first field, None before there is one."""
        return next((field.editor for field in self._fields.values()), None)

    @property
    def sentence(self) -> str:
        """The sentence at the foot."""
        return str(self.query_one("#sentence", Static).content)

    def on_field_stepped(self, event: FieldStepped) -> None:
        """Offer a stepped number to be run at once, if nothing stands in the way."""
        event.stop()
        self._note(event.key_id)
        changes = self._handing_over()
        if changes:
            self.post_message(NumberStepped(event.key_id, changes))
        else:
            self.note_answered(event.key_id)

    def note_answered(self, key_id: str) -> None:
        """The app has heard of a step of this number."""
        if key_id in self._fields:
            self._fields[key_id].note_answered()

    def _note(self, id: str) -> ParameterField | None:
        """Remember what a field holds."""
        field = self._fields.get(id)
        if field is not None and field.edited:
            self._edits[id] = field.text
        else:
            self._edits.pop(id, None)
        return field

    async def on_field_edited(self, event: FieldEdited) -> None:
        event.stop()
        if self._note(event.key_id) is None:
            return
        if self._keys_that_apply() != self._shown:
            await self._rebuild(focus=event.key_id)
        else:
            self._check()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_apply()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self._check()

    def action_apply(self) -> None:
        """Hand over what was changed, unless a sentence at the foot says what is wrong."""
        changes = self._handing_over()
        if changes:
            self.post_message(ParametersApplied(changes))

    def _handing_over(self) -> dict[str, Any]:
        """What was changed and is about to be handed over; nothing if it cannot be used."""
        changes, problem = self._changes()
        if problem is not None:
            return {}
        self._handed_over.update(changes)
        return changes

    def action_leave(self) -> None:
        field = self._focused()
        if field is not None:
            field.restore()
        self.post_message(ParametersLeft())

    def _candidate(self) -> dict[str, Any]:
        """All values as far as what is typed can be read, for the question which keys apply."""
        assert self._preset is not None
        values = {key.id: key.default for key in KEYS} | dict(self._preset.values)
        for key in KEYS:
            if key.id in self._edits and key.kind == "choice":
                values[key.id] = self._edits[key.id] or None
        return values

    def _keys_that_apply(self) -> tuple[str, ...]:
        candidate = self._candidate()
        return tuple(key.id for key in KEYS if key.applies(candidate))

    async def _rebuild(self, focus: str | None = None) -> None:
        """Lay out the fields that apply, with what was typed in them."""
        async with self._laying_out:
            await self._lay_out()
        if focus in self._fields:
            self._fields[focus].editor.focus()
        self._check()

    async def _lay_out(self) -> None:
        assert self._preset is not None
        preset = self._preset
        self._shown = self._keys_that_apply()
        keys = [key for key in KEYS if key.id in self._shown]
        self._fields = {key.id: self._field(key, preset.values.get(key.id)) for key in keys}
        rows: list[Static | ParameterField] = []
        for previous, key in zip([None, *keys], keys, strict=False):
            if previous is None or previous.section != key.section:
                rows.append(Static(key.section, classes="section", markup=False))
            rows.append(self._fields[key.id])
        fields = self.query_one("#fields", FieldList)
        with self.app.batch_update():
            await fields.remove_children()
            await fields.mount(*rows)

    def _field(self, key: Key, value: Any) -> ParameterField:
        return ParameterField(key, value, self._edits.get(key.id))

    def _changes(self) -> tuple[dict[str, Any], str | None]:
        """The values that were changed, and a sentence if they cannot be used.

        What was handed over and then changed back is among them: a run with the first change may be coming.
        """
        assert self._preset is not None
        changes: dict[str, Any] = {}
        problem = None
        for id in self._shown:
            field = self._fields[id]
            if not field.edited and id not in self._handed_over:
                continue
            try:
                changes[id] = field.parse()
            except PresetError as error:
                problem = problem or str(error)
        if problem is None and changes:
            try:
                self._preset.with_values(changes)
            except PresetError as error:
                problem = str(error).removeprefix(f"{self._preset.name}: ")
        return changes, problem

    def _check(self) -> None:
        """Mark the fields; at the foot what is wrong, or else what the field in focus is."""
        if self._preset is None:
            return
        _, problem = self._changes()
        for id, field in self._fields.items():
            saved = self._saved.get(id) == self._preset.values.get(id)
            field.show_state(saved=saved, valid=_readable(field))
        foot = self.query_one("#sentence", Static)
        foot.set_class(problem is not None, "-problem")
        sentence = problem or self._about()
        if sentence != self.sentence:
            foot.update(sentence)  # all panels are laid out anew, as it may be longer or shorter

    def _about(self) -> str:
        field = self._focused()
        if field is None:
            return LEGEND
        return f"{field.key.id}: {field.key.help} ({expectation(field.key)})"

    def _focused(self) -> ParameterField | None:
        return next((field for field in self._fields.values() if field.editor.has_focus), None)


def _readable(field: ParameterField) -> bool:
    try:
        field.parse()
    except PresetError:
        return False
    return True
