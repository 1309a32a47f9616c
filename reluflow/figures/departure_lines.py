"""How far a network has gone from its start, over time: what tells rich training from lazy."""

import numpy as np
from matplotlib.axes import Axes

from reluflow.figures.choices import Clock
from reluflow.figures.look import legend_above
from reluflow.figures.scales import logarithmic_height, time_axis
from reluflow.figures.shown import stacked, units
from reluflow.flow.base import State
from reluflow.observe.departure import departure
from reluflow.store.run_record import RunRecord

_NAMES = {
    "kernel_distance": "kernel",
    "activation_distance": "activations",
    "parameter_distance": "parameters",
}


def departures(axes: Axes, run: RunRecord, clock: Clock = "time") -> None:
    """Distances of kernel, activations and parameters from the start, over flow time, of all states kept."""
    unit, words = units(run, clock)
    times, weights, outputs = stacked(run)
    found = [departure(State(*each), run.problem) for each in zip(times, weights, outputs, strict=True)]
    for name, label in _NAMES.items():
        values = np.array([each[name] for each in found])
        axes.plot(times / unit, np.where(values > 0.0, values, np.nan), label=label)
    axes.set_ylabel("distance from the start")
    logarithmic_height(axes)
    time_axis(axes, clock, words)
    legend_above(axes, 3)
