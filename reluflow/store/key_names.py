"""Names of keys, from what a person writes in a settings file to what the app calls them."""

import re
import string
import unicodedata
from typing import Final

#: where the app's name is not that of the Unicode character
_OWN_NAMES: Final = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
_EDITING: Final = ("space", "enter", "escape", "tab", "backspace", "delete", "insert")
_MOVING: Final = ("home", "end", "pageup", "pagedown", "up", "down", "left", "right")
_NAMED: Final = frozenset((*_EDITING, *_MOVING, *(f"f{number}" for number in range(1, 25))))
_MODIFIERS: Final = r"(?:(?:ctrl|shift|alt)\+)*"


def key_list(text: str) -> str | None:
    """Keys with commas between, each as the app calls it; None if one of them is no key.

    A character may stand for itself ("." for full_stop); a comma alone is the comma key.
    """
    if text.strip() == ",":
        return "comma"
    keys = [_key(part.strip()) for part in text.split(",")]
    return ",".join(key for key in keys if key is not None) if None not in keys else None


def _key(text: str) -> str | None:
    if len(text) == 1:
        return character_name(text) if text.isprintable() and text != " " else None
    parts = re.fullmatch(rf"({_MODIFIERS})(.+)", text)
    if parts is None:
        return None
    modifiers, name = parts.groups()
    if len(name) == 1 and name.isprintable() and name != " ":
        return modifiers + character_name(name)
    return text if name in _NAMED or name in _PUNCTUATION else None


def character_name(character: str) -> str:
    """The app's name of the key that writes a character."""
    if character.isalnum():
        return character
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _OWN_NAMES.get(name, name) or character


_PUNCTUATION: Final = frozenset(character_name(character) for character in string.punctuation)
