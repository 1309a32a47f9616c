"""Axes and legends that keep what is written on them apart."""

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.ticker import LogFormatterSciNotation, MaxNLocator

from reluflow.figures.choices import Clock
from reluflow.figures.look import legend_above
from reluflow.network import Array

_Place = Literal["lower left", "upper right", "lower right", "upper left", "center right", "center left"]

#: numbers beside a logarithmic axis that are written out where it spans less than this factor
_FEW_DECADES: Final = 100.0
_WRITTEN_OUT: Final = (1e-3, 1e4)
#: flow times from here on have so many digits that the usual number of them would touch
_LONG_TIME: Final = 1e4
#: what a legend covers of the axes: across besides its words and a character, up besides its lines and a line
_LEGEND_ACROSS: Final = (0.17, 0.02)
_LEGEND_UP: Final = (0.06, 0.09)
#: points of a line that a legend is kept from, and how far above its plateau a name stands
_POINTS: Final = 400
_ABOVE: Final = 0.04
#: entries of a legend that may cover a line where there is no room: above the axes they would take as much
_FEW: Final = 2
#: letters of the longest entry up to which one, two and three stand beside each other
_ABREAST: Final = (1000, 18, 8)
#: where a legend may stand, the first first
_PLACES: Final[tuple[_Place, ...]] = (
    "lower left",
    "upper right",
    "lower right",
    "upper left",
    "center right",
    "center left",
)


class _Decades(LogFormatterSciNotation):
    """0.4 instead of 4 x 10^-1 where not even two decades are shown."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        told: str = super().__call__(x, pos)
        if self.axis is None:
            return told
        low, high = sorted(self.axis.get_view_interval())
        if told and 0.0 < low < high < _FEW_DECADES * low and _WRITTEN_OUT[0] <= x < _WRITTEN_OUT[1]:
            return f"{x:g}"
        return told


def logarithmic_height(axes: Axes) -> None:
    """Make the vertical axis one of logarithms."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(_Decades())
    axes.yaxis.set_minor_formatter(_Decades(labelOnlyBase=False))


def time_axis(axes: Axes, clock: Clock, words: str) -> None:
    """Flow time along the horizontal axis, after all that is drawn over it; ``words`` stand below."""
    axes.set_xlabel(words)
    if clock == "log":
        axes.set_xscale("log")
    elif axes.get_xlim()[1] >= _LONG_TIME:
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        axes.ticklabel_format(axis="x", style="sci", scilimits=(-3, 5), useMathText=True)


def place_legend(axes: Axes) -> None:
    """A legend at the first place where it covers none of the lines that are drawn, else above the axes.

    The place is found at once, not when the figure is drawn, so that nothing that moves later moves it.
    """
    _, labels = axes.get_legend_handles_labels()
    width = _LEGEND_ACROSS[0] + _LEGEND_ACROSS[1] * max(map(len, labels))
    height = _LEGEND_UP[0] + _LEGEND_UP[1] * len(labels)
    places = _drawn(axes)

    def covered(place: _Place) -> int:
        up, _, across = place.partition(" ")
        low = {"lower": 0.0, "center": 0.5 * (1.0 - height), "upper": 1.0 - height}[up]
        left = 0.0 if across == "left" else 1.0 - width
        inside = (places >= (left, low)) & (places <= (left + width, low + height))
        return int(np.count_nonzero(np.all(inside, axis=1)))

    place = min(_PLACES, key=covered)
    if covered(place) and len(labels) > _FEW:
        legend_above(axes, _abreast(labels))
    else:
        axes.legend(loc=place, handlelength=1.0 if len(labels) == 1 else None)


def _drawn(axes: Axes) -> Array:
    """Points (k, 2) of the axes, from 0 to 1, where lines and the names at them are, close to each other."""
    to_axes = axes.transScale + axes.transLimits
    found = []
    for line in axes.lines:
        if line.get_transform() == axes.transData:
            points = to_axes.transform(np.column_stack(line.get_data()).astype(float))
            points = points[np.all(np.isfinite(points), axis=1)]
            if len(points) > 1 and line.get_linestyle() != "None":
                length = np.cumsum(np.hypot(*np.diff(points, axis=0, prepend=points[:1]).T))
                even = np.linspace(0.0, length[-1], _POINTS)
                points = np.column_stack([np.interp(even, length, each) for each in points.T])
            found.append(points)
    names = [each for each in axes.texts if isinstance(each, Annotation)]
    ends = axes.get_xlim()[1]
    for each in names:
        height = to_axes.transform((ends, each.xy[1]))[1]
        found.append(np.array([[each.xy[0], height + _ABOVE]]))
    return np.concatenate(found)


def rows_above(axes: Axes) -> int:
    """How many rows the legend above the axes has, 0 for none there."""
    legend = axes.get_legend()
    if legend is None or legend.get_bbox_to_anchor().width > 0.0:
        return 0
    labels = [text.get_text() for text in legend.get_texts()]
    return -(-len(labels) // _abreast(labels))


def _abreast(labels: Sequence[str]) -> int:
    longest = max(map(len, labels))
    return max(sum(longest <= letters for letters in _ABREAST), 1)
