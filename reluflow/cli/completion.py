"""What a shell offers at the tab key. It imports nothing heavy."""

from reluflow.store.locations import preset_files
from reluflow.store.schema import KEYS, METHODS, Key


def settings(incomplete: str) -> list[tuple[str, str]]:
    """For ``--set``: key names with ``=``, and after it the values of keys that have a few."""
    id, equals, begun = incomplete.partition("=")
    if not equals:
        return [(f"{key.id}=", key.help) for key in KEYS if key.id.startswith(id)]
    return [
        (f"{id}={word}", key.help)
        for key in KEYS
        if key.id == id
        for word in _words(key)
        if word.startswith(begun)
    ]


def preset_names(incomplete: str) -> list[str]:
    """Names of presets, shipped and the user's own."""
    return [name for name in preset_files() if name.startswith(incomplete)]


def methods(incomplete: str) -> list[str]:
    """Names of solvers."""
    return [name for name in METHODS if name.startswith(incomplete)]


def _words(key: Key) -> tuple[str, ...]:
    return ("true", "false") if key.kind == "bool" else key.choices
