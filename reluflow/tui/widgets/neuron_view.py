"""The panel of the views of the neurons."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from reluflow.errors import ReluflowError
from reluflow.figures.choices import Choices, Clock
from reluflow.flow.base import State
from reluflow.plot.axes import power_of_ten
from reluflow.plot.cells import Role, Row
from reluflow.plot.circles import CircleChoice
from reluflow.plot.directions import Compass, Goals, compass, compass_rows
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.phases import focus_of
from reluflow.plot.views import RUN_VIEWS, VIEWS
from reluflow.plot.views.chart import legend
from reluflow.plot.views.field import draw_field
from reluflow.tui.controllers.theory import Marks
from reluflow.tui.drawings import OF_VIEWS, Drawing, of_run
from reluflow.tui.moment import Moment
from reluflow.tui.widgets.frame_panel import FramePanel
from reluflow.tui.widgets.rows_panel import heading

if TYPE_CHECKING:
    from reluflow.plot.views import RunPicture
    from reluflow.problem import Problem

#: the view that the app starts with
COMPASS: Final = "directions"
#: the view that is drawn on a circle of the user's choice
FIELD: Final = "field"
#: the view whose time is always logarithmic
MARGINS: Final = "margins over time"
NAMES: Final = (*VIEWS, *RUN_VIEWS)
#: a growing run is drawn again in a view of the whole run when it has become longer by this factor
_LONGER: Final = 1.02


class NeuronView(FramePanel):
    """One of the views of the neurons, with the neuron under the table's cursor marked.

    The compass of directions remembers the picture before, so that it neither jumps nor turns.
    """

    KEPT: ClassVar[Mapping[str, Sequence[Any]]] = {"view": NAMES}

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self._moment: Moment | None = None
        self._picture: Compass | None = None
        self.cursor = 0
        self._marks = Marks()
        #: the picture of the whole run, what it was drawn of, and up to which time
        self._of_run: tuple[RunPicture, tuple[object, ...], float] | None = None
        self.view = COMPASS
        self.circle = CircleChoice()

    def show(self, moment: Moment, marks: Marks) -> None:
        """Draw the state of a newer moment, or other goals, if they are not on screen already."""
        before, self._moment = self._moment, moment
        goals, self._marks = self._marks.extremal, marks
        if before is not None and before.frame.generation != moment.frame.generation:
            self._picture = None
        if before is None or before.state is not moment.state or goals is not marks.extremal:
            self._update()
            self.redraw()

    def show_theory(self, marks: Marks) -> None:
        """Mark the directions in which the theory says that neurons end."""
        before, self._marks = self._marks, marks
        if before.extremal is not marks.extremal:
            self.redraw()

    def point_at(self, neuron: int) -> None:
        """Mark another neuron."""
        self.cursor = neuron
        self._update()
        self.redraw()

    def choices(self) -> dict[str, Any]:
        return {**super().choices(), "circle": str(self.circle)}

    def adopt(self, choices: Mapping[str, Any]) -> None:
        super().adopt(choices)
        with suppress(ReluflowError):
            self.circle = CircleChoice.read(str(choices.get("circle", "")))
        self._update()
        self.redraw()

    def drawing(self, clock: Clock, of_table: bool = False) -> Drawing | None:
        """The same for print, over the ``clock`` where it is over time, else at the time of the cursor.

        ``of_table``: what the table of the neurons lists instead, over time.
        """
        moment = self._moment
        if moment is None:
            return None
        at = None if moment.at_head else moment.t
        logarithmic = self.view == MARGINS and not of_table
        choices = Choices("log" if logarithmic else clock, at=at, circle=self.circle)
        return of_run("neurons" if of_table else OF_VIEWS[self.view], moment.frame, choices)

    def next_view(self) -> None:
        """Show the next of the views."""
        self.go_to(NAMES[(NAMES.index(self.view) + 1) % len(NAMES)])

    def go_to(self, view: str) -> None:
        """Show a view, which is one of ``NAMES``."""
        self.view = view
        self._update()
        self.redraw()

    def draw_circle(self, choice: CircleChoice) -> None:
        """Show the growth rates of small neurons on a circle of directions."""
        self.view, self.circle = FIELD, choice
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
        self._picture = compass(coordinates, outputs, span.inputs, self.cursor, self._picture)

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        if self.view != COMPASS:
            return self._other(width, height)
        picture = self._picture
        if picture is None:
            return [heading(COMPASS, "", width, self.glyphs)]
        top = heading(COMPASS, self._detail(picture), width, self.glyphs)
        goals = self._goals()
        rows = compass_rows(picture, (width, height - 2), self.glyphs, self.cursor, goals)
        return [top, *rows, self._legend(picture, width)]

    def _other(self, width: int, height: int) -> Sequence[Row]:
        top = heading(self.view, "", width, self.glyphs)
        moment = self._moment
        if moment is None or moment.state is None or moment.frame.problem is None:
            return [top]
        if self.view in RUN_VIEWS:
            problem = moment.frame.problem
            return [top, *self._whole_run(moment, moment.state, problem, width, height - 1)]
        if self.view == FIELD:
            size = width, height - 1
            rows = draw_field(self.circle, moment.state, moment.frame.problem, size, self.glyphs, self.cursor)
            return [top, *rows]
        draw = VIEWS[self.view]
        rows = draw(moment.state, moment.frame.problem, width, height - 1, self.glyphs, self.cursor)
        return [top, *rows]

    def _whole_run(
        self, moment: Moment, state: State, problem: "Problem", width: int, height: int
    ) -> list[Row]:
        """The whole run, drawn again only when the view, the run, the size or the neuron is another."""
        history = moment.frame.history
        cursor = min(self.cursor, state.output_weights.size - 1)
        if history is None or width < 1 or height < 2:
            return []
        until = max(focus_of(moment.plateaus, history.end), moment.t)
        key = (self.view, moment.frame.generation, moment.frame.over, (width, height), cursor)
        held = self._of_run
        if held is None or key != held[1] or not held[2] <= until <= _LONGER * held[2]:
            size = width, height - 1
            picture = RUN_VIEWS[self.view](history, until, size, self.glyphs, cursor, problem)
            held = self._of_run = picture, key, until
        return held[0].rows(state, width, height, self.glyphs, cursor)

    def _goals(self) -> Goals | None:
        """The directions in which small neurons end, in coordinates of the span, if they are known."""
        moment, extremal = self._moment, self._marks.extremal
        problem = moment.frame.problem if moment else None
        if extremal is None or problem is None or not extremal.attractors:
            return None
        directions = np.array([one.direction for one in extremal.attractors])
        signs = np.array([float(one.sign) for one in extremal.attractors])
        return Goals(problem.span.project(directions), signs)

    def _detail(self, picture: Compass) -> str:
        if picture.plane.basis.shape[0] <= 2:
            return ""
        return f"{100.0 * picture.plane.share:.0f} % in plane"

    def _legend(self, picture: Compass, width: int) -> Row:
        low, high = (power_of_ten(round(limit)) for limit in picture.radius)
        glyphs = self.glyphs
        entries: list[tuple[str, Role]] = [
            (f"{glyphs.positive} a>0", "positive"),
            (f"{glyphs.negative} a<0", "negative"),
            (f"{glyphs.point} data", "ray"),
            (f"|w| {low}..{high}", "dim"),
        ]
        if self._goals() is not None:
            entries.insert(3, (f"{glyphs.plus_goal}{glyphs.minus_goal} goals", "strong"))
        # words where there is room for all of them, else the signs alone
        if sum(len(text) + 2 for text, _ in entries) > width + 2:
            words = ("+", "-", "x", "goal")[: len(entries) - 1]
            marks = [(text.split()[0], role) for text, role in entries]
            named = [(f"{mark}{word}", role) for (mark, role), word in zip(marks, words, strict=False)]
            entries = [*named, entries[-1]]
        return legend(entries, width)
