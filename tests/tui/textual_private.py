"""What tests need of the private parts of Textual and asyncio, in one place."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

import pytest
from textual import _time
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.events import Callback, MouseDown
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.strip import Strip

__all__ = ["ChopsUpdate", "LayoutUpdate"]


async def press_key(app: App[Any], key: str) -> None:
    """Have the app take a key, without the wait of the pilot for each of its widgets."""
    await app._press_keys([key])


def press_mouse(app: App[Any], x: int, y: int) -> None:
    """Have the screen take at once that the left button was pressed at a place."""
    event = MouseDown(None, x, y, 0, 0, 1, False, False, False, screen_x=x, screen_y=y)
    app.screen._forward_event(event)


def clock_of_timers(monkeypatch: pytest.MonkeyPatch, clock: Callable[[], float]) -> None:
    """Have timers look at another clock."""
    monkeypatch.setattr(_time, "get_time", clock)


async def give_way_to_all() -> None:
    """Wait until the loop has nothing but the caller to run: all else waits, for a timer or a thread."""
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    while ready:
        await asyncio.sleep(0)


class _Sign:
    """What a message pump calls when it gets to it."""

    #: of parameters, which Textual would look up in the signature whenever it calls something
    _param_count = 0

    def __init__(self, unanswered: set[MessagePump], pump: MessagePump) -> None:
        self._unanswered, self._pump = unanswered, pump

    def __call__(self) -> None:
        self._unanswered.discard(self._pump)


class Asked:
    """Message pumps that were asked for a sign when they get to it."""

    def __init__(self, pumps: Iterable[MessagePump]) -> None:
        self._open: set[MessagePump] = set()
        for pump in pumps:
            # as ``MessagePump.call_later`` does it
            if pump.post_message(Callback(_Sign(self._open, pump))):
                self._open.add(pump)

    @property
    def unanswered(self) -> bool:
        """Whether one of them is still busy with what came before."""
        return any(pump.is_running for pump in self._open)


def lay_out(screen: Screen[Any]) -> None:
    """Lay out and paint what has changed, as the timer of the screen does sixty times a second."""
    screen._on_timer_update()


_paint = Screen._compositor_refresh
_parse = Stylesheet._parse_rules
#: rules by their source and the colours that are put into it
_parsed: dict[tuple[Any, ...], list[RuleSet]] = {}


def _put_off(screen: Screen[Any]) -> None:
    """Leave what has changed to be painted later, together with what will have by then."""
    if screen is not screen.app.screen:
        _paint(screen)
        # or else it has the one above painted again whenever it is asked whether it is idle
        screen._repaint_required = False
        return
    screen._dirty_widgets.clear()
    screen.app._update_mouse_over(screen)


def paint_what_was_put_off(screen: Screen[Any]) -> bool:
    """Paint all that has changed since it was painted last; whether there was anything."""
    if not screen._compositor._dirty_regions or screen.app._batch_count:
        return False
    _paint(screen)
    return True


def _parsed_once(sheet: Stylesheet, *given: Any, **options: Any) -> list[RuleSet]:
    key = (*given, *sorted(options.items()), frozenset(sheet._variables.items()))
    if key not in _parsed:
        _parsed[key] = _parse(sheet, *given, **options)
    return _parsed[key]


def painted_at_rest() -> AbstractContextManager[Any]:
    """While this holds, apps paint when ``paint_what_was_put_off`` is called, and at no other time."""
    return patch.object(Screen, "_compositor_refresh", _put_off)


def styles_parsed_once() -> AbstractContextManager[Any]:
    """While this holds, apps share the rules of their style sheets, which none of them changes."""
    return patch.object(Stylesheet, "_parse_rules", _parsed_once)


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
