"""Writes the tables of the README and of docs/ from the program, or checks that they are as written.

    python tools/readme_tables.py [--check] [FOLDER]

A table stands between the lines ``<!-- table: NAME -->`` and ``<!-- end of table -->``; every one of
``tables`` must be there once, in any of the pages. With ``--check``
nothing is written, and the exit code is 1 if a table differs.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

from cli_reference import cli_reference
from paper_figures import PICTURES

from reluflow.data import DATA_KINDS, INITIALISATIONS
from reluflow.flow import METHODS
from reluflow.plot.views import RUN_VIEWS, VIEWS
from reluflow.registry import Entry
from reluflow.registry.activations import ACTIVATIONS
from reluflow.registry.figures import FIGURES
from reluflow.registry.glossary import GLOSSARY
from reluflow.registry.losses import LOSSES
from reluflow.store.keys import KEYS, Key
from reluflow.store.preset import list_presets, load_preset
from reluflow.store.settings import SETTINGS, Settings
from reluflow.store.values import expectation, show
from reluflow.theory import CHAPTERS
from reluflow.tui.bindings import key_table

ROOT: Final = Path(__file__).parents[1]
#: statements of predictions are written down as they read for this preset, of which few apply
THEORY_EXAMPLE: Final = "lazy-to-rich"
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


def theory() -> str:
    """Every prediction with its statement, tolerance and source, as they read for one small problem."""
    problem = load_preset(THEORY_EXAMPLE).problem()
    found = {each.id: each for chapter in CHAPTERS.values() for each in chapter(problem)}
    rows = []
    for chapter in CHAPTERS.rows.values():
        rows.append([f"**{chapter.help}**", "", "", ""])
        for id, help in chapter.rows.items():
            each = found[id]
            kind = ", absolute" if each.absolute else ""
            within = f"{each.tolerance:.3g}{kind}" if each.tolerance else ""  # known where it applies
            rows.append([f"`{id}`", f"{help}. {each.statement}", within, _linked(each.source)])
    return markdown(["row", "what it says, and the formula", "holds within", "source"], rows)


def _linked(source: str) -> str:
    return re.sub(r"arXiv (\d{4}\.\d{5})", r"[arXiv \1](https://arxiv.org/abs/\1)", source)


def presets() -> str:
    """The presets that come with the program."""
    rows = [[f"`{each.name}`", each.title, _linked(each.source)] for each in list_presets() if not each.user]
    return markdown(["name", "what it is", "after"], rows)


def paper_figures() -> str:
    """The pictures that benchmarks/paper_figures.py makes, beside what the originals show."""
    rows = [
        [
            "(moving)" if each.moves else f"![{each.name}](pictures/{each.name}.png)",
            f"`{each.preset}` `{' '.join(each.options)}`",
            each.original,
        ]
        for each in PICTURES
    ]
    return markdown(["picture", "preset, and options of `reluflow plot`", "the original"], rows)


def settings() -> str:
    """The settings of the app, with what they may be."""
    usual = Settings()
    rows = [
        [f"`{name}`", help, values, "" if (value := getattr(usual, name)) in (None, {}) else show(value)]
        for name, (help, values) in SETTINGS.items()
    ]
    return markdown(["setting", "what it is", "value", "default"], rows)


@cache
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
        "app-keys": key_table(),
        "glossary": markdown(["word", "meaning"], [[name, f"{words}."] for name, words in GLOSSARY.items()]),
        "figures": markdown(
            ["`--kind`", "what it shows"], [[f"`{name}`", words] for name, words in FIGURES.items()]
        ),
        "theory": theory(),
        "presets": presets(),
        "settings": settings(),
        "commands": cli_reference(),
        "paper-figures": paper_figures(),
    }


def renewed(pages: Mapping[Path, str]) -> dict[Path, str]:
    """The pages with every table as it must be. Raises SystemExit where one is missing, unknown or twice."""
    made = tables()
    found = [name for text in pages.values() for _, name, _ in TABLE.findall(text)]
    if sorted(found) != sorted(made):
        wrong = sorted(set(found) ^ set(made)) or [name for name in found if found.count(name) > 1]
        raise SystemExit(f"tables that are missing, unknown or there twice: {', '.join(wrong)}")
    return {
        path: TABLE.sub(lambda table: f"{table[1]}{made[table[2]]}\n{table[3]}", text)
        for path, text in pages.items()
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a table differs")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT, help="of README.md and docs/")
    asked = parser.parse_args(arguments)
    paths = [asked.folder / "README.md", *sorted((asked.folder / "docs").glob("*.md"))]
    before = {path: path.read_text(encoding="utf-8") for path in paths}
    after = renewed(before)
    changed = [path for path in paths if before[path] != after[path]]
    for path in changed:
        if asked.check:
            print(f"{path}: tables differ from the registries; run python tools/readme_tables.py")
        else:
            path.write_text(after[path], encoding="utf-8")
    return 1 if changed and asked.check else 0


if __name__ == "__main__":
    sys.exit(main())
