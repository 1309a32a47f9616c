"""Plateaus of a loss curve, the saddles behind them, and the escapes between.

What the flow lets fall is read: with weight decay the objective, since the loss rises again where weights
shrink after a fit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reluflow.network import Array
from reluflow.observe.series import OBJECTIVE


@dataclass(frozen=True)
class PlateauRules:
    """How plateaus are told from a loss curve, and how their escapes are read."""

    #: width in ln(loss) of the levels on which dwelling times are compared
    level: float = 0.02
    #: times that a plateau's level is held longer than the fastest later one
    contrast: float = 8.0
    #: difference of ln(loss), at most, between levels of one plateau, which may still be settling
    same: float = 0.1
    #: share of a run that did not converge, for which a level is held that is where the run ended
    last_share: float = 0.3
    #: share of the first loss below which a long step of a fit says nothing of levels: the dense output
    #: inside of it is exact to about 1e-11 of the targets, the network at its end to rounding
    resolved: float = 1e-20
    #: shares of the fall of the loss still ahead between which the rate of an escape is read
    rate_ranges: tuple[tuple[float, float], ...] = ((0.96, 0.25), (0.999, 0.02))


PLATEAUS: Final = PlateauRules()


@dataclass(frozen=True)
class Saddle:
    """A plateau of the loss.

    ``start``, ``end``: flow times of the escapes that bound it (0 and None at the ends of the run). An
    escape's time is where three quarters of the drop are done: there one escaping bundle of neurons has
    half of its final mass sum a_j |w_j|, since L - L_next is proportional to (1 - mass/final)^2.
    ``loss``: its level. ``escape_rate``: the rate at which the norms of the escaping neurons grow, half
    the rate of ln(mass); None if the run never left it or recorded nothing of it.
    """

    start: float
    end: float | None
    loss: float
    escape_rate: float | None


def escapes_of(saddles: Sequence[Saddle]) -> list[float]:
    """The flow times of the escapes: the ends of the saddles that were left."""
    return [saddle.end for saddle in saddles if saddle.end is not None]


def find_saddles(series: Mapping[str, Array], settled: bool = True) -> list[Saddle]:
    """Saddles in a recorded series (``t``, ``loss``, any ``objective``), in the order they were met.

    ``settled``: whether the run ended because its loss got small enough; if not, a level held at the very
    end counts as a plateau that was never left.
    """
    held = held_levels(series, settled)
    if OBJECTIVE not in series:
        return held
    return [replace(saddle, loss=_loss_at(series, saddle)) for saddle in held]


def falling(series: Mapping[str, Array]) -> Array:
    """What the flow lets fall (k,), never above what it was before."""
    found: Array = np.minimum.accumulate(np.asarray(series[OBJECTIVE if OBJECTIVE in series else "loss"]))
    return found


def _loss_at(series: Mapping[str, Array], saddle: Saddle) -> float:
    """The loss in the middle of the time for which the objective of a plateau is held, or at its end."""
    t, loss = np.asarray(series["t"]), np.asarray(series["loss"])
    if saddle.end is None:
        return float(loss[-1])
    with np.errstate(divide="ignore"):
        off = np.abs(np.log(falling(series) / saddle.loss))
    near = t[off <= max(1.5 * PLATEAUS.level, np.min(off))]
    return float(np.interp(0.5 * (near[0] + near[-1]), t, loss))


def held_levels(series: Mapping[str, Array], settled: bool = True) -> list[Saddle]:
    """The same, with the levels of what falls, the loss or the objective, in place of losses."""
    t, loss = np.asarray(series["t"]), falling(series)
    later = np.diff(t, prepend=-np.inf) > 0.0
    usable = later & np.isfinite(loss) & (loss > 0.0)
    if np.count_nonzero(usable) < 3:
        return []
    recorded = t[usable], loss[usable]
    t, log_loss = refine(recorded[0], np.log(recorded[1]))
    loss = np.minimum.accumulate(np.exp(log_loss))
    levels = [level for level in _plateau_levels(t, np.log(loss)) if level > PLATEAUS.resolved * loss[0]]
    ends_there = not settled and _held_at_end(t, loss)
    if ends_there and (not levels or _fell_to_its_end(t, np.log(loss / levels[-1]))):
        levels.append(float(loss[-1]))
    after = [*levels[1:], float(loss[-1])] if levels else []
    saddles: list[Saddle] = []
    start = 0.0
    for i, (level, following) in enumerate(zip(levels, after, strict=True)):
        if ends_there and i == len(levels) - 1:
            saddles.append(Saddle(start, None, level, None))
            break
        end = _time_at(t, loss, following + 0.25 * (level - following))
        # the rate is fitted to what was recorded: between few points the curve bends it
        rate = _escape_rate(*recorded, level, following)
        saddles.append(Saddle(start, end, level, rate))
        start = end
    return saddles


def _plateau_levels(t: Array, log_loss: Array) -> list[float]:
    """Loss levels that are held long in comparison with the fastest fall after them."""
    fallen = log_loss[0] - log_loss
    edges = np.arange(0.0, fallen[-1], PLATEAUS.level)
    if edges.size < 3:
        return []
    # first time at which the loss has fallen by each edge
    dwell = np.diff(np.interp(edges, fallen + 1e-12 * np.arange(fallen.size), t))
    fastest_later = np.minimum.accumulate(dwell[::-1])[::-1]
    long = dwell > PLATEAUS.contrast * fastest_later
    peaks: list[int] = []
    for i in np.flatnonzero(long):
        lowest = float(np.min(dwell[peaks[-1] : i + 1])) if peaks else 0.0
        if peaks and (
            i - peaks[-1] <= PLATEAUS.same / PLATEAUS.level or dwell[i] < PLATEAUS.contrast * lowest
        ):
            # the same plateau still settling, or the slope down from it
            if dwell[i] > dwell[peaks[-1]]:
                peaks[-1] = int(i)
        else:
            peaks.append(int(i))
    longest = max((dwell[i] for i in peaks), default=0.0)
    return [_level(t, log_loss, edges[i]) for i in peaks if dwell[i] > longest / 200.0]


def _level(t: Array, log_loss: Array, fallen: float) -> float:
    """The loss in the middle of the time spent about a level."""
    inside = np.flatnonzero(np.abs(log_loss[0] - fallen - log_loss) <= 1.5 * PLATEAUS.level)
    if inside.size == 0:  # in a series of few rows the level lies between two of them
        return float(np.exp(log_loss[0] - fallen))
    middle = 0.5 * (t[inside[0]] + t[inside[-1]])
    return float(np.exp(np.interp(middle, t, log_loss)))


def _held_at_end(t: Array, loss: Array) -> bool:
    since = t[-1] - PLATEAUS.last_share * (t[-1] - t[0])
    return bool(np.interp(since, t, loss) <= loss[-1] * (1.0 + PLATEAUS.level))


def _fell_to_its_end(t: Array, log_loss: Array) -> bool:
    """Whether the level that is held at the end is another one than the last before, at which ln(loss) is 0.

    It is if it is far below, and if the way there was short beside the time for which the end is held: a
    plateau that is still settling takes its time.
    """
    if log_loss[-1] < -PLATEAUS.same:
        return True
    left = t[np.flatnonzero(log_loss > -PLATEAUS.level)[-1]]
    there = t[np.argmax(log_loss <= log_loss[-1] + PLATEAUS.level)]
    apart = log_loss[-1] < -2.0 * PLATEAUS.level
    return bool(apart and PLATEAUS.contrast * (there - left) < t[-1] - there)


def _time_at(t: Array, loss: Array, level: float) -> float:
    """First time at which the loss is down to a level, linear in the time of ln(loss)."""
    i = int(np.argmax(loss <= level))
    if i == 0:
        return float(t[0])
    high, low = np.log(loss[i - 1]), np.log(loss[i])
    return float(t[i - 1] + (t[i] - t[i - 1]) * (high - np.log(level)) / (high - low))


def _escape_rate(t: Array, loss: Array, level: float, following: float) -> float | None:
    """Half the slope of the logit of mass / final mass over the first half of the escape.

    One bundle's mass u is logistic, d logit(u / u_final) / dt = 2 gamma, and L falls from ``level`` to
    ``following`` as (1 - u / u_final)^2. Where too few points are recorded there, from the next wider range.
    """
    left = (loss - following) / (level - following)
    for most, least in PLATEAUS.rate_ranges:
        inside = (left < most) & (left > least)
        if np.count_nonzero(inside) >= 2:
            mass = 1.0 - np.sqrt(left[inside])
            slope = np.polyfit(t[inside] - t[inside][0], np.log(mass / (1.0 - mass)), 1)[0]
            return float(0.5 * slope)
    return None


def refine(t: Array, values: Array, pieces: int = 8) -> tuple[Array, Array]:
    """``pieces`` points an interval on the monotone cubic through (t, values), both (k,), t increasing.

    Slopes are the weighted harmonic means of Fritsch and Butland 1984: the curve rises and falls
    only where the points do, so that a plateau stays one. Fewer than three points come back as they are.
    """
    if t.size < 3:
        return t, values
    widths = np.diff(t)
    chords = np.diff(values) / widths
    slopes = np.zeros_like(values)
    same = chords[:-1] * chords[1:] > 0.0
    left, right = widths[:-1] + 2.0 * widths[1:], 2.0 * widths[:-1] + widths[1:]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        harmonic = (left + right) / (left / chords[:-1] + right / chords[1:])
    slopes[1:-1] = np.where(same, harmonic, 0.0)
    slopes[0], slopes[-1] = chords[0], chords[-1]
    share = np.arange(pieces) / pieces
    rest = 1.0 - share
    fine_t = t[:-1, None] + widths[:, None] * share
    fine = (
        rest**2 * (1.0 + 2.0 * share) * values[:-1, None]
        + rest**2 * share * (widths * slopes[:-1])[:, None]
        + share**2 * (3.0 - 2.0 * share) * values[1:, None]
        - share**2 * rest * (widths * slopes[1:])[:, None]
    )
    return np.append(fine_t.ravel(), t[-1]), np.append(fine.ravel(), values[-1])
