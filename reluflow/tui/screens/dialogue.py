"""The base of all pages and questions laid over the panels: each gives one answer and is gone."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

_Answer = TypeVar("_Answer")


class Dialogue(ModalScreen[_Answer]):
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
