"""Which neurons to list: a few words that a person types.

    +  -                 sign of the output weight
    live sliding dead    what the neuron is
    norm>1e-3 angle<30   a number (of norm, angle, growth, group or #), compared with < or > or =
    on=3  off=3          active on sample 3, or not

Words are joined by "and".
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.errors import ReluflowError
from reluflow.observe.neurons import CONDITIONS
from reluflow.observe.roster import COLUMNS, Roster

Mask = npt.NDArray[np.bool_]
_Test = Callable[[Roster], Mask]

_COMPARISON: Final = re.compile(r"(norm|angle|growth|group|#)([<>=])(.+)")
_SAMPLE: Final = re.compile(r"(on|off)=(\d+)")
_EXPECTED: Final = (
    "expected + - live sliding dead, on=3 or off=3 (a sample), or norm, angle, growth, group, # "
    "with < > = and a number"
)


class ChoiceError(ReluflowError, ValueError):
    """Words that choose no neurons."""


@dataclass(frozen=True)
class Choice:
    """``text`` as it was typed; ``mask`` says of every neuron (m,) whether it is chosen."""

    text: str
    tests: tuple[_Test, ...]

    @classmethod
    def read(cls, text: str) -> "Choice":
        """Raises ChoiceError, one sentence."""
        return cls(text.strip(), tuple(_read(word) for word in text.lower().split()))

    def mask(self, roster: Roster) -> Mask | None:
        """None if all neurons are chosen."""
        if not self.tests:
            return None
        found: Mask = np.logical_and.reduce([test(roster) for test in self.tests])
        return found


def _read(word: str) -> _Test:
    if word in ("+", "-"):
        sign = 1.0 if word == "+" else -1.0
        return lambda roster: roster.column("sign") == sign
    if word in CONDITIONS:
        code = CONDITIONS.index(word)
        return lambda roster: roster.column("state") == code
    sample = _SAMPLE.fullmatch(word)
    if sample is not None:
        return _sample_test(int(sample[2]), sample[1] == "on")
    comparison = _COMPARISON.fullmatch(word)
    if comparison is None:
        raise ChoiceError(f"{word!r} chooses no neurons; {_EXPECTED}")
    return _comparison_test(*comparison.groups())


def _sample_test(number: int, on: bool) -> _Test:
    def test(roster: Roster) -> Mask:
        active = roster.table.active
        if not 1 <= number <= active.shape[1]:
            return np.zeros(len(active), dtype=np.bool_)
        return np.asarray(active[:, number - 1] == on)

    return test


def _comparison_test(name: str, sign: str, text: str) -> _Test:
    try:
        value = float(text)
    except ValueError:
        raise ChoiceError(f"{text!r} after {name}{sign} is no number; expected one like 1e-3") from None

    number = next(column for column in COLUMNS if column == name)

    def test(roster: Roster) -> Mask:
        # groups are counted from 1 on screen
        column = roster.column(number) + (number == "group")
        found: Mask = column < value if sign == "<" else column > value if sign == ">" else column == value
        return found

    return test
