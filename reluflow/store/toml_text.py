"""TOML in and out: what a preset file says, as flat values and texts, and back."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from reluflow.errors import PresetError
from reluflow.store.parsing import UnreadableError, content_of, text_of_bytes, toml_of
from reluflow.store.schema import KEYS, SECTIONS, show, suggestion

TEXTS = ("title", "source", "notes")
#: no hand-written preset is larger; a larger file is something else under the same ending
_LARGEST_FILE = 64 * 2**20


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; PresetError with line and column if it is not one."""
    try:
        return toml_of(text_of_bytes(content_of(path, _LARGEST_FILE)))
    except OSError as error:
        raise PresetError(f"{path}: cannot be read ({error.strerror}); expected a preset in TOML") from None
    except UnreadableError as error:
        raise PresetError(f"{error.within(path)}; expected a preset in TOML") from None


def flatten(content: Mapping[str, Any], path: Path, elsewhere: Sequence[str]) -> dict[str, Any]:
    """The values by ``section.key``; PresetError for what is neither a section nor a text.

    ``elsewhere``: sections that are read by others.
    """
    flat: dict[str, Any] = {}
    for section, table in content.items():
        if section in (*TEXTS, *elsewhere):
            continue
        if section not in SECTIONS:
            nearest = suggestion(section, (*SECTIONS, *elsewhere, *TEXTS))
            raise PresetError(f"{path}: there is no section or key {show(section)}{nearest}")
        if not isinstance(table, dict):
            raise PresetError(f"{path}: {section} is {show(table)}; expected a section [{section}]")
        flat |= {f"{section}.{name}": value for name, value in table.items()}
    return flat


def text_of(content: Mapping[str, Any], name: str, path: Path) -> str:
    """One of the texts at the top, or "" where there is none."""
    text = content.get(name, "")
    if not isinstance(text, str):
        raise PresetError(f"{path}: {name} is {show(text)}; expected text in quotes")
    return text.replace("\r\n", "\n")


def render(texts: Mapping[str, str], values: Mapping[str, Any]) -> str:
    """A preset as TOML: the texts, then every value that is set, section by section, in the table's order."""
    blocks = [tomli_w.dumps({name: text for name, text in texts.items() if text}, multiline_strings=True)]
    for section in SECTIONS:
        keys = [key for key in KEYS if key.section == section and key.id in values]
        if keys:
            lines = [f"{key.name} = {_literal(values[key.id])}" for key in keys]
            blocks.append("\n".join([f"[{section}]", *lines, ""]))
    return "\n".join(block for block in blocks if block)


def as_comments(values: Mapping[str, Any]) -> str:
    """Values that a file leaves to the defaults, as comments to stand behind it; "" for none."""
    lines = [f"# {line}".rstrip() for line in render({}, values).splitlines()]
    return "\n".join(["", "# by default:", *lines, ""]) if lines else ""


def commented(texts: Mapping[str, str], values: Mapping[str, Any], full: Mapping[str, Any]) -> str:
    """A preset as TOML with what each key means above it.

    ``values`` are set; those keys that apply beside ``full``, the values with the defaults, but are not
    among them stand behind a #, with their default if they have one.
    """
    blocks = [tomli_w.dumps({name: text for name, text in texts.items() if text}, multiline_strings=True)]
    for section in SECTIONS:
        lines = [f"[{section}]"]
        for key in KEYS:
            if key.section != section or not (key.id in values or key.applies(full)):
                continue
            lines.append(f"# {key.help}" + (f" ({', '.join(key.choices)})" if key.choices else ""))
            if key.id in values:
                lines.append(f"{key.name} = {_literal(values[key.id])}")
            else:
                lines.append(f"#{key.name} = {_literal(full[key.id]) if key.id in full else ''}".rstrip())
        blocks.append("\n".join([*lines, ""]))
    return "\n".join(block for block in blocks if block)


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return tomli_w.dumps({"x": value}).removeprefix("x = ").removesuffix("\n")
    items = [_literal(item) for item in value]
    rows = isinstance(value[0], tuple) and len(value) > 4
    return "[\n    " + ",\n    ".join(items) + ",\n]" if rows else f"[{', '.join(items)}]"
