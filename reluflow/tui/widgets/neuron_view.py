"""The directions of the neurons."""

from collections.abc import Sequence
from typing import Final

from reluflow.plot.axes import power_of_ten
from reluflow.plot.cells import Row, Segment
from reluflow.plot.directions import Compass, compass, compass_rows
from reluflow.plot.glyphs import Glyphs
from reluflow.session import Frame
from reluflow.tui.widgets.rows_panel import RowsPanel, heading

#: cells that the legend needs in full
_ROOM_FOR_WORDS: Final = 35


class NeuronView(RowsPanel):
    """The compass of directions, with the neuron under the table's cursor marked."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self._frame: Frame | None = None
        self._picture: Compass | None = None
        self._cursor = 0

    def show(self, frame: Frame) -> None:
        """Draw the state of a newer frame, if it has one that is not on screen already."""
        before, self._frame = self._frame, frame
        if before is not None and before.generation != frame.generation:
            self._picture = None
        if before is None or before.state is not frame.state:
            self._update()
            self.redraw()

    def point_at(self, neuron: int) -> None:
        """Mark another neuron."""
        self._cursor = neuron
        self._update()
        self.redraw()

    def _update(self) -> None:
        frame = self._frame
        if frame is None or frame.state is None or frame.problem is None:
            self._picture = None
            return
        span = frame.problem.span
        coordinates = span.project(frame.state.weights)
        outputs = frame.state.output_weights
        self._picture = compass(coordinates, outputs, span.inputs, self._cursor, self._picture)

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        picture = self._picture
        if picture is None:
            return [heading("directions", "", width, self.glyphs)]
        top = heading("directions", self._detail(picture), width, self.glyphs)
        rows = compass_rows(picture, (width, height - 2), self.glyphs, self._cursor)
        return [top, *rows, self._legend(picture, width)]

    def _detail(self, picture: Compass) -> str:
        if picture.plane.basis.shape[0] <= 2:
            return ""
        return f"{100.0 * picture.plane.share:.0f} % in plane"

    def _legend(self, picture: Compass, width: int) -> Row:
        low, high = (power_of_ten(round(limit)) for limit in picture.radius)
        glyphs = self.glyphs
        above, below, data = (" a>0", " a<0", " data") if width >= _ROOM_FOR_WORDS else ("+", "-", "x")
        return [
            Segment(f"{glyphs.positive}{above} ", "positive"),
            Segment(f"{glyphs.negative}{below} ", "negative"),
            Segment(f"{glyphs.point}{data} ", "ray"),
            Segment(f"|w| {low}..{high}", "dim"),
        ]
