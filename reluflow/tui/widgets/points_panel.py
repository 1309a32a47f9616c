"""The panel of the points editor: a list of points beside a picture of them, changed by keys and mouse."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual import events
from textual.binding import BindingType
from textual.message import Message

from reluflow.errors import PresetError
from reluflow.flow.base import State
from reluflow.live.frame import Frame
from reluflow.plot.axes import short
from reluflow.plot.cells import Role, Row, Segment, fit
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.points import PointsPicture, Window
from reluflow.problem import Problem
from reluflow.tui.panel_keys import bindings_of
from reluflow.tui.point_set import PointSet
from reluflow.tui.widgets.rows_panel import RowsPanel, heading

#: cells of the list, and the fewest that are left for the picture
_LIST: Final = 31
_LEAST: Final = 24
HINTS: Final = "arrows move  tab next  a add  d delete  - sign  enter type"


class PointsPanel(RowsPanel, can_focus=True):
    """Shows points, and hands every change to ``apply``, which returns a sentence if it refuses it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("PointsPanel")

    class Typed(Message):
        """The user wants to type the numbers of the chosen point."""

    def __init__(self, points: PointSet, apply: Callable[[PointSet], str | None], glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self.points = points
        self.chosen = 0
        self._apply = apply
        self.shown_window = Window.around(points.values[:, :2])
        self._frame: Frame | None = None
        self.refused = ""
        #: the cell that the mouse is on while it drags the chosen point
        self._dragged: tuple[int, int] | None = None

    def show(self, frame: Frame) -> None:
        """Draw what the network of a newer frame makes of the points."""
        self._frame = frame
        self.redraw()

    def load(self, points: PointSet) -> None:
        """Show other points, which are trained on already."""
        self.points, self.refused = points, ""
        self.chosen = min(self.chosen, len(points) - 1)
        if self._dragged is None:
            self._fit_window()
        self.redraw()

    def _fit_window(self) -> None:
        self.shown_window = self.shown_window.with_room_for(self.points.values[:, :2])

    def change(self, make: Callable[[], PointSet], chosen: int | None = None) -> None:
        """Show the points that ``make`` returns and train on them; say why if it is refused."""
        try:
            points = make()
            refused = self._apply(points)
        except PresetError as error:
            refused = str(error)
        if refused is None:
            self.chosen = self.chosen if chosen is None else chosen
            self.load(points)
        else:
            self.refused = refused
            self.redraw()

    # --- keys ---

    def action_choose(self, by: int) -> None:
        self.chosen = (self.chosen + by) % len(self.points)
        self.redraw()

    def action_move(self, columns: int, rows: int) -> None:
        place = self._picture().moved(self.chosen, columns, rows)
        self.change(lambda: self.points.changed(self.chosen, self._row(place, self.chosen)))

    def action_add(self) -> None:
        """One more beside the chosen one."""
        place = self._picture().moved(self.chosen, 2, 0)
        self.change(lambda: self.points.added(self._row(place, self.chosen)), len(self.points))

    def action_remove(self) -> None:
        self.change(lambda: self.points.removed(self.chosen))

    def action_type(self) -> None:
        self.post_message(self.Typed())

    def action_turn_sign(self) -> None:
        *inputs, target = (float(value) for value in self.points.values[self.chosen])
        self.change(lambda: self.points.changed(self.chosen, [*inputs, -target + 0.0]))

    def _row(self, place: tuple[float, float], like: int) -> list[float]:
        """The numbers of a point at a place; with two coordinates its target is that of another."""
        return [*place, *(float(value) for value in self.points.values[like, 2:])]

    # --- the mouse ---

    def on_mouse_down(self, event: events.MouseDown) -> None:
        picture, row = self._picture(), event.y - 1
        self._dragged = (event.x, event.y)
        self.capture_mouse()
        near = picture.nearest(event.x, row)
        if near is not None:
            self.chosen = near
            self.redraw()
        elif row >= 0:
            place = picture.place(event.x, row)
            self.change(lambda: self.points.added(self._row(place, self.chosen)), len(self.points))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragged not in (None, (event.x, event.y)):
            self._dragged = (event.x, event.y)
            place = self._picture().place(event.x, event.y - 1)
            self.change(lambda: self.points.changed(self.chosen, self._row(place, self.chosen)))

    def on_mouse_up(self) -> None:
        self._dragged = None
        self.release_mouse()
        self._fit_window()
        self.redraw()

    # --- what is shown ---

    def _picture(self) -> PointsPicture:
        width, height = self._room(self.size.width), self.size.height - 2
        return PointsPicture(self.points.values, self.shown_window, width, max(height, 1), self.glyphs)

    def _room(self, width: int) -> int:
        """Cells of the picture."""
        return width - _LIST if width - _LIST >= _LEAST else width

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        state, problem = self._present()
        room = self._room(width)
        picture = [fit(row, room) for row in self._picture().rows(self.chosen, state, problem)]
        beside = self._list(height - 2) if room < width else []
        rows = [[*row, *(beside[i] if i < len(beside) else [])] for i, row in enumerate(picture)]
        return [heading("points", self._detail(), width, self.glyphs), *rows[: height - 2], self._foot(width)]

    def _present(self) -> tuple[State | None, Problem | None]:
        """The newest state of the run, and its problem."""
        frame = self._frame
        if frame is None or frame.history is None:
            return None, None
        return frame.history.states[-1], frame.problem

    def _detail(self) -> str:
        frame = self._frame
        if frame is None or frame.history is None:
            return "to be solved"
        return f"loss {frame.loss:.3g} at t = {short(frame.t)}, {frame.status}   esc leaves"

    def _list(self, height: int) -> list[Row]:
        """The points with their numbers, around the chosen one."""
        rows: list[Row] = [[Segment("   #" + "".join(f"{name:>9}" for name in self.points.names), "axis")]]
        room = max(height - 1, 1)
        first = min(max(self.chosen - room // 2, 0), max(len(self.points) - room, 0))
        for number in range(first, min(first + room, len(self.points))):
            numbers = "".join(f"{short(float(f'{each:.4g}')):>9}" for each in self.points.values[number])
            role: Role = "cursor" if number == self.chosen else "text"
            rows.append([Segment(f"{number + 1:>4}{numbers}", role)])
        return rows

    def _foot(self, width: int) -> Row:
        if self.refused:
            return [Segment(self.refused, "error")]
        numbers = "  ".join(f"{each:g}" for each in self.points.values[self.chosen])
        return fit([Segment(f"{self.chosen + 1}: {numbers}   ", "strong"), Segment(HINTS, "dim")], width)
