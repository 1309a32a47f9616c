"""Messages in passing, without a fault of Textual's that hangs an app."""

from textwrap import wrap
from typing import Any, Final

from textual.app import App
from textual.notifications import Notification, Notify, SeverityLevel

from reluflow.errors import shortened
from reluflow.tui.terminal.private import notes_on_show

#: Seconds for which a message is shown at least.
LEAST_SECONDS: Final = 0.05
#: Rows of a message, at most (``max-height`` of their rack), and columns that are none of its text.
MOST_ROWS: Final = 6
EDGES: Final = 4
#: A longer message loses so many characters at a time, until it fits or is so short.
STEP: Final = 10
SHORTEST: Final = 60


class PassingMessage(Notification):
    """A message that is shown for a moment even if its time is up when its widget is made.

    Textual asks whether the time is up and a moment later how much of it is left. On a busy machine that is
    less than nothing, and a timer of a negative interval counts for ever without awaiting anything.
    """

    @property
    def time_left(self) -> float:
        return max(self._seconds, LEAST_SECONDS)

    @property
    def has_expired(self) -> bool:
        return self._seconds <= 0.0

    @property
    def _seconds(self) -> float:
        return float(super().time_left)


def tell_in_passing(app: App[Any], text: str, severity: SeverityLevel = "information") -> None:
    """Show a message at the foot of the app's screen for some seconds, unless it is there already.

    A key that is held down may tell it at each turn. One that needs more rows than there are
    for messages loses its middle.
    """
    whole, length = text, len(text)
    while length > SHORTEST and len(wrap(text, app.size.width - EDGES)) > MOST_ROWS:
        length -= STEP
        text = shortened(whole, length)
    if any((note.message, note.severity) == (text, severity) for note in notes_on_show(app)):
        return
    app.post_message(Notify(PassingMessage(text, severity=severity, timeout=app.NOTIFICATION_TIMEOUT)))
