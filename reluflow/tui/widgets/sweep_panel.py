"""The panel of a sweep: a map or a curve, with a cursor that goes from cell to cell."""

from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np
from textual import events
from textual.binding import BindingType

from reluflow.plot.cells import Row, Segment
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.sweep import curve_rows
from reluflow.plot.sweep_map import MapPicture, map_view
from reluflow.sweep.theory_line import Line
from reluflow.tui.panel_keys import bindings_of
from reluflow.tui.sweep_view import SweepView
from reluflow.tui.widgets.frame_panel import FramePanel
from reluflow.tui.widgets.rows_panel import heading

#: Rows below a curve, and above the picture.
_BELOW, _ABOVE = 2, 2


class SweepPanel(FramePanel):
    """Draws a view. ``moved`` is called when the cursor went to another cell."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("SweepPanel")

    def __init__(self, view: SweepView, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self._view = view
        self._theory: Line | None = None
        #: what is said of the sweep at the top
        self.detail = ""
        self.moved: Callable[[], None] = lambda: None

    def show(self, theory: Line | None) -> None:
        """Draw the view as it is, with the theory's line, or number of a cell, where there is one."""
        self._theory = theory
        self.redraw()

    def action_move(self, across: int, up: int) -> None:
        column, row = self._view.cursor
        self._view.go_to(column + across, row + up)
        self.redraw()
        self.moved()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.action_move(1, 0)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.action_move(-1, 0)

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        view = self._view
        over = f"{view.x} and {view.y}" if view.y else view.x
        top = heading(f"{view.value} over {over}", self.detail, width, self.glyphs)
        said: Row = [Segment(f" {view.sentence(self._theory)}", "strong")]
        if not view.map.group.size:
            return [top, said]
        room = max(height - _ABOVE, 1)
        return [top, said, *(self._curve(width, room) if view.is_curve else self._map(width, room))]

    def _curve(self, width: int, height: int) -> list[Row]:
        curve = self._view.curve(self._theory)
        lines = _BELOW - (curve.theory is None)
        return curve_rows(curve, width, max(height - lines + 1, 1), self.glyphs, self._view.cursor[0])

    def _map(self, width: int, height: int) -> list[Row]:
        view = self._view
        across, up = view.words()
        limits = (0.0, 1.0) if view.value == "success" else None
        values = np.asarray(view.map.values)
        picture = MapPicture(values, across, up, (view.x, view.y or "", view.value), limits)
        return map_view(picture, view.cursor, width, height, self.glyphs)
