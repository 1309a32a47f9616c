"""What the app was showing when it was left: ``session.toml`` in the platform's state folder.

    [run]                     # what was run: a preset's name and file, and every value that was set
    name = "orthogonal-toy"
    file = "/home/me/.config/reluflow/presets/orthogonal-toy.toml"
    folder = "/home/me/.config/reluflow/presets"
    [run.values]
    "init.scale" = 1e-6
    [cursor]                  # flow time, clock, speed (inf is allowed), neuron
    [view]                    # panel, and what each panel shows
    [[frozen]]                # curves behind: as [run], and the method

A file that cannot be used is told in one sentence and put aside under another name; it is never overwritten.
"""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import tomli_w

from reluflow.errors import PresetError, ReluflowError
from reluflow.observe.history import CLOCKS, Clock
from reluflow.store import locations
from reluflow.store.files import write_bytes
from reluflow.store.parsing import UnreadableError, content_of, text_of_bytes, toml_of
from reluflow.store.preset import Preset, load_preset
from reluflow.store.schema import read_all, show, validate

FILE_NAME: Final = "session.toml"
_LARGEST_FILE: Final = 16 * 2**20
#: Bytes of paths that are not UTF-8 stay what they are, although TOML has no place for them.
_OF_PATHS: Final = "surrogateescape"


@dataclass(frozen=True)
class LastSession:
    """``preset``: what was run. ``t``: flow time of the cursor. ``view``: plain values by name, as the app
    chose them. ``frozen``: the presets of the curves behind."""

    preset: Preset
    t: float = 0.0
    clock: Clock = "change"
    speed: float = 1.0
    neuron: int = 0
    view: Mapping[str, Any] = field(default_factory=dict)
    frozen: tuple[Preset, ...] = ()


def write_session(session: LastSession) -> Path:
    """Keep a session; returns the file. Raises OSError."""
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "run": _table_of(session.preset),
        "cursor": {
            "t": session.t,
            "clock": session.clock,
            "speed": session.speed,
            "neuron": session.neuron,
        },
        "view": dict(session.view),
        "frozen": [_table_of(preset) for preset in session.frozen],
    }
    write_bytes(path, tomli_w.dumps(content).encode("utf-8", _OF_PATHS))
    return path


def read_session() -> tuple[LastSession | None, str | None]:
    """The last session if there is one, and a sentence if there was a file that cannot be used.

    Such a file is put aside as ``session.toml.unusable-<n>``.
    """
    path = _path()
    try:
        return _session_of(_read(path)), None
    except FileNotFoundError:
        return None, None
    except (_UnusableError, ReluflowError) as error:
        return None, f"{path}: {error}; {_put_aside(path)}"


class _UnusableError(Exception):
    """What was found in the file and what was expected."""


def _path() -> Path:
    return locations.state_folder() / FILE_NAME


def _put_aside(path: Path) -> str:
    number = 1
    while (aside := path.with_name(f"{path.name}.unusable-{number}")).exists():
        number += 1
    try:
        path.rename(aside)
    except OSError as error:
        return f"it could not be put aside ({error.strerror or error})"
    return f"it is kept as {aside.name}"


def _read(path: Path) -> dict[str, Any]:
    try:
        return toml_of(text_of_bytes(content_of(path, _LARGEST_FILE), "utf-8", _OF_PATHS))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _UnusableError(f"cannot be read ({error.strerror or error}); expected a session") from None
    except UnreadableError as error:
        raise _UnusableError(f"{error}; expected a session in TOML") from None


def _session_of(content: Mapping[str, Any]) -> LastSession:
    cursor = _table(content, "cursor")
    frozen = content.get("frozen", [])
    if not isinstance(frozen, list) or not all(isinstance(each, dict) for each in frozen):
        raise _UnusableError(f"frozen is {show(frozen)}; expected tables [[frozen]]")
    return LastSession(
        _preset_of(_table(content, "run"), "run"),
        t=_number(cursor, "t", 0.0, finite=True),
        clock=_one_of(cursor, "clock", CLOCKS),
        speed=_number(cursor, "speed", 1.0),
        neuron=int(_number(cursor, "neuron", 0.0, finite=True)),
        view=_table(content, "view"),
        frozen=tuple(_preset_of(each, "frozen") for each in frozen),
    )


def _table(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = content.get(name, {})
    if not isinstance(table, dict):
        raise _UnusableError(f"{name} is {show(table)}; expected a section [{name}]")
    return table


def _number(table: Mapping[str, Any], name: str, default: float, finite: bool = False) -> float:
    value = table.get(name, default)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0.0
    # an integer may be larger than any float
    if not usable or not (value <= sys.float_info.max or (value == math.inf and not finite)):
        raise _UnusableError(f"cursor.{name} is {show(value)}; expected a number from 0")
    return float(value)


def _one_of(table: Mapping[str, Any], name: str, choices: tuple[Clock, ...]) -> Clock:
    value = table.get(name, choices[0])
    for choice in choices:
        if value == choice:
            return choice
    raise _UnusableError(f"cursor.{name} is {show(value)}; expected one of {', '.join(choices)}")


def _table_of(preset: Preset) -> dict[str, Any]:
    table: dict[str, Any] = {"name": preset.name, "folder": str(preset.folder)}
    if preset.path is not None:
        table["file"] = str(preset.path)
    return table | {"values": {id: _plain(value) for id, value in preset.explicit.items()}}


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _preset_of(table: Mapping[str, Any], where: str) -> Preset:
    """The preset of a table. Its texts are those of its file, as far as that is still there."""
    name, folder = _text(table, "name", where), _text(table, "folder", where)
    path = Path(_text(table, "file", where)) if "file" in table else None
    explicit = read_all(_table(table, "values"), where)
    title = source = notes = ""
    if path is not None:
        try:
            on_file = load_preset(path)
            title, source, notes = on_file.title, on_file.source, on_file.notes
        except PresetError:
            path = None  # gone or changed: the values are all here
    return Preset(
        name, title, source, notes, validate(explicit, where), explicit, folder=Path(folder), path=path
    )


def _text(table: Mapping[str, Any], name: str, where: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value:
        raise _UnusableError(f"{where}.{name} is {show(value)}; expected text")
    return value
