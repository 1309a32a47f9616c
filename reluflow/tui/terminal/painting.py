"""A screen that renders only widgets with changes, and writes only cells that have changed.

Textual (8.2) renders, for each frame, every widget inside the rectangle around all changes. The status line
at the top and the timeline at the foot change with every frame, so that the rectangle is the whole screen,
with a field of the parameters on each line. Here only widgets with changes are rendered; Textual does not
paint the others either. Textual writes each line from the left end of a changed widget on; here it is written
from the first changed cell on.
"""

from collections.abc import Iterable

from rich.console import Console
from textual.geometry import Region
from textual.widget import Widget

from reluflow.tui.terminal.private import ChopsUpdate, OpenCompositor, OpenScreen

#: the first column in which something changed on a line, and the one past the last
_Lines = dict[int, tuple[int, int]]


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


class _Painter(OpenCompositor):
    """Leaves widgets out of a partial update that have no part in it."""

    _changed: _Lines | None = None

    def render_partial_update(self) -> ChopsUpdate | None:
        # where the edges of widgets cut the lines is found once for a layout, and from all of them
        if self.cuts:
            self._changed = _lines(self.dirty_regions)
        try:
            update = super().render_partial_update()
        finally:
            self._changed = None
        return update and SpansUpdate(update.chops, update.spans, update.chop_ends)

    @property
    def visible_widgets(self) -> dict[Widget, tuple[Region, Region]]:
        widgets = super().visible_widgets
        changed = self._changed
        if changed is None:
            return widgets
        return {
            widget: place
            for widget, place in widgets.items()
            if _touches(place[0].intersection(place[1]), changed)
        }


class PaintedScreen(OpenScreen):
    """The screen of the panels."""

    def __init__(self) -> None:
        super().__init__(_Painter(), id="_default")


def _lines(regions: Iterable[Region]) -> _Lines:
    lines: _Lines = {}
    for region in regions:
        for y in region.line_range:
            begin, end = lines.get(y, region.column_span)
            lines[y] = min(begin, region.x), max(end, region.right)
    return lines


def _touches(place: Region, changed: _Lines) -> bool:
    for y in place.line_range:
        span = changed.get(y)
        if span is not None and span[0] < place.right and place.x < span[1]:
            return True
    return False
