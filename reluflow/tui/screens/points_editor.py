"""The editor of points: a few samples, typed or moved about, that the training follows."""

from typing import ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from reluflow.live.frame import Frame
from reluflow.plot.glyphs import Glyphs
from reluflow.tui.drawings import Drawing, of_run, usual
from reluflow.tui.point_set import PointSet
from reluflow.tui.screens.dialogue import FullPage
from reluflow.tui.widgets.mended import StillInput
from reluflow.tui.widgets.points_panel import PointsPanel


class Trained(Protocol):
    """What has points trained on."""

    def apply(self, points: PointSet) -> str | None:
        """Train on points; returns a sentence if that cannot be."""

    def turn(self, by: int) -> PointSet | None:
        """Undo (-1) or redo (1) a change; returns the points that there are then, if any to edit."""

    def present(self) -> PointSet | None:
        """The points that are trained on, if any to edit."""


class PointsEditor(FullPage[None]):
    """A page that changes the points of the run on show and shows what the network makes of them."""

    topic = "points"
    DEFAULT_CSS = """
    PointsEditor { layout: vertical; }
    PointsEditor PointsPanel { width: 100%; height: 1fr; padding: 0 1; background: $background; }
    PointsEditor Input { display: none; width: 100%; background: $surface; }
    PointsEditor.-typing Input { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", show=False, priority=True),
        Binding("q,O", "leave", show=False),
        Binding("u", "turn(-1)", show=False),
        Binding("U", "turn(1)", show=False),
    ]

    def __init__(self, points: PointSet, trained: Trained, frame: Frame, glyphs: Glyphs) -> None:
        super().__init__()
        self._trained = trained
        self.panel = PointsPanel(points, trained.apply, glyphs)
        self._frame = frame

    def compose(self) -> ComposeResult:
        yield self.panel
        yield StillInput(compact=True)

    def on_mount(self) -> None:
        self.panel.focus()
        self.panel.show(self._frame)

    def show(self, frame: Frame) -> None:
        """Follow the run. Points that it cannot be made of are those before again."""
        refused = frame.refused is not self._frame.refused
        self._frame = frame
        self.panel.show(frame)
        if refused:
            self._load(self._trained.present())

    def drawing(self) -> Drawing | None:
        """The function that is learnt of the points so far."""
        return of_run("function", self._frame, usual([self._frame.preset]))

    def on_points_panel_typed(self) -> None:
        """Let the chosen point be typed."""
        field = self.query_one(Input)
        field.value = " ".join(f"{each!r}" for each in self.panel.points.values[self.panel.chosen].tolist())
        self.add_class("-typing")
        field.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        points, chosen = self.panel.points, self.panel.chosen
        self.panel.change(lambda: points.changed(chosen, points.typed(event.value)))
        if not self.panel.refused:
            self.action_stop()

    def action_stop(self) -> None:
        """Stop typing; else leave."""
        if not self.has_class("-typing"):
            self.action_leave()
            return
        self.remove_class("-typing")
        self.panel.focus()

    def action_turn(self, by: int) -> None:
        self._load(self._trained.turn(by))

    def _load(self, points: PointSet | None) -> None:
        if points is not None:
            self.panel.load(points)
