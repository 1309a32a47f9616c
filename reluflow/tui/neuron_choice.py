"""Which neurons to list: the conditions that a person types.

    +  -                 sign of the output weight
    live sliding dead    what the neuron is
    norm>1e-3 angle<=30  a number (of norm, angle, growth, group or #), compared with < <= > >= = or !=
    on=3  off=3          active on sample 3, or not

Conditions are joined by "and". Their grammar is that of ``reluflow.sweep.conditions``.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.errors import ReluflowError
from reluflow.observe.neurons import CONDITIONS
from reluflow.observe.roster import COLUMNS, Roster
from reluflow.sweep.conditions import Condition, parse_conditions

Mask = npt.NDArray[np.bool_]

_SIGNS: Final = {"+": 1.0, "-": -1.0}
_NUMBERS: Final = ("norm", "angle", "growth", "group", "#")
_SAMPLES: Final = ("on", "off")
_EXPECTED: Final = (
    "expected + - live sliding dead, on=3 or off=3 (a sample), or norm, angle, growth, group, # "
    "with < <= > >= = != and a number"
)


class ChoiceError(ReluflowError, ValueError):
    """Words that choose no neurons."""


@dataclass(frozen=True)
class Choice:
    """``text`` as it was typed; ``mask`` says of every neuron (m,) whether it is chosen."""

    text: str
    tests: tuple[Condition, ...]

    @classmethod
    def read(cls, text: str) -> "Choice":
        """Raises ChoiceError, one sentence."""
        if not text.strip():
            return cls("", ())
        try:
            tests = parse_conditions(text.lower(), "", words=(*_SIGNS, *CONDITIONS))
            for test in tests:
                _require_usable(test)
        except ReluflowError as error:
            raise ChoiceError(f"{text.strip()!r} chooses no neurons ({error}); {_EXPECTED}") from None
        return cls(text.strip(), tests)

    def mask(self, roster: Roster) -> Mask | None:
        """None if all neurons are chosen."""
        if not self.tests:
            return None
        found: Mask = np.logical_and.reduce([_holds(test, roster) for test in self.tests])
        return found


def _require_usable(test: Condition) -> None:
    """Raise ChoiceError, or what the comparison raises, for a condition that no neuron could fulfil."""
    if test.name in _SAMPLES:
        if test.operator != "=" or not (test.value.isascii() and test.value.isdecimal()):
            raise ChoiceError(f"{test}: a sample has a number")
    elif test.name in (*_SIGNS, *CONDITIONS):
        test.holds(True)
    elif test.name in _NUMBERS:
        test.holds(0.0)
    else:
        raise ChoiceError(f"there is no {test.name}")


def _holds(test: Condition, roster: Roster) -> Mask:
    if test.name in _SAMPLES:
        return _sees(roster, int(test.value), test.name == "on")
    if test.name in _SIGNS:
        return np.asarray(test.holds(roster.column("sign") == _SIGNS[test.name]))
    if test.name in CONDITIONS:
        return np.asarray(test.holds(roster.column("state") == CONDITIONS.index(test.name)))
    name = next(column for column in COLUMNS if column == test.name)
    # groups are counted from 1 on screen
    return np.asarray(test.holds(roster.column(name) + (name == "group")))


def _sees(roster: Roster, number: int, on: bool) -> Mask:
    """Which neurons are active on a sample, or are not; none where there is no such sample."""
    active = roster.table.active
    if not 1 <= number <= active.shape[1]:
        return np.zeros(len(active), dtype=np.bool_)
    return np.asarray(active[:, number - 1] == on)
