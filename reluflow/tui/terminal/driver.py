"""The driver of the terminal.

The process may be stopped and continued at any time, with or without restoring the terminal first. The
terminal may vanish, and its keyboard may send any bytes. The app is told once when the terminal is gone.
"""

import os
import select
import signal
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TextIO

from textual import events
from textual.driver import Driver
from textual.geometry import Size
from textual.message import Message

from reluflow.tui.terminal.ink import compact
from reluflow.tui.terminal.keyboard import Keyboard
from reluflow.tui.terminal.ownership import RESTORING, in_background, in_front
from reluflow.tui.terminal.private import OpenDriver

if TYPE_CHECKING:
    from reluflow.tui.terminal.app import TerminalApp

#: the question how far the terminal has come (a device status report)
QUESTION: Final = "\x1b[6n"
#: The smallest size that is laid out; what sticks out of a smaller window is not seen.
LEAST_SIZE: Final = (10, 3)
#: Seconds between two looks at whether the app leaves, or a key is complete.
_LOOK: Final = 0.05
#: Seconds between two looks, in the background, at whether the terminal is this process's again.
_FRONT_LOOK: Final = 0.2


class _Output:
    """A file that takes what is written also when the terminal is gone, so that nobody waits for it.

    Behind a shell, which has the terminal, nothing is written.
    """

    def __init__(self, app: "TerminalApp", file: TextIO) -> None:
        self._app, self._file = app, file

    def write(self, text: str) -> None:
        with self._watched():
            if not in_background(self._file.fileno()):
                self._file.write(text)

    def restore(self) -> None:
        """End the app's ways of the terminal, whoever has it."""
        with self._watched():
            self._file.write(RESTORING)
            self._file.flush()

    def flush(self) -> None:
        with self._watched():
            self._file.flush()

    def fileno(self) -> int:
        return self._file.fileno()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError):
            self._app.terminal_is_gone()


class TerminalDriver(OpenDriver):
    """The driver for terminals; keeps the answers to the questions about pacing to itself."""

    def __init__(self, app: "TerminalApp", **options: Any) -> None:
        assert sys.__stderr__ is not None
        self._output = _Output(app, sys.__stderr__)
        super().__init__(app, self._output, **options)  # type: ignore[arg-type]
        self._client = app
        self._pacer = app.pacer
        #: the terminal's settings under the app
        self._own: list[Any] | None = None
        #: whether the terminal is the shell's
        self._handed_back = True
        self._takes_back = False
        self._stopping = self._waits_for_terminal = self._was_behind = False

    # --- in and out ---

    def start_application_mode(self) -> None:
        self._pacer.start()
        with suppress(OSError):
            os.set_blocking(self.fileno, True)
        super().start_application_mode()  # type: ignore[no-untyped-call]
        # in the background nothing was started: the terminal is somebody else's
        self._handed_back = not self.can_write
        if not self._handed_back:
            # whoever stops and continues this process from outside leaves it behind the shell, where no read
            # and no write is to stop it for good
            signal.signal(signal.SIGTTIN, signal.SIG_IGN)
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        with suppress(termios.error):
            self._own = termios.tcgetattr(self.fileno)
        self.ask()

    def terminal_size(self) -> tuple[int, int]:
        try:
            columns, rows = os.get_terminal_size(self.fileno)
        except OSError:
            columns, rows = 0, 0
        # in a window of a column or two Textual meets widgets whose edges fall together
        return max(columns or 80, LEAST_SIZE[0]), max(rows or 24, LEAST_SIZE[1])

    def disable_input(self) -> None:
        if self._is_elsewhere:
            self.end_reading()
        else:
            self._pacer.finish()
            super().disable_input()

    def stop_application_mode(self) -> None:
        # whoever is in front has the terminal: to set it, even as it was, would stop this process for good
        if not self._is_elsewhere:
            super().stop_application_mode()
            return
        self.end_reading()
        if not self._handed_back:  # no shell knows what it was told
            self._output.restore()

    @property
    def _is_elsewhere(self) -> bool:
        """Whether another process has the terminal."""
        return self._handed_back or in_background(self.fileno)

    # --- being stopped and going on ---

    def stop(self) -> None:
        """Give the terminal back and stop.

        The signal, with its usual effect, is there from the beginning and held up until the terminal is in
        order. So the system drops it if the process is continued meanwhile, and where no shell could continue
        the process it drops it in any case: a stop that is decided on here would last for ever.
        """
        self._stopping = True
        ours = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTSTP])
        signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)
        try:
            self._hand_back()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTSTP])
            signal.signal(signal.SIGTSTP, ours)
            self._stopping = False
        self.go_on()

    def _hand_back(self) -> None:
        if self.takes_signals and not self._handed_back:
            self.suspend_application_mode()
            self._handed_back = True
            self.signal_resume()

    def go_on(self) -> None:
        """Go on; whoever stopped the process may have used the terminal meanwhile, or not."""
        if self._stopping or not self.takes_signals:
            return
        if not in_front(self.fileno):
            self._wait_for_terminal()
            return
        if self._handed_back:
            self.resume_application_mode()
        elif self._own is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._own)
        if not self._takes_back:
            self._takes_back = True
            self.event_loop.call_soon_threadsafe(self._take_back)

    def _wait_for_terminal(self) -> None:
        """Look now and then whether the terminal is this process's: a shell does not say when it gives it."""
        if not self._waits_for_terminal:
            self._waits_for_terminal = self._was_behind = True
            self.event_loop.call_soon_threadsafe(
                self.event_loop.call_later, _FRONT_LOOK, self._look_for_terminal
            )

    def _look_for_terminal(self) -> None:
        self._waits_for_terminal = False
        if self._client.is_running:
            self.go_on()

    def _take_back(self) -> None:
        """Switch the terminal to the app's ways once more and paint everything."""
        self._takes_back = False
        if not self._handed_back and self._client.is_running:
            if self._was_behind:
                self._was_behind = False
                self._pacer.start()
                size = Size(*self.terminal_size())  # nobody has told of a change
                self._client.post_message(events.Resize(size, size))
            self.write("\x1b[?1049h\x1b[?25l\x1b[?1004h")
            self.set_modes()
            self._client.call_later(self._client.repaint)

    # --- writing ---

    def write(self, data: str) -> None:
        # what is not shown because the terminal is the shell's is painted when it is back
        if self.can_write:
            super().write(compact(data))

    def ask(self) -> None:
        """Ask the terminal to answer as soon as it has come so far."""
        if self._pacer.ask():
            self.write(QUESTION)

    # --- reading ---

    def read_input(self) -> None:
        try:
            self._read_keys()
        except BaseException as error:
            self._client.report_failure(error)

    def _read_keys(self) -> None:
        """Hand on what comes until the app leaves or the terminal is gone."""
        keyboard = Keyboard()
        while not self.exit_event.is_set():
            if in_background(self.fileno):
                self._wait_for_terminal()
                self.exit_event.wait(_FRONT_LOOK)
                continue
            if select.select([self.fileno], [], [], _LOOK)[0]:
                try:
                    data = os.read(self.fileno, 4096)
                except BlockingIOError:
                    continue
                except OSError:
                    if in_background(self.fileno):  # since a moment ago
                        continue
                    self._client.terminal_is_gone()
                    return
                if not data:
                    self._client.terminal_is_gone()
                    return
                for message in keyboard.feed(data):
                    self.process_message(message)
            for message in keyboard.tick():
                self.process_message(message)

    def process_message(self, message: Message) -> None:
        if isinstance(message, events.CursorPosition) and self._pacer.answered():
            return
        Driver.process_message(self, message)
