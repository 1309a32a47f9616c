"""The panel of a range: a result over one number, with a cursor that goes from point to point."""

from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np
from textual.binding import BindingType

from reluflow.plot.axes import short
from reluflow.plot.cells import Row, Segment
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.range_picture import Part, RangeDrawing, RangePicture
from reluflow.sweep.ranging import RESULTS, Result
from reluflow.tui.panel_keys import bindings_of
from reluflow.tui.range_solving import RangeSolving
from reluflow.tui.typed_values import text_of
from reluflow.tui.widgets.rows_panel import RowsPanel, heading

_HINTS: Final = "left/right point  n other result  enter opens its run  h halts  esc leaves"
#: rows above the picture and below it
_AROUND: Final = 4


class RangePanel(RowsPanel, can_focus=True):
    """Draws a range as far as it is solved. ``present``: the number as the live run has it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("RangePanel")

    def __init__(self, solving: RangeSolving, present: float | None, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self._solving, self._present = solving, present
        self._result = 0
        x = solving.table.x
        #: the place of the cursor on the axis: first the nearest to the present value
        self.cursor = 0 if present is None else int(np.argmin(np.abs(x - present)))
        self._parts: tuple[Part, ...] = ()
        self._drawing: tuple[tuple[int, int], RangeDrawing] | None = None

    @property
    def result(self) -> Result:
        """What is drawn."""
        return RESULTS[self._result]

    @property
    def columns(self) -> list[str]:
        """The columns of what is drawn that any point has a value of."""
        values = self._solving.table.values
        return [part for part in self.result.parts if np.isfinite(values(part)).any()]

    def show(self) -> None:
        """Draw what has been solved in the meantime."""
        self._solving.take()
        self._draw_anew()

    def _draw_anew(self) -> None:
        self._drawing = None
        self.redraw()

    def action_move(self, by: int) -> None:
        self.cursor = min(max(self.cursor + by, 0), self._solving.table.x.size - 1)
        self.redraw()

    def action_turn(self, by: int) -> None:
        self._result = (self._result + by) % len(RESULTS)
        self._draw_anew()

    def on_mouse_scroll_down(self) -> None:
        self.action_move(1)

    def on_mouse_scroll_up(self) -> None:
        self.action_move(-1)

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        key = " = ".join(self._solving.study.grid.keys)
        top = heading(f"{self.result.name} over {key}", self._progress(), width, self.glyphs)
        size = (width, max(height - _AROUND, 1))
        if self._drawing is None or self._drawing[0] != size:
            self._parts = tuple(Part(*part) for part in self._solving.shown(self.result))
            self._drawing = size, RangeDrawing(self._picture(), *size, self.glyphs)
        picture = self._drawing[1].rows(self.cursor)
        return [top, *self._words(), *picture, [Segment(f" {_HINTS}", "dim")]]

    def _picture(self) -> RangePicture:
        table, parts = self._solving.table, self._parts
        known = np.zeros(table.x.size, dtype=bool)
        for part in parts:
            known |= np.isfinite(part.y)
        solved = np.zeros(table.x.size, dtype=bool)
        solved[table.solved] = True
        blank, name = solved & ~known & ~table.failed, self._solving.theory_name
        return RangePicture(table.x, parts, table.failed, blank, self._present, name)

    def _progress(self) -> str:
        solving, table = self._solving, self._solving.table
        solved, failed = len(table.solved), int(np.count_nonzero(table.failed))
        words = [f"{solved} of {table.x.size} points"]
        words += [f"{failed} without a result"] if failed else []
        if solved < table.x.size:
            words.append("solving" if solving.is_running else "halted, h goes on")
        return ", ".join(words)

    def _words(self) -> list[Row]:
        """The numbers of the point under the cursor, on two lines."""
        solving, number = self._solving, self.cursor
        row, value = solving.table.row(number), solving.study.grid.point(number)[0]
        head: Row = [Segment(f" {solving.study.grid.keys[0]} = {text_of(value)}", "strong")]
        if not row:
            return [head, [Segment(f" {solving.trouble or 'not solved yet'}", "dim")]]
        known = [(part.label, float(part.y[number])) for part in self._parts]
        numbers = [f"{label} {short(y)}" for label, y in known if np.isfinite(y)]
        head.append(Segment("   " + ("   ".join(numbers) or f"no {self.result.name}"), "text"))
        return [head, [Segment(f" {row['status']}: {row['reason']}", "dim")]]
