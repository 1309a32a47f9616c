"""A terminal to measure and test the app in: a pseudo-terminal, a screen of cells, and a slow line to it.

The screen understands what the app writes (cursor moves, colours, erasing, the alternate screen) and answers
the questions a terminal is asked. The line delays and throttles what goes through it in both directions, with
a buffer without end, as sockets and routers have one: that is what makes an app without pacing slow.
"""

import fcntl
import os
import pty
import queue
import re
import select
import signal
import struct
import sys
import termios
import threading
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

#: a control sequence, an operating system command, another escape, a control character, or text
_TOKENS = re.compile(
    r"\x1b\[(?P<arguments>[0-?]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b\](?P<command>[^\x07\x1b]*)(?:\x07|\x1b\\)|\x1b(?P<escape>[^\[\]])"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f])|(?P<text>[^\x00-\x1f\x7f]+)"
)
SYNC = "?2026"
#: bytes that a throttled line carries at a time
_PIECE = 256


class Screen:
    """Rows of characters as they are after everything written so far, and the answers that are due."""

    def __init__(self, columns: int, rows: int, answers: bool = True) -> None:
        self.columns, self.rows = columns, rows
        self.alternate = False
        #: private modes that are switched on, such as "?1000" for the mouse
        self.modes: set[str] = set()
        self.frames = 0
        self.questions = 0
        self.answers = answers
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self._x = self._y = 0
        self._cells = self._blank()

    def _blank(self) -> list[list[str]]:
        return [[" "] * self.columns for _ in range(self.rows)]

    @property
    def lines(self) -> list[str]:
        return ["".join(row).rstrip() for row in self._cells]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def pending(self) -> str:
        """The beginning of a sequence whose rest has not come yet."""
        return self._rest

    def resize(self, columns: int, rows: int) -> None:
        """Another size; what was there is gone, as the app is going to paint all of it."""
        self.columns, self.rows = columns, rows
        self._cells = self._blank()

    def feed(self, data: bytes) -> bytes:
        """Take in output of the app; returns what the terminal answers."""
        text = self._rest + self._decode(data)
        answers, end = "", 0
        for token in _TOKENS.finditer(text):
            if token.start() != end:
                break
            end = token.end()
            if token["final"]:
                answers += self._control(token["arguments"], token["final"])
            elif token["control"]:
                self._move_by(token["control"])
            elif token["text"]:
                self._put(token["text"])
        self._rest = text[end:]
        return answers.encode() if self.answers else b""

    def _put(self, text: str) -> None:
        for sign in text:
            if self._y < self.rows and self._x < self.columns:
                self._cells[self._y][self._x] = sign
            self._x += 1

    def _move_by(self, control: str) -> None:
        if control == "\r":
            self._x = 0
        elif control == "\n":
            if self._y + 1 < self.rows:
                self._y += 1
            else:
                self._cells = [*self._cells[1:], [" "] * self.columns]
        elif control == "\b":
            self._x = max(self._x - 1, 0)

    def _control(self, arguments: str, final: str) -> str:
        numbers = [int(part) if part.isdecimal() else 0 for part in arguments.split(";")]
        if final == "H":
            row, column = (*numbers, 0)[:2]
            self._y, self._x = max(row, 1) - 1, max(column, 1) - 1
        elif final == "J" and numbers[0] in (2, 3):
            self._cells = self._blank()
        elif final == "K" and self._y < self.rows:
            self._cells[self._y][self._x :] = [" "] * (self.columns - self._x)
        elif final in "hl" and arguments == "?1049":
            self.alternate = final == "h"
            self._cells, self._x, self._y = self._blank(), 0, 0
        elif final in "hl" and arguments.startswith("?"):
            self.frames += final == "h" and arguments == SYNC
            (self.modes.add if final == "h" else self.modes.discard)(arguments)
        elif final == "p" and arguments == SYNC:
            return f"\x1b[{SYNC};2$y"
        elif final == "n" and arguments == "6":
            self.questions += 1
            return f"\x1b[{min(self._y, self.rows - 1) + 1};{min(self._x, self.columns - 1) + 1}R"
        return ""


@dataclass(frozen=True)
class Link:
    """A connection: bytes a second in each direction (None without bound), and seconds each way."""

    rate: float | None = None
    delay: float = 0.0


class Line:
    """One direction of a connection: hands on what it is given later, and no faster than the link."""

    def __init__(
        self, link: Link, out: Callable[[bytes], object], at_end: Callable[[], object] = lambda: None
    ) -> None:
        self._link, self._out, self._at_end = link, out, at_end
        self._queue: queue.SimpleQueue[tuple[float, bytes] | None] = queue.SimpleQueue()
        threading.Thread(target=self._carry, daemon=True).start()

    def send(self, data: bytes) -> None:
        self._queue.put((time.monotonic() + self._link.delay, data))

    def close(self) -> None:
        self._queue.put(None)

    def _carry(self) -> None:
        free = 0.0
        with suppress(OSError):  # nobody listens any more
            while (entry := self._queue.get()) is not None:
                due, data = entry
                size = _PIECE if self._link.rate else len(data)
                for start in range(0, len(data), size):
                    piece = data[start : start + size]
                    free = max(due, free) + (len(piece) / self._link.rate if self._link.rate else 0.0)
                    time.sleep(max(free - time.monotonic(), 0.0))
                    self._out(piece)
            self._at_end()


class Terminal:
    """A program in a pseudo-terminal, seen through a link."""

    def __init__(
        self,
        command: Sequence[str],
        size: tuple[int, int] = (80, 24),
        *,
        link: Link | None = None,
        answers: bool = True,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.screen = Screen(*size, answers=answers)
        self.received = 0
        self.code: int | None = None
        self._changed = threading.Condition()
        self.started = time.monotonic()
        #: its process, and this side of the pseudo-terminal
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            self._become(command, size, environment, folder)
        self._set_size(size)
        link = link or Link()
        self._inward = Line(link, self._show)
        self._outward = Line(link, self._write)
        self._hung_up = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @staticmethod
    def _become(
        command: Sequence[str],
        size: tuple[int, int],
        environment: Mapping[str, str] | None,
        folder: Path | None,
    ) -> None:
        try:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            if folder is not None:
                os.chdir(folder)
            known = {name: value for name, value in os.environ.items() if name != "COLORTERM"}
            os.execvpe(
                command[0], list(command), known | {"TERM": "xterm-256color"} | dict(environment or {})
            )
        except BaseException as error:  # the child must not come back into the program that forked it
            os.write(2, str(error).encode())
        os._exit(127)

    def _set_size(self, size: tuple[int, int]) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def _read(self) -> None:
        while not self._hung_up.is_set():
            try:
                if not select.select([self.master], [], [], 0.1)[0]:
                    continue
                data = os.read(self.master, 65536)
            except OSError:  # what a terminal says when nobody writes to it any more
                break
            self._inward.send(data)
        self._inward.close()

    def _show(self, data: bytes) -> None:
        with self._changed:
            answers = self.screen.feed(data)
            self.received += len(data)
            self._changed.notify_all()
        if answers:
            self._outward.send(answers)

    def _write(self, data: bytes) -> None:
        os.write(self.master, data)

    def type(self, text: str) -> None:
        """Press keys, as the bytes that a terminal sends for them."""
        self._outward.send(text.encode())

    def send(self, data: bytes) -> None:
        """Send bytes that need not be keys."""
        self._outward.send(data)

    def feed(self, text: str) -> None:
        """Write on the screen as another program that has the terminal would."""
        self._show(text.encode())

    def resize(self, columns: int, rows: int) -> None:
        with self._changed:
            self.screen.resize(columns, rows)
        self._set_size((columns, rows))

    def until(self, holds: Callable[[Screen], object], what: str, seconds: float = 60.0) -> float:
        """Wait until something holds of the screen; the time (monotonic) at which it was seen to."""
        end = time.monotonic() + seconds
        with self._changed:
            while not holds(self.screen):
                left = end - time.monotonic()
                if left <= 0.0:
                    raise TimeoutError(f"never: {what}\n{self.screen.text}")
                self._changed.wait(left)
            return time.monotonic()

    def quiet(self, seconds: float, limit: float = 60.0) -> None:
        """Wait until nothing has come for so long."""
        end = time.monotonic() + limit
        seen, since = -1, time.monotonic()
        while time.monotonic() - since < seconds:
            if time.monotonic() > end:
                raise TimeoutError(f"never quiet\n{self.screen.text}")
            if self.received != seen:
                seen, since = self.received, time.monotonic()
            time.sleep(0.01)

    def ended(self, seconds: float = 30.0) -> int:
        """The exit code of the program, once it has ended."""
        end = time.monotonic() + seconds
        while self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                raise TimeoutError(f"the program goes on\n{self.screen.text}")
            else:
                time.sleep(0.01)
        return self.code

    def hang_up(self) -> None:
        """Let the terminal vanish, as a window that is closed."""
        self._hung_up.set()
        self._reader.join()
        os.close(self.master)

    def close(self) -> None:
        """End the program, if it has not ended by itself."""
        if self.code is None:
            try:
                os.kill(self.pid, signal.SIGHUP)
                self.ended(0.5)
            except (ProcessLookupError, TimeoutError):
                # now and then a shell does not hear it; the end of its terminal it does
                self._end_without_terminal()

    def _end_without_terminal(self) -> None:
        if not self._hung_up.is_set():
            self.hang_up()
        try:
            self.ended(3.0)
        except TimeoutError:
            os.kill(self.pid, signal.SIGKILL)
            self.ended()


def app_command(*arguments: str) -> list[str]:
    """The command line of the app, as this interpreter runs it."""
    return [sys.executable, "-m", "reluflow", "tui", *arguments]
