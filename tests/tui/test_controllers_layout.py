"""The arrangement of panels and the focus, without a screen."""

from types import SimpleNamespace

import pytest
from hosts import FakeHost
from textual.geometry import Size

from reluflow.tui.arrangement import PANELS, Arrangement, Panel
from reluflow.tui.controllers.layout import Layout
from reluflow.tui.screens.jump import Target

WIDE, MEDIUM, SMALL = Size(160, 45), Size(100, 30), Size(70, 22)


class FakeView:
    """Notes what is to be on screen."""

    def __init__(self) -> None:
        self.shown: tuple[Panel, ...] = ()
        self.focused: list[Panel] = []
        self.held: dict[Panel, object] = {}

    def show_arrangement(self, arrangement: Arrangement, panel: Panel, room: Size) -> None:
        assert panel in arrangement.panels
        self.shown = arrangement.panels

    def focus_panel(self, panel: Panel) -> None:
        self.focused.append(panel)

    def remember(self, panel: Panel, widget: object) -> None:
        self.held[panel] = widget

    def targets(self, arrangement: Arrangement) -> list[Target]:
        return [Target(panel, None, None) for panel in PANELS]


@pytest.fixture
def view() -> FakeView:
    return FakeView()


def layout_in(room: Size, view: FakeView, host: FakeHost | None = None) -> Layout:
    layout = Layout(view, host or FakeHost())  # type: ignore[arg-type]
    layout.begin(room)
    return layout


def test_it_begins_on_the_table_or_on_the_first_tab(view: FakeView) -> None:
    assert layout_in(WIDE, view).panel == "neurons"
    assert view.shown == PANELS
    assert layout_in(SMALL, view).panel == "loss"
    assert view.shown == ("loss",)
    assert view.focused == ["neurons", "loss"]


def test_the_focus_goes_from_panel_to_panel_and_round(view: FakeView) -> None:
    layout = layout_in(MEDIUM, view)
    order = layout.arrangement.panels
    for _ in order:
        layout.step_focus(1)
    assert view.focused[1:] == [*order[order.index("neurons") + 1 :], *order[: order.index("neurons") + 1]]
    layout.step_focus(-1)
    assert layout.panel == order[order.index("neurons") - 1]
    tabs = layout_in(SMALL, view)
    tabs.step_focus(-1)
    assert tabs.panel == PANELS[-1]


def test_on_a_page_the_focus_goes_from_field_to_field(view: FakeView) -> None:
    moves: list[str] = []
    page = SimpleNamespace(
        focus_next=lambda: moves.append("next"), focus_previous=lambda: moves.append("previous")
    )
    layout = layout_in(WIDE, view, FakeHost(screens=[None, page]))
    layout.step_focus(1)
    layout.step_focus(-1)
    assert moves == ["next", "previous"]
    assert view.focused == ["neurons"]


def test_the_parameters_unfold_where_they_are_gone_to_and_fold_where_they_are_left(view: FakeView) -> None:
    layout = layout_in(MEDIUM, view)
    assert "parameters" not in view.shown
    layout.toggle_parameters()
    assert "parameters" in view.shown
    assert layout.panel == "parameters"
    layout.leave_parameters()
    assert "parameters" not in view.shown
    assert layout.panel == "neurons"
    wide = layout_in(WIDE, view)
    wide.toggle_parameters()
    wide.leave_parameters()
    assert "parameters" in view.shown, "there is room for them"
    wide.toggle_parameters()
    wide.toggle_parameters()
    assert "parameters" not in view.shown, "folded away by the key"


def test_zoom_shows_the_panel_in_focus_alone_and_all_of_them_again(view: FakeView) -> None:
    layout = layout_in(WIDE, view)
    layout.zoom()
    assert view.shown == ("neurons",)
    layout.go_to(1)
    assert view.shown == ("loss",)
    layout.zoom()
    assert view.shown == PANELS


def test_the_panel_with_the_focus_stays_when_the_terminal_shrinks(view: FakeView) -> None:
    layout = layout_in(WIDE, view)
    layout.follow_focus("directions")
    layout.resize(SMALL)
    assert (layout.panel, view.shown) == ("directions", ("directions",))


def test_a_jump_goes_to_the_panel_or_to_the_field_in_it(view: FakeView) -> None:
    host = FakeHost()
    layout = layout_in(WIDE, view, host)
    layout.jump()
    host.answer(Target("loss", None, None))
    assert view.focused[-1] == "loss"
    field = SimpleNamespace(is_attached=True)
    layout.jump()
    host.answer(Target("parameters", field, None))  # type: ignore[arg-type]
    assert view.held == {"parameters": field}
    layout.jump()
    host.answer(None)
    assert view.focused[-1] == "parameters"
