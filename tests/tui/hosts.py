"""The app as a controller sees it, without an app: it notes what it is told and asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from textual.screen import Screen


@dataclass
class FakeHost:
    """A host that does nothing but remember.

    ``said`` and ``complained`` are sentences, ``pulls`` counts how often a new frame was to be shown,
    ``asked`` are the screens that were to be laid over the panels, each with what takes its answer.
    """

    said: list[str] = field(default_factory=list)
    complained: list[str] = field(default_factory=list)
    pulls: int = 0
    asked: list[tuple[Screen[Any], Callable[[Any], None]]] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.said.append(text)

    def complain(self, error: Exception | str) -> None:
        self.complained.append(str(error))

    def pull(self) -> None:
        self.pulls += 1

    def ask(self, screen: Screen[Any], answered: Callable[[Any], None]) -> None:
        self.asked.append((screen, answered))

    def answer(self, value: Any) -> None:
        """Answer what was asked last."""
        _, answered = self.asked.pop()
        answered(value)
