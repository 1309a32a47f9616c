"""The loss over time."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Literal

from textual import events

from reluflow.plot.cells import Row, Segment
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.loss_curve import LossAxes, curve_of, fit_axes, time_limit
from reluflow.plot.loss_picture import LossPicture, draw_loss, time_at, with_cursor
from reluflow.plot.phases import focus_of
from reluflow.tui.compare import LETTERS, FrozenRun
from reluflow.tui.messages import TimeChosen
from reluflow.tui.moment import Moment
from reluflow.tui.widgets.frame_panel import FramePanel
from reluflow.tui.widgets.rows_panel import heading

#: What the axes show: decades about the plateaus, the whole run with all decades, or the loss itself.
Scale = Literal["log", "all", "linear"]
SCALES: Final[tuple[Scale, ...]] = ("log", "all", "linear")
#: The axis reaches below the lowest plateau by this factor, so that plateaus are not pressed together.
_BELOW_PLATEAUS: Final = 30.0


class LossPanel(FramePanel):
    """The whole recorded curve with a line at the cursor; what lies ahead is faint.

    Drawn anew only when the run, the axes or the size change; otherwise the line moves.
    """

    KEPT: ClassVar[Mapping[str, Sequence[Any]]] = {"log_time": (False, True), "scale": SCALES}

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self.log_time = False
        self.scale: Scale = "log"
        self._moment: Moment | None = None
        self._frozen: tuple[FrozenRun, ...] = ()
        self._axes: LossAxes | None = None
        self._picture: LossPicture | None = None
        self._drawn: tuple[Any, ...] = ()
        self._top = 1

    def show(self, moment: Moment) -> None:
        """Draw a newer moment; a new run starts with new axes."""
        before = self._moment
        if before is None or moment.frame.generation != before.frame.generation:
            self._axes = None
        self._moment = moment
        self.redraw()

    def show_frozen(self, runs: tuple[FrozenRun, ...]) -> None:
        """Put other runs behind the present one."""
        self._frozen = runs
        self._axes = None
        self.redraw()

    def toggle_log_time(self) -> None:
        """Linear time to logarithmic and back."""
        self.log_time = not self.log_time
        self.redraw()

    def adopt_choices(self) -> None:
        self._axes = None
        self.redraw()

    def next_scale(self) -> None:
        """The next of the scales of the loss."""
        self.scale = SCALES[(SCALES.index(self.scale) + 1) % len(SCALES)]
        self._axes = None
        self.redraw()

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        top = heading("loss", self._detail(), width, self.glyphs)
        moment = self._moment
        if moment is None or moment.frame.history is None:
            return [top, [], [Segment("  nothing recorded yet", "dim")]]
        legend = self._legend(moment)
        self._top = 1 + len(legend)
        picture = self._draw(moment, (width, height - self._top))
        return [top, *legend, *with_cursor(picture, moment.t, self.glyphs)]

    def _draw(self, moment: Moment, size: tuple[int, int]) -> LossPicture:
        frame, history = moment.frame, moment.frame.history
        assert history is not None
        run = (frame.generation, history.end, history.series["t"].size)
        shown = (size, self.log_time, self.scale, tuple(map(id, self._frozen)), moment.plateaus)
        until = max(focus_of(moment.plateaus, history.end), moment.t)
        if self._axes is not None and until > time_limit(self._axes):
            self._drawn = ()
        if self._picture is None or (run, shown) != self._drawn:
            log_loss = self.scale != "linear"
            curve = curve_of(history.series, self.log_time, log_loss)
            others = [curve_of(run.series, self.log_time, log_loss) for run in self._frozen]
            floor = min((plateau.loss for plateau in moment.plateaus), default=0.0) / _BELOW_PLATEAUS
            self._axes = fit_axes(
                self._axes,
                curve,
                self.log_time,
                log_loss=log_loss,
                floor=floor if self.scale == "log" else None,
                until=None if self.scale == "all" else until,
                others=others,
            )
            self._picture = draw_loss(
                curve, self._axes, size, self.glyphs, frozen=others, plateaus=moment.plateaus
            )
            self._drawn = (run, shown)
        return self._picture

    def _legend(self, moment: Moment) -> list[Row]:
        """What is different about the runs behind."""
        if not self._frozen:
            return []
        row: Row = [Segment(" behind: ", "dim")]
        for letter, run in zip(LETTERS, self._frozen, strict=False):
            row += [Segment(letter, "frozen"), Segment(f" {run.label(moment.frame)}   ", "dim")]
        return [row]

    def _detail(self) -> str:
        kind = self._moment.frame.preset.values.get("solver.loss", "half-mse") if self._moment else ""
        return f"{kind} over {'log ' if self.log_time else ''}time"

    def on_click(self, event: events.Click) -> None:
        picture, row = self._picture, event.y - self._top
        if picture is not None and event.x >= picture.left and 0 <= row < picture.inner[1]:
            self.post_message(TimeChosen(time_at(picture, event.x)))
