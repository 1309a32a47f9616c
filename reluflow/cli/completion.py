"""What a shell offers at the tab key. It imports nothing heavy, and nothing before it is asked."""

import io
import os
from collections.abc import Callable, MutableMapping
from contextlib import redirect_stdout, suppress
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reluflow.store.schema import Key


def settings(incomplete: str) -> list[tuple[str, str]]:
    """For ``--set``: key names with ``=``, and after it the values of keys that have a few.

    A name that only one key has is offered with its values at once: after a single name a shell would put a
    blank, and the value would be another word.
    """
    from reluflow.store.schema import KEYS

    id, equals, begun = incomplete.partition("=")
    if not equals:
        named = [key for key in KEYS if key.id.startswith(id)]
        if len(named) != 1:
            return [(f"{key.id}=", key.help) for key in named]
        (key,) = named
        example = () if key.default is None else (str(key.default),)
        return [(f"{key.id}={word}", key.help) for word in ("", *(_words(key) or example))]
    return [
        (f"{id}={word}", key.help)
        for key in KEYS
        if key.id == id
        for word in _words(key)
        if word.startswith(begun)
    ]


def answer_bash(complete: Callable[[], None], environment: MutableMapping[str, str] = os.environ) -> None:
    """Let ``complete`` answer bash, which takes ``key=value`` for three words and replaces the last.

    So the words are put together before, and what is offered is cut off up to the = after.
    """
    place = int(environment["COMP_CWORD"])
    line = environment["COMP_WORDS"]
    words = line.split("\n") if "\n" in line else line.split()
    joined: list[str] = []
    for number, word in enumerate(words[: place + 1]):
        if joined and (word == "=" or words[number - 1] == "=") and number > 1:
            joined[-1] += word
        else:
            joined.append(word)
    begun, equals, _ = joined[-1].rpartition("=")
    if len(joined) == place + 1:
        begun = equals = ""
    environment["COMP_WORDS"], environment["COMP_CWORD"] = "\n".join(joined), str(len(joined) - 1)
    offered = io.StringIO()
    try:
        with redirect_stdout(offered):
            complete()
    finally:
        lines = offered.getvalue().splitlines()
        with suppress(OSError):  # nobody hears it
            print("\n".join(line.removeprefix(begun + equals) for line in lines), flush=True)


def preset_names(incomplete: str) -> list[str]:
    """Names of presets, shipped and the user's own."""
    from reluflow.store.locations import preset_files

    return [name for name in preset_files() if name.startswith(incomplete)]


def topics(incomplete: str) -> list[str]:
    """What help can be had on."""
    from reluflow.cli.app import COMMANDS
    from reluflow.cli.topics import APP, names

    return [name for name in dict.fromkeys([*COMMANDS, *names(), APP]) if name.startswith(incomplete)]


def figure_kinds(incomplete: str) -> list[str]:
    """Kinds of figures."""
    from reluflow.registry.figures import FIGURES

    return [name for name in FIGURES if name.startswith(incomplete)]


def time_axes(incomplete: str) -> list[str]:
    """Time axes of figures."""
    from reluflow.registry.figures import CLOCKS

    return [name for name in CLOCKS if name.startswith(incomplete)]


def styles(incomplete: str) -> list[str]:
    """Styles that come with matplotlib, which is not imported for it."""
    from importlib.util import find_spec
    from pathlib import Path

    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        return []
    files = (Path(found.origin).parent / "mpl-data" / "stylelib").glob("[!_]*.mplstyle")
    return sorted(path.stem for path in files if path.stem.startswith(incomplete))


def markers(incomplete: str) -> list[str]:
    """What the app draws with."""
    from reluflow.store.settings import MARKERS

    return [name for name in MARKERS if name.startswith(incomplete)]


def themes(incomplete: str) -> list[str]:
    """Themes of the app, which is asked by name: the two fronts do not know each other."""
    return [name for name in import_module("reluflow.tui").theme_names() if name.startswith(incomplete)]


def methods(incomplete: str) -> list[str]:
    """Names of solvers."""
    from reluflow.flow import METHODS

    return [name for name in METHODS if name.startswith(incomplete)]


def _words(key: "Key") -> tuple[str, ...]:
    return ("true", "false") if key.kind == "bool" else key.choices
