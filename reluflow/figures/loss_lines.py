"""The loss over time: of one run with its plateaus and what the theory predicts, or of several."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from reluflow.figures.choices import Clock
from reluflow.figures.look import GUIDE, THEORY, again, ink
from reluflow.figures.scales import logarithmic_height, place_legend, time_axis
from reluflow.figures.shown import (
    history_of,
    labels,
    landmarks_of,
    require_time,
    series_of,
    units,
    whole,
)
from reluflow.network import Array
from reluflow.observe.plateaus import Saddle, find_saddles, refine
from reluflow.observe.series import HELD_OUT_LOSS, OBJECTIVE
from reluflow.store.run_record import Curve, RunRecord

#: shares of the width of the axes between two names of plateaus
_APART = 0.045
#: difference of ln(loss) up to which a loss is about that of a plateau
_ABOUT = 0.1
#: from so many rows on, lines between them are as good as a curve
_MANY = 4000
#: columns that are drawn beside the loss of a single run, and their names
_BESIDE = {HELD_OUT_LOSS: "held out", OBJECTIVE: "objective"}


def loss(
    axes: Axes,
    runs: RunRecord | Sequence[Curve],
    clock: Clock = "time",
    *,
    log: bool = True,
    plateaus: bool = True,
    theory: bool = True,
    at: float | None = None,
) -> None:
    """The loss of one or several runs over flow time.

    ``clock``: "time", "log" or "scaled" (over ln(1/scale)); ``log``: of the loss. Of a single run the
    ``plateaus`` are named S1, S2, ... and the escapes that the ``theory`` predicts of its start marked, with
    the loss at which they are; the loss on held-out samples and the objective with weight decay, if there are
    any, are drawn beside it. ``at``: a flow time of the first run at which a cursor stands; ReluflowError
    beyond its record.
    """
    several: list[Curve] = list(runs) if isinstance(runs, Sequence) else [runs]
    first = whole(several[0])
    if at is not None and first is not None:
        require_time(first, at)
    for number, (run, label) in enumerate(zip(several, labels(several), strict=True)):
        series = series_of(run)
        unit, words = units(run, clock)
        t, values = _curve(series, "loss")
        how = again(number) if t.size > 1 else {"marker": "o"}
        axes.plot(t / unit, values, label=label if len(several) > 1 else None, **how)
    names = {run.preset.values["solver.loss"] for run in several}
    axes.set_ylabel("loss" if len(names) > 1 else f"loss ({names.pop()})")
    if len(several) == 1:
        _beside(axes, several[0], units(several[0], clock)[0])
    _scales(axes, clock, log, max(series_of(run)["t"][-1] / units(run, clock)[0] for run in several))
    time_axis(axes, clock, words)
    if len(several) == 1 and first is not None and (plateaus or theory):
        _annotate(axes, first, clock, plateaus, theory)
    if axes.get_legend_handles_labels()[1]:
        place_legend(axes)
    if at is not None and first is not None:
        _cursor(axes, first, at / units(first, clock)[0], at)


def _curve(series: Mapping[str, Array], column: str) -> tuple[Array, Array]:
    """A column over time; where it has few rows, on the monotone cubic of its logarithm through them."""
    t, values = series["t"], series[column]
    later = np.diff(t, prepend=-np.inf) > 0.0
    if t.size > _MANY or not np.all(np.isfinite(values) & (values > 0.0)):
        return t, values
    fine_t, fine = refine(t[later], np.log(values[later]))
    return fine_t, np.exp(fine)


def _scales(axes: Axes, clock: Clock, log: bool, end: float) -> None:
    if log:
        logarithmic_height(axes)
        _at_least_a_decade(axes)
    if clock != "log":
        axes.set_xlim(0.0, 1.02 * end or 1.0)


def _beside(axes: Axes, run: Curve, unit: float) -> None:
    """The loss on held-out samples, and the objective, where they are recorded."""
    series = series_of(run)
    found = [(column, name) for column, name in _BESIDE.items() if column in series]
    if not found:
        return
    axes.lines[-1].set_label("trained on" if HELD_OUT_LOSS in series else "loss")
    for (column, name), style in zip(found, ("-", "--"), strict=False):
        t, values = _curve(series, column)
        axes.plot(t / unit, values, style, label=name)


def _at_least_a_decade(axes: Axes) -> None:
    """Fewer have no labels that can be told apart."""
    low, high = axes.get_ylim()
    if 0.0 < low < high < 10.0 * low:
        axes.set_ylim(low / 3.0, high * 3.0)


def _annotate(axes: Axes, run: RunRecord, clock: Clock, plateaus: bool, theory: bool) -> None:
    unit, _ = units(run, clock)
    if theory:
        _predictions(axes, run, unit)
    if plateaus:
        series = history_of(run).series
        _names(axes, find_saddles(series, settled=run.status == "converged"), series, unit)


def _predictions(axes: Axes, run: RunRecord, unit: float) -> None:
    found = landmarks_of(run)
    inside = [each for each in found.escapes if each.time <= history_of(run).end]
    for each in inside:
        axes.axvline(each.time / unit, color=GUIDE, linestyle=":", linewidth=0.7, zorder=0)
    if inside:
        axes.plot(
            [each.time / unit for each in inside],
            [each.at for each in inside],
            "o",
            color=THEORY,
            fillstyle="none",
            markeredgewidth=1.0,
            markersize=4.5,
            label=f"predicted escapes ({found.source})" if len(inside) > 1 else "predicted escape",
        )


def _names(axes: Axes, saddles: Sequence[Saddle], series: Mapping[str, Array], unit: float) -> None:
    """S1, S2, ... above the middle of the flat part of each plateau that is wide enough."""
    low, high = axes.get_xlim()
    last, to_axes = -np.inf, axes.transScale + axes.transLimits
    for number, saddle in enumerate(saddles, 1):
        flat = _flat(series, saddle)
        ends = [to_axes.transform((min(max(t / unit, low), high), saddle.loss))[0] for t in flat]
        middle = 0.5 * (ends[0] + ends[1])
        if middle - last < _APART:
            continue
        last = middle
        axes.annotate(
            f"S{number}",
            (middle, saddle.loss),
            xycoords=("axes fraction", "data"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize="small",
        )


def _flat(series: Mapping[str, Array], saddle: Saddle) -> tuple[float, float]:
    """Between which flow times the loss is about that of a plateau: what falls to it is left out."""
    used = series["loss"] > 0.0
    fallen = -np.minimum.accumulate(np.log(series["loss"][used]))
    level = -float(np.log(saddle.loss))
    reached = np.interp([level - _ABOUT, level + _ABOUT], fallen, series["t"][used])
    return float(reached[0]), float(reached[1])


def _cursor(axes: Axes, run: RunRecord, place: float, t: float) -> None:
    axes.axvline(place, color=GUIDE, linewidth=0.8, zorder=0)
    axes.plot([place], [history_of(run).loss_at(t)], "o", color=ink(), zorder=5)
