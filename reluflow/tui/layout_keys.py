"""What the keys do that choose what is on screen: panels, focus, zoom, tabs, help."""

from typing import TYPE_CHECKING, Final

from textual import events
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Static

from reluflow.live.session import Session
from reluflow.plot.glyphs import Glyphs
from reluflow.store.settings import Settings
from reluflow.tui.core import Core
from reluflow.tui.layout import LEAST_SIZE, PANELS, WIDE, Arrangement, Panel, arrange
from reluflow.tui.messages import PanelChosen, ParametersLeft
from reluflow.tui.widgets.key_footer import KeyFooter
from reluflow.tui.widgets.neuron_table import NeuronTable
from reluflow.tui.widgets.parameter_form import ParameterForm
from reluflow.tui.widgets.tab_bar import TabBar

if TYPE_CHECKING:
    from reluflow.tui.screens.jump import Target

#: where the focus is when the app starts: with room for all panels on the table, else on the first tab
_FIRST: Final[Panel] = "neurons"


class LayoutKeys(Core):
    """Actions on panels; the panel in focus is on screen at any size."""

    panel: Panel = _FIRST
    zoomed = False
    form_wanted: bool | None = None
    room = Size(0, 0)

    def __init__(self, session: Session, glyphs: Glyphs, settings: Settings) -> None:
        super().__init__(session, glyphs, settings)
        self._held: dict[Panel, Widget] = {}

    def begin_layout(self) -> None:
        """Lay out the panels for the first time."""
        self.room = self.size
        if self.arrangement.tabs:
            self.panel = PANELS[0]
        self.lay_out()
        self.go_to_panel(self.panel)

    # --- layout ---

    @property
    def arrangement(self) -> Arrangement:
        """What is to be on screen now."""
        width, height = self.room
        return arrange(width, height, self.panel, form_wanted=self.form_wanted, zoomed=self.zoomed)

    def on_resize(self, event: events.Resize) -> None:
        # the size that the app itself knows is still the old one
        self.room = event.size
        self.lay_out()

    def lay_out(self) -> None:
        """Show the panels that fit, the one in focus among them, and leave the focus where it is."""
        base = self.screen_stack[0]
        classes = self.arrangement.classes
        unwanted = [name for name in classes if not classes[name] and base.has_class(name)]
        missing = [name for name in classes if classes[name] and not base.has_class(name)]
        # all in one: each time the styles of all widgets are worked out anew
        base.remove_class(*unwanted, update=not missing)
        base.add_class(*missing)
        for tabs in base.query(TabBar):
            tabs.show(self.panel)
        width, height = self.room
        least_width, least_height = LEAST_SIZE
        for sentence in base.query("#too-small").results(Static):
            sentence.update(f"needs at least {least_width} x {least_height}, found {width} x {height}")
        self.call_after_refresh(self._hold_focus)

    def _hold_focus(self) -> None:
        """Give the focus back to its panel if hiding and showing has lost it."""
        base = self.screen_stack[0]
        if base.focused is None and not self.arrangement.too_small:
            self._widget_of(self.panel).focus()

    def _widget_of(self, panel: Panel) -> Widget:
        """What has the focus in a panel: the field it was on last, or the panel itself."""
        held = self._held.get(panel)
        if held is not None and held.is_attached:
            return held
        if panel == "parameters":
            return self.query_one(ParameterForm).first_field or self.query_one(NeuronTable)
        return self.screen_stack[0].query_one(f"#{panel}")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        panel = panel_of(event.widget)
        if panel is None:
            return
        self._held[panel] = event.widget
        if panel != self.panel:
            self.panel = panel
            self.lay_out()
        self._hint()

    def on_descendant_blur(self) -> None:
        self._hint()

    def _hint(self) -> None:
        focused = self.screen_stack[0].focused
        editing = focused is not None and panel_of(focused) == "parameters"
        for footer in self.screen_stack[0].query(KeyFooter):
            footer.set_editing(editing)

    # --- keys ---

    def go_to_panel(self, panel: Panel) -> None:
        """Put the focus on a panel, which comes on screen for it."""
        self.panel = panel
        if panel == "parameters" and not self.arrangement.tabs and not self.zoomed:
            self.form_wanted = True if self.room.width < WIDE else None
        self.lay_out()
        self.call_after_refresh(lambda: self._widget_of(panel).focus())

    def action_panel(self, number: int) -> None:
        self.go_to_panel(PANELS[number - 1])

    def on_panel_chosen(self, event: PanelChosen) -> None:
        self.go_to_panel(event.panel)

    def action_focus_next(self) -> None:
        self._step_focus(1)

    def action_focus_previous(self) -> None:
        self._step_focus(-1)

    def _step_focus(self, by: int) -> None:
        """To the next panel; on a page over the panels, to its next field."""
        if len(self.screen_stack) > 1:
            if by > 0:
                self.screen.focus_next()
            else:
                self.screen.focus_previous()
            return
        shown = self.arrangement.panels
        order = PANELS if len(shown) == 1 else shown
        self.go_to_panel(order[(order.index(self.panel) + by) % len(order)])

    def action_parameters(self) -> None:
        """Go to the parameters, unfolding them first; from among them, fold them away."""
        if self.panel == "parameters":
            self._leave_form(folded=True)
        else:
            self.go_to_panel("parameters")

    def on_parameters_left(self, event: ParametersLeft) -> None:
        self._leave_form(folded=self.room.width < WIDE)

    def _leave_form(self, folded: bool) -> None:
        """Back to the table; or where there are tabs, to the first."""
        if folded:
            self.form_wanted = None if self.room.width < WIDE else False
        self.go_to_panel(PANELS[0] if self.arrangement.tabs else _FIRST)

    def action_zoom(self) -> None:
        """Give the whole screen to the panel in focus, and take it back."""
        self.zoomed = not self.zoomed
        self.lay_out()

    def action_help(self) -> None:
        from reluflow.tui.screens.help_page import HelpPage

        topic = getattr(self.screen, "topic", "") or self.panel
        self.push_screen(HelpPage(self.glyphs, self.actions, topic))

    def action_jump(self) -> None:
        """A letter on every panel and field: pressing it goes there."""
        base = self.screen_stack[0]
        from reluflow.tui.screens.jump import Jump, targets_of

        self.push_screen(Jump(targets_of(base, self.arrangement)), self._jumped)

    def _jumped(self, target: "Target | None") -> None:
        if target is None:
            return
        if target.widget is not None and target.widget.is_attached:
            self._held[target.panel] = target.widget
        self.go_to_panel(target.panel)


def panel_of(widget: Widget) -> Panel | None:
    """The panel that a widget is or is in."""
    for node in widget.ancestors_with_self:
        for panel in PANELS:
            if node.id == panel:
                return panel
    return None
