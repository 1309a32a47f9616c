"""Conditions on named numbers and words: ``name OP value`` with blanks between, all of which must hold.

Rows of a sweep, runs of a folder and neurons are chosen by them. Nothing is evaluated as code: a condition is
a name, one of < <= > >= = != and a number or a word; or, where there are such, a word that stands by itself.
The value of a preset's key is written as on an axis of it.
"""

import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from reluflow.errors import PresetError, SweepError
from reluflow.store.powers import power
from reluflow.store.schema import KEYS, show, suggestion
from reluflow.sweep.axes import cell, value_of
from reluflow.sweep.escapes import ESCAPE_TIMES, escape_number, escapes_of, is_escape

_OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
_WORD: Final = re.compile(
    r"\s*([A-Za-z_#][\w.:/-]*)\s*(<=|>=|!=|<|>|=)\s*(\"[^\"]*\"|'[^']*'|\[[^<>=!]*\]|[^\s<>=!]+)(?:\s+|$)"
)
_KEYS: Final = {key.id: key for key in KEYS}
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
                instead = ", or escape:1 for the first of them" if self.name == ESCAPE_TIMES else ""
                raise SweepError(
                    f"{self.name} {self.operator} {self.value}: it is text; expected = or !={instead}"
                )
            return compare(values, self._cell())
        word = self._cell()
        if word.lower() in ("", "none") and self.operator in ("=", "!="):
            return np.isnan(values) == (self.operator == "=")
        number = _number(word)
        if number is None:
            is_flag = values.dtype.kind == "b"
            expected = "true or false" if is_flag else "a number; expected one behind it"
            raise SweepError(f"{self.name} {self.operator} {self.value}: {self.name} is {expected}")
        return compare(values, number)

    def _cell(self) -> str:
        """The value as it stands in a row: that of a preset's key may be written in several ways."""
        key = _KEYS.get(self.name)
        if key is None:
            return self.value
        try:
            return cell(value_of(key, self.value, self.name))
        except (PresetError, SweepError):  # the key has no such value, and no row has it
            return self.value


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
    """Raise SweepError for a condition on a name that is not among ``names``.

    With ``escape_times`` there is ``escape:K``, the K-th of them.
    """
    if ESCAPE_TIMES in names:
        names = [*names, "escape:1"]
    for each in conditions:
        if is_escape(each.name) and ESCAPE_TIMES in names:
            escape_number(each.name, where)
        elif each.name not in names:
            raise SweepError(f"{where}: there is no {show(each.name)}{suggestion(each.name, names)}")


def fulfilled(conditions: Sequence[Condition], columns: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """Where all conditions hold: () for single values, (k,) for columns of k values."""
    holds: Any = True
    for each in conditions:
        if each.name in columns or not is_escape(each.name):
            column = columns[each.name]
        else:
            column = escapes_of(columns[ESCAPE_TIMES], escape_number(each.name, ""))
        holds = np.logical_and(holds, each.holds(column))
    return np.asarray(holds, dtype=bool)
