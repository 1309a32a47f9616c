"""The keyboard turns bytes from the terminal's keyboard and mouse into messages for the app.

A terminal sends UTF-8 and escape sequences, but any bytes may arrive: letters of another encoding, noise on a
line, sequences cut in two. Bytes without a meaning are dropped.
"""

import re
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from textual import events
from textual.message import Message
from textual.messages import InBandWindowResize

from reluflow.tui.terminal.private import PASTE_END, PASTE_START, TerminalParser

#: a report of a mouse as terminals without extensions send it, in three bytes that need not be text
_OLD_MOUSE: Final = re.compile(rb"\x1b\[M...", re.DOTALL)
_OLD_MOUSE_CUT: Final = re.compile(rb"\x1b\[M.{0,2}\Z", re.DOTALL)
#: Seconds without input after which a paste, or a report of the mouse, is taken to be over.
PASTE_SECONDS: Final = 1.0
#: Characters of a paste that are kept: no field has use for more.
LONGEST_PASTE: Final = 100_000


class Keyboard:
    """Reads input; ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._decode = getincrementaldecoder("utf-8")("ignore").decode
        self._parser = TerminalParser()
        self._cut = b""
        self._paste: str | None = None
        #: what may be the beginning of the mark before a paste; the parser has it, as it may be one of a key
        self._begun = ""
        #: what may be the beginning of the mark behind a paste
        self._marker = ""
        self._heard = clock()

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that some bytes complete."""
        self._heard = self._clock()
        data = _OLD_MOUSE.sub(b"", self._cut + data)
        cut = _OLD_MOUSE_CUT.search(data)
        self._cut = data[cut.start() :] if cut else b""
        text = self._marker + self._decode(data[: cut.start()] if cut else data)
        self._marker = ""
        if self._paste is None and self._begun and (self._begun + text).startswith(PASTE_START):
            self._parser = TerminalParser()  # it waits for the rest of what is no key
            text, self._begun = self._begun + text, ""
        while text:
            if self._paste is None:
                typed, mark, text = text.partition(PASTE_START)
                yield from self._parse(typed)
                self._begun = "" if mark else _cut_in_two(self._begun + typed, PASTE_START)[1]
                if mark:
                    self._paste = ""
            else:
                pasted, mark, text = text.partition(PASTE_END)
                if not mark:
                    pasted, self._marker = _cut_in_two(pasted, PASTE_END)
                self._paste = (self._paste + pasted)[:LONGEST_PASTE]
                if mark:
                    yield self._end_paste()

    def tick(self) -> Iterator[Message]:
        """The messages that are complete because nothing follows; to be asked for now and then."""
        stale = self._clock() - self._heard >= PASTE_SECONDS
        self._cut = b"" if stale else self._cut
        if self._paste is not None:
            if stale:
                yield self._end_paste()
            return
        yield from self._told(self._parser.tick())

    def _parse(self, text: str) -> Iterator[Message]:
        for sign in text:  # one by one: a sequence that breaks the parser takes nothing along that follows it
            # the key enter, pressed before the terminal was the app's, comes as the end of a line
            yield from self._told(self._parser.feed("\r" if sign == "\n" else sign))

    def _told(self, messages: Iterable[Message]) -> Iterator[Message]:
        """Messages of the parser, but for those that only a terminal with its own way of sizes may send."""
        try:
            for message in messages:
                if not isinstance(message, events.Resize | InBandWindowResize):
                    yield message
        except Exception:  # a sequence that breaks the parser means nothing: go on after it
            self._parser = TerminalParser()

    def _end_paste(self) -> events.Paste:
        pasted, self._paste, self._marker = self._paste or "", None, ""
        return events.Paste("".join(sign for sign in pasted if sign.isprintable() or sign in "\n\r\t"))


def _cut_in_two(text: str, marker: str) -> tuple[str, str]:
    """The text without the beginning of a marker at its end, and that, which may be empty."""
    for length in range(min(len(marker) - 1, len(text)), 0, -1):
        if text.endswith(marker[:length]):
            return text[:-length], text[-length:]
    return text, ""
