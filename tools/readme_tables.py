"""Writes the README's tables of names from the registries, or checks that they are as written.

    python tools/readme_tables.py [--check] [FILE]

A table stands between the lines ``<!-- table: NAME -->`` and ``<!-- end of table -->``; every table of
``TABLES`` must be there once. With ``--check`` nothing is written, and the exit code is 1 if a table differs.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from reluflow.data import DATA_KINDS, INITIALISATIONS
from reluflow.flow import METHODS
from reluflow.plot.views import RUN_VIEWS, VIEWS
from reluflow.registry import Entry
from reluflow.registry.activations import ACTIVATIONS
from reluflow.registry.losses import LOSSES
from reluflow.store.keys import KEYS, Key
from reluflow.store.values import expectation, show
from reluflow.theory import CHAPTERS
from reluflow.tui.bindings import key_table

README: Final = Path(__file__).parents[1] / "README.md"
TABLE: Final = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def markdown(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("|" + "|".join(_cell(cell) for cell in line) + "|" for line in lines)


def _cell(text: str) -> str:
    escaped = text.replace("|", r"\|").replace("<", "&lt;") if "`" not in text else text
    return escaped if text == "---" else f" {escaped} ".replace("  ", " ")


def named(rows: Mapping[str, Entry]) -> list[list[str]]:
    """Names and help of a registry's rows."""
    return [[f"`{name}`", row.help] for name, row in rows.items()]


def data_kinds() -> str:
    """The kinds of data, with the keys that each must and may have."""
    rows = [
        [f"`{name}`", row.help, _words(row.required), _words(row.optional)]
        for name, row in DATA_KINDS.rows.items()
    ]
    return markdown(["`data.kind`", "what it is", "must have", "may have"], rows)


def _words(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def preset_keys() -> str:
    """Every key of a preset."""
    rows = [[f"`{key.id}`", key.help, _where(key), expectation(key), _default(key)] for key in KEYS]
    return markdown(["key", "what it is", "only for", "value", "default"], rows)


def _where(key: Key) -> str:
    return ", ".join(key.when[1]) if key.when is not None else ""


def _default(key: Key) -> str:
    if key.always or (key.when is not None and key.required == key.when[1]):
        return "must be given"
    return "not set" if key.default is None else show(key.default).strip('"')


def predictions() -> str:
    """Every prediction, by chapter."""
    rows = []
    for chapter in CHAPTERS.rows.values():
        rows.append(["", f"**{chapter.help}**"])
        rows += [[f"`{id}`", help] for id, help in chapter.rows.items()]
    return markdown(["row", "what it says"], rows)


def tables() -> dict[str, str]:
    """Every table by its name."""
    losses = [[f"`{name}`", each.formula] for name, each in LOSSES.items()]
    activations = [[name, each.slopes, each.formula] for name, each in ACTIVATIONS.items()]
    return {
        "methods": markdown(["method", "what it is"], named(METHODS.rows)),
        "data-kinds": data_kinds(),
        "initialisations": markdown(["`init.kind`", "what it is"], named(INITIALISATIONS.rows)),
        "losses": markdown(["`solver.loss`", "L"], losses),
        "activations": markdown(["activation", "`network.slope`", "sigma(z)"], activations),
        "preset-keys": preset_keys(),
        "views": markdown(["view", "what it shows"], named({**VIEWS.rows, **RUN_VIEWS.rows})),
        "predictions": predictions(),
        "app-keys": key_table(),
    }


def renewed(text: str) -> str:
    """The text with every table as it must be. Raises SystemExit where one is missing or unknown."""
    made = tables()
    found = [name for _, name, _ in TABLE.findall(text)]
    if sorted(found) != sorted(made):
        wrong = sorted(set(found) ^ set(made)) or [name for name in found if found.count(name) > 1]
        raise SystemExit(f"tables that are missing, unknown or there twice: {', '.join(wrong)}")
    return TABLE.sub(lambda table: f"{table[1]}{made[table[2]]}\n{table[3]}", text)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a table differs")
    parser.add_argument("file", nargs="?", type=Path, default=README)
    asked = parser.parse_args()
    before = asked.file.read_text(encoding="utf-8")
    after = renewed(before)
    if before == after:
        return 0
    if asked.check:
        print(f"{asked.file}: tables differ from the registries; run python tools/readme_tables.py")
        return 1
    asked.file.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
