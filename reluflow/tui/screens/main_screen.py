"""The main screen holds the panels."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Static

from reluflow.plot.glyphs import Glyphs
from reluflow.problem import Problem
from reluflow.tui.actions import Action
from reluflow.tui.arrangement import LEAST_SIZE, PANELS, Arrangement, Panel
from reluflow.tui.controllers.table import Table
from reluflow.tui.controllers.theory import Marks
from reluflow.tui.drawings import Drawing
from reluflow.tui.moment import Moment
from reluflow.tui.terminal.painting import PaintedScreen
from reluflow.tui.terminal.private import MessageRack
from reluflow.tui.widgets.key_footer import KeyFooter
from reluflow.tui.widgets.loss_panel import LossPanel
from reluflow.tui.widgets.neuron_table import NeuronTable
from reluflow.tui.widgets.neuron_view import NeuronView
from reluflow.tui.widgets.parameter_form import ParameterForm
from reluflow.tui.widgets.status_line import StatusLine
from reluflow.tui.widgets.tab_bar import TabBar
from reluflow.tui.widgets.timeline import Timeline
from reluflow.tui.widgets.tour_card import TourCard

if TYPE_CHECKING:
    from reluflow.tui.screens.jump import Target


class MainScreen(PaintedScreen):
    """The panels around one live run.

    ``focused_panel``: called with a panel when the focus comes to it.
    """

    def __init__(self, glyphs: Glyphs, actions: Sequence[Action], table: Table) -> None:
        super().__init__()
        keys = {action.id: action.shown for action in actions}
        self.status = StatusLine(glyphs, id="status")
        self.tabs = TabBar(glyphs, [keys[f"panel_{panel}"] for panel in PANELS], id="tabs")
        self.loss = LossPanel(glyphs, id="loss")
        self.view = NeuronView(glyphs, id="directions")
        self.table = NeuronTable(table, glyphs, id="neurons")
        self.form = ParameterForm(id="parameters")
        self.card = TourCard(glyphs, id="guide")
        self.timeline = Timeline(glyphs, id="timeline")
        self.footer = KeyFooter(glyphs, actions, id="footer")
        self._too_small = Static("", id="too-small", markup=False)
        self.focused_panel: Callable[[Panel], None] = lambda _: None
        self._neurons = table
        self._problem: Problem | None = None
        self._panel: Panel = PANELS[0]
        self._arrangement: Arrangement | None = None
        #: the widget that had the focus last, by its panel
        self._held: dict[Panel, Widget] = {}

    def compose(self) -> ComposeResult:
        yield self.status
        yield self.tabs
        with Horizontal(id="main"):
            yield self.form
            with Vertical(id="panels"):
                with Horizontal(id="pictures"):
                    yield self.loss
                    yield self.view
                yield self.table
        yield self.card
        yield self.timeline
        yield self.footer
        yield self._too_small

    def on_mount(self) -> None:
        # messages are laid over the footer, and take more room where they need it
        self.move_child(self.query_one(MessageRack), after=self.footer)

    @property
    def is_whole(self) -> bool:
        """Whether all panels are there: when the app leaves, they go before it does."""
        panels = (self.status, self.loss, self.view, self.table, self.timeline, self.card, self.form)
        return all(panel.is_attached for panel in panels)

    def show(self, moment: Moment, marks: Marks) -> None:
        """Draw a newer moment, and what the theory says of it so far."""
        self._problem = moment.frame.problem
        marks = marks.of(self._problem)
        self.status.show(moment)
        self.loss.show(moment, marks)
        self.view.show(moment, marks)
        self._neurons.show(moment)
        self.timeline.show(moment)

    def show_theory(self, marks: Marks) -> None:
        """Draw what the theory says by now, if it is of the run on show."""
        marks = marks.of(self._problem)
        self.loss.show_theory(marks)
        self.view.show_theory(marks)

    def drawing(self) -> Drawing | None:
        """The figure for print of the panel in focus; of the parameters, that of the loss."""
        if self._panel in ("directions", "neurons"):
            return self.view.drawing(self.loss.clock, of_table=self._panel == "neurons")
        return self.loss.drawing()

    # --- what the user chose to see ---

    def choices(self) -> dict[str, Any]:
        """Every choice by ``panel.name``."""
        panels = (self.loss, self.view, self.table)
        return {f"{panel.id}.{name}": value for panel in panels for name, value in panel.choices().items()}

    def adopt(self, choices: Mapping[str, Any]) -> None:
        """Take choices back; those of another version may be missing or mean nothing."""
        for panel in (self.loss, self.view, self.table):
            start = f"{panel.id}."
            own = {name: value for name, value in choices.items() if name.startswith(start)}
            panel.adopt({name.removeprefix(start): value for name, value in own.items()})

    # --- layout and focus ---

    def show_arrangement(self, arrangement: Arrangement, panel: Panel, room: Size) -> None:
        """Show the panels of an arrangement in so many cells, and leave the focus where it is."""
        self._panel, self._arrangement = panel, arrangement
        classes = arrangement.classes
        unwanted = [name for name in classes if not classes[name] and self.has_class(name)]
        missing = [name for name in classes if classes[name] and not self.has_class(name)]
        # all in one: each time the styles of all widgets are worked out again
        self.remove_class(*unwanted, update=not missing)
        self.add_class(*missing)
        self.tabs.show(panel)
        (least_width, least_height), (width, height) = LEAST_SIZE, room
        self._too_small.update(f"needs at least {least_width} x {least_height}, found {width} x {height}")
        self.app.call_after_refresh(self._hold_focus)

    def _hold_focus(self) -> None:
        """Give the focus back to its panel if hiding and showing has lost it."""
        if self.focused is None and self._arrangement is not None and not self._arrangement.too_small:
            self._widget_of(self._panel).focus()

    def focus_panel(self, panel: Panel) -> None:
        """Put the focus on a panel, where it was in it last."""
        if self.is_whole:
            # at once, also where it is not painted yet: the next key may be on its way already
            self.set_focus(self._widget_of(panel))
        else:
            self.app.call_after_refresh(lambda: self._widget_of(panel).focus())

    def remember(self, panel: Panel, widget: Widget) -> None:
        """The widget that is to have the focus in a panel."""
        self._held[panel] = widget

    def targets(self, arrangement: Arrangement) -> "list[Target]":
        """The panels and fields that one can jump to."""
        from reluflow.tui.screens.jump import targets_of

        return targets_of(self, arrangement)

    def _widget_of(self, panel: Panel) -> Widget:
        """The widget that gets the focus in a panel: the one that had it last, or the panel itself."""
        held = self._held.get(panel)
        if held is not None and held.is_attached:
            return held
        if panel == "parameters":
            return self.form.first_field or self.table
        return self.query_one(f"#{panel}")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        panel = panel_of(event.widget)
        # Widgets have queues of their own: a focus that has moved on may be told after its successor.
        if panel is None or event.widget is not self.focused:
            return
        self._held[panel] = event.widget
        self.focused_panel(panel)
        self._hint()

    def on_descendant_blur(self) -> None:
        self._hint()

    def _hint(self) -> None:
        """Let the footer tell the keys of a field while one has the focus."""
        self.footer.set_editing(self.focused is not None and panel_of(self.focused) == "parameters")


def panel_of(widget: Widget) -> Panel | None:
    """The panel that a widget is or is in."""
    for node in widget.ancestors_with_self:
        for panel in PANELS:
            if node.id == panel:
                return panel
    return None
