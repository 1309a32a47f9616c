"""A picture of the neurons."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from reluflow.plot.axes import power_of_ten
from reluflow.plot.cells import Row, Segment
from reluflow.plot.directions import Compass, compass, compass_rows
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.views import VIEWS
from reluflow.tui.moment import Moment
from reluflow.tui.widgets.frame_panel import FramePanel
from reluflow.tui.widgets.rows_panel import heading

#: the view that the app starts with
COMPASS: Final = "directions"
#: cells that the legend needs in full
_ROOM_FOR_WORDS: Final = 35


class NeuronView(FramePanel):
    """One of the views of the neurons, with the neuron under the table's cursor marked.

    The compass of directions remembers the picture before, so that it neither jumps nor turns.
    """

    KEPT: ClassVar[Mapping[str, Sequence[Any]]] = {"view": tuple(VIEWS)}

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self._moment: Moment | None = None
        self._picture: Compass | None = None
        self._cursor = 0
        self.view = COMPASS

    def show(self, moment: Moment) -> None:
        """Draw the state of a newer moment, if it has one that is not on screen already."""
        before, self._moment = self._moment, moment
        if before is not None and before.frame.generation != moment.frame.generation:
            self._picture = None
        if before is None or before.state is not moment.state:
            self._update()
            self.redraw()

    def point_at(self, neuron: int) -> None:
        """Mark another neuron."""
        self._cursor = neuron
        self._update()
        self.redraw()

    def adopt_choices(self) -> None:
        self._update()
        self.redraw()

    def next_view(self) -> None:
        """Show the next of the views."""
        names = list(VIEWS)
        self.view = names[(names.index(self.view) + 1) % len(names)]
        self._update()
        self.redraw()

    def _update(self) -> None:
        moment = self._moment
        problem = moment.frame.problem if moment else None
        if moment is None or moment.state is None or problem is None or self.view != COMPASS:
            self._picture = None
            return
        span = problem.span
        coordinates = span.project(moment.state.weights)
        outputs = moment.state.output_weights
        self._picture = compass(coordinates, outputs, span.inputs, self._cursor, self._picture)

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        if self.view != COMPASS:
            return self._other(width, height)
        picture = self._picture
        if picture is None:
            return [heading(COMPASS, "", width, self.glyphs)]
        top = heading(COMPASS, self._detail(picture), width, self.glyphs)
        rows = compass_rows(picture, (width, height - 2), self.glyphs, self._cursor)
        return [top, *rows, self._legend(picture, width)]

    def _other(self, width: int, height: int) -> Sequence[Row]:
        top = heading(self.view, "", width, self.glyphs)
        moment = self._moment
        if moment is None or moment.state is None or moment.frame.problem is None:
            return [top]
        draw = VIEWS[self.view]
        rows = draw(moment.state, moment.frame.problem, width, height - 1, self.glyphs, self._cursor)
        return [top, *rows]

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
