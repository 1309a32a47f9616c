"""The loss over time."""

from collections.abc import Sequence

from reluflow.plot.cells import Row, Segment
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.loss_curve import LossAxes, curve_of, fit_axes, loss_rows
from reluflow.session import Frame
from reluflow.tui.widgets.rows_panel import RowsPanel, heading


class LossPanel(RowsPanel):
    """Log loss against linear or logarithmic time, with a mark at the present time."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self.log_time = False
        self._frame: Frame | None = None
        self._axes: LossAxes | None = None

    def show(self, frame: Frame) -> None:
        """Draw a newer frame; a new run starts with new axes."""
        if self._frame is None or frame.generation != self._frame.generation:
            self._axes = None
        self._frame = frame
        self.redraw()

    def toggle_log_time(self) -> None:
        """Linear time to logarithmic and back."""
        self.log_time = not self.log_time
        self._axes = None
        self.redraw()

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        top = heading("loss", self._detail(), width, self.glyphs)
        frame = self._frame
        if frame is None or not frame.series or frame.series["t"].size == 0:
            return [top, [], [Segment("  nothing recorded yet", "dim")]]
        curve = curve_of(frame.series, self.log_time)
        self._axes = fit_axes(self._axes, curve, self.log_time)
        return [top, *loss_rows(curve, self._axes, (width, height - 1), self.glyphs, now=frame.t)]

    def _detail(self) -> str:
        kind = self._frame.preset.values.get("solver.loss", "half-mse") if self._frame else ""
        return f"{kind} over {'log ' if self.log_time else ''}time"
