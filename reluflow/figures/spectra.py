"""Singular values of the hidden weights, what the first explain, and how the bundle nears its goal."""

import numpy as np
from matplotlib.axes import Axes

from reluflow.figures.choices import Clock
from reluflow.figures.look import legend_above
from reluflow.figures.scales import logarithmic_height, time_axis
from reluflow.figures.shown import history_of, stacked, units
from reluflow.network import Array
from reluflow.observe.columns import eigen_coordinates, groups
from reluflow.store.run_record import RunRecord

#: lines that are drawn and named
MOST: int = 6


def spectrum(axes: Axes, run: RunRecord, clock: Clock = "time") -> None:
    """The largest singular values of the hidden weights over flow time."""
    times, values = _singular(run)
    unit, words = units(run, clock)
    for k in range(min(values.shape[1], MOST)):
        axes.plot(times / unit, values[:, k], label=rf"$\sigma_{k + 1}$")
    axes.set_ylabel("singular values of $W$")
    logarithmic_height(axes)
    time_axis(axes, clock, words)
    legend_above(axes, 4)


def explained(axes: Axes, run: RunRecord, clock: Clock = "time") -> None:
    """The share of |W|^2 that the first 1, 2, ... singular directions hold, over flow time."""
    times, values = _singular(run)
    unit, words = units(run, clock)
    largest = values[:, :1]
    squares = (values / np.where(largest > 0.0, largest, 1.0)) ** 2  # which do not underflow
    total = np.sum(squares, axis=1, keepdims=True)
    shares = np.cumsum(squares, axis=1) / np.where(total > 0.0, total, 1.0)
    for k in range(min(values.shape[1] - 1, MOST) or 1):
        axes.plot(times / unit, shares[:, k], label=f"first {k + 1}")
    axes.set(ylabel="explained variance", ylim=(0.0, 1.03))
    time_axis(axes, clock, words)
    legend_above(axes, 3)


def eigen(axes: Axes, run: RunRecord, clock: Clock = "time") -> None:
    """|coordinates| of v* - v along the eigenvectors of X'X, largest eigenvalue first, over flow time.

    v is the sum of a_j w_j over the neurons with a_j > 0 that saw a sample at the start, v* the teacher or,
    without one, the best linear fit (Chistikov, Englert, Lazic 2023, arXiv 2306.06479).
    """
    problem = run.problem
    teacher = run.data.teacher
    goal = problem.best_line if teacher is None else teacher[0]
    times, weights, outputs = stacked(run)
    members = groups(problem)["plus"]
    bundles = np.einsum("km,kmd->kd", outputs[:, members], weights[:, members])
    left = np.abs((goal - bundles) @ eigen_coordinates(problem.inputs, goal).T)
    unit, words = units(run, clock)
    for k in range(min(left.shape[1], MOST)):
        axes.plot(times / unit, left[:, k], label=f"{k + 1}")
    if left.shape[1] > MOST:
        axes.plot(
            times / unit, left[:, -1], color="0.5", linestyle="-", linewidth=0.8, label=f"{left.shape[1]}"
        )
    name = "v^*" if teacher is not None else r"v_{\mathrm{fit}}"
    axes.set_ylabel(rf"$|{name} - v|$ by eigenvector")
    logarithmic_height(axes)
    time_axis(axes, clock, words)
    legend_above(axes, 4)


def _singular(run: RunRecord) -> tuple[Array, Array]:
    """Times (k,) and singular values (k, min(m, d)) of the recorded states."""
    history_of(run)
    times, weights, _ = stacked(run)
    values: Array = np.linalg.svd(weights, compute_uv=False).astype(np.float64)
    return times, values
