"""The footer shows the most important keys."""

from collections.abc import Sequence

from reluflow.plot.cells import Row, Segment
from reluflow.plot.glyphs import Glyphs
from reluflow.tui.actions import ACTIONS, Action
from reluflow.tui.bindings import footer_actions
from reluflow.tui.panel_keys import FIELD_HINTS
from reluflow.tui.widgets.rows_panel import RowsPanel


class KeyFooter(RowsPanel):
    """As many keys of the registry as fit, or the hints for a field while one is edited."""

    def __init__(self, glyphs: Glyphs, actions: Sequence[Action] = ACTIONS, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self._actions = actions
        self._editing = False

    def set_editing(self, editing: bool) -> None:
        """Whether a field of the parameters has the focus."""
        if editing != self._editing:
            self._editing = editing
            self.redraw()

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        row: Row = []
        for key, word in FIELD_HINTS if self._editing else footer_actions(width - 1, self._actions):
            row += [Segment(f" {key}", "key"), Segment(f" {word}", "dim")]
        return [row]
