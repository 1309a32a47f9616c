"""The layout controller decides which panels are on screen and which of them has the focus."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

from textual.geometry import Size
from textual.widget import Widget

from reluflow.tui.arrangement import PANELS, WIDE, Arrangement, Panel, arrange
from reluflow.tui.controllers.host import Host

if TYPE_CHECKING:
    from reluflow.tui.screens.jump import Target

#: where the focus is when the app starts: with room for all panels on the table, else on the first tab
_FIRST: Final[Panel] = "neurons"


class View(Protocol):
    """The screen of the panels, as its layout sees it."""

    def show_arrangement(self, arrangement: Arrangement, panel: Panel, room: Size) -> None:
        """Show the panels of an arrangement in so many cells; ``panel`` has the focus."""

    def focus_panel(self, panel: Panel) -> None:
        """Put the focus on a panel, where it was in it last."""

    def remember(self, panel: Panel, widget: Widget) -> None:
        """The widget that is to have the focus in a panel."""

    def targets(self, arrangement: Arrangement) -> Sequence["Target"]:
        """The panels and fields that one can jump to."""


class Layout:
    """The arrangement of the panels; the one in focus is on screen at any size.

    Attributes
    ----------
    panel: the one in focus.
    zoomed: whether the user wants to see that one only.
    form_wanted: whether the user wants to see the parameters, None where there is room for them.
    room: the size of the terminal in cells.
    """

    def __init__(self, view: View, host: Host) -> None:
        self._view, self._host = view, host
        self.panel: Panel = _FIRST
        self.zoomed = False
        self.form_wanted: bool | None = None
        self.room = Size(0, 0)

    @property
    def arrangement(self) -> Arrangement:
        """The arrangement for the present size and the user's choices."""
        width, height = self.room
        return arrange(width, height, self.panel, form_wanted=self.form_wanted, zoomed=self.zoomed)

    def begin(self, room: Size) -> None:
        """Lay out the panels for the first time."""
        self.room = room
        if self.arrangement.tabs:
            self.panel = PANELS[0]
        self._lay_out()
        self.go_to_panel(self.panel)

    def resize(self, room: Size) -> None:
        """Lay out the panels in a terminal of another size."""
        self.room = room
        self._lay_out()

    def _lay_out(self) -> None:
        self._view.show_arrangement(self.arrangement, self.panel, self.room)

    # --- the focus ---

    def go_to_panel(self, panel: Panel) -> None:
        """Put the focus on a panel, which comes on screen for it."""
        self.panel = panel
        if panel == "parameters" and not self.arrangement.tabs and not self.zoomed:
            self.form_wanted = True if self.room.width < WIDE else None
        self._lay_out()
        self._view.focus_panel(panel)

    def go_to(self, number: int) -> None:
        """Put the focus on the panel of a number key."""
        self.go_to_panel(PANELS[number - 1])

    def follow_focus(self, panel: Panel) -> None:
        """The focus has come to a panel."""
        if panel != self.panel:
            self.panel = panel
            self._lay_out()

    def step_focus(self, by: int) -> None:
        """To the next panel (``by`` 1) or the one before (-1); on a page over them, to its next field."""
        _, *pages = self._host.screens
        if pages:
            if by > 0:
                pages[-1].focus_next()
            else:
                pages[-1].focus_previous()
            return
        shown = self.arrangement.panels
        order = PANELS if len(shown) == 1 else shown
        self.go_to_panel(order[(order.index(self.panel) + by) % len(order)])

    def jump(self) -> None:
        """A letter on every panel and field: pressing it goes there."""
        from reluflow.tui.screens.jump import Jump

        self._host.ask(Jump(self._view.targets(self.arrangement)), self._jumped)

    def _jumped(self, target: "Target | None") -> None:
        if target is None:
            return
        if target.widget is not None and target.widget.is_attached:
            self._view.remember(target.panel, target.widget)
        self.go_to_panel(target.panel)

    # --- what is on screen ---

    def zoom(self) -> None:
        """Give the whole screen to the panel in focus, and take it back."""
        self.zoomed = not self.zoomed
        self._lay_out()

    def toggle_parameters(self) -> None:
        """Go to the parameters, unfolding them first; from among them, fold them away."""
        if self.panel == "parameters":
            self._leave_form(folded=True)
        else:
            self.go_to_panel("parameters")

    def leave_parameters(self) -> None:
        """The user is done with the parameters: back to the panel before."""
        self._leave_form(folded=self.room.width < WIDE)

    def _leave_form(self, folded: bool) -> None:
        """Back to the table; or where there are tabs, to the first."""
        if folded:
            self.form_wanted = None if self.room.width < WIDE else False
        self.go_to_panel(PANELS[0] if self.arrangement.tabs else _FIRST)
