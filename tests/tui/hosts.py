"""The app as a controller sees it, without an app: it notes what it is told and asked."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from textual.screen import Screen


@dataclass
class FakeHost:
    """A host that does nothing but remember.

    ``said`` and ``complained`` are sentences, ``pulls`` counts how often a new frame was to be shown,
    ``asked`` are the screens that were to be laid over the panels, each with what takes its answer, and
    ``work`` is what is to be awaited beside everything else.
    """

    said: list[str] = field(default_factory=list)
    complained: list[str] = field(default_factory=list)
    pulls: int = 0
    asked: list[tuple[Screen[Any], Callable[[Any], Any]]] = field(default_factory=list)
    work: list[Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=list)
    screens: list[Any] = field(default_factory=lambda: [None])
    is_running: bool = True
    when_pulled: Callable[[], object] = lambda: None

    def say(self, text: str) -> None:
        self.said.append(text)

    def complain(self, error: Exception | str) -> None:
        self.complained.append(str(error))

    def pull(self) -> None:
        self.pulls += 1
        self.when_pulled()

    def ask(self, screen: Screen[Any], answered: Callable[[Any], Any]) -> None:
        self.asked.append((screen, answered))

    def in_background(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.work.append(work)

    def answer(self, value: Any) -> None:
        """Answer what was asked last."""
        _, answered = self.asked.pop()
        answered(value)
