"""The file of what became of each mutant, and the list of those that are equivalent."""

import hashlib
import json
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from mutation.sites import Mutant

#: Of a mutant: a test failed; one did not end; all passed; no test runs the line; listed as equivalent.
NOTICED, HUNG, SURVIVED, UNCOVERED, EQUIVALENT = "noticed", "hung", "survived", "uncovered", "equivalent"


@dataclass(frozen=True)
class Row:
    """One mutant and what became of it; ``source`` is a hash of the unbroken file."""

    file: str
    line: int
    scope: str
    kind: str
    before: str
    after: str
    source: str
    verdict: str
    test: str = ""
    ran: int = 0
    covering: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        tests = f", {self.ran} of {self.covering} tests" if self.verdict == SURVIVED else ""
        return f"{self.file}:{self.line} ({self.kind}{tests})\n    - {self.before}\n    + {self.after}"


class Rows:
    """A file of JSON lines that only grows; the last row of a mutant counts."""

    def __init__(self, file: Path, root: Path) -> None:
        self._file, self._root = file, root
        self._sources: dict[str, str] = {}
        self._held: dict[tuple[str, ...], Row] = {}
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
            row = Row(**json.loads(line))
            self._held[_key(row, row.source)] = row

    def source(self, file: str) -> str:
        if file not in self._sources:
            self._sources[file] = hashlib.sha256((self._root / file).read_bytes()).hexdigest()[:16]
        return self._sources[file]

    def of(self, mutant: Mutant) -> Row | None:
        """What became of it on the same source, if it was tried."""
        return self._held.get(_key(mutant, self.source(mutant.file)))

    def add(self, mutant: Mutant, verdict: str, **others: object) -> Row:
        named = {name: getattr(mutant, name) for name in ("file", "line", "scope", "kind", "before", "after")}
        row = Row(**named, source=self.source(mutant.file), verdict=verdict, **others)
        self._held[_key(row, row.source)] = row
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(row)) + "\n")
        return row

    def noticing(self, file: str) -> list[str]:
        """Tests that noticed a broken line of a file, the latest first."""
        tests = [
            row.test
            for row in self._held.values()
            if row.file == file and row.verdict == NOTICED and row.test
        ]
        return list(dict.fromkeys(reversed(tests)))


def _key(one: Row | Mutant, source: str) -> tuple[str, ...]:
    return one.file, str(one.line), one.kind, one.before, one.after, source


@dataclass(frozen=True)
class Equivalent:
    """A mutant that no test can notice, and why; it is known by its function and text, so it may move."""

    scope: str
    before: str
    after: str
    reason: str

    def is_of(self, mutant: Mutant | Row) -> bool:
        return (self.scope, self.before, self.after) == (mutant.scope, mutant.before, mutant.after)


def equivalents(file: Path) -> list[Equivalent]:
    """Those listed in a TOML file, as tables ``[[equivalent]]``; none if there is no file."""
    if not file.exists():
        return []
    return [
        Equivalent(**table) for table in tomllib.loads(file.read_text(encoding="utf-8")).get("equivalent", [])
    ]


def matching(known: Iterable[Equivalent], mutant: Mutant) -> Equivalent | None:
    return next((one for one in known if one.is_of(mutant)), None)
