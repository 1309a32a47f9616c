"""For losses of labels: how far the labels are from being missed, over time."""

import numpy as np
from matplotlib.axes import Axes

from reluflow.errors import ReluflowError
from reluflow.figures.choices import Clock
from reluflow.figures.look import GUIDE, legend_above
from reluflow.figures.scales import time_axis
from reluflow.figures.shown import series_of, units
from reluflow.store.run_record import RunRecord

_NAMES = {"margin": "margin", "smoothed_margin": "smoothed margin", "accuracy": "accuracy"}


def margins(axes: Axes, run: RunRecord, clock: Clock = "log") -> None:
    """The normalised margin, smoothed and not, and the share of labels that are met, over flow time.

    The smoothed margin is left out below 0, where it may be of any size. Raises ReluflowError for a loss that
    is not one of labels.
    """
    series = series_of(run)
    if not all(name in series for name in _NAMES):
        raise ReluflowError(
            f"{run.path}: the loss is {run.preset.values['solver.loss']}; margins expect one of labels, "
            "logistic or exponential"
        )
    unit, words = units(run, clock)
    for name, label in _NAMES.items():
        values = np.asarray(series[name])
        shown = np.where(values >= 0.0, values, np.nan) if name == "smoothed_margin" else values
        axes.plot(series["t"] / unit, shown, label=label)
    axes.set_ylabel("margin, accuracy")
    if np.nanmin(series["margin"], initial=0.0) < 0.0:
        axes.axhline(0.0, color=GUIDE, linewidth=0.6, zorder=0)
    else:
        axes.set_ylim(bottom=0.0)
    time_axis(axes, clock, words)
    legend_above(axes, 2)
