"""What a drawing is made of: rows of segments, each a piece of text and the role it plays.

A role says what is drawn, never how: the app maps roles to colours of its theme, a test looks at the
roles themselves.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple, get_args

Role = Literal[
    "text",  # ordinary text and empty space
    "strong",  # a heading or a value that matters
    "dim",  # explanations, units
    "axis",  # axis lines, ticks and their labels
    "curve",  # the loss of the present run up to the cursor
    "future",  # what is solved already but lies ahead of the cursor
    "frozen",  # a run kept for comparison: the first of them
    "frozen2",  # the second, and so on
    "frozen3",
    "frozen4",
    "frozen5",
    "frozen6",
    "plateau",  # a stretch of the run on which little moves in the loss
    "escape",  # a stretch on which it falls
    "mark",  # a vertical mark: now, an event
    "level",  # a horizontal mark: the loss of a plateau
    "theory",  # what the theory predicts beforehand
    "forecast",  # what is foreseen from the state on show
    "shade",  # the ground under a plateau
    "positive",  # a neuron with positive output weight
    "negative",  # a neuron with negative output weight
    "still",  # a neuron whose output weight is zero
    "ray",  # a data point
    "cursor",  # whatever the cursor is on
    "good",  # reached its goal
    "error",  # went wrong
    "key",  # a key to press
]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
#: the roles of runs kept for comparison, in their order
FROZEN: Final[tuple[Role, ...]] = ("frozen", "frozen2", "frozen3", "frozen4", "frozen5", "frozen6")
#: between two entries of a list in a row
_GAP: Final = "   "


class Segment(NamedTuple):
    """A piece of text on one row, and its role."""

    text: str
    role: Role


Row = list[Segment]


def plain(row: Row) -> str:
    """The text of a row without its roles."""
    return "".join(segment.text for segment in row)


def fit(row: Row, width: int) -> Row:
    """The row cut or padded with spaces to exactly ``width`` cells."""
    fitted: Row = []
    left = max(width, 0)
    for text, role in row:
        if left <= 0:
            break
        fitted.append(Segment(text[:left], role))
        left -= len(fitted[-1].text)
    if left > 0:
        fitted.append(Segment(" " * left, "text"))
    return fitted


def wrap(row: Row, width: int, indent: int) -> list[Row]:
    """The row on as many rows of ``width`` cells as it needs, broken at blanks, the later ones indented."""
    cells, rows = spread(row), []
    blank = [Segment(" ", "text")]
    while len(cells) > width > indent:
        at = next((at for at in range(width, indent, -1) if cells[at].text == " "), width)
        rows.append(joined(cells[:at]))
        rest = cells[at:]
        while rest and rest[0].text == " ":
            rest = rest[1:]
        if not rest:
            return rows
        cells = blank * indent + rest
    return [*rows, joined(cells)]


def listed(head: Row, entries: Sequence[Row], width: int, ellipsis: str) -> Row:
    """The head and behind it as many entries as fit in ``width`` cells, and how many more there are: "+3".

    The first entry is cut rather than left out.
    """
    row, left = [*head], width - _extent(head)
    for i, entry in enumerate(entries):
        gap = _GAP if i else ""
        more = f"{_GAP}+{len(entries) - i - 1}" if i + 1 < len(entries) else ""
        if i and len(gap) + _extent(entry) + len(more) > left:
            return [*row, Segment(f"{_GAP}+{len(entries) - i}", "dim")]
        if not i and _extent(entry) + len(more) > left:
            entry = [*fit(entry, left - len(more) - len(ellipsis)), Segment(ellipsis, "dim")]
        row += [Segment(gap, "dim"), *entry] if gap else entry
        left -= len(gap) + _extent(entry)
    return row


def _extent(row: Row) -> int:
    return sum(len(segment.text) for segment in row)


def spread(row: Row) -> list[Segment]:
    """A row as one segment a cell."""
    return [Segment(sign, role) for text, role in row for sign in text]


def joined(cells: Iterable[Segment]) -> Row:
    """Neighbours of the same role as one segment."""
    row: Row = []
    for text, role in cells:
        if row and row[-1].role == role:
            row[-1] = Segment(row[-1].text + text, role)
        else:
            row.append(Segment(text, role))
    return row


def put(row: Row, column: int, text: str, role: Role) -> Row:
    """The row with ``text`` written over it from ``column`` on; what sticks out on either side is lost."""
    start, end = max(column, 0), column + len(text)
    if start >= end:
        return row
    written: Row = []
    at = 0
    for segment in row:
        after = at + len(segment.text)
        if after <= start or at >= end:
            written.append(segment)
        else:
            if at < start:
                written.append(Segment(segment.text[: start - at], segment.role))
            if at <= start:
                written.append(Segment(text[start - column :], role))
            if after > end:
                written.append(Segment(segment.text[end - at :], segment.role))
        at = after
    return fit(written, at) if end > at else written
