"""Limits that stay put, ticks at round numbers and labels that stay short.

Logarithmic axes are linear axes of log10: an axis never sees anything else, only its labels differ.
"""

import math
from dataclasses import dataclass
from typing import Final

from reluflow.plot.settings import CHART

Limits = tuple[float, float]


#: Decades of a logarithmic axis below which its ticks are those of a linear one.
_SHORT: Final = 0.9

_ROUND: Final = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0)


@dataclass(frozen=True)
class Tick:
    """A place on an axis and what is written there."""

    at: float
    label: str


def round_up(value: float) -> float:
    """The smallest of 1, 1.25, ... 8, 10 times a power of ten that is at least ``value`` > 0."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in _ROUND if step * power >= value * (1.0 - 1e-12))


def sticky_time(previous: Limits | None, last: float) -> Limits:
    """Limits of linear time from 0: kept until ``last`` leaves them, then grown to a round number."""
    if previous is not None and last <= previous[1]:
        return previous
    # Below 1e-290 the steps between the numbers are too coarse to be rounded.
    return (0.0, round_up(1.05 * last) if 1e-290 < last < 1e290 else max(last, 1e-290))


def sticky_decades(previous: Limits | None, low: float, high: float) -> Limits:
    """Limits of a log10 axis, whole decades, at least one; kept while ``low`` and ``high`` fit, then grown.

    Downwards it grows by larger steps the longer it is, so that a loss that falls for ever changes its
    axis seldom; upwards, where things come to rest, by single decades.
    """
    if previous is None:
        bottom, top = math.floor(low), math.ceil(high)
        return (float(min(bottom, top - 1)), float(top))
    bottom_now, top_now = previous
    step = _decade_step(max(high, top_now) - min(low, bottom_now), 6)
    if low < bottom_now:
        bottom_now = math.floor(low / step) * step
    if high > top_now:
        top_now = math.ceil(high)
    return (float(bottom_now), float(top_now))


def linear_ticks(limits: Limits, most: int) -> list[Tick]:
    """About ``most`` ticks at round numbers, ``most`` + 1 at the outside.

    None at all where the limits are no interval, so close that floats cannot tell its parts apart, or so far
    apart that floats end there.
    """
    low, high = limits
    least = max(1e-12 * max(abs(low), abs(high)), 1e-290)
    if not least < high - low < CHART.longest or most < 1:
        return []
    step = _linear_step((high - low) / most)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    # as many digits as tell one from the next
    digits = math.ceil(math.log10(max(abs(low), abs(high)) / step)) + 1
    return [Tick(index * step, short(index * step, digits)) for index in range(first, last + 1)]


def decade_ticks(limits: Limits, most: int) -> list[Tick]:
    """About ``most`` ticks of a log10 axis: whole decades, with 2 and 5 between where there is room.

    Within less than a decade they are at round numbers, evenly spaced.
    """
    low, high = limits
    if not high > low or most < 1:
        return []
    if high - low < _SHORT and low > -300.0 and high < 300.0:
        return [Tick(math.log10(tick.at), tick.label) for tick in linear_ticks((10.0**low, 10.0**high), most)]
    for parts in ((1, 2, 5), (1, 3)):
        ticks = _within_decades(limits, parts)
        if len(ticks) <= most and high - low <= 2.0:
            return ticks
    step = _decade_step(high - low, most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [Tick(float(e), power_of_ten(e)) for e in (index * step for index in range(first, last + 1))]


def _within_decades(limits: Limits, parts: tuple[int, ...]) -> list[Tick]:
    low, high = limits
    ticks = []
    for exponent in range(math.floor(low), math.floor(high) + 1):
        for part in parts:
            at = exponent + math.log10(part)
            if low - 1e-9 <= at <= high + 1e-9:
                ticks.append(Tick(at, _digit(part, exponent)))
    return ticks


def _linear_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(s * power for s in (1.0, 2.0, 5.0, 10.0, 20.0) if s * power >= least * (1.0 - 1e-9))


def _decade_step(span: float, most: int) -> int:
    for step in (1, 2, 5, 10, 20, 50, 100, 200):
        if span / step <= most:
            return step
    return 500


def power_of_ten(exponent: int) -> str:
    """1000 to 0.01 written out, 1e-3 and beyond in short."""
    return _digit(1, exponent)


def _digit(digit: int, exponent: int) -> str:
    if -2 <= exponent <= 3:
        return f"{digit * 10.0**exponent:g}"
    return f"{digit}e{exponent}"


def short(value: float, digits: int = 1) -> str:
    """A number in at most seven characters or so: 12.5, 0.04, 3e-9, 1.25e6; more if ``digits`` are wanted.

    A dash where there is none.
    """
    if not math.isfinite(value):
        return "-"
    if value == 0.0:
        return "0"
    if 1e-2 <= abs(value) < 1e5:
        return f"{value:.{max(5, digits)}g}"
    mantissa, _, exponent = f"{value:.{max(2, digits - 1)}e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
