"""The loss over time as something to draw: log10 of the loss against linear or logarithmic time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reluflow.network import Array
from reluflow.plot.axes import Limits, sticky_decades, sticky_time
from reluflow.plot.settings import LOSS_PICTURE


@dataclass(frozen=True)
class Curve:
    """What can be drawn of a recorded series: ``x`` (k,) sorted, ``low`` and ``high`` (k,).

    ``x`` is flow time, or its log10. ``low`` and ``high`` are the extremes of the loss around each row, or
    their log10.
    """

    x: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class LossAxes:
    """Limits of both axes in plotted units: time and loss, or their log10. ``unit`` of flow time.

    ``whole``: whether they show all that there is, and not a window on it.
    """

    log_time: bool
    time: Limits
    loss: Limits
    log_loss: bool = True
    unit: float = 1.0
    whole: bool = True

    def place(self, t: float) -> float | None:
        """A flow time in the units of the axis, None if it has no place there."""
        if not self.log_time:
            return t / self.unit
        return float(np.log10(t / self.unit)) if t > 0.0 else None

    def time_of(self, place: float) -> float:
        """The flow time of a place on the axis."""
        return self.unit * (float(10.0**place) if self.log_time else place)

    def loss_of(self, height: float) -> float:
        """The loss of a height on the axis."""
        return float(10.0**height) if self.log_loss else height

    def height(self, loss: float) -> float | None:
        """A loss in the units of the axis, None if it has no place there."""
        if not self.log_loss:
            return loss
        return float(np.log10(loss)) if loss > 0.0 else None


def curve_of(
    series: Mapping[str, Array],
    log_time: bool,
    log_loss: bool = True,
    unit: float = 1.0,
    begun: float = 0.0,
    column: str = "loss",
) -> Curve:
    """The finite, positive part of a series with columns t, loss and (if there) loss_low, loss_high.

    ``column``: another one in place of the loss. ``unit``: how much flow time counts as one. ``begun``: when
    it began, in the time of the axis.
    """
    t = (np.asarray(series["t"], dtype=np.float64) + begun) / unit
    loss = np.asarray(series[column], dtype=np.float64)
    low = np.asarray(series.get(f"{column}_low", loss), dtype=np.float64)
    high = np.asarray(series.get(f"{column}_high", loss), dtype=np.float64)
    fine = np.isfinite(t) & np.isfinite(high) & (high > 0.0)
    fine &= (t > 0.0) if log_time else (t >= 0.0)
    t, low, high = t[fine], low[fine], high[fine]
    # A loss of exactly zero has no logarithm; the row is then drawn at its other end.
    low = np.where(np.isfinite(low) & (low > 0.0), np.minimum(low, high), high)
    order = np.argsort(t, kind="stable")
    x = np.log10(t[order]) if log_time else t[order]
    low, high = low[order], high[order]
    return Curve(x, np.log10(low), np.log10(high)) if log_loss else Curve(x, low, high)


def fit_axes(
    previous: LossAxes | None,
    curve: Curve,
    log_time: bool,
    *,
    log_loss: bool = True,
    floor: float | None = None,
    until: float | None = None,
    reach: float = 0.0,
    unit: float = 1.0,
    others: Sequence[Curve] = (),
    decades: float = LOSS_PICTURE.time_decades,
) -> LossAxes:
    """Axes that show the curve and the ``others``: the previous axes as long as they do.

    ``floor``: a loss below which a logarithmic axis need not reach; ``until``: a time after which the axis
    of time need not; ``reach``: a time that it shows in any case. Both are flow times, of which ``unit`` make
    one on the axis and in the curves. ``decades``: of time, shown at most.
    """
    kind = (log_time, log_loss, unit)
    if previous is not None and (previous.log_time, previous.log_loss, previous.unit) != kind:
        previous = None
    curve = _together([curve, *others])
    if curve.x.size == 0:
        return previous or LossAxes(log_time, (0.0, 1.0), (-1.0, 0.0) if log_loss else (0.0, 1.0), *kind[1:])
    last = float(curve.x[-1])
    if until is not None and until > 0.0:
        last = min(last, float(np.log10(until / unit)) if log_time else until / unit)
    if reach > 0.0:
        last = max(last, float(np.log10(reach / unit)) if log_time else reach / unit)
    time = sticky_time(previous.time if previous and not log_time else None, last)
    if log_time:
        first = max(float(curve.x[0]), last - decades)
        time = sticky_decades(previous.time if previous else None, first, last)
        time = (max(time[0], time[1] - decades), time[1])
    inside = max(int(np.searchsorted(curve.x, time[1], side="right")), 1)
    bottom, top = float(curve.low[:inside].min()), float(curve.high[:inside].max())
    held = previous.loss if previous else None
    if not log_loss:
        return LossAxes(log_time, time, sticky_time(held, top), *kind[1:])
    if floor is not None and floor > 0.0:
        bottom = min(max(bottom, float(np.log10(floor))), top)
    return LossAxes(log_time, time, sticky_decades(held, bottom, top), *kind[1:])


def time_limit(axes: LossAxes) -> float:
    """The largest flow time on the axes."""
    return axes.time_of(axes.time[1])


def decimate(curve: Curve, limits: Limits, columns: int) -> tuple[Array, Array]:
    """At most two points a column that keep every extreme: places in [0, 1] and log10 losses.

    Points left of the limits are left out but for the last one, which is moved to the edge so that
    the curve enters the panel.
    """
    begin = max(int(np.searchsorted(curve.x, limits[0], side="right")) - 1, 0)
    end = int(np.searchsorted(curve.x, limits[1], side="right"))
    x, low, high = curve.x[begin:end], curve.low[begin:end], curve.high[begin:end]
    if x.size == 0:
        return np.empty(0), np.empty(0)
    place = np.clip((x - limits[0]) / (limits[1] - limits[0]), 0.0, 1.0)
    column = np.floor(place * max(columns - 1, 1) + 0.5)
    starts = np.flatnonzero(np.diff(column, prepend=-1.0))
    ends = np.append(starts[1:], x.size) - 1
    tops, bottoms = np.maximum.reduceat(high, starts), np.minimum.reduceat(low, starts)
    rising = high[ends] > high[starts]
    pairs = np.stack([np.where(rising, bottoms, tops), np.where(rising, tops, bottoms)], axis=1)
    return np.repeat(place[starts], 2), pairs.ravel()


def _together(curves: Sequence[Curve]) -> Curve:
    """All points of several curves, in the order of time."""
    if len(curves) == 1:
        return curves[0]
    x, low, high = (
        np.concatenate([getattr(curve, part) for curve in curves]) for part in ("x", "low", "high")
    )
    order = np.argsort(x, kind="stable")
    return Curve(x[order], low[order], high[order])
