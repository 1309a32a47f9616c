"""Small files of text, TOML and JSON, as people and programs may have left them.

What cannot be read is said in words of our own: the place, and what was found there.
"""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from reluflow.errors import found_at
from reluflow.store.values import TOO_SMALL, show, underflows

#: characters of a line that are shown
_SHOWN: Final = 40
_PLACE: Final = re.compile(r"\(at line (\d+), column (\d+)\)$")
#: how the parser of TOML begins what it says of a name that is there twice
_AGAIN: Final = ("Cannot", "Duplicate")
#: integers of so many digits Python does not read
_LONG: Final = re.compile(r"[0-9][0-9_]{4000,}")

_Parsed = TypeVar("_Parsed")


class UnreadableError(Exception):
    """What was found in place of text that can be read, and at which ``place`` ("line 3"), if known."""

    def __init__(self, found: str, place: str = "") -> None:
        super().__init__(f"{place}: found {found}" if place else f"found {found}")
        self._place = place

    def within(self, path: Path) -> str:
        """The same of a file."""
        return f"{path}{',' if self._place else ':'} {self}"


def content_of(path: Path, largest: int) -> bytes:
    """The bytes of a file. Raises OSError, and UnreadableError for one of more than ``largest`` bytes and
    for what is no file: from a pipe one might read for ever.
    """
    size = path.stat().st_size
    if not path.is_file():
        raise UnreadableError(found_at(path))
    if size > largest:
        raise UnreadableError(f"more than {largest >> 20} MB")
    return path.read_bytes()


def text_of_bytes(content: bytes, encoding: str = "utf-8-sig", errors: str = "strict") -> str:
    """The text. Raises UnreadableError."""
    try:
        return content.decode(encoding, errors)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        place = error.start - content.rfind(b"\n", 0, error.start)
        raise UnreadableError(
            f"the byte 0x{content[error.start]:02x}, which is no UTF-8", f"line {line}, byte {place}"
        ) from None


def toml_of(text: str) -> dict[str, Any]:
    """The tables of a text in TOML. Raises UnreadableError."""

    def number(word: str) -> float:
        value = float(word)
        if underflows(word, value):
            line = text.count("\n", 0, text.find(word)) + 1
            raise UnreadableError(f"{word}, {TOO_SMALL}", f"line {line}")
        return value

    return _parsed(lambda text: tomllib.loads(text, parse_float=number), text)


def json_of(text: str) -> Any:
    """What a text in JSON holds. Raises UnreadableError."""
    return _parsed(json.loads, text)


def _parsed(parse: Callable[[str], _Parsed], text: str) -> _Parsed:
    try:
        return parse(text)
    except RecursionError:
        raise UnreadableError("values within values, nested too deeply") from None
    except json.JSONDecodeError as error:
        raise _unexpected(text, error.lineno, error.colno) from None
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        lines = _lines(text)  # where no place is told it is the end
        line, column = map(int, place.groups()) if place else (len(lines), len(lines[-1]) + 1)
        again = str(error).startswith(_AGAIN)
        raise (_again(text, line) if again else _unexpected(text, line, column)) from None
    except ValueError:
        long = _LONG.search(text)
        if long is None:
            raise UnreadableError("a value that cannot be read") from None
        line = text.count("\n", 0, long.start()) + 1
        digits = len(long[0].replace("_", ""))
        raise UnreadableError(f"an integer of {digits} digits", f"line {line}") from None


def _unexpected(text: str, line: int, column: int) -> UnreadableError:
    lines = _lines(text)
    rest, last = lines[line - 1][column - 1 :], line == len(lines)
    found = show(rest[:_SHOWN]) if rest.strip() else f"the end of the {'text' if last else 'line'}"
    return UnreadableError(found, f"line {line}, column {column}")


def _again(text: str, line: int) -> UnreadableError:
    found = show(_lines(text)[line - 1].strip()[:_SHOWN])
    return UnreadableError(f"{found}, which was given before", f"line {line}")


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")
