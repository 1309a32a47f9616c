"""The interface of the app for controllers; their tests use a small class in its place."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

from textual.screen import Screen

from reluflow.errors import ReluflowError

_Answer = TypeVar("_Answer")


class Host(Protocol):
    """The app, as controllers see it."""

    @property
    def screens(self) -> Sequence[Screen[Any]]:
        """The screen of the panels and what is laid over it, the topmost last."""

    @property
    def is_running(self) -> bool:
        """Whether the app is still there."""

    def in_background(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have something awaited beside everything else."""

    def say(self, text: str) -> None:
        """Tell the user something in passing."""

    def complain(self, error: ReluflowError | OSError | str) -> None:
        """Tell the user what went wrong."""

    def pull(self) -> None:
        """Show the session's newest frame at the cursor, if anything about either changed."""

    def ask(self, screen: Screen[_Answer], answered: Callable[[_Answer | None], Any]) -> None:
        """Lay a page or a question over the panels; ``answered`` is called with what it returns."""
