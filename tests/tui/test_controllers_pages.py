"""Pages, copies and the last session, without an app."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from stages import Stage
from test_controllers_tour import HISTORY, KEYS, RUN
from textual.geometry import Size

from reluflow.errors import ReluflowError
from reluflow.live.frame import Frame
from reluflow.plot.glyphs import BRAILLE
from reluflow.store.last_session import read_session
from reluflow.tui.actions import ACTIONS
from reluflow.tui.controllers.copying import Copying
from reluflow.tui.controllers.layout import Layout
from reluflow.tui.controllers.opening import Opening
from reluflow.tui.controllers.pages import Pages
from reluflow.tui.controllers.persistence import Persistence
from reluflow.tui.controllers.table import Table
from reluflow.tui.controllers.tour import Tour
from reluflow.tui.controllers.transport import Transport
from reluflow.tui.drawings import Drawing
from reluflow.tui.frozen_runs import FrozenRun
from reluflow.tui.screens.copy_menu import Copyable, CopyMenu
from reluflow.tui.screens.help_page import HelpPage
from reluflow.tui.screens.inspector import Inspector, InspectorResult
from reluflow.tui.screens.palette import Palette
from reluflow.tui.screens.verify import VerifyPage


class FakePanels:
    """The panels as the layout and the last session see them."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {"loss.time": "log"}
        self.adopted: dict[str, Any] = {}

    def show_arrangement(self, *_: object) -> None: ...
    def focus_panel(self, *_: object) -> None: ...
    def remember(self, *_: object) -> None: ...
    def targets(self, *_: object) -> list[Any]:
        return []

    def choices(self) -> dict[str, Any]:
        return dict(self.kept)

    def adopt(self, choices: dict[str, Any]) -> None:
        self.adopted = dict(choices)


class PagesStage(Stage):
    def __init__(self, frame: Frame = RUN) -> None:
        super().__init__(frame)
        self.panels, self.done = FakePanels(), []
        self.transport = Transport(self.session, self.cursor, self.host)
        self.table = Table(self.host)
        self.layout = Layout(self.panels, self.host)
        self.layout.begin(Size(160, 45))
        opening = Opening(self.cursor, self.parameters, self.host)
        self.tour = Tour(self.cursor, self.parameters, self.comparison, opening, KEYS, self.host)
        self.pages = Pages(
            self.cursor, self.transport, self.table, self.layout, BRAILLE, ACTIONS, self.host, self._do
        )
        self.show(frame)

    def show(self, frame: Frame) -> None:
        super().show(frame)
        if hasattr(self, "table") and self.cursor.moment is not None:
            self.table.show(self.cursor.moment)

    async def _do(self, id: str) -> None:
        self.done.append(id)

    @property
    def asked(self) -> Any:
        """The screen that was asked for last."""
        return self.host.asked[-1][0]

    def persistence(self) -> Persistence:
        parts = (self.parameters, self.comparison, self.table, self.tour, self.layout, self.panels)
        return Persistence(self.session, self.cursor, *parts, self.host)


def test_the_inspector_is_opened_on_the_neuron_and_what_was_looked_at_last_is_gone_to() -> None:
    stage = PagesStage()
    stage.table.go_to(3)
    stage.pages.inspect_neuron()
    assert isinstance(stage.asked, Inspector)
    assert stage.asked.neuron == 3
    stage.host.answer(InspectorResult(5, 12.0))
    assert (stage.table.cursor, stage.t) == (5, 12.0)
    stage.pages.inspect_moment()
    assert stage.asked.page.kind == "plateau", "nothing happens at this time"
    stage.host.answer(InspectorResult(2))
    assert (stage.table.cursor, stage.t) == (2, 12.0)
    stage.pages.inspect_event()
    assert stage.asked.page.kind == "event"


def test_before_anything_is_recorded_there_is_nothing_to_inspect() -> None:
    stage = PagesStage(Frame(RUN.preset))
    stage.pages.inspect_neuron()
    assert stage.host.asked == []
    assert stage.host.said == ["there is nothing to look at yet"]


def test_open_pages_follow_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, shown = PagesStage(), []
    for cls in (Inspector, VerifyPage):
        monkeypatch.setattr(cls, "show", lambda page, *what: shown.append((type(page), *what)))
    moment = stage.cursor.moment
    assert moment is not None
    stage.pages.follow(moment)
    assert shown == [], "none is open"
    stage.pages.inspect_neuron()
    stage.pages.verify()
    stage.host.screens += [screen for screen, _ in stage.host.asked]
    stage.pages.follow(moment)
    assert shown == [(Inspector, RUN, moment.t, moment.plateaus), (VerifyPage, RUN)]


def test_the_help_begins_with_the_page_on_top_or_the_panel_in_focus() -> None:
    stage = PagesStage()
    stage.pages.help()
    assert isinstance(stage.asked, HelpPage)
    assert "table: The neurons" in stage.asked.text
    stage.host.screens.append(SimpleNamespace(topic="predictions"))
    stage.pages.help()
    assert stage.asked.text.startswith("predictions: ")


async def test_an_action_of_the_palette_is_done_after_a_page_that_would_be_hidden_is_left() -> None:
    stage, left = PagesStage(), []
    stage.pages.palette()
    assert isinstance(stage.asked, Palette)
    _, chosen = stage.host.asked.pop()
    await chosen("play")
    page = VerifyPage(RUN, BRAILLE)
    page.action_leave = lambda: left.append(len(stage.done))  # type: ignore[method-assign]
    stage.host.screens.append(page)
    await chosen("help")
    await chosen("play")
    await chosen(None)
    assert stage.done == ["play", "help", "play"]
    assert left == [2], "before the second play, and not for the help, which works over pages"


def test_what_can_be_copied_is_offered_and_what_is_chosen_is_put_on_the_clipboard() -> None:
    stage, clipboard = PagesStage(), []
    parts = stage.cursor, stage.parameters, stage.table, stage.host, clipboard.append
    copying = Copying(*parts, lambda *_: Path("x.svg"), lambda: None)
    copying.ask()
    assert isinstance(stage.asked, CopyMenu)
    offers = {offer.key: offer.text for offer in stage.asked.offers}
    assert offers["c"] == "reluflow run orthogonal-toy"
    assert offers["p"] == stage.parameters.present.to_toml()
    assert offers["v"].startswith("t = 0.0\nloss = ")
    assert offers["n"].startswith("neuron = 0\n")
    stage.host.answer(Copyable("v", "", offers["v"]))
    assert clipboard == [offers["v"]]
    (said,) = stage.host.said
    assert said.startswith("copied, and written to ")
    assert said.endswith(": t = 0.0 ...")
    copying.copy(None)
    copying.picture()
    assert stage.host.said[-1] == "screen saved in x.svg"


def test_a_picture_that_cannot_be_written_is_complained_of() -> None:
    stage = PagesStage()

    def fails(name: str, folder: Path) -> Path:
        raise ReluflowError(f"{folder / name}: cannot be written")

    parts = stage.cursor, stage.parameters, stage.table, stage.host, lambda _: None
    Copying(*parts, fails, lambda: pytest.fail("nothing is drawn then")).picture()
    assert stage.host.complained == ["orthogonal-toy: cannot be written"]


async def test_beside_a_picture_there_is_a_figure_or_the_reason_why_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage, written = PagesStage(), []

    def fails(path: Path) -> None:
        raise ReluflowError("the inputs have 10 coordinates; expected one or two")

    drawings = [Drawing("loss", written.append), Drawing("function", fails), Drawing("loss", written.append)]
    parts = stage.cursor, stage.parameters, stage.table, stage.host, lambda _: None
    copying = Copying(*parts, lambda *_: Path("x.svg"), lambda: drawings.pop(0))
    copying.picture()
    copying.picture()
    for work in stage.host.work:
        await work()
    assert written == [Path("x.pdf").absolute()]
    assert stage.host.said == [
        "screen saved in x.svg; the figure (loss) follows",
        "screen saved in x.svg; the figure (function) follows",
        "figure (loss) saved in x.pdf",
    ]
    assert stage.host.complained == [
        "there is no figure (function): the inputs have 10 coordinates; expected one or two"
    ]
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    copying.picture()
    assert stage.host.said[-1] == (
        "screen saved in x.svg; figures need matplotlib, which is not installed: pip install "
        "'reluflow[figures]'"
    )
    assert len(stage.host.work) == 2


async def test_the_session_is_written_when_something_is_new_and_restored_as_it_was() -> None:
    stage = PagesStage()
    stage.cursor.go_to(12.0)
    stage.cursor.playback.change_speed(1)
    stage.cursor.playback.next_clock()
    stage.table.go_to(4)
    stage.layout.go_to_panel("loss")
    stage.layout.zoom()
    persistence = stage.persistence()
    await persistence.keep()
    last, complaint = read_session()
    assert complaint is None
    assert last is not None
    assert (last.t, last.neuron, last.view["panel"], last.view["zoomed"]) == (12.0, 4, "loss", True)
    other = PagesStage()
    other.persistence().restore(last)
    other.show(RUN)
    playback = other.cursor.playback
    assert (other.t, playback.playing, other.table.cursor) == (12.0, False, 4)
    assert (playback.clock, playback.speed) == (last.clock, last.speed)
    assert (other.layout.panel, other.layout.zoomed) == ("loss", True)
    assert other.panels.adopted["loss.time"] == "log"
    assert other.host.work == [], "there are no curves to be solved"


async def test_the_curves_behind_are_solved_again_and_those_that_cannot_be_are_complained_of() -> None:
    stage = PagesStage()
    short = RUN.preset.with_values({"stop.steps": 2})
    stage.comparison.add(FrozenRun(short, "lorentz", HISTORY.series))
    last = stage.persistence().last_session()
    other = PagesStage()
    other.persistence().restore(last)
    (work,) = other.host.work
    await work()
    (run,) = other.comparison.frozen
    assert (run.preset, run.method) == (short, "lorentz")
    assert run.series["step"][-1] == 2
    assert other.host.complained == []
