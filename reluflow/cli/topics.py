"""What ``reluflow help`` knows, by kind: made from the registries, the table of keys and the glossary."""

from collections.abc import Iterator, Mapping
from typing import Final

from reluflow.data import DATA_KINDS, INITIALISATIONS
from reluflow.flow import METHODS
from reluflow.plot.views import RUN_VIEWS, VIEWS
from reluflow.registry.activations import ACTIVATIONS
from reluflow.registry.figures import FIGURES
from reluflow.registry.glossary import GLOSSARY
from reluflow.registry.losses import LOSSES
from reluflow.store.keys import KEYS, Key
from reluflow.store.settings import SETTINGS
from reluflow.store.values import expectation, show
from reluflow.theory import CHAPTERS

#: what there is of each kind: meanings by name
TOPICS: Final[Mapping[str, Mapping[str, str]]] = {
    "words": GLOSSARY,
    "keys": {key.id: "" for key in KEYS},
    "methods": {name: row.help for name, row in METHODS.rows.items()},
    "losses": {name: f"L = {row.formula}" for name, row in LOSSES.items()},
    "activations": {name: f"{row.slopes}: {row.formula}" for name, row in ACTIVATIONS.items()},
    "data": {name: row.help for name, row in DATA_KINDS.rows.items()},
    "starts": {name: row.help for name, row in INITIALISATIONS.rows.items()},
    "predictions": {id: help for row in CHAPTERS.rows.values() for id, help in row.rows.items()},
    "figures": FIGURES,
    "views": {name: row.help for name, row in {**VIEWS.rows, **RUN_VIEWS.rows}.items()},
    "settings": {name: f"{help}: {values}" for name, (help, values) in SETTINGS.items()},
}
#: The kind of the keys of the app. They are asked for apart, since to know them takes the app to be loaded.
APP: Final = "app"
#: what is above the meanings of a kind
TITLES: Final[Mapping[str, str]] = {
    "words": "words",
    "keys": "keys of presets (reluflow help app lists the keys of the app)",
    "methods": "solvers (solver.method)",
    "losses": "losses (solver.loss)",
    "activations": "activations (network.slope)",
    "data": "kinds of data (data.kind)",
    "starts": "kinds of first weights (init.kind)",
    "predictions": "predictions",
    "figures": "figures (reluflow plot --kind)",
    "views": "views of the neurons in the app (n)",
    "settings": "settings of the app",
}


def names() -> Iterator[str]:
    """Everything that can be asked for, but the commands."""
    yield from TOPICS
    for found in TOPICS.values():
        yield from (part for name in found for part in (*name.split(", "), *_before(name)))


def found(topic: str) -> dict[str, dict[str, str]]:
    """Meanings by name, by kind: of a whole kind, a section or a chapter, or of a name, whatever its case."""
    topic = topic.casefold()
    if topic in TOPICS and topic != "data":  # which is a section of presets as well
        return {topic: _meant(topic, TOPICS[topic])}
    chosen = {kind: {n: m for n, m in all.items() if _is(topic, n)} for kind, all in TOPICS.items()}
    if topic == "data":
        chosen["data"] = dict(TOPICS["data"])
    return {kind: _meant(kind, some) for kind, some in chosen.items() if some}


def _is(topic: str, name: str) -> bool:
    """Whether a topic asks for a name: for it, one of two that stand together, its section or its end."""
    parts = [name, *name.split(", "), *_before(name), *([name.rpartition(".")[2]] if "." in name else [])]
    return topic in (part.casefold() for part in parts)


def _before(name: str) -> list[str]:
    """The section of a key, the chapter of a prediction."""
    return [name.partition(mark)[0] for mark in "./" if mark in name and " " not in name]


def _meant(kind: str, some: Mapping[str, str]) -> dict[str, str]:
    if kind != "keys":
        return dict(some)
    return {key.id: _key(key) for key in KEYS if key.id in some}


def _key(key: Key) -> str:
    where = f", for {key.when[0]} = {' or '.join(key.when[1])}" if key.when is not None else ""
    default = "" if key.default is None else f"; default {show(key.default)}"
    return f"{key.help}{where}: {expectation(key)}{default}"
