"""The base of pages that fill the screen: what is seen there can be explained, copied and taken along."""

from typing import ClassVar, Final, TypeVar

from textual.binding import BindingType

from reluflow.tui.bindings import bindings
from reluflow.tui.screens.dialogue import Dialogue

_Answer = TypeVar("_Answer")

#: the actions of the app that work over a page as well, and leave it where it is
PAGE_ACTIONS: Final = ("help", "palette", "picture", "copy")


class FullPage(Dialogue[_Answer]):
    """A page with the keys of the app that belong to no panel. ``topic``: where its help begins."""

    topic: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings(PAGE_ACTIONS, "app.")

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)
