"""What the user chose to see, as plain values: taken from the panels, and given back to them."""

from collections.abc import Iterable, Mapping
from typing import Any

from reluflow.tui.widgets.frame_panel import FramePanel


def choices_of(panels: Iterable[FramePanel]) -> dict[str, Any]:
    """Every kept attribute by ``panel.attribute``."""
    return {f"{panel.id}.{name}": getattr(panel, name) for panel in panels for name in panel.KEPT}


def give_back(panels: Iterable[FramePanel], choices: Mapping[str, Any]) -> None:
    """Set the kept attributes; a value that is none of those offered (another version's) is left out."""
    for panel in panels:
        for name, offered in panel.KEPT.items():
            wanted = choices.get(f"{panel.id}.{name}")
            if any(type(wanted) is type(value) and wanted == value for value in offered):
                setattr(panel, name, wanted)
        panel.adopt_choices()
