"""Reading one value of one key: from TOML (any type may have been written) or from typed text."""

import json
import math
import re
import tomllib
from typing import Any

from reluflow.errors import PresetError, escaped
from reluflow.store.keys import LARGEST_NUMBER, Key
from reluflow.store.powers import power, powers_as_numbers

_LONGEST_SHOWN = 60
#: what is said of a number that reads as 0
TOO_SMALL = "too small for a floating-point number"
#: numbers below this are read as integers where one is expected
LARGEST_COUNT = 1e15
_NO_NUMBERS = ("nan", "inf", "infinity")
_TRUE, _FALSE, _UNSET = ("true", "yes", "on"), ("false", "no", "off"), ("", "none")
_EXPECTED = {
    "bool": "true or false",
    "path": "the name of a file",
    "column": "the name of a column, or its number from 1",
    "held-out": "a share between 0 and 1, the name of a file, or a number of samples",
    "floats": "a list of numbers such as [1.0, -2.0]",
    "points": "a list of rows of numbers such as [[1.0, 2.0], [3.0, 4.0]]",
}


class _BadValueError(Exception):
    """A value that cannot be used: which part of it, what was found there and what was expected."""

    def __init__(self, found: str = "", part: str = "", expected: str = "") -> None:
        super().__init__(found)
        self.found, self.part, self.expected = found, part, expected


def show(value: Any) -> str:
    """The value on one short line, as it would be written in TOML where that is possible."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = escaped(json.dumps(value, ensure_ascii=False))
    elif isinstance(value, int) and abs(value) > 10**30:
        return "an integer of more than 30 digits"
    else:
        text = "none" if value is None else _representation(_as_lists(value))
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 4] + " ..."


def _as_lists(value: Any) -> Any:
    return [_as_lists(each) for each in value] if isinstance(value, tuple | list) else value


def _representation(value: Any) -> str:
    try:
        return " ".join(repr(value).split())
    except ValueError:  # Python refuses to write out integers of more than 4300 digits
        return f"a {type(value).__name__} too long to show"


def expectation(key: Key) -> str:
    """What a value of this key must be, in words."""
    if key.kind == "choice":
        return "one of " + ", ".join(key.choices)
    if key.kind in ("int", "float"):
        return ("an integer" if key.kind == "int" else "a number") + _range_words(key)
    return _EXPECTED[key.kind]


def _range_words(key: Key) -> str:
    words = []
    if key.high == LARGEST_NUMBER and key.low == -LARGEST_NUMBER:
        return ", finite and below 1e150 in size"
    if key.low is not None:
        words.append(f"{'above' if key.low_open else 'of at least'} {key.low:.12g}")
    if key.high is not None:
        words.append(f"{'below' if key.high_open else 'at most'} {key.high:.12g}")
    return " " + " and ".join(words) if words else ""


def read_value(key: Key, value: Any, where: str) -> Any:
    """The value in its final type (lists become tuples), or PresetError with one sentence.

    Integers are accepted where a number is expected, and powers in text such as "4^-5"; booleans are never
    numbers.
    """
    if hasattr(value, "tolist"):
        value = value.tolist()  # NumPy scalars and arrays given from Python
    try:
        return _READERS[key.kind](key, value)
    except _BadValueError as bad:
        found, expected = bad.found or show(value), bad.expected or expectation(key)
        raise PresetError(f"{where}: {key.id}{bad.part} is {found}; expected {expected}") from None


def parse_text(key: Key, text: str, where: str = "value given") -> Any:
    """The value typed as ``text`` in ``--set`` or in the app's form; None un-sets the key.

    Raises PresetError with one sentence that starts with ``where``. Lists may be written without brackets.
    """
    word = text.strip()
    if word.lower() in _UNSET and word not in key.choices:
        return None
    if key.kind in ("choice", "path"):
        value: Any = word.strip("\"'")
    elif key.kind == "column":  # in quotes a number is a name
        value = int(word) if re.fullmatch(r"[0-9]{1,12}", word) else word.strip("\"'")
    elif key.kind == "held-out":
        value = _number_from(word, whole=False)
        if isinstance(value, str):  # what is no number is a file, unless it is called so
            value = math.nan if word.lower().lstrip("+-") in _NO_NUMBERS else word.strip("\"'")
        elif 1.0 <= value < LARGEST_COUNT and value == int(value):
            value = int(value)
    elif key.kind == "bool":
        value = {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}.get(word.lower(), word)
    elif key.kind in ("floats", "points"):
        value = _list_from(word)
    else:
        value = _number_from(word, key.kind == "int")
    return read_value(key, value, where)


def underflows(word: str, number: object) -> bool:
    """Whether a number that is not 0 was read as 0, because no float is so small."""
    return number == 0.0 and re.match(r"\s*[+-]?[0-9._]*[1-9]", word) is not None


def _zero_or_text(word: str) -> float | str:
    try:
        return float(word)
    except ValueError:
        return word


def _number_from(word: str, whole: bool) -> Any:
    if power(word) is not None:
        return word  # read_value knows it
    try:
        number = float(word.replace("_", "")) if re.fullmatch(r"[0-9eE_+.\-]+", word) else word
    except ValueError:
        return word
    if underflows(word, number):
        return word  # read_value says so
    if not whole or isinstance(number, str):
        return number
    if re.fullmatch(r"[+-]?[0-9_]{1,40}", word):
        return int(word.replace("_", ""))
    return int(number) if abs(number) < LARGEST_COUNT and number == int(number) else word


def _list_from(text: str) -> Any:
    word = powers_as_numbers(text)
    for candidate in (word, f"[{word}]"):
        try:
            return tomllib.loads(f"value = {candidate}")["value"]
        except (tomllib.TOMLDecodeError, RecursionError, ValueError):
            continue
    return text


def _bool(_: Key, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _BadValueError
    return value


def _within(key: Key, number: float) -> bool:
    if key.low is not None and (number < key.low or (key.low_open and number == key.low)):
        return False
    return key.high is None or number < key.high or (number == key.high and not key.high_open)


def _int(key: Key, value: Any) -> int:
    number = power(value) if isinstance(value, str) else None
    if number is not None and abs(number) < LARGEST_COUNT and number == int(number):
        value = int(number)
    if isinstance(value, bool) or not isinstance(value, int) or not _within(key, value):
        raise _BadValueError
    return value


def _float(key: Key, value: Any) -> float:
    known = power(value) if isinstance(value, str) else None
    if isinstance(value, str) and underflows(value, known if known is not None else _zero_or_text(value)):
        raise _BadValueError(f"{value.strip()}, {TOO_SMALL}", expected=f"{expectation(key)} that one holds")
    value = value if known is None else known
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _BadValueError
    try:
        number = float(value)
    except OverflowError:
        raise _BadValueError from None
    if not math.isfinite(number) or not _within(key, number):
        raise _BadValueError
    return number


def _choice(key: Key, value: Any) -> str:
    if not isinstance(value, str) or value not in key.choices:
        raise _BadValueError
    return value


def _path(_: Key, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise _BadValueError
    return value


def _column(key: Key, value: Any) -> int | str:
    return _path(key, value) if isinstance(value, str) else _int(key, value)


def _held_out(key: Key, value: Any) -> float | str:
    if isinstance(value, str):
        return _path(key, value)
    if isinstance(value, float) and 0.0 < value < 1.0:
        return value
    return _int(key, value)


def _floats(key: Key, value: Any) -> tuple[float, ...]:
    if isinstance(value, int | float) or (isinstance(value, str) and power(value) is not None):
        value = [value]
    if not isinstance(value, list | tuple) or not value:
        raise _BadValueError
    return tuple(_item(key, number, f"[{place}]") for place, number in enumerate(value))


def _item(key: Key, number: Any, place: str) -> float:
    try:
        return _float(key, number)
    except _BadValueError:
        raise _BadValueError(show(number), place, "a number" + _range_words(key)) from None


def _points(key: Key, value: Any) -> tuple[tuple[float, ...], ...]:
    if not isinstance(value, list | tuple) or not value:
        raise _BadValueError
    rows = [row if isinstance(row, list | tuple) else [row] for row in value]
    if not rows[0]:
        raise _BadValueError
    for place, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise _BadValueError(
                f"of {len(row)} number(s)", f"[{place}]", f"{len(rows[0])} as in the first row"
            )
    return tuple(
        tuple(_item(key, number, f"[{i}, {j}]") for j, number in enumerate(row)) for i, row in enumerate(rows)
    )


_READERS = {
    "bool": _bool,
    "int": _int,
    "float": _float,
    "choice": _choice,
    "path": _path,
    "column": _column,
    "held-out": _held_out,
    "floats": _floats,
    "points": _points,
}
