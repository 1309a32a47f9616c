"""What the user chose to see, as plain values: taken from the panels, and given back to them."""

from collections.abc import Iterable, Mapping
from typing import Any

from reluflow.tui.widgets.frame_panel import FramePanel


def choices_of(panels: Iterable[FramePanel]) -> dict[str, Any]:
    """Every choice by ``panel.name``."""
    return {f"{panel.id}.{name}": value for panel in panels for name, value in panel.choices().items()}


def give_back(panels: Iterable[FramePanel], choices: Mapping[str, Any]) -> None:
    """Hand the panels their choices; those of another version may be missing or mean nothing now."""
    for panel in panels:
        start = f"{panel.id}."
        panel.adopt(
            {name.removeprefix(start): value for name, value in choices.items() if name.startswith(start)}
        )
