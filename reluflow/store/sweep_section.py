"""The section [sweep] of a preset: what is varied in a study of many runs, and what is read off each."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import tomli_w

from reluflow.errors import PresetError
from reluflow.store.keys import LARGEST_NUMBER
from reluflow.store.powers import power
from reluflow.store.schema import show, suggestion

SECTION: Final = "sweep"


@dataclass(frozen=True)
class SweepSection:
    """What the section says, of the right types; axes and names are for ``reluflow.sweep`` to read.

    ``over``: axes as on the command line. ``measures``: names. ``success``: conditions of a success.
    ``limit``: seconds for each run. ``check``: share of the runs that are checked. Written by a sweep in its
    own folder only: ``name`` of the preset and whether there are no runs but ``theory_only``.
    """

    over: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    success: str | None = None
    limit: float | None = None
    check: float | None = None
    name: str | None = None
    theory_only: bool = False

    def to_toml(self) -> str:
        """The section as TOML, without what is not set."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        kept = {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}
        return tomli_w.dumps({SECTION: {name: value for name, value in kept.items() if value}})


def read_section(content: Mapping[str, Any], path: Path) -> SweepSection | None:
    """The section of a preset file; None if it has none. PresetError in one sentence."""
    table = content.get(SECTION)
    if table is None:
        return None
    if not isinstance(table, dict):
        raise PresetError(f"{path}: {SECTION} is {show(table)}; expected a section [{SECTION}]")
    names = [each.name for each in fields(SweepSection)]
    for name in table:
        if name not in names:
            raise PresetError(f"{path}: there is no key {show(f'{SECTION}.{name}')}{suggestion(name, names)}")
    readers = {
        "over": _texts, "measures": _texts, "success": _text, "limit": _seconds, "check": _share,
        "name": _text, "theory_only": _bool,
    }  # fmt: skip
    said: dict[str, Any] = {
        name: readers[name](value, f"{path}: {SECTION}.{name}") for name, value in table.items()
    }
    return SweepSection(**said)


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise PresetError(f"{where} is {show(value)}; expected a list of texts in quotes")
    return tuple(value)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise PresetError(f"{where} is {show(value)}; expected text in quotes")
    return value


def _bool(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise PresetError(f"{where} is {show(value)}; expected true or false")
    return value


def _share(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value <= 1.0:
        raise PresetError(f"{where} is {show(value)}; expected a share of the runs, above 0 and at most 1")
    return float(value)


def _seconds(value: Any, where: str) -> float:
    number = power(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0.0 < number <= LARGEST_NUMBER:
        raise PresetError(f"{where} is {show(value)}; expected a number of seconds above 0")
    return float(number)
