"""The messages that widgets post to the app, each handed to the part that answers."""

from textual import events

from reluflow.tui.controllers.layout import Layout
from reluflow.tui.controllers.pages import Pages
from reluflow.tui.controllers.parameters import Parameters
from reluflow.tui.controllers.transport import Transport
from reluflow.tui.messages import (
    EventChosen,
    NumberStepped,
    PanelChosen,
    ParametersApplied,
    ParametersLeft,
    RangeAsked,
    TimeChosen,
)
from reluflow.tui.screens.main_screen import MainScreen
from reluflow.tui.seldom import Seldom


class Listening(Seldom):
    """What an app does with them; to be inherited by one that has these parts."""

    layout: Layout
    main: MainScreen
    pages: Pages
    parameters: Parameters
    transport: Transport

    def on_resize(self, event: events.Resize) -> None:
        # the size that the app itself knows is still the old one
        self.layout.resize(event.size)

    def on_panel_chosen(self, event: PanelChosen) -> None:
        self.layout.go_to_panel(event.panel)

    def on_time_chosen(self, event: TimeChosen) -> None:
        self.transport.go_to(event.t)

    def on_event_chosen(self, event: EventChosen) -> None:
        self.pages.inspect_event()

    def on_parameters_applied(self, event: ParametersApplied) -> None:
        self.parameters.apply(event.values)

    def on_number_stepped(self, event: NumberStepped) -> None:
        self.parameters.step(event.values)
        self.main.form.note_answered(event.key_id)

    def on_range_asked(self, event: RangeAsked) -> None:
        self.ranges.ask(event.key_id)

    def on_parameters_left(self, event: ParametersLeft) -> None:
        self.layout.leave_parameters()
