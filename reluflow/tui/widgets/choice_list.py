"""A list to choose from whose keys are those of the dialogue that it is in."""

from textual import events
from textual.widgets import OptionList


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
