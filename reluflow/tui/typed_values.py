"""Values of preset keys as text: how they are typed, and the next larger or smaller number.

Sizes are stepped by factors of ten, counts and seeds by one.
"""

import math
from typing import Any

from reluflow.errors import PresetError
from reluflow.store.schema import Key, parse_text


def text_of(value: Any) -> str:
    """A value as it would be typed; "" when it is not set."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return f"[{', '.join(text_of(item) for item in value)}]"
    return str(value)


def stepped(key: Key, text: str, by: int) -> str | None:
    """The text of the next (``by`` 1) or previous (-1) value, None if there is none.

    ``text`` is what the field holds; a field that is empty or cannot be read has no neighbours.
    """
    try:
        value = parse_text(key, text)
    except PresetError:
        return None
    if value is None:
        return None
    wanted = _neighbour(key, value, by)
    written = text_of(int(wanted) if key.kind == "int" else wanted)
    try:
        parse_text(key, written)
    except PresetError:
        return None
    return written


def _neighbour(key: Key, value: float, by: int) -> float:
    step = key.step or ("one" if key.kind == "int" else "1-2-5")
    if step == "tens":
        return float(f"{value * 10.0**by:.12g}")
    if step == "one":
        return value + by
    return _one_two_five(value, by)


def _one_two_five(value: float, by: int) -> float:
    """The next larger or smaller of ..., 0.5, 1, 2, 5, 10, ...; from 0 there is none smaller."""
    if value <= 0.0:
        return 0.1 if by > 0 else value
    power = math.floor(math.log10(value)) - 1
    ladder = [float(f"{digit}e{power + e}") for e in range(4) for digit in (1, 2, 5)]
    if by > 0:
        return next(step for step in ladder if step > value * (1.0 + 1e-9))
    return next(step for step in reversed(ladder) if step < value * (1.0 - 1e-9))
