"""Widgets of Textual with a fault removed."""

from typing import Any

from textual import events
from textual.reactive import reactive
from textual.screen import Screen
from textual.signal import Signal
from textual.widgets import Input, OptionList


class ChoiceList(OptionList, can_focus=False):
    """An option list without the two faults of Textual's that end an app.

    Its keys for whole pages look for the line of the option under the cursor, which is not there where the
    list has no room at all; it gets none. And a click is taken for the option that was painted there, which a
    key may have narrowed away since.
    """

    def on_click(self, event: events.Click) -> None:
        clicked = event.style.meta.get("option")
        if clicked is not None and clicked >= self.option_count:
            event.prevent_default()


class StillInput(Input):
    """An input without a blinking cursor; once it is removed nothing holds it, nor it the mouse."""

    cursor_blink = reactive(False, init=False)
    _selection_started: Signal[Screen[Any]] | None = None

    def on_mount(self) -> None:
        self._selection_started = self.screen.text_selection_started_signal

    def on_unmount(self) -> None:
        # Textual's input subscribes for as long as its screen is there, and the screen then keeps it.
        if self._selection_started is not None:
            self._selection_started.unsubscribe(self)
        # between a click's beginning and its end all that the mouse does is this input's
        self.release_mouse()
