"""The tab bar names the panels where there is room for one only."""

from collections.abc import Sequence

from textual import events

from reluflow.plot.cells import Row, Segment
from reluflow.plot.glyphs import Glyphs
from reluflow.tui.arrangement import PANELS, TITLES, Panel
from reluflow.tui.messages import PanelChosen
from reluflow.tui.widgets.rows_panel import RowsPanel


class TabBar(RowsPanel):
    """One tab a panel with the key that opens it; the one on screen stands in brackets."""

    def __init__(self, glyphs: Glyphs, keys: Sequence[str], *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self._keys = keys
        self._panel: Panel = PANELS[0]
        self._ends: list[int] = []

    def show(self, panel: Panel) -> None:
        """Mark the panel that is on screen."""
        if panel != self._panel:
            self._panel = panel
            self.redraw()

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        row: Row = []
        self._ends = []
        for panel, key in zip(PANELS, self._keys, strict=True):
            here = panel == self._panel
            before, after = ("[", "]") if here else (" ", " ")
            row += [
                Segment(f"{before}{key}", "cursor" if here else "key"),
                Segment(f" {TITLES[panel]}{after}", "cursor" if here else "text"),
                Segment(" ", "text"),
            ]
            self._ends.append(sum(len(segment.text) for segment in row))
        return [row]

    def on_click(self, event: events.Click) -> None:
        panel = next((panel for panel, end in zip(PANELS, self._ends, strict=False) if event.x < end), None)
        if panel is not None:
            self.post_message(PanelChosen(panel))
