"""The neurons as lines of text, for as many of them as are on screen."""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.observe.neurons import NeuronTable
from reluflow.plot.cells import Role, Row, Segment, fit, plain
from reluflow.plot.glyphs import Glyphs

_GAP: Final = "  "
_NORM: Final = 8
_ANGLE: Final = 7
_SIGN: Final = 4


def header_row(last: int, samples: int, meaning: str, width: int) -> Row:
    """The heads of the columns; ``last`` is the largest neuron number, ``meaning`` what the angle is."""
    number = "#".rjust(_number_width(last))
    heads = (number, "sign", "norm".rjust(_NORM), "angle".rjust(_ANGLE), f"active on samples 1-{samples}")
    row = [Segment(_GAP.join(heads), "axis")]
    explained = [*row, Segment(f"{_GAP}(angle {meaning})", "dim")]
    return fit(explained if len(plain(explained)) <= width else row, width)


def neuron_row(
    table: NeuronTable, place: int, number: int, last: int, width: int, glyphs: Glyphs, chosen: bool
) -> Row:
    """Row ``place`` of the table as the line of neuron ``number``, ``width`` cells wide."""
    sign, role = _sign(int(table.sign[place]), glyphs)
    norm = norm_text(float(table.log10_norm[place])).rjust(_NORM)
    angle = _angle_text(float(table.angle[place]), glyphs).rjust(_ANGLE)
    start = str(number).rjust(_number_width(last)) + _GAP
    left = width - len(start) - _SIGN - _NORM - _ANGLE - 3 * len(_GAP)
    active = active_text(table.active[place], left, glyphs)
    if chosen:
        return fit([Segment(_GAP.join((start + sign, norm, angle, active)).ljust(width), "cursor")], width)
    numbers = _GAP + norm + _GAP + angle + _GAP
    row = [Segment(start, "dim"), Segment(sign, role), Segment(numbers, "text"), Segment(active, "ray")]
    return fit(row, width)


def norm_text(log10_norm: float) -> str:
    """1.34e-06 from its logarithm, below the smallest float too; 0 for -inf."""
    if not math.isfinite(log10_norm):
        return "0" if log10_norm < 0 else "?"
    exponent = math.floor(log10_norm)
    mantissa = 10.0 ** (log10_norm - exponent)
    if mantissa >= 9.995:
        mantissa, exponent = 1.0, exponent + 1
    return f"{mantissa:.2f}e{exponent:+03d}"


def active_text(active: npt.NDArray[np.bool_], width: int, glyphs: Glyphs) -> str:
    """A mark for each sample (n,); when they do not fit, their number first and as many marks as do."""
    marks = "".join(glyphs.active if on else glyphs.inactive for on in active)
    if len(marks) <= width:
        return marks
    count = f"{int(active.sum())}/{active.size} "
    room = width - len(count) - 1
    return count + marks[:room] + glyphs.ellipsis if room > 0 else count[: max(width, 0)]


def _sign(sign: int, glyphs: Glyphs) -> tuple[str, Role]:
    if sign > 0:
        return f"{glyphs.positive} +".ljust(_SIGN), "positive"
    if sign < 0:
        return f"{glyphs.negative} -".ljust(_SIGN), "negative"
    return f"{glyphs.still} 0".ljust(_SIGN), "still"


def _angle_text(angle: float, glyphs: Glyphs) -> str:
    return f"{angle:.1f}{glyphs.degree}" if math.isfinite(angle) else "-"


def _number_width(last: int) -> int:
    return max(len(str(last)), 2)
