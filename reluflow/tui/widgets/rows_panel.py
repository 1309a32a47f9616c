"""The base of the panels that are drawn as rows; only rows that have changed are painted."""

from collections.abc import Sequence
from typing import Final

from rich.segment import Segment as RichSegment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from reluflow.errors import escaped
from reluflow.plot.cells import ROLES, Role, Row, Segment, fit
from reluflow.plot.glyphs import Glyphs

#: the styles of the theme for the roles of segments, see ``explorer.tcss``
ROLE_CLASSES: Final = frozenset(f"rows--{role}" for role in ROLES)


class RowsPanel(Widget):
    """Rows of segments in the theme's colours.

    A subclass gives ``make_rows``; whoever changes what it shows calls ``redraw``. Every segment gets an
    explicit style, because textual cannot grey one without under NO_COLOR. The app has the ``ROLE_CLASSES``
    among its component classes: if every panel had them, Textual would style a node for each role in each
    panel at the start, which takes a quarter of it.
    """

    ALLOW_SELECT = False

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.glyphs = glyphs
        self._rows: list[Row] = []
        self._strips: dict[int, Strip] = {}
        self._styles: dict[Role, Style] = {}
        self._made_for = Size(0, 0)

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        """The rows to show in ``width`` x ``height`` cells."""
        raise NotImplementedError

    def finished_rows(self, width: int, height: int) -> Sequence[Row]:
        """The rows as they go on screen: a kind of panel may have something to add to all of its own."""
        return self.make_rows(width, height)

    def redraw(self) -> None:
        """Make the rows anew and repaint the cells that differ from what is on screen."""
        if not self.is_mounted:
            return
        changed = self._make()
        if changed:
            self.refresh(*changed)

    def _make(self) -> list[Region]:
        """Make the rows for the present size; returns what changed, one piece a row."""
        width, height = self._made_for = self.size
        rows: list[Row] = []
        if width > 0 and height > 0:
            rows = [fit(shown(row), width) for row in self.finished_rows(width, height)][:height]
        rows += [fit([], width)] * (height - len(rows))
        old, self._rows = self._rows, rows
        for y in range(height, len(old)):
            self._strips.pop(y, None)  # else what a larger terminal showed is kept for ever
        changed = []
        for y in range(height):
            begin, end = (0, width) if y >= len(old) else difference(old[y], rows[y])
            if end > begin:
                self._strips.pop(y, None)
                changed.append(Region(begin, y, end - begin, 1))
        return changed

    def render_line(self, y: int) -> Strip:
        if self._made_for != self.size:
            # A layout is painted before the widgets hear of it.
            self._make()
        strip = self._strips.get(y)
        if strip is None:
            row = self._rows[y] if y < len(self._rows) else fit([], self.size.width)
            strip = self._strips[y] = self._strip(row)
        return strip

    def _strip(self, row: Row) -> Strip:
        segments = [RichSegment(text, self._style(role)) for text, role in row if text]
        length = sum(len(segment.text) for segment in segments)
        return Strip(segments, length).crop(0, max(length, self.size.width) and self.size.width)

    def _style(self, role: Role) -> Style:
        style = self._styles.get(role)
        if style is None:
            styles = self.app.get_component_styles(f"rows--{role}")
            ground = self.background_colors[1] + styles.background
            ink = ground.get_contrast_text(styles.color.a) if styles.auto_color else styles.color
            colours = Style.from_color((ground + ink).rich_color, ground.rich_color)
            style = self._styles[role] = styles.text_style + colours
        return style

    def notify_style_update(self) -> None:
        self._strips.clear()
        self._styles.clear()
        super().notify_style_update()

    def on_resize(self, event: events.Resize) -> None:
        self._make()
        self.refresh()


def shown(row: Row) -> Row:
    """The row with what could steer the terminal escaped: before it is fitted, since that makes it longer."""
    if all(text.isprintable() for text, _ in row):
        return row
    return [Segment(escaped(text), role) for text, role in row]


def difference(old: Row, new: Row) -> tuple[int, int]:
    """The cells from the first to past the last that differ in two rows of a width; (0, 0) if none does."""
    first = _alike(old, new)
    last = _alike(old[:first:-1], new[:first:-1])
    before, after = (_cells(row[first : len(row) - last]) for row in (old, new))
    begin = sum(len(text) for text, _ in new[:first])
    if len(before) != len(after):
        return 0, sum(len(text) for text, _ in new)
    differ = [x for x, (one, other) in enumerate(zip(before, after, strict=True), begin) if one != other]
    return (differ[0], differ[-1] + 1) if differ else (0, 0)


def _alike(one: Row, other: Row) -> int:
    """The number of segments, from the first on, that two rows have in common."""
    count = 0
    for segment, counterpart in zip(one, other, strict=False):
        if segment != counterpart:
            break
        count += 1
    return count


def _cells(row: Row) -> list[tuple[str, Role]]:
    return [(sign, role) for text, role in row for sign in text]


def heading_with_keys(title: str, keys: str, width: int, glyphs: Glyphs) -> list[Row]:
    """The top of a page: its name on a rule and the keys on the right, or below where they would be cut."""
    top = heading(title, keys, width, glyphs)
    if any(keys in text for text, _ in top):
        return [top]
    return [heading(title, "", width, glyphs), [Segment(f"{keys} ".rjust(width), "dim")]]


def heading(title: str, detail: str | Sequence[str], width: int, glyphs: Glyphs) -> Row:
    """The top row of a panel: its name on a rule, and on the right what is shown in it.

    Of several details, the longest first, it is the first that fits; only the last one is cut.
    """
    start = f"{glyphs.horizontal} "
    room = width - len(start) - len(title) - 4
    forms = (detail,) if isinstance(detail, str) else detail
    detail = next((each for each in forms if len(each) <= room), forms[-1])
    if len(detail) > room:
        detail = detail[: room - 1] + glyphs.ellipsis if room > 8 else ""
    end = f" {detail} {glyphs.horizontal}" if detail else ""
    rule = glyphs.horizontal * max(width - len(start) - len(title) - 1 - len(end), 0)
    return [
        Segment(start, "axis"),
        Segment(title, "strong"),
        Segment(f" {rule}", "axis"),
        Segment(end.removesuffix(glyphs.horizontal), "dim"),
        Segment(glyphs.horizontal if detail else "", "axis"),
    ]
