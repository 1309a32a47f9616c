"""Whatever bytes come from a terminal: what is meant gets through, and nothing breaks."""

import random
import string

import pytest
from textual import events
from textual.message import Message

from reluflow.store.key_names import character_name, key_list
from reluflow.tui.terminal.keyboard import LONGEST_PASTE, PASTE_SECONDS, Keyboard


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def keys(messages: list[Message]) -> list[str]:
    return [message.key for message in messages if isinstance(message, events.Key)]


def read(*pieces: bytes, clock: Clock | None = None) -> list[Message]:
    keyboard = Keyboard(clock or Clock())
    return [message for piece in pieces for message in keyboard.feed(piece)]


@pytest.mark.parametrize("character", [*string.punctuation, *string.ascii_letters, *string.digits, "é", "½"])
def test_keys_are_called_in_settings_what_the_app_calls_them(character: str) -> None:
    assert keys(read(character.encode())) == [character_name(character)] == [key_list(character)]


def test_a_byte_of_another_encoding_is_dropped_and_what_is_around_it_stays() -> None:
    assert keys(read(b"a\xfcb")) == ["a", "b"]
    typed = [message.character for message in read(b"a\xc3", b"\xbcb") if isinstance(message, events.Key)]
    assert typed == ["a", "ü", "b"]


def test_enter_is_enter_also_when_it_was_typed_before_the_terminal_was_the_apps() -> None:
    assert keys(read(b"toy\r")) == keys(read(b"toy\n")) == ["t", "o", "y", "enter"]


def test_an_old_report_of_the_mouse_types_nothing_even_if_it_is_cut() -> None:
    report = b"\x1b[M\x20\xa5\x81"
    assert keys(read(b"a" + report + b"b")) == ["a", "b"]
    for place in range(3, len(report)):
        assert keys(read(b"a" + report[:place], report[place:] + b"b")) == ["a", "b"]


def test_a_paste_is_one_message_without_what_would_be_a_command() -> None:
    for pieces in ([b"\x1b[200~q\x1b[31mx\nq\x1b[201~z"], [b"\x1b[200~q\x1b[31", b"mx\nq\x1b[2", b"01~z"]):
        messages = read(*pieces)
        assert [message.text for message in messages if isinstance(message, events.Paste)] == ["q[31mx\nq"]
        assert keys(messages) == ["z"]


def test_a_paste_may_be_cut_anywhere_and_holds_escapes() -> None:
    """A terminal is read in pieces, between which the parser is asked what is complete."""
    data = b"x\x1b[200~q\x1b[31mx\x1bq\x1b[20\x1b[201~z"
    for first in range(1, len(data)):
        for second in range(first, len(data)):
            keyboard, messages = Keyboard(Clock()), []
            for piece in (data[:first], data[first:second], data[second:]):
                messages += [*keyboard.feed(piece), *keyboard.tick()]
            assert keys(messages) == ["x", "z"]
            pasted = [message.text for message in messages if isinstance(message, events.Paste)]
            assert pasted == ["q[31mxq[20"]


def test_a_paste_that_never_ends_is_over_when_nothing_follows() -> None:
    clock = Clock()
    keyboard = Keyboard(clock)
    assert not list(keyboard.feed(b"\x1b[200~word"))
    clock.now += 0.5 * PASTE_SECONDS
    assert not list(keyboard.tick())
    clock.now += PASTE_SECONDS
    (paste,) = keyboard.tick()
    assert isinstance(paste, events.Paste)
    assert paste.text == "word"
    assert keys(list(keyboard.feed(b"q"))) == ["q"]


def test_a_paste_without_bounds_is_cut() -> None:
    (paste,) = read(b"\x1b[200~" + b"x" * (2 * LONGEST_PASTE) + b"\x1b[201~")
    assert isinstance(paste, events.Paste)
    assert len(paste.text) == LONGEST_PASTE


def test_a_report_of_a_size_and_a_key_without_a_character_change_nothing() -> None:
    assert not read(b"\x1b[48;99999;99999;99999;99999t")
    assert not [message for message in read(b"\x1b[48;9;9;9;9t") if isinstance(message, events.Resize)]
    for pieces in ([b"\x1b[99999999999u", b"q"], [b"\x1b[99999999999uq"]):
        assert keys(read(*pieces)) == ["q"]


def test_after_any_bytes_a_key_is_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("textual._parser.get_time", clock)
    draw = random.Random(5)
    pieces = [b"\x1b", b"\x1b[", b"\x1b[M", b"\x1b[<0;1", b"\x1b[200~", b"\x1b[201~", b"\x1b]52;", b"\x1bP"]
    for _ in range(300):
        keyboard = Keyboard(clock)
        for _ in range(draw.randrange(1, 12)):
            noise = draw.choice(pieces) if draw.random() < 0.3 else draw.randbytes(draw.randrange(1, 30))
            list(keyboard.feed(noise))
        for _ in range(4):  # one look ends a sequence, another a paste, a third what was held back
            clock.now += 2.0 * PASTE_SECONDS
            list(keyboard.tick())
        assert keys(list(keyboard.feed(b"q"))) == ["q"]
