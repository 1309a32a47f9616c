"""The terminal app. Nothing of it (nor textual) is imported before it is asked for something."""

import os
from typing import TYPE_CHECKING

from reluflow.training.threads import set_for_this_process

if TYPE_CHECKING:
    from reluflow.store.preset import Preset


def what_keys_do() -> dict[str, str]:
    """What the keys of the app do, by the name of the key."""
    from reluflow.tui.key_meanings import key_meanings

    return key_meanings()


def theme_names() -> list[str]:
    """The themes that the app may have."""
    from textual.theme import BUILTIN_THEMES

    return list(BUILTIN_THEMES)


def run(
    target: "str | Preset | None",
    *,
    marker: str | None = None,
    fps: float | None = None,
    theme: str | None = None,
    mouse: bool | None = None,
    fresh: bool = False,
) -> int:
    """Open the app on a preset, its name or file, or a run directory; returns the exit code.

    ``marker`` is "braille", "block", "ascii" or "auto"; ``fps`` frames a second, 1 to 30; ``theme`` the name
    of a theme; ``mouse`` whether to listen to one. None leaves it to the user's settings. Without a target
    the last session is taken up, unless ``fresh``. Raises ReluflowError, before anything is drawn, for a
    value that cannot be used and where there is no terminal.
    """
    set_for_this_process()
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)  # the terminal itself knows its size, and when it changes
    if not os.environ.get("NO_COLOR", "set"):
        del os.environ["NO_COLOR"]  # empty, it asks for nothing (no-color.org); textual would take it for set
    from reluflow.tui.launch import launch

    return launch(target, {"marker": marker, "fps": fps, "theme": theme, "mouse": mouse}, fresh=fresh)
