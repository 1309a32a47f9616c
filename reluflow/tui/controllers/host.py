"""What a controller may ask of the app. Tests of controllers put a small class of their own in its place."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from textual.screen import Screen

from reluflow.errors import ReluflowError

_Answer = TypeVar("_Answer")


class Host(Protocol):
    """The app, as controllers see it."""

    def say(self, text: str) -> None:
        """Tell the user something in passing."""

    def complain(self, error: ReluflowError | OSError | str) -> None:
        """Tell the user what went wrong."""

    def pull(self) -> None:
        """Show the session's newest frame at the cursor, if anything about either changed."""

    def ask(self, screen: Screen[_Answer], answered: Callable[[_Answer | None], None]) -> None:
        """Lay a page or a question over the panels; ``answered`` is called with what it returns."""
