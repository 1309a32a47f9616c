"""Norms and directions of all neurons over time."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from reluflow.errors import ReluflowError
from reluflow.figures.choices import Clock
from reluflow.figures.look import NEGATIVE, POSITIVE, legend_above
from reluflow.figures.scales import logarithmic_height, time_axis
from reluflow.figures.shown import stacked, units
from reluflow.flow.base import State
from reluflow.network import Array, row_norms
from reluflow.observe.neurons import TO_PULL, describe
from reluflow.observe.quantities import live
from reluflow.store.run_record import RunRecord

#: of more neurons than this, evenly spaced ones are drawn
MOST: int = 400


def norms(axes: Axes, run: RunRecord, clock: Clock = "time") -> None:
    """|w_j| of every neuron that saw a sample at the start, over flow time, by the sign of a_j."""
    _, weights, _ = stacked(run)
    _lines(axes, run, np.array([row_norms(each) for each in weights]), clock)
    logarithmic_height(axes)
    axes.set_ylabel(r"$|w_j|$")


def turning(axes: Axes, run: RunRecord, clock: Clock = "time") -> None:
    """The direction of every neuron that saw a sample at the start, in degrees, over flow time.

    With two input coordinates it is that of w_j itself, with more its angle to the sum of |y_k| x_k over the
    samples to which its sign pulls it.
    """
    times, weights, outputs = stacked(run)
    tables = [describe(State(*each), run.problem) for each in zip(times, weights, outputs, strict=True)]
    angles = np.array([table.angle for table in tables])
    pulled = tables[0].angle_meaning == TO_PULL
    if not pulled:
        angles = np.degrees(np.unwrap(np.radians(angles), axis=0))
        angles -= 360.0 * np.ceil((angles[-1] - 180.0) / 360.0 - 1e-6)  # the last of each in (-180, 180]
        axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 1.5, 3, 4.5, 9, 10]))
    _lines(axes, run, angles, clock)
    axes.set_ylabel("angle to its pull (°)" if pulled else "direction (°)")


def _lines(axes: Axes, run: RunRecord, values: Array, clock: Clock) -> None:
    """A line (k,) of each column of ``values`` (k, m)."""
    times, _, _ = stacked(run)
    problem = run.problem
    unit, words = units(run, clock)
    start = State(0.0, problem.weights, problem.output_weights)
    drawn = []
    for sign, (colour, dashes, _), label in ((1, POSITIVE, "$a_j > 0$"), (-1, NEGATIVE, "$a_j < 0$")):
        members = np.flatnonzero(live(start, problem, sign))
        members = members[:: max(-(-members.size // MOST), 1)]
        if not members.size:
            continue
        lines = [np.column_stack([times / unit, values[:, j]]) for j in members]
        alpha = float(np.clip(8.0 / members.size**0.5, 0.25, 0.9))
        axes.add_collection(
            LineCollection(lines, colors=colour, linestyles=[dashes], linewidths=0.7, alpha=alpha)
        )
        drawn.append(Line2D([], [], color=colour, linestyle=dashes, linewidth=1.0, label=label))
    if not drawn:
        raise ReluflowError(f"{run.path}: no neuron sees a sample at the start; expected one to be drawn")
    legend_above(axes, 2, handles=drawn)
    axes.autoscale_view()
    time_axis(axes, clock, words)
