"""Conditions on named numbers and words: ``name OP value`` with blanks between, all of which must hold.

Rows of a sweep, runs of a folder and neurons are chosen by them. Nothing is evaluated as code: a condition is
a name, one of < <= > >= = != and a number or a word; or, where there are such, a word that stands by itself.
"""

import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from reluflow.errors import SweepError
from reluflow.store.powers import power
from reluflow.store.schema import show, suggestion

_OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
_WORD: Final = re.compile(
    r"\s*([A-Za-z_#][\w.:/-]*)\s*(<=|>=|!=|<|>|=)\s*(\"[^\"]*\"|'[^']*'|[^\s<>=!]+)(?:\s+|$)"
)
_BARE: Final = re.compile(r"\s*(\S+)(?:\s+|$)")


@dataclass(frozen=True)
class Condition:
    """One of them; ``value`` as it was written."""

    name: str
    operator: str
    value: str

    def __str__(self) -> str:
        return f"{self.name}{self.operator}{self.value}"

    def holds(self, column: Any) -> Any:
        """Whether it holds: of a number or text, or of a column (k,) of them, then (k,).

        Numbers are compared with numbers, and what has no value fulfils no condition but !=.
        Raises SweepError where number and text meet.
        """
        values = np.asarray(column)
        compare = _OPERATORS[self.operator]
        if values.dtype.kind in "OUT":
            if self.operator not in ("=", "!="):
                raise SweepError(f"{self.name} {self.operator} {self.value}: it is text; expected = or !=")
            return compare(values, self.value)
        number = _number(self.value)
        if number is None:
            raise SweepError(
                f"{self.name} {self.operator} {self.value}: {self.name} is a number; expected one behind it"
            )
        return compare(values, number)


def _number(text: str) -> float | None:
    if text.lower() in ("true", "false"):
        return float(text.lower() == "true")
    known = power(text)
    if known is not None:
        return known
    try:
        return float(text)
    except ValueError:
        return None


def parse_conditions(text: str, where: str, words: Collection[str] = ()) -> tuple[Condition, ...]:
    """The conditions in a text. Raises SweepError in one sentence that starts with ``where``.

    ``words`` may stand by themselves: each is the condition that the flag of that name is true.
    """
    found, at = [], 0
    while at < len(text.rstrip()):
        match, bare = _WORD.match(text, at), _BARE.match(text, at)
        if match is not None:
            condition = Condition(match[1], match[2], match[3].strip("\"'"))
        elif bare is not None and bare[1] in words:
            match, condition = bare, Condition(bare[1], "=", "true")
        else:
            expected = "expected NAME OP VALUE, such as loss<=1e-9"
            raise SweepError(f"{where} {show(text[at:].strip())}: {expected}".lstrip())
        found.append(condition)
        at = match.end()
    if not found:
        raise SweepError(f"{where} {show(text)}: found no condition; expected NAME OP VALUE".lstrip())
    return tuple(found)


def require_known(conditions: Sequence[Condition], names: Collection[str], where: str) -> None:
    """Raise SweepError for a condition on a name that is not among ``names``."""
    for each in conditions:
        if each.name not in names:
            raise SweepError(f"{where}: there is no {show(each.name)}{suggestion(each.name, names)}")


def fulfilled(conditions: Sequence[Condition], columns: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """Where all conditions hold: () for single values, (k,) for columns of k values."""
    holds: Any = True
    for each in conditions:
        holds = np.logical_and(holds, each.holds(columns[each.name]))
    return np.asarray(holds, dtype=bool)
