"""A line to type in whose cursor stands still: an app that waits for a key writes nothing to its terminal."""

from textual.reactive import reactive
from textual.widgets import Input


class StillInput(Input):
    """An input without a blinking cursor."""

    cursor_blink = reactive(False, init=False)
