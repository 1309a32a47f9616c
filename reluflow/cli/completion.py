"""What a shell offers at the tab key. It imports nothing heavy, and nothing before it is asked."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reluflow.store.schema import Key


def settings(incomplete: str) -> list[tuple[str, str]]:
    """For ``--set``: key names with ``=``, and after it the values of keys that have a few."""
    from reluflow.store.schema import KEYS

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
    from reluflow.store.locations import preset_files

    return [name for name in preset_files() if name.startswith(incomplete)]


def methods(incomplete: str) -> list[str]:
    """Names of solvers."""
    from reluflow.store.schema import METHODS

    return [name for name in METHODS if name.startswith(incomplete)]


def _words(key: "Key") -> tuple[str, ...]:
    return ("true", "false") if key.kind == "bool" else key.choices
