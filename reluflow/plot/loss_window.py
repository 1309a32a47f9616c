"""A window on the loss: a part of its axes, moved and made narrower or wider, and the curve inside of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from reluflow.network import Array
from reluflow.plot.axes import Limits, round_up
from reluflow.plot.loss_curve import Curve, LossAxes

Axis = Literal["time", "loss"]

#: A curve that changes by less than this share of itself is drawn as a straight line.
_FLATTEST: Final = 1e-7
#: The limits of a fitted axis are multiples of this part of what is drawn.
_STEPS: Final = 5.0
#: Axes are not fitted to losses above: numbers end there.
_LARGEST: Final = 1e300
_ENDS: Final[tuple[tuple[int, Literal["left", "right"]], ...]] = ((0, "left"), (-1, "right"))
#: A window is at least as wide as this share of its larger end, or so many decades: numbers end there.
NARROWEST: Final = 1e-9


@dataclass(frozen=True)
class Window:
    """Flow times and losses between which the loss is shown, None on an axis that is shown whole.

    As they are times and losses the window stays where it is if the axes become logarithmic.
    """

    time: Limits | None = None
    loss: Limits | None = None

    @property
    def is_whole(self) -> bool:
        """Whether both axes are shown whole."""
        return self.time is None and self.loss is None

    def within(self, whole: LossAxes, curves: Sequence[Curve]) -> LossAxes:
        """The axes of the window; ``whole`` are those without it.

        Where only times are chosen the axis of the loss fits what the curves do between them.
        """
        if self.is_whole:
            return whole
        time = whole.time
        if self.time is not None:
            time = _ordered(whole.place(self.time[0]), whole.place(self.time[1]), time)
        if self.loss is not None:
            loss = _ordered(whole.height(self.loss[0]), whole.height(self.loss[1]), whole.loss)
        else:
            loss = _fitted([part_of(curve, time) for curve in curves], whole)
        return replace(whole, time=time, loss=loss, whole=False)

    def zoomed(
        self, shown: LossAxes, whole: LossAxes, axis: Axis, factor: float, share: float = 0.5
    ) -> "Window":
        """A window ``factor`` times as wide; what is at ``share`` of it from its lower end stays there.

        ``shown``: its axes so far.
        """
        low, high = _limits(shown, axis)
        at = low + share * (high - low)
        low, high = at + factor * (low - at), at + factor * (high - at)
        logarithmic = whole.log_time if axis == "time" else whole.log_loss
        too_narrow = high - low < NARROWEST * _size((low, high), logarithmic)
        return self if too_narrow else self._with(whole, axis, (low, high))

    def moved(self, shown: LossAxes, whole: LossAxes, axis: Axis, share: float) -> "Window":
        """A window further on by a share of its width, as far as the axis goes."""
        (low, high), ends = _limits(shown, axis), _limits(whole, axis)
        by = share * (high - low)
        by = min(by, max(ends[1] - high, 0.0)) if by > 0.0 else max(by, min(ends[0] - low, 0.0))
        return self._with(whole, axis, (low + by, high + by)) if by else self

    def _with(self, whole: LossAxes, axis: Axis, wanted: Limits) -> "Window":
        """With other limits in the units of the axes, moved to where these are; None for all of an axis."""
        ends, width = _limits(whole, axis), wanted[1] - wanted[0]
        low = max(min(wanted[0], ends[1] - width), ends[0])
        cut = None if width >= (1.0 - NARROWEST) * (ends[1] - ends[0]) else (low, low + width)
        if axis == "time":
            return replace(self, time=cut and (whole.time_of(cut[0]), whole.time_of(cut[1])))
        return replace(self, loss=cut and (whole.loss_of(cut[0]), whole.loss_of(cut[1])))


def part_of(curve: Curve, limits: Limits) -> Curve:
    """The part of a curve between two places on the axis of time; it ends at them, on straight lines."""
    if curve.x.size == 0:
        return curve
    inside = (curve.x >= limits[0]) & (curve.x <= limits[1])
    ends = [end for end in limits if curve.x[0] < end < curve.x[-1]]
    before = [end for end in ends if end == limits[0]]
    after = [end for end in ends if end == limits[1]]

    def along(values: Array) -> Array:
        at = [np.interp(each, curve.x, values) for each in (before, after)]
        return np.concatenate([at[0], values[inside], at[1]])

    return Curve(along(curve.x), along(curve.low), along(curve.high))


def refined(series: Mapping[str, Array], t: Array, loss: Array) -> dict[str, Array]:
    """A series with other rows (k,) in the place of those that it has from the first to the last of them."""
    first, last = (int(np.searchsorted(series["t"], t[end], side=side)) for end, side in _ENDS)
    losses = ("loss", "loss_low", "loss_high")
    return {
        name: np.concatenate([series[name][:first], t if name == "t" else loss, series[name][last:]])
        for name in ("t", *(name for name in losses if name in series))
    }


def _ordered(low: float | None, high: float | None, whole: Limits) -> Limits:
    """Limits of an axis; an end that has no place on it, such as the logarithm of 0, is the axis's own."""
    low, high = whole[0] if low is None else low, whole[1] if high is None else high
    return (low, high) if low < high else whole


def _fitted(parts: Sequence[Curve], whole: LossAxes) -> Limits:
    """Round limits around all that is drawn, but not below the axis where a part is above its end."""
    parts = [part for part in parts if part.x.size]
    if not parts:
        return whole.loss
    low, high = min(float(part.low.min()) for part in parts), max(float(part.high.max()) for part in parts)
    if high > _LARGEST:
        return whole.loss
    low = max(low, whole.loss[0]) if high > whole.loss[0] else low
    step = round_up(max(high - low, _FLATTEST * _size((low, high), whole.log_loss)) / _STEPS)
    first, last = np.floor(low / step), np.ceil(high / step)
    return float(first * step), float(max(last, first + 1.0) * step)


def _size(limits: Limits, logarithmic: bool) -> float:
    """What a width is measured by: the larger of the numbers, or one decade if that is more."""
    return max(abs(limits[0]), abs(limits[1]), 1.0 if logarithmic else 1e-280)


def _limits(axes: LossAxes, axis: Axis) -> Limits:
    return axes.time if axis == "time" else axes.loss
