"""Powers such as 4^-5, which are numbers wherever a preset, ``--set`` or an axis of a sweep has one."""

import re
from typing import Final

#: base and exponent of a power; a sign before it is that of the number
_POWER: Final = re.compile(r"([+-]?)(\d+(?:\.\d*)?|\.\d+)\^([+-]?\d+(?:\.\d+)?)")
#: larger exponents make numbers that no float holds, or take for ever to work out
LARGEST_EXPONENT: Final = 5000


def power(text: str) -> float | None:
    """The number that a power is, correctly rounded; None for other text.

    Infinity, or zero, where no float holds it.
    """
    found = _POWER.fullmatch(text.strip())
    if found is None:
        return None
    from fractions import Fraction  # nothing that a shell completes needs it

    sign, base, exponent = -1.0 if found[1] == "-" else 1.0, Fraction(found[2]), float(found[3])
    if base == 0 and exponent <= 0.0:
        return None
    if abs(exponent) > LARGEST_EXPONENT:
        grows = (base > 1) == (exponent > 0.0)
        return sign if base == 1 else sign * (float("inf") if grows and base != 0 else 0.0)
    try:
        # a float to an integer power may be off in its last digit: 10.0 ** -20 is not 1e-20
        value = float(base ** int(exponent)) if exponent == int(exponent) else float(base) ** exponent
    except OverflowError:
        value = float("inf")
    return sign * value


def powers_as_numbers(text: str) -> str:
    """The text with every power in it written as a number."""
    return _POWER.sub(lambda found: _written(found[0]), text)


def _written(text: str) -> str:
    value = power(text)
    return text if value is None else repr(value)
