"""What tests need of Textual's private parts, in one place: what is on screen, and whether messages wait."""

from typing import Any

import pytest
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.strip import Strip

__all__ = ["ChopsUpdate", "LayoutUpdate"]


def has_messages(node: MessagePump) -> bool:
    """Whether messages wait for it."""
    return not node._message_queue.empty()


def messages_in_passing(app: App[Any]) -> list[str]:
    """What was told in passing and is still shown, the newest last."""
    return [notification.message for notification in app._notifications]


def strips_of(screen: Screen[Any]) -> list[Strip]:
    """What is on a screen, row by row."""
    return screen._compositor.render_strips()


def forget_what_was_painted(screen: Screen[Any]) -> None:
    """Let the screen be put together anew from its widgets when it is looked at next."""
    screen._compositor._cuts = None


def collect_updates(app: type[App[Any]], monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A list to which all that an app of this class writes to its terminal is added from now on."""
    updates: list[object] = []
    display = app._display

    def spy(self: App[Any], screen: Screen[Any], renderable: Any) -> None:
        updates.append(renderable)
        display(self, screen, renderable)

    monkeypatch.setattr(app, "_display", spy)
    return updates
