"""The function that a network computes: of one variable as a curve with its kinks, of two as a map."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from reluflow.errors import ReluflowError
from reluflow.figures.look import DATA, GUIDE, NEGATIVE, POSITIVE, legend_above
from reluflow.figures.shown import state_of
from reluflow.flow.base import State
from reluflow.network import Array, predictions, row_norms
from reluflow.problem import Problem
from reluflow.store.run_reader import Run

#: beyond the data on either side, as a share of their range
_MARGIN = 0.15
#: stars higher than so many times what data and function span are left out
_TALLEST = 3.0
#: points a side of a map, and its levels
_GRID, _LEVELS = 241, 12


def function(axes: Axes, run: Run, t: float | None = None) -> None:
    """The network at flow time ``t`` (the end) over its inputs of one or two coordinates, beside a bias.

    One: h(x), the data, and a star for each neuron at its kink, a_j |w_j| high, as in figure 1 of Boursier et
    al. 2022 (arXiv 2206.00939). Two: a map of h with level lines, and the samples by their targets.
    Raises ReluflowError for inputs of more coordinates.
    """
    state, problem = state_of(run, t), run.problem
    free = _free(problem)
    if free == 1:
        _curve(axes, state, problem)
    elif free == 2:
        _map(axes, state, problem)
    else:
        raise ReluflowError(
            f"{run.path}: the inputs have {free} coordinates; expected one or two, beside a bias, for a "
            "picture of the function"
        )


def _free(problem: Problem) -> int:
    """Coordinates of the inputs without a bias, a last one that is the same everywhere and not 0."""
    last = problem.inputs[:, -1]
    constant = problem.dimension > 1 and last[0] != 0.0 and bool(np.all(last == last[0]))
    return problem.dimension - constant


def _with_bias(points: Array, problem: Problem) -> Array:
    if points.shape[1] == problem.dimension:
        return points
    return np.column_stack([points, np.full(len(points), problem.inputs[0, -1])])


def _values(state: State, problem: Problem, points: Array) -> Array:
    return predictions(state.weights, state.output_weights, _with_bias(points, problem), problem.slope)


def _window(x: Array) -> tuple[float, float]:
    low, high = float(x.min()), float(x.max())
    margin = _MARGIN * (high - low) or max(abs(low), 1.0)
    return low - margin, high + margin


def _square(x: Array, y: Array) -> list[Array]:
    """Points along either side of a square around the data, in which shapes are true."""
    windows = [_window(each) for each in (x, y)]
    half = 0.5 * max(high - low for low, high in windows)
    centres = [0.5 * (low + high) for low, high in windows]
    return [np.linspace(centre - half, centre + half, _GRID) for centre in centres]


def _curve(axes: Axes, state: State, problem: Problem) -> None:
    x, window = problem.inputs[:, 0], _window(problem.inputs[:, 0])
    slope = state.weights[:, 0]
    bias = state.weights[:, 1] * problem.inputs[0, 1] if problem.dimension == 2 else np.zeros_like(slope)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        kinks = np.where(slope != 0.0, -bias / slope, np.nan)
    inside = np.isfinite(kinks) & (kinks > window[0]) & (kinks < window[1])
    grid = np.unique(np.concatenate([window, kinks[inside]]))  # it is linear from kink to kink
    values = _values(state, problem, grid[:, None])
    axes.axhline(0.0, color=GUIDE, linewidth=0.6, zorder=0)
    heights = state.output_weights * row_norms(state.weights)
    reach = _TALLEST * max(float(np.max(np.abs(values))), float(np.max(np.abs(problem.targets))), 1e-300)
    for colour, wanted in ((NEGATIVE[0], heights < 0.0), (POSITIVE[0], heights > 0.0)):
        shown = inside & wanted & (np.abs(heights) <= reach)
        axes.plot(
            kinks[shown],
            heights[shown],
            "*",
            color=colour,
            markersize=4.5,
            alpha=0.8,
            markeredgewidth=0.0,
            zorder=1,
        )
    axes.plot([], [], "*", color=POSITIVE[0], markersize=4.5, label=r"kinks, $a_j|w_j|$ high")
    axes.plot(grid, values, "-", color="black", label="$h(x)$", zorder=2)
    axes.plot(
        x,
        problem.targets,
        "o",
        color=DATA,
        markeredgecolor="white",
        markeredgewidth=0.5,
        label="samples",
        zorder=3,
    )
    axes.set(xlim=window, xlabel="$x$", ylabel="$h(x)$")
    axes.xaxis.set_major_locator(MaxNLocator(6))
    legend_above(axes, 3)


def _map(axes: Axes, state: State, problem: Problem) -> None:
    x, y = problem.inputs[:, 0], problem.inputs[:, 1]
    sides = _square(x, y)
    mesh = np.stack(np.meshgrid(*sides), axis=-1)
    values = _values(state, problem, mesh.reshape(-1, 2)).reshape(_GRID, _GRID)
    targets = problem.targets
    low, high = min(float(values.min()), float(targets.min())), max(float(values.max()), float(targets.max()))
    reach = max(abs(low), abs(high)) or 1.0
    # around 0 where there are both signs, so that the middle of the colours is 0
    limits = (-reach, reach) if low < 0.0 < high else (low, high if high > low else low + 1.0)
    levels = MaxNLocator(_LEVELS).tick_values(*limits)
    colours = "RdBu_r" if limits[0] < 0.0 < limits[1] else "viridis"
    filled = axes.contourf(*sides, values, levels=levels, cmap=colours, extend="both")
    axes.contour(*sides, values, levels=levels, colors="black", linewidths=0.25, alpha=0.5)
    if limits[0] < 0.0 < limits[1] and float(values.min()) < 0.0 < float(values.max()):
        axes.contour(*sides, values, levels=[0.0], colors="black", linewidths=1.0)
    axes.scatter(
        x,
        y,
        c=targets,
        cmap=colours,
        vmin=levels[0],
        vmax=levels[-1],
        s=11.0,
        edgecolors="black",
        linewidths=0.5,
        zorder=3,
    )
    axes.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    if axes.figure is not None:
        bar = axes.figure.colorbar(filled, ax=axes, shrink=0.9)
        bar.set_label("$h(x)$; samples: $y$")
        bar.outline.set_linewidth(0.6)
