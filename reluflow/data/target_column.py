"""Which column of a table holds the targets: the one that is asked for, else the one that is named so."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from reluflow.errors import PresetError, escaped

#: names of a column of targets, the likeliest first
TARGET_NAMES: Final = ("y", "target", "targets", "label", "labels", "output", "outputs")


def likely_column(names: Sequence[str], index: bool) -> int:
    """The column that is named as targets are, if there is one such, else the last."""
    plain = _plain(names)
    for name in TARGET_NAMES:
        if plain.count(name) == 1 and not (index and plain.index(name) == 0):
            return plain.index(name)
    return len(names) - 1


def _plain(names: Sequence[str]) -> list[str]:
    return [name.strip().lower() for name in names]


def name_of_several(names: Sequence[str]) -> tuple[str, int] | None:
    """A name of targets that more than one column has, and how many have it."""
    plain = _plain(names)
    return next(((name, plain.count(name)) for name in TARGET_NAMES if plain.count(name) > 1), None)


def named_column(path: Path, names: Sequence[str], target: int | str) -> int:
    """The place, from 0, of the column that the preset asks for. Raises PresetError if there is none such."""
    if isinstance(target, int):
        if not 1 <= target <= len(names):
            raise PresetError(f"{path}: data.target is {target}; expected a column from 1 to {len(names)}")
        return target - 1
    for same in (str, str.lower):
        found = [place for place, name in enumerate(names) if same(name) == same(target)]
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            raise PresetError(
                f"{path}: data.target is {quoted(target)}, the name of {len(found)} columns; expected the "
                "number of one of them, from 1"
            )
    known = ", ".join(map(quoted, filter(None, names))) or f"a number from 1 to {len(names)}"
    raise PresetError(f"{path}: there is no column {quoted(target)} (data.target); expected {known}")


def quoted(name: str) -> str:
    """A name that a file or a preset gives, on one line of no great length."""
    plain = escaped(re.sub(r"\s+", " ", name))
    return f'"{plain if len(plain) <= 40 else plain[:36] + " ..."}"'
