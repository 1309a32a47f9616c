"""The base of pages that fill the screen: what is seen there can be explained, copied and taken along."""

from typing import ClassVar, Final, TypeVar

from textual.binding import Binding, BindingType

from reluflow.tui.bindings import VERBS
from reluflow.tui.screens.dialogue import Dialogue

_Answer = TypeVar("_Answer")

#: the verbs of the app that work over a page as well, and leave it where it is
PAGE_VERBS: Final = ("help", "palette", "picture", "copy")
#: what these do, as the palette returns it
PAGE_ACTIONS: Final = frozenset(verb.action for verb in VERBS if verb.id in PAGE_VERBS)


class FullPage(Dialogue[_Answer]):
    """A page with the keys of the app that belong to no panel. ``topic``: where its help begins."""

    topic: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(verb.keys, f"app.{verb.action}", show=False, id=verb.id)
        for verb in VERBS
        if verb.id in PAGE_VERBS
    ]

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)
