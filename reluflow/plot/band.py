"""The whole run as a band of phases, with the cursor on it."""

from collections.abc import Callable, Sequence
from typing import Final

from reluflow.plot.axes import Tick
from reluflow.plot.cells import Role, Row, Segment, fit, put
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.phases import Plateau, escape_at, plateau_at

#: Shortest band that says something.
LEAST: Final = 8


def band_row(
    plateaus: Sequence[Plateau],
    time_of: Callable[[float], float],
    share: float,
    width: int,
    glyphs: Glyphs,
) -> Row:
    """``width`` cells of the run: plateaus shaded and named, escapes bright, the cursor at ``share``.

    ``time_of`` gives the flow time at a share in [0, 1] of the band, increasing.
    """
    if width < LEAST:
        return fit([], width)
    kinds = [_kind(plateaus, time_of((x + 0.5) / width)) for x in range(width)]
    for plateau in plateaus:
        # An escape that is shorter than a cell is still to be seen.
        if plateau.escape is not None:
            kinds[_cell_of(plateau.escape, time_of, width)] = "escape"
    row: Row = [Segment(_mark(kind, glyphs), kind) for kind in kinds]
    row = _joined(row)
    for plateau in plateaus:
        cells = [x for x in range(width) if plateau_at([plateau], time_of((x + 0.5) / width))]
        if len(cells) >= len(plateau.name):
            row = put(row, (cells[0] + cells[-1] + 1 - len(plateau.name)) // 2, plateau.name, "level")
    return put(row, cell_at(share, width), glyphs.band_cursor, "cursor")


def ticks_row(ticks: Sequence[Tick], share_of: Callable[[float], float], width: int) -> Row:
    """Labels of flow times below the band, as many as have room; ``share_of`` places a time on it."""
    row = fit([], width)
    free = 0
    for tick in ticks:
        start = min(max(cell_at(share_of(tick.at), width) - len(tick.label) // 2, 0), width - len(tick.label))
        if start >= free:
            row = put(row, start, tick.label, "axis")
            free = start + len(tick.label) + 2
    return row


def cell_at(share: float, width: int) -> int:
    """The cell of a share of the band."""
    return min(max(int(share * width), 0), width - 1)


def _kind(plateaus: Sequence[Plateau], t: float) -> Role:
    if plateau_at(plateaus, t) is not None:
        return "plateau"
    return "escape" if escape_at(plateaus, t) is not None else "axis"


def _cell_of(t: float, time_of: Callable[[float], float], width: int) -> int:
    """The cell in which a time lies, by bisection of the increasing ``time_of``."""
    low, high = 0, width - 1
    while low < high:
        middle = (low + high + 1) // 2
        if time_of(middle / width) <= t:
            low = middle
        else:
            high = middle - 1
    return low


def _mark(kind: Role, glyphs: Glyphs) -> str:
    return {"plateau": glyphs.plateau, "escape": glyphs.escape}.get(kind, glyphs.horizontal)


def _joined(row: Row) -> Row:
    joined: Row = []
    for text, role in row:
        if joined and joined[-1].role == role:
            joined[-1] = Segment(joined[-1].text + text, role)
        else:
            joined.append(Segment(text, role))
    return joined
