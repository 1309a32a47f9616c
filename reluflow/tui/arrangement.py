"""Which panels are on screen, as a function of the size of the terminal and of the user's choices."""

from dataclasses import dataclass
from typing import Final, Literal

Panel = Literal["loss", "directions", "neurons", "parameters"]
#: The panels in the order of their number keys: the loss, the picture of the neurons, the table, the form.
PANELS: Final[tuple[Panel, ...]] = ("loss", "directions", "neurons", "parameters")
#: the same, as people read them
TITLES: Final[dict[str, str]] = {
    "loss": "loss",
    "directions": "view",
    "neurons": "table",
    "parameters": "parameters",
}

#: the least room in which the panels say anything
LEAST_SIZE: Final = (60, 20)
#: below this there is room for one panel at a time
TABS_BELOW: Final = (80, 24)
#: from this width on the parameters are shown from the start
WIDE: Final = 120
#: from this height on the timeline has a second line with times
TALL: Final = 32


@dataclass(frozen=True)
class Arrangement:
    """The panels on screen and how they are laid out.

    ``panels``: those that are shown. ``tabs``: whether there is room for one only, chosen by tabs.
    ``zoomed``: whether the user wants one only. ``too_small``: whether there is no room for any (``panels``
    are then those that come back). ``narrow``: less than wide. ``tall``: whether there is room for the times
    under the timeline.
    """

    panels: tuple[Panel, ...]
    tabs: bool
    zoomed: bool
    too_small: bool
    narrow: bool
    tall: bool

    @property
    def classes(self) -> dict[str, bool]:
        """The style classes that make it so, and those that must not be set."""
        alone = len(self.panels) == 1
        return {
            "-too-small": self.too_small,
            "-tabs": self.tabs,
            "-zoomed": self.zoomed,
            "-alone": alone,
            "-narrow": self.narrow,
            "-tall": self.tall,
            **{f"-with-{panel}": panel in self.panels for panel in PANELS},
        }


def arrange(
    width: int, height: int, panel: Panel, *, form_wanted: bool | None = None, zoomed: bool = False
) -> Arrangement:
    """Lay out ``width`` x ``height`` cells so that ``panel``, which has the focus, is always among them.

    ``form_wanted``: whether the user wants to see the parameters, None: where there is room for them.
    ``zoomed``: whether the panel is to have the whole screen.
    """
    tabs = width < TABS_BELOW[0] or height < TABS_BELOW[1]
    narrow = width < WIDE
    if tabs or zoomed:
        panels: tuple[Panel, ...] = (panel,)
    else:
        form = (not narrow) if form_wanted is None else form_wanted
        panels = tuple(each for each in PANELS if each != "parameters" or form or panel == "parameters")
        if narrow and "parameters" in panels:
            # there is room for three
            hidden = "parameters" if panel == "directions" else "directions"
            panels = tuple(each for each in panels if each != hidden)
    too_small = width < LEAST_SIZE[0] or height < LEAST_SIZE[1]
    return Arrangement(panels, tabs, zoomed, too_small, narrow, height >= TALL)
