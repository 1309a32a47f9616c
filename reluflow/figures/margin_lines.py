"""For losses of labels: how far the labels are from being missed, over time."""

import numpy as np
from matplotlib.axes import Axes

from reluflow.errors import ReluflowError
from reluflow.figures.choices import Clock
from reluflow.figures.look import legend_above
from reluflow.figures.scales import time_axis
from reluflow.figures.shown import series_of, units
from reluflow.store.run_record import RunRecord

_NAMES = {"margin": "margin", "smoothed_margin": "smoothed margin", "accuracy": "accuracy"}


def margins(axes: Axes, run: RunRecord, clock: Clock = "log") -> None:
    """The normalised margin, smoothed and not, and the share of labels that are met, over flow time.

    A margin below 0 is left out, as the smoothed one has no value then. Raises ReluflowError for a loss that
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
        axes.plot(series["t"] / unit, np.where(values >= 0.0, values, np.nan), label=label)
    axes.set_ylabel("margin, accuracy")
    axes.set_ylim(bottom=0.0)
    time_axis(axes, clock, words)
    legend_above(axes, 2)
