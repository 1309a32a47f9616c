"""Jump mode puts a letter on every panel and field; pressing the letter moves the focus there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from reluflow.tui.arrangement import PANELS, TITLES, Arrangement, Panel
from reluflow.tui.screens.dialogue import Dialogue
from reluflow.tui.widgets.parameter_field import ParameterField

#: the letters in the order in which they are given out: those under the fingers first
LETTERS: Final = "asdfghjklqwertyuiopzxcvbnm1234567890"


@dataclass(frozen=True)
class Target:
    """A place to jump to: a panel, or ``widget`` in it if that is not None.

    ``place``: where on screen it begins; None for a panel that is not on screen.
    """

    panel: Panel
    widget: Widget | None
    place: Offset | None


def targets_of(base: Screen[Any], arrangement: Arrangement) -> list[Target]:
    """The panels first, on screen or not, then the fields that are on screen."""
    found: list[Target] = []
    for panel in PANELS:
        region = base.query_one(f"#{panel}").region
        place = region.offset if panel in arrangement.panels else None
        found.append(Target(panel, None, place))
    for field in base.query(ParameterField):
        region, inside = field.region, field.parent
        visible = isinstance(inside, Widget) and inside.region.contains_region(region) and region.area > 0
        if visible and "parameters" in arrangement.panels:
            found.append(Target("parameters", field.editor, region.offset))
    return found[: len(LETTERS)]


class Jump(Dialogue[Target | None]):
    """Returns what the letter pressed stands on, or None for any other key."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]
    DEFAULT_CSS = """
    Jump { align: left top; background: $background 0%; layers: letters; }
    Jump Static { layer: letters; position: absolute; width: auto; height: 1; color: $block-cursor-foreground;
        background: $warning; text-style: bold; }
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        super().__init__()
        self.targets = dict(zip(LETTERS, targets, strict=False))

    def compose(self) -> ComposeResult:
        row = 0
        for letter, target in self.targets.items():
            if target.place is not None:
                yield _label(f"{letter} ", target.place)
            else:
                # a panel that is not on screen is called from a list at the upper right
                name = f" {letter} {TITLES[target.panel]} "
                yield _label(name, Offset(self.app.size.width - len(name) - 1, row))
                row += 1

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        self.dismiss(self.targets.get(event.character or ""))

    def on_click(self) -> None:
        self.dismiss(None)


def _label(text: str, place: Offset) -> Static:
    label = Static(text, markup=False)
    label.styles.offset = (place.x, place.y)
    return label
