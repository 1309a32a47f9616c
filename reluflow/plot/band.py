"""The whole run as a band of phases, with the cursor on it."""

from collections.abc import Callable, Sequence

import numpy as np

from reluflow.network import Array
from reluflow.plot.axes import Tick
from reluflow.plot.cells import Role, Row, Segment, fit, joined, plain, put
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.phases import Plateau, escape_at, plateau_at
from reluflow.plot.settings import PHASES


def band_row(
    plateaus: Sequence[Plateau],
    event_times: Array,
    times_of: Callable[[Array], Array],
    width: int,
    glyphs: Glyphs,
) -> Row:
    """``width`` cells of the run: plateaus shaded and named, escapes bright, cells with events ticked.

    ``times_of`` gives the flow times at shares in [0, 1] of the band, increasing, ``event_times`` (k,) too.
    """
    if width < PHASES.band:
        return fit([], width)
    middles = times_of((np.arange(width) + 0.5) / width).tolist()
    kinds = [_kind(plateaus, t) for t in middles]
    edges = times_of(np.arange(width + 1) / width)
    for plateau in plateaus:
        # An escape that is shorter than a cell is still to be seen.
        if plateau.escape is not None:
            kinds[_cell_of(plateau.escape, edges)] = "escape"
    earlier = np.searchsorted(event_times, edges)
    earlier[-1] = event_times.size
    ticked = (np.diff(earlier) > 0).tolist()
    row = joined([Segment(_mark(kind, on, glyphs), kind) for kind, on in zip(kinds, ticked, strict=True)])
    for plateau in plateaus:
        cells = [x for x, t in enumerate(middles) if plateau_at([plateau], t)]
        if len(cells) >= len(plateau.name):
            row = put(row, (cells[0] + cells[-1] + 1 - len(plateau.name)) // 2, plateau.name, "level")
    return row


def with_band_cursor(band: Row, share: float, glyphs: Glyphs) -> Row:
    """The band with the cursor at a share of it."""
    width = len(plain(band))
    return put(band, cell_at(share, width), glyphs.band_cursor, "cursor") if width >= PHASES.band else band


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


def _cell_of(t: float, edges: Array) -> int:
    """The cell in which a time lies, from the times (width + 1,) between which cells are."""
    return min(max(int(np.searchsorted(edges, t, side="right")) - 1, 0), edges.size - 2)


def _mark(kind: Role, ticked: bool, glyphs: Glyphs) -> str:
    plain_mark, ticked_mark = {
        "plateau": (glyphs.plateau, glyphs.plateau_event),
        "escape": (glyphs.escape, glyphs.escape_event),
    }.get(kind, (glyphs.horizontal, glyphs.event))
    return ticked_mark if ticked else plain_mark
