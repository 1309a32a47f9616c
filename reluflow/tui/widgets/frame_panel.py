"""The base of the panels that can have the focus; a mark shows it, not colour alone."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from reluflow.plot.cells import Row, Segment
from reluflow.tui.widgets.rows_panel import RowsPanel


class FramePanel(RowsPanel, can_focus=True):
    """Rows under a heading, which is marked while the panel has the focus.

    ``KEPT``: the attributes that hold what the user chose to see, each with the values it may have; what
    ``choices`` tells outlives the app (see ``reluflow.tui.view_choices``).
    """

    KEPT: ClassVar[Mapping[str, Sequence[Any]]] = {}

    def finished_rows(self, width: int, height: int) -> Sequence[Row]:
        rows = list(self.make_rows(width, height))
        if self.has_focus and rows and rows[0]:
            mark, title, *rest = rows[0]
            rows[0] = [
                Segment(mark.text.replace(self.glyphs.horizontal, self.glyphs.focus), "key"),
                title,
                *rest,
            ]
        return rows

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.redraw()

    def choices(self) -> dict[str, Any]:
        """The user's choices as plain values by name."""
        return {name: getattr(self, name) for name in self.KEPT}

    def adopt(self, choices: Mapping[str, Any]) -> None:
        """Take choices back and draw anew; a value that is none of those offered is left out."""
        for name, offered in self.KEPT.items():
            wanted = choices.get(name)
            if any(type(wanted) is type(value) and wanted == value for value in offered):
                setattr(self, name, wanted)
        self.redraw()
