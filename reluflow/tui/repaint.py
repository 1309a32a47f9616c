"""Repainting no more than what changed: of the widgets, and of each row.

The app changes some cells in many rows ten times a second. Textual's compositor then asks every widget that
is on screen for its rows, the hundred of the form among them, and writes each row from the left end of its
widget. Here only widgets with a changed cell are asked, and a row is written from its first changed cell on.
"""

from typing import Any

from rich.console import Console
from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.screen import Screen
from textual.widget import Widget


class SpansUpdate(ChopsUpdate):
    """The changed cells, row by row."""

    def render_segments(self, console: Console) -> str:
        pieces: list[str] = []
        for y, first, last in self.spans:
            at = None
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                begin, until = max(x, first), min(end, last)
                if strip is None or begin >= until:
                    continue
                if at != begin:
                    pieces.append(f"\x1b[{y + 1};{begin + 1}H")
                part = strip if (begin, until) == (x, end) else strip.crop(begin - x, until - x)
                pieces.append(part.render(console))
                at = until
        return "".join(pieces)


class SpareCompositor(Compositor):
    """A compositor for screens of which little changes at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._changed: dict[int, tuple[int, int]] | None = None

    @property
    def visible_widgets(self) -> dict[Widget, tuple[Region, Region]]:
        """The widgets on screen; while a part is repainted, those in it."""
        every = super().visible_widgets
        if self._changed is None:
            return every
        return {widget: place for widget, place in every.items() if self._touches(place[0])}

    def render_partial_update(self) -> ChopsUpdate | None:
        _ = self.cuts  # made of all widgets when it is first asked for, and kept
        self._changed = _extents(self._dirty_regions)
        try:
            update = super().render_partial_update()
        finally:
            self._changed = None
        return update and SpansUpdate(update.chops, update.spans, update.chop_ends)

    def _touches(self, region: Region) -> bool:
        """Whether a widget's region may hold a changed cell."""
        assert self._changed is not None
        left, right = region.column_span
        for y in region.line_range:
            extent = self._changed.get(y)
            if extent is not None and extent[0] < right and left < extent[1]:
                return True
        return False


def _extents(regions: set[Region]) -> dict[int, tuple[int, int]]:
    """By row, from the first to past the last changed cell."""
    extents: dict[int, tuple[int, int]] = {}
    for region in regions:
        left, right = region.column_span
        for y in region.line_range:
            first, last = extents.get(y, (left, right))
            extents[y] = (min(first, left), max(last, right))
    return extents


class SpareScreen(Screen[Any]):
    """A screen with such a compositor."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._compositor = SpareCompositor()
