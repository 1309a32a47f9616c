"""The user's settings of the app: ``settings.toml`` in the configuration folder.

    marker = "block"          # auto, braille, block or ascii
    fps = 5                   # frames a second
    theme = "nord"
    mouse = false

    [keymap]                  # binding = key, or several with commas between
    play = "space"
    quit = "Q,ctrl+c"

What is wrong in it is told in one sentence each, with file and line; the rest still applies.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from reluflow.errors import ReluflowError
from reluflow.store import locations
from reluflow.store.key_names import key_list
from reluflow.store.parsing import UnreadableError, content_of, text_of_bytes, toml_of
from reluflow.store.schema import show, suggestion

FILE_NAME: Final = "settings.toml"
MARKERS: Final = ("auto", "braille", "block", "ascii")
FPS: Final = (1.0, 30.0)
#: What each setting is, and what it may be.
SETTINGS: Final[Mapping[str, tuple[str, str]]] = {
    "marker": ("what pictures are drawn with; auto finds out what the terminal has", ", ".join(MARKERS)),
    "fps": ("frames a second, unless that would take more than 8 % of a core", "a number from 1 to 30"),
    "theme": ("the colours", "the name of a theme of Textual, such as nord or textual-light"),
    "mouse": ("whether the app listens to the mouse, or leaves it to the terminal", "true or false"),
    "keymap": ("a section: other keys for actions, by their ids", 'keys such as "x", "f2" or "Q,ctrl+c"'),
}
_LARGEST_FILE: Final = 2**20


@dataclass(frozen=True)
class Settings:
    """How the app looks and listens. ``theme`` None is the app's own choice.

    ``keymap``: by the id of a binding, the keys (with commas between, as the app calls them) that stand in
    for its usual ones.
    """

    marker: str = "auto"
    fps: float = 10.0
    theme: str | None = None
    mouse: bool = True
    keymap: Mapping[str, str] = field(default_factory=dict)


def load_settings(
    bindings: Mapping[str, str] | None = None,
    themes: Collection[str] | None = None,
    panels: Mapping[str, str] | None = None,
) -> tuple[Settings, list[str]]:
    """The user's settings, and a sentence for each thing in the file that cannot be used.

    ``bindings``: the usual keys of every binding by its id; ``themes``: the names of all themes; ``panels``:
    keys that panels keep for themselves, by what to call the panel. Where they are left out, ids, themes and
    keys are taken as they are. Never raises for what the file holds.
    """
    path = locations.config_folder() / FILE_NAME
    try:
        text = text_of_bytes(content_of(path, _LARGEST_FILE), "utf-8")
        content = toml_of(text)
    except FileNotFoundError:
        return Settings(), []
    except OSError as error:
        return Settings(), [f"{path}: cannot be read ({error.strerror or error}); expected settings in TOML"]
    except UnreadableError as error:
        return Settings(), [f"{error.within(path)}; expected settings in TOML"]
    reader = _Reader(path, text.splitlines(), bindings, themes, panels)
    return reader.read(content), reader.sentences


def overrule(settings: Settings, flags: Mapping[str, Any], themes: Collection[str]) -> Settings:
    """The settings with those flags of the command line that are not None in their place.

    ``flags``: any of ``marker``, ``fps``, ``theme`` and ``mouse``. Raises ReluflowError for a value that
    cannot be used.
    """
    readers = _Reader(Path(), [], None, themes, None).readers
    for name, value in flags.items():
        if value is not None:
            try:
                settings = replace(settings, **{name: readers[name](value)})
            except _UnusableError as error:
                raise ReluflowError(f"--{name} is {show(value)}; expected {error}") from None
    return settings


class _UnusableError(Exception):
    """A value that cannot be used; says what was expected."""


class _Reader:
    """Reads the tables of one file, collecting sentences."""

    def __init__(
        self,
        path: Path,
        lines: list[str],
        bindings: Mapping[str, str] | None,
        themes: Collection[str] | None,
        panels: Mapping[str, str] | None,
    ) -> None:
        self.sentences: list[str] = []
        self._path, self._lines = path, lines
        self._bindings, self._themes, self._panels = bindings, themes, panels or {}
        self.readers: dict[str, Callable[[Any], Any]] = {
            "marker": self._marker,
            "fps": self._fps,
            "theme": self._theme,
            "mouse": self._mouse,
            "keymap": self._keymap,
        }

    def read(self, content: Mapping[str, Any]) -> Settings:
        settings = Settings()
        for name, value in content.items():
            if name not in self.readers:
                self._say("", name, f"there is no setting {show(name)}{suggestion(name, self.readers)}")
                continue
            try:
                settings = replace(settings, **{name: self.readers[name](value)})
            except _UnusableError as error:
                self._say("", name, f"{name} is {show(value)}; expected {error}")
        return settings

    def _marker(self, value: Any) -> str:
        if isinstance(value, str) and value in MARKERS:
            return value
        raise _UnusableError(f"one of {', '.join(MARKERS)}")

    def _fps(self, value: Any) -> float:
        low, high = FPS
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        raise _UnusableError(f"a number from {low:g} to {high:g}")

    def _theme(self, value: Any) -> str:
        if isinstance(value, str) and (self._themes is None or value in self._themes):
            return value
        names = "the name of a theme" if self._themes is None else f"one of {', '.join(sorted(self._themes))}"
        raise _UnusableError(names)

    def _mouse(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        raise _UnusableError("true or false")

    def _keymap(self, table: Any) -> dict[str, str]:
        if not isinstance(table, dict):
            raise _UnusableError("a section [keymap]")
        wanted: dict[str, str] = {}
        for id, value in table.items():
            if self._bindings is not None and id not in self._bindings:
                nearest = suggestion(id, self._bindings)
                self._say("keymap", id, f"there is no binding {show(id)}{nearest}")
                continue
            keys = key_list(value) if isinstance(value, str) else None
            if keys is None:
                expected = 'a key such as "x", "f2" or "ctrl+s"'
                self._say("keymap", id, f"keymap.{id} is {show(value)}; expected {expected}")
            else:
                wanted[id] = keys
        return self._without_clashes(wanted)

    def _without_clashes(self, wanted: dict[str, str]) -> dict[str, str]:
        """Give up entries, the last first, until no key is that of two bindings."""
        while True:
            clash = _clash({**self._panels, **(self._bindings or {}), **wanted}, list(wanted))
            if clash is None:
                return wanted
            id, other, key = clash
            self._say("keymap", id, f"keymap.{id} is {show(key)}; expected another key than that of {other}")
            del wanted[id]

    def _say(self, section: str, name: str, what: str) -> None:
        line = _line_of(self._lines, section, name)
        where = f"{self._path}, line {line}" if line else str(self._path)
        self.sentences.append(f"{where}: {what}")


def _clash(keys: Mapping[str, str], changed: list[str]) -> tuple[str, str, str] | None:
    """(id, other id, key): the last changed binding that shares a key with another one."""
    for id in reversed(changed):
        own = set(keys[id].split(","))
        for other, theirs in keys.items():
            shared = own & {key.strip() for key in theirs.split(",")}
            if other != id and shared:
                return id, other, min(shared)
    return None


def _line_of(lines: list[str], section: str, name: str) -> int | None:
    """The line, from 1, on which a name is given in a section ("" is the top), None if it is not found."""
    quoted = rf"[\"']?{re.escape(name)}[\"']?"
    head = re.compile(rf"\s*\[+\s*{quoted}\s*[\].]")
    entry = re.compile(rf"\s*{quoted}\s*[=.]")
    dotted = re.compile(rf"\s*{re.escape(section)}\s*\.\s*{quoted}\s*=")
    present = ""
    for number, line in enumerate(lines, start=1):
        if not section and head.match(line):
            return number
        opened = re.match(r"\s*\[+\s*[\"']?([^\]\"'.]*)", line)
        if opened:
            present = opened[1].strip()
        elif (present == section and entry.match(line)) or (not present and dotted.match(line)):
            return number
    return None
