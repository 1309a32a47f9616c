"""The card above the timeline says what is seen and which key to press next."""

import textwrap
from collections.abc import Sequence

from textual import events

from reluflow.plot.cells import Row, Segment
from reluflow.plot.glyphs import Glyphs
from reluflow.tui.tour_cards import Card
from reluflow.tui.widgets.rows_panel import RowsPanel, heading


class TourCard(RowsPanel):
    """As high as its words need at the present width; not there without a card."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self.card: Card | None = None

    def on_mount(self) -> None:
        self.display = False

    def show(self, card: Card | None) -> None:
        """Put another card up, or none."""
        self.card = card
        self.display = card is not None
        self._fit(self.size.width or self.app.size.width - 2)
        self.redraw()

    def on_resize(self, event: events.Resize) -> None:
        self._fit(event.size.width)
        super().on_resize(event)

    def _fit(self, width: int) -> None:
        if self.card is not None and width > 0:
            self.styles.height = len(self._rows_for(self.card, width))

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        return [] if self.card is None else self._rows_for(self.card, width)

    def _rows_for(self, card: Card, width: int) -> list[Row]:
        rows: list[Row] = [heading(card.title, "", width, self.glyphs)]
        rows += [[Segment(line, "text")] for line in textwrap.wrap(card.seen, max(width, 20))]
        return [*rows, *self._keys(card, width)]

    def _keys(self, card: Card, width: int) -> list[Row]:
        """The keys, one after the other, on as many lines as they need."""
        rows: list[Row] = []
        for key, what in card.following:
            piece = [Segment(key, "key"), Segment(f" {what}" if key else what, "strong")]
            length = len(key) + len(what) + 1
            used = sum(len(segment.text) for segment in rows[-1]) if rows else width
            if rows and used + length + 3 <= width:
                rows[-1] += [Segment("   ", "text"), *piece]
            else:
                rows.append(piece)
        return rows
