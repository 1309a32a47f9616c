"""The neurons as lines of text, for as many of them as are on screen."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.observe.neurons import CONDITIONS, NeuronTable
from reluflow.observe.roster import Column, Sorting
from reluflow.plot.cells import Role, Row, Segment, fit, plain
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.settings import PAGE

_GAP: Final = "  "
#: cells of each column but the first; numbers stand at the right of theirs
_WIDTHS: Final[dict[Column, int]] = {
    "sign": 4,
    "norm": 8,
    "angle": 7,
    "growth": 8,
    "state": 7,
    "group": 11,
}
#: head of the column of growth with weight decay, which is taken off there
NET_GROWTH: Final = "G-decay"
_RIGHT: Final = ("#", "norm", "angle", "growth")
#: columns that are there however narrow the panel, and those that follow where there is room, in this order
_ALWAYS: Final[tuple[Column, ...]] = ("#", "sign", "norm", "angle")
_ROOMY: Final[tuple[Column, ...]] = ("state", "growth", "group")
_STATE_ROLES: Final[dict[str, Role]] = {"live": "text", "sliding": "level", "dead": "dim"}


@dataclass(frozen=True)
class Layout:
    """The columns that fit in ``width`` cells, and how wide the first one is."""

    columns: tuple[Column, ...]
    number: int
    width: int

    @classmethod
    def of(cls, neurons: int, samples: int, width: int) -> "Layout":
        """For a table of so many neurons and samples."""
        number = max(len(str(max(neurons - 1, 0))), 2)
        columns = list(_ALWAYS)
        room = width - min(samples, PAGE.least_marks) - len(_GAP)
        for column in _ROOMY:
            wide = number + sum(_WIDTHS[one] + len(_GAP) for one in [*columns[1:], column])
            if wide <= room:
                columns.append(column)
        order: tuple[Column, ...] = ("#", "sign", "norm", "angle", "growth", "state", "group")
        return cls(tuple(column for column in order if column in columns), number, width)

    def cell(self, column: Column, text: str) -> str:
        """A text in its column."""
        wide = self.number if column == "#" else _WIDTHS[column]
        return text.rjust(wide) if column in _RIGHT else text.ljust(wide)

    @property
    def marks(self) -> int:
        """Cells left for the marks of the samples."""
        taken = self.number + sum(_WIDTHS[column] + len(_GAP) for column in self.columns[1:])
        return self.width - taken - len(_GAP)


@dataclass(frozen=True)
class Line:
    """One line: row ``place`` of a table; ``number`` of the neuron, ``group`` what is said of its cluster."""

    place: int
    number: int
    group: str
    chosen: bool


def header_row(
    layout: Layout, sorting: Sorting, samples: int, meaning: str, glyphs: Glyphs, decays: bool = False
) -> Row:
    """The heads of the columns, the one that is sorted by marked; ``meaning``: what the angle is, if told.

    ``decays``: whether there is weight decay.
    """
    row: Row = []
    for column in layout.columns:
        head: str = NET_GROWTH if column == "growth" and decays else column
        sorted_by = column == sorting.column
        if sorted_by:
            head += glyphs.down if sorting.descending else glyphs.up
        row += [Segment(layout.cell(column, head), "key" if sorted_by else "axis"), Segment(_GAP, "axis")]
    heads = (f"active on samples 1-{samples}", f"samples 1-{samples}", "samples")
    row.append(Segment(next((head for head in heads if len(head) <= layout.marks), ""), "axis"))
    explained = [*row, Segment(f"{_GAP}(angle {meaning})", "dim")]
    return fit(explained if meaning and len(plain(explained)) <= layout.width else row, layout.width)


def neuron_row(table: NeuronTable, line: Line, layout: Layout, glyphs: Glyphs) -> Row:
    """The line of a neuron, as wide as the layout."""
    row: Row = []
    for column in layout.columns:
        text, role = _cell(table, line, column, glyphs)
        row += [Segment(layout.cell(column, text), role), Segment(_GAP, "text")]
    marks = active_text(table.active[line.place], table.sliding[line.place], layout.marks, glyphs)
    row.append(Segment(marks, "ray"))
    if line.chosen:
        return fit([Segment(plain(row).ljust(layout.width), "cursor")], layout.width)
    return fit(row, layout.width)


def _cell(table: NeuronTable, line: Line, column: Column, glyphs: Glyphs) -> tuple[str, Role]:
    place = line.place
    if column == "#":
        return str(line.number), "dim"
    if column == "sign":
        return sign_text(int(table.sign[place]), glyphs)
    if column == "norm":
        return norm_text(float(table.log10_norm[place])), "text"
    if column == "angle":
        return _angle_text(float(table.angle[place]), glyphs), "text"
    if column == "growth":
        return growth_text(float(table.growth[place])), "text"
    if column == "state":
        word = CONDITIONS[int(table.condition[place])]
        return word, _STATE_ROLES[word]
    return line.group, "dim"


def norm_text(log10_norm: float) -> str:
    """1.34e-06 from its logarithm, below the smallest float too; 0 for -inf."""
    if not math.isfinite(log10_norm):
        return "0" if log10_norm < 0 else "?"
    exponent = math.floor(log10_norm)
    mantissa = 10.0 ** (log10_norm - exponent)
    if mantissa >= 9.995:
        mantissa, exponent = 1.0, exponent + 1
    return f"{mantissa:.2f}e{exponent:+03d}"


def growth_text(rate: float) -> str:
    """+0.356, -1.2e-5; a dash where there is none."""
    if not math.isfinite(rate):
        return "-"
    if rate == 0.0 or 1e-3 <= abs(rate) < 999.5:
        return f"{rate + 0.0:+.3g}" if rate else "0"
    mantissa, _, exponent = f"{rate:+.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def active_text(
    active: npt.NDArray[np.bool_], sliding: npt.NDArray[np.bool_], width: int, glyphs: Glyphs
) -> str:
    """A mark for each sample (n,): active, slid along, or neither.

    When they do not fit, how many are active first and as many marks as do.
    """
    count = f"{int(active.sum()):>{len(str(active.size))}}/{active.size} "
    room = active.size if active.size <= width else width - len(count) - 1
    shown = zip(active[: max(room, 0)], sliding[: max(room, 0)], strict=True)
    marks = "".join(
        glyphs.active if on else glyphs.sliding if held else glyphs.inactive for on, held in shown
    )
    if active.size <= width:
        return marks
    return count + marks + glyphs.ellipsis if room > 0 else count[: max(width, 0)]


def sign_text(sign: int, glyphs: Glyphs) -> tuple[str, Role]:
    """The mark of a neuron by the sign of its output weight, the sign, and the role of both."""
    if sign > 0:
        return f"{glyphs.positive} +", "positive"
    if sign < 0:
        return f"{glyphs.negative} -", "negative"
    return f"{glyphs.still} 0", "still"


def _angle_text(angle: float, glyphs: Glyphs) -> str:
    return f"{angle:.1f}{glyphs.degree}" if math.isfinite(angle) else "-"
