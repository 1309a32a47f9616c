"""All private parts of Textual that the app needs, under public names.

Textual may change any of it in any release. So the dependency is pinned to the release that this was tested
with, and ``tests/tui/test_private.py`` compares the parts that are used here with those of that release.
"""

import asyncio
from collections.abc import Iterable
from io import TextIOWrapper
from typing import Any, Final, TypeVar

from rich.text import Text
from textual._compositor import ChopsUpdate, Compositor
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Region
from textual.message_pump import MessagePump
from textual.notifications import Notification
from textual.screen import Screen
from textual.timer import Timer, TimerCallback
from textual.widget import Widget
from textual.widgets._toast import ToastHolder, ToastRack

__all__ = [
    "PASTE_END",
    "PASTE_START",
    "TESTED_WITH",
    "ChopsUpdate",
    "FocusedScreen",
    "MessageRack",
    "OpenApp",
    "OpenCompositor",
    "OpenDriver",
    "OpenScreen",
    "TerminalParser",
    "lay_out_now",
    "notes_on_show",
]

_Result = TypeVar("_Result")

#: the release of Textual that this was tested with
TESTED_WITH: Final = "8.2.8"

#: what a terminal sends before and after a paste
PASTE_START: Final = BRACKETED_PASTE_START
PASTE_END: Final = BRACKETED_PASTE_END
#: turns what a terminal sends into messages
TerminalParser = XTermParser
#: the messages in passing at the foot of a screen
MessageRack = ToastRack


class SureTimers(MessagePump):
    """What sets timers that go off however late their time is looked at.

    Textual leaves out what it has missed of a timer that repeats, and so all of one that does not, if the
    processor was taken away for as long as that one takes just as it began. A size of the terminal, which
    waits for 8 ms, was then the last that the app heard of.
    """

    def set_timer(
        self,
        delay: float,
        callback: TimerCallback | None = None,
        *,
        name: str | None = None,
        pause: bool = False,
    ) -> Timer:
        timer = super().set_timer(delay, callback, name=name, pause=pause)
        timer._skip = False  # its task has not begun
        return timer


class OpenApp(SureTimers, App[None]):
    """An app whose end by an exception is its own affair: a subclass gives ``on_failure``."""

    def on_failure(self, error: Exception) -> None:
        """An exception that nobody caught."""
        raise NotImplementedError

    def _refresh_notifications(self) -> None:
        """Remove the places of messages, too, whose time was over before they were taken away themselves.

        Textual takes the message from its place then and leaves that, which covers a row of the screen.
        """

        def let_go_of_empty_places() -> None:
            shown = {ToastRack._toast_id(each) for each in self._notifications}
            for place in self.screen.query(ToastHolder) if self.screen_stack else ():
                if place.id not in shown:
                    place.remove()

        super()._refresh_notifications()
        self.call_later(let_go_of_empty_places)

    def _handle_exception(self, error: Exception) -> None:
        self.on_failure(error)

    @property
    def has_failed(self) -> bool:
        """Whether an exception ends it."""
        return self._exception is not None

    @property
    def is_leaving(self) -> bool:
        """Whether it is about to end."""
        return self._exit

    def fail(self, error: Exception, text: str) -> None:
        """End with exit code 1; ``text`` is written when the terminal is the shell's again."""
        self._exception = error
        self._exception_event.set()
        self._return_code = 1
        self._exit_renderables.append(Text(text))
        self._close_messages_no_wait()

    def stop_messages(self) -> None:
        """End without a word."""
        self._close_messages_no_wait()

    @property
    def event_loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop that it runs in, None before it runs."""
        return self._loop

    @property
    def terminal_driver(self) -> Driver | None:
        """The driver that writes to the terminal, None before there is one."""
        return self._driver


class FocusedScreen(SureTimers, Screen[_Result]):
    """A screen that gives the focus to no widget that is gone or about to go.

    A click finds the widget that was painted there, which may be removed already. Textual would give it the
    focus, and every key after that would go to it and come to nothing.
    """

    def set_focus(
        self, widget: Widget | None, scroll_visible: bool = True, from_app_focus: bool = False
    ) -> None:
        if widget is None or (widget.is_attached and not widget._pruning):
            super().set_focus(widget, scroll_visible, from_app_focus)


class OpenScreen(FocusedScreen[Any]):
    """A screen with a compositor of its own."""

    def __init__(self, compositor: Compositor, **options: Any) -> None:
        super().__init__(**options)
        self._compositor = compositor


class OpenCompositor(Compositor):
    """A compositor that tells what is to be painted again."""

    @property
    def dirty_regions(self) -> Iterable[Region]:
        """The pieces of the screen that have changed since they were painted."""
        return self._dirty_regions


def lay_out_now(screen: Screen[Any]) -> None:
    """Give the widgets of a screen their places at once instead of after the messages that wait."""
    screen._refresh_layout()


def notes_on_show(app: App[Any]) -> list[Notification]:
    """What an app has told in passing and still shows, the newest last."""
    return list(app._notifications)


class OpenDriver(LinuxDriver):
    """The driver for terminals, with hooks: for reading, for being stopped and for going on."""

    def __init__(self, app: App[Any], output: TextIOWrapper, **options: Any) -> None:
        """``output``: what is written to."""
        super().__init__(app, **options)
        self._file = output

    def read_input(self) -> None:
        """Read from the terminal until the app leaves; in a thread of its own."""
        raise NotImplementedError

    def stop(self) -> None:
        """The user stops the process (SIGTSTP)."""
        raise NotImplementedError

    def go_on(self) -> None:
        """The process goes on (SIGCONT)."""
        raise NotImplementedError

    def terminal_size(self) -> tuple[int, int]:
        """Columns and rows."""
        raise NotImplementedError

    def _run_input_thread(self) -> None:
        self.read_input()

    def _sigtstp_application(self, *_: object) -> None:
        self.stop()

    def _sigcont_application(self, *_: object) -> None:
        self.go_on()

    def _get_terminal_size(self) -> tuple[int, int]:
        return self.terminal_size()

    def _query_in_band_window_resize(self) -> None:
        """The size is what the system says: a report among the keys may say anything."""

    @property
    def event_loop(self) -> asyncio.AbstractEventLoop:
        """The loop of the app."""
        return self._loop

    @property
    def takes_signals(self) -> bool:
        """Whether the signals of stopping and going on are this driver's to answer."""
        return self._auto_restart

    @property
    def can_write(self) -> bool:
        """Whether what is written arrives; not while the terminal is the shell's."""
        return self._writer_thread is not None and self._writer_thread.is_alive()

    def end_reading(self) -> None:
        """End the thread that reads, and leave the terminal alone."""
        self.exit_event.set()
        if self._key_thread is not None:
            self._key_thread.join()
        self.exit_event.clear()

    def signal_resume(self) -> None:
        """Tell the app, when the driver is started again, that it goes on."""
        self._must_signal_resume = True

    def set_modes(self) -> None:
        """Switch bracketed paste and the mouse on, and the wrapping of lines off."""
        self._enable_bracketed_paste()
        self._disable_line_wrap()
        self._enable_mouse_support()
