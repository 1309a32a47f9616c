"""Axes: which keys of a preset are varied, and over which values.

    KEY=V1,V2,...                  values; ranges may stand among them
    KEY=0:9                        integers in steps of one
    KEY=0.1:0.5:5lin               so many numbers at even distances
    KEY=1e-6:1e-2:9log             so many numbers at even ratios
    KEY=4^2:4^-13                  powers, their exponents in steps of one
    KEY1=KEY2=V1,V2,...            both keys have the same value
    KEY1,KEY2=(V1,W1),(V2,W2),...  keys that move in pairs

Every range includes both its ends. A value that is a list stands in brackets.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from reluflow.errors import PresetError, SweepError
from reluflow.store.locations import typed
from reluflow.store.powers import power
from reluflow.store.schema import Key, by_id, parse_text, show

#: Values of one axis, at most.
MOST_VALUES: Final = 10**6
#: Digits to which the numbers inside of a range are rounded: 1e-5 is in 1e-6:1e-2:5log to the last bit.
RANGE_DIGITS: Final = 12

_NUMBER: Final = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_TERM: Final = rf"{_NUMBER}(?:\^[+-]?\d+(?:\.\d+)?)?"
_COUNTED: Final = re.compile(rf"({_TERM}):({_TERM}):(\d+)(lin|log)")
_POWERS: Final = re.compile(r"(\d+\.?\d*|\.\d+)\^([+-]?\d+):(\d+\.?\d*|\.\d+)\^([+-]?\d+)")
_INTEGERS: Final = re.compile(r"([+-]?\d+):([+-]?\d+)")
_KEY: Final = re.compile(r"\s*[a-z_]+\.[a-z_]+\s*")
_CLOSING: Final = {"[": "]", "(": ")"}


@dataclass(frozen=True)
class Axis:
    """``keys`` that move together, and for each place on the axis their ``values``, one a key.

    ``text``: as it was written.
    """

    keys: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]
    text: str = field(default="", compare=False)

    def __len__(self) -> int:
        return len(self.values)

    def merged(self, other: "Axis") -> "Axis":
        """The values of both, sorted if both were; ``other`` is of the same keys."""
        added = [value for value in other.values if value not in set(self.values)]
        if not added:
            return self
        if self.values == other.values[: len(self)]:
            return other
        values = (*self.values, *added)
        for descending in (False, True):
            if _is_sorted(self.values, descending) and _is_sorted(other.values, descending):
                values = tuple(sorted(values, reverse=descending))
        return Axis(self.keys, values, written(self.keys, values))


def _is_sorted(values: Sequence[tuple[Any, ...]], descending: bool) -> bool:
    if not all(isinstance(part, int | float) for value in values for part in value):
        return False
    return list(values) == sorted(values, reverse=descending)


def parse_axis(text: str, where: str = "--over") -> Axis:
    """An axis as it is written. Raises SweepError in one sentence that starts with ``where``."""
    heads, rest = _heads(text)
    if not heads or not rest.strip():
        raise SweepError(f"{where} {show(text)}: found no values; expected KEY=V1,V2,...")
    together = [part.strip() for part in heads[0].split(",")]
    if len(together) > 1 and len(heads) > 1:
        raise SweepError(
            f"{where} {show(text)}: expected KEY1=KEY2=V1,... or KEY1,KEY2=(V1,W1),..., not both"
        )
    try:
        keys = [by_id(name, where) for name in (together if len(together) > 1 else map(str.strip, heads))]
        items = [item.strip() for item in split(rest)]
        if len(together) > 1:
            values = [_pair(keys, item, where) for item in items]
        else:
            values = [value for item in items for value in _same(keys, item, where)]
    except PresetError as error:
        raise SweepError(str(error)) from None
    ids = tuple(key.id for key in keys)
    if len(set(ids)) < len(ids):
        raise SweepError(f"{where} {show(text)}: a key stands there twice; expected each key once")
    unique = tuple(dict.fromkeys(values))
    files = any(key.is_file(part) for value in unique for key, part in zip(keys, value, strict=True))
    return Axis(ids, unique, written(ids, unique) if files else text.strip())


def _heads(text: str) -> tuple[list[str], str]:
    """What stands before each = that ends a key, and the rest."""
    heads: list[str] = []
    rest = text
    while "=" in rest:
        head, _, tail = rest.partition("=")
        if heads and not _KEY.fullmatch(head):
            break
        heads.append(head)
        rest = tail
    return heads, rest


def split(text: str) -> list[str]:
    """The parts between commas that are in no brackets and no quotes."""
    parts, open_ones, quote = [""], [], ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in _CLOSING:
            open_ones.append(_CLOSING[character])
        elif open_ones and character == open_ones[-1]:
            open_ones.pop()
        elif character == "," and not open_ones:
            parts.append("")
            continue
        parts[-1] += character
    return parts


def _pair(keys: Sequence[Key], item: str, where: str) -> tuple[Any, ...]:
    words = split(item[1:-1]) if item.startswith("(") and item.endswith(")") else []
    if len(words) != len(keys):
        raise SweepError(
            f"{where}: {show(item)} stands for {' and '.join(key.id for key in keys)}; "
            f"expected {len(keys)} values in parentheses"
        )
    return tuple(value_of(key, word, where) for key, word in zip(keys, words, strict=True))


def _same(keys: Sequence[Key], item: str, where: str) -> Iterator[tuple[Any, ...]]:
    """Values for all keys alike, of one item or of the range that it is."""
    if ":" in item and all(key.kind in ("int", "float") for key in keys):
        numbers, found_at = _range(item, where), f"{where}: {show(item)}"
        for end in (min(numbers), max(numbers)):  # what a key may be is an interval
            for key in keys:
                _number(key, end, where)
        for number in numbers:
            yield tuple(_inside(key, number, found_at) for key in keys)
    else:
        yield tuple(value_of(key, item, where) for key in keys)


def value_of(key: Key, text: str, where: str) -> Any:
    """A value as it stands on an axis of a key. Raises SweepError and PresetError."""
    if not text.strip():
        raise SweepError(f"{where}: {key.id} has an empty value; expected none where no value is meant")
    value = parse_text(key, text, where)
    if value is None and key.kind == "bool":  # a column of flags has no third value
        return key.default
    # a file named on the command line is looked for where the command is given
    return typed(value) if value and key.is_file(value) else value


def _number(key: Key, number: float, where: str) -> Any:
    whole = key.kind == "int" and number == round(number)
    return parse_text(key, repr(round(number) if whole else number), where)


def _inside(key: Key, number: float, where: str) -> Any:
    """A number of a range whose ends are known to be fine; not read anew, since there may be many."""
    if key.kind == "float":
        return float(number)
    if number != round(number):
        raise SweepError(
            f"{where} has {number:.4g} in it, while {key.id} is an integer; expected integers, as 2^1:2^6 has"
        )
    return round(number)


def _range(item: str, where: str) -> Sequence[float]:
    """The numbers of a range, both ends included."""
    counted = _COUNTED.fullmatch(item)
    if counted:
        ends = (_term(counted[1]), _term(counted[2]))
        return _between(ends, int(counted[3]), counted[4] == "log", f"{where}: {show(item)}")
    powers = _POWERS.fullmatch(item)
    if powers and powers[1] == powers[3]:
        exponents = _steps(int(powers[2]), int(powers[4]), item, where)
        return [power(f"{powers[1]}^{exponent}") or 0.0 for exponent in exponents]
    integers = _INTEGERS.fullmatch(item)
    if integers:
        return _steps(int(integers[1]), int(integers[2]), item, where)
    raise SweepError(
        f"{where}: {show(item)} is no range; expected integers 0:9, powers of one base 4^2:4^-13, or so many "
        "numbers 0.1:0.5:5lin or 1e-6:1e-2:9log"
    )


def _term(text: str) -> float:
    value = power(text)
    return float(text) if value is None else value


def _steps(first: int, last: int, item: str, where: str) -> range:
    if abs(last - first) >= MOST_VALUES:
        raise SweepError(f"{where}: {show(item)} has more than {MOST_VALUES} values; expected fewer")
    return range(first, last + 1) if first <= last else range(first, last - 1, -1)


def _between(ends: tuple[float, float], count: int, log: bool, where: str) -> list[float]:
    low, high = ends
    if not 2 <= count <= MOST_VALUES:
        raise SweepError(f"{where} has {count} values; expected 2 to {MOST_VALUES}")
    if log and not (low > 0.0 and high > 0.0):
        raise SweepError(f"{where} has an end that is not above 0; expected positive ends")
    if not (math.isfinite(low) and math.isfinite(high)):
        raise SweepError(f"{where} has an end that no number holds; expected finite ends")
    shares = [place / (count - 1) for place in range(1, count - 1)]
    if log:
        logs = math.log(low), math.log(high)
        inside = [math.exp((1.0 - share) * logs[0] + share * logs[1]) for share in shares]
    else:
        inside = [(1.0 - share) * low + share * high for share in shares]
    return [low, *(float(f"{number:.{RANGE_DIGITS}g}") for number in inside), high]


def cell(value: Any) -> str:
    """A value as it stands in a row: numbers to the last bit, lists as JSON, nothing for what is not set."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return json.dumps(value)
    return value if isinstance(value, str) else repr(value)


def written(keys: Sequence[str], values: Sequence[tuple[Any, ...]]) -> str:
    """The text of an axis, which reads as the same axis."""
    if len(keys) > 1 and any(value[0] != other for value in values for other in value[1:]):
        return f"{','.join(keys)}=" + ",".join(f"({','.join(map(_word, value))})" for value in values)
    return f"{'='.join(keys)}=" + ",".join(_runs([value[0] for value in values]))


def _word(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return "none" if value is None else cell(value)


def _runs(values: Sequence[Any]) -> Iterator[str]:
    """Integers that follow each other as a:b, all else by itself."""
    place = 0
    while place < len(values):
        last = place
        while last + 1 < len(values) and _follows(values[last], values[last + 1]):
            last += 1
        if last - place >= 2:
            yield f"{values[place]}:{values[last]}"
        else:
            yield from map(_word, values[place : last + 1])
        place = last + 1


def _follows(one: Any, other: Any) -> bool:
    return type(one) is type(other) is int and other == one + 1
