"""A line to type in whose cursor stands still: an app that waits for a key writes nothing to its terminal."""

from typing import Any

from textual.reactive import reactive
from textual.screen import Screen
from textual.signal import Signal
from textual.widgets import Input


class StillInput(Input):
    """An input without a blinking cursor, which nothing holds once it is removed."""

    cursor_blink = reactive(False, init=False)
    _selection_started: Signal[Screen[Any]] | None = None

    def on_mount(self) -> None:
        self._selection_started = self.screen.text_selection_started_signal

    def on_unmount(self) -> None:
        # Textual's input subscribes for as long as its screen is there, and the screen then keeps it.
        if self._selection_started is not None:
            self._selection_started.unsubscribe(self)
