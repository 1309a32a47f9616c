"""Conditions on named numbers and words: ``name OP value`` with blanks between, all of which must hold.

Nothing is evaluated as code: a condition is a name, one of < <= > >= = != and a number or a word.
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
    r"\s*([A-Za-z_][\w.:/-]*)\s*(<=|>=|!=|<|>|=)\s*(\"[^\"]*\"|'[^']*'|[^\s<>=!]+)(?:\s+|$)"
)


@dataclass(frozen=True)
class Condition:
    """One of them; ``value`` as it was written."""

    name: str
    operator: str
    value: str

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


def parse_conditions(text: str, where: str) -> tuple[Condition, ...]:
    """The conditions in a text. Raises SweepError in one sentence that starts with ``where``."""
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _WORD.match(text, at)
        if match is None:
            raise SweepError(f"{where} {show(text[at:].strip())}: expected NAME OP VALUE, such as loss<=1e-9")
        found.append(Condition(match[1], match[2], match[3].strip("\"'")))
        at = match.end()
    if not found:
        raise SweepError(f"{where} {show(text)}: found no condition; expected NAME OP VALUE")
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
