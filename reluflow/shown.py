"""Text from files as it may be shown: no control characters, and sentences that fit on a screen."""

import re
import unicodedata
from typing import Final

#: no sentence is longer
LONGEST: Final = 300
#: paths and other words without a space are shortened to this
_LONGEST_WORD: Final = 80
_CUT: Final = " ... "


def escaped(text: str, kept: str = "") -> str:
    """The text with what could steer a terminal, or cannot be seen, written as TOML and JSON write it.

    Control characters, among them those that turn the direction of writing, become ``\\u001b`` or
    ``\\u202e``; those that are ``kept`` stay.
    """
    if text.isprintable():
        return text
    return "".join(each if _is_plain(each) or each in kept else _written(each) for each in text)


def _is_plain(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _written(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def one_sentence(text: str) -> str:
    """The sentence in one line of at most ``LONGEST`` characters, long paths without their middle."""
    plain = escaped(" ".join(text.split()))
    if len(plain) > LONGEST:
        plain = re.sub(
            rf"\S{{{_LONGEST_WORD + 1},}}", lambda word: _shortened(word[0], _LONGEST_WORD, "..."), plain
        )
    return _shortened(plain, LONGEST, _CUT)


def _shortened(text: str, length: int, cut: str) -> str:
    if len(text) <= length:
        return text
    half = (length - len(cut)) // 2
    return text[:half] + cut + text[-half:]
