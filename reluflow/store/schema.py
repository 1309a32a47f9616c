"""What a preset may say: the table of keys, and the check of a whole preset against it."""

import difflib
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any, Final

from reluflow.errors import PresetError
from reluflow.store.keys import KEYS, SECTIONS, Key
from reluflow.store.rules import check_combinations, check_memory
from reluflow.store.values import expectation, parse_text, read_value, show

__all__ = [
    "KEYS",
    "SECTIONS",
    "Key",
    "by_id",
    "expectation",
    "parse_text",
    "show",
    "suggestion",
    "validate",
]

#: Characters of names that are listed, at most: the sentence is to fit on a screen.
_LISTED: Final = 160

_BY_ID = {key.id: key for key in KEYS}


def by_id(id: str, where: str = "preset") -> Key:
    """The key named ``section.name``; PresetError, with the nearest name, if there is none."""
    try:
        return _BY_ID[id]
    except KeyError:
        raise PresetError(f"{where}: there is no key {show(id)}{suggestion(id, _BY_ID)}") from None


def suggestion(name: str, known: Iterable[str]) -> str:
    """``; did you mean ...?`` with the nearest known name, or what there is when none is near."""
    names = list(known)
    # a key without its section, or in the wrong one, is the commonest slip
    near = [id for id in names if id.split(".")[-1] == name.split(".")[-1]]
    near = near or difflib.get_close_matches(name, names, 1)
    if near:
        return f"; did you mean {near[0]}?"
    ends = accumulate(len(name) + 2 for name in names)
    fitting = names[: max(sum(end <= _LISTED for end in ends), 1)]
    more = f" or {len(names) - len(fitting)} more" if len(fitting) < len(names) else ""
    return f"; expected one of {', '.join(fitting)}{more}" if 0 < len(names) <= 40 else ""


def validate(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """All values of a preset, checked, with defaults filled in: only the keys that apply and are set.

    ``values`` is flat, by id; None means not set. Raises PresetError with one sentence that starts with
    ``where``. Sizes that cannot fit in this machine's memory are refused too.
    """
    read = read_all(values, where)
    full = {key.id: read.get(key.id, key.default) for key in KEYS}
    for key in KEYS:
        if not key.applies(full):
            _refuse_stray(key, read, full, where)
            full[key.id] = None
        elif full[key.id] is None and key.is_required(full):
            raise PresetError(
                f"{where}: {key.id} is missing{_because(key, full)}; expected {expectation(key)}"
            )
    resolved = {id: value for id, value in full.items() if value is not None}
    check_combinations(resolved, where)
    check_memory(resolved, where)
    return resolved


def read_all(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Every value that is set, in its final type; PresetError for unknown keys and unusable values."""
    return {
        id: read_value(by_id(id, where), value, where) for id, value in values.items() if value is not None
    }


def _refuse_stray(key: Key, read: Mapping[str, Any], full: Mapping[str, Any], where: str) -> None:
    if key.id in read and not key.dormant and key.when is not None:
        selector, meant = key.when
        raise PresetError(
            f"{where}: {key.id} is {show(read[key.id])}, which means nothing{_because(key, full)}; "
            f"expected it only where {selector} is {' or '.join(meant)}"
        )


def _because(key: Key, full: Mapping[str, Any]) -> str:
    return f" where {key.when[0]} is {full.get(key.when[0])}" if key.when is not None else ""
