"""Registries: what there is of a kind, by name, each with one line of help and the place where it lives.

A registry imports a thing when the thing itself is asked for. So a shell can complete names, and ``--help``
can list them, without NumPy, SciPy or Textual.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Generic, TypeVar


@dataclass(frozen=True)
class Entry:
    """A row of a registry. ``home``: "module:name" of the thing; ``help``: one line that says what it is."""

    home: str
    help: str


Thing = TypeVar("Thing")
Row = TypeVar("Row", bound=Entry)


class Registry(Mapping[str, Thing], Generic[Row, Thing]):
    """Things by name, in the order of their rows. To look one up imports it; names and rows import nothing.

    ``rows``: by name, for help, for tables, and for what else is known of a thing before it is imported.
    """

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self.rows = rows

    def __getitem__(self, name: str) -> Thing:
        module, _, attribute = self.rows[name].home.partition(":")
        thing: Thing = getattr(import_module(module), attribute)
        return thing

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, name: object) -> bool:
        return name in self.rows  # Mapping's own would import it
