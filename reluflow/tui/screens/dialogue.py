"""The base classes of pages and questions: each returns one answer and closes."""

from typing import ClassVar, Final, TypeVar

from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.screen import ModalScreen

from reluflow.tui.bindings import bindings
from reluflow.tui.drawings import Drawing
from reluflow.tui.terminal.private import FocusedScreen

_Answer = TypeVar("_Answer")

#: the actions of the app that work over a full page as well, and leave it where it is
PAGE_ACTIONS: Final = ("help", "palette", "picture", "copy")


# in this order: a screen has the styles of its first base
class Dialogue(ModalScreen[_Answer], FocusedScreen[_Answer]):
    """A screen that is dismissed once, and only while it is the one on top.

    A click, a key and a message of a field may all want to end the same dialogue. Only the first does: the
    others would take away the screen below.
    """

    _answered = False

    def dismiss(self, result: _Answer | None = None) -> AwaitComplete:
        if self._answered or self.app.screen is not self:
            return AwaitComplete()
        self._answered = True
        return super().dismiss(result)

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)


class FullPage(Dialogue[_Answer]):
    """A page that fills the screen: what is seen there can be explained, copied and taken along.

    It has the keys of the app that belong to no panel. ``topic``: where its help begins.
    """

    topic: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings(PAGE_ACTIONS, "app.")

    def drawing(self) -> Drawing | None:
        """The figure for print that shows what the page shows, if there is one."""
        return None
