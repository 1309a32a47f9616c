"""The function that a network computes: of one variable as a curve with its kinks, of two as a map."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from reluflow.errors import ReluflowError
from reluflow.figures.look import DATA, EXPONENT, GAP, GUIDE, NEGATIVE, POSITIVE, edged, ink, legend_above
from reluflow.figures.shown import state_of
from reluflow.flow.base import State
from reluflow.network import Array, predictions, row_norms
from reluflow.problem import Problem
from reluflow.store.run_record import RunRecord

#: beyond the data on either side, as a share of their range
_MARGIN = 0.15
#: stars higher than so many times what data and function span are left out
_TALLEST = 3.0
#: points across a label
_TRIANGLE = 5.0
#: heights that are written without a power of ten above the axis
_PLAIN: Final = (1e-4, 1e6)
#: points a side of a map, and its levels
_GRID, _LEVELS = 241, 12


def function(axes: Axes, run: RunRecord, t: float | None = None, *, steady: bool = False) -> None:
    """The network at flow time ``t`` (the end) over its inputs of one or two coordinates, beside a bias.

    One: h(x), the data, and a star for each neuron at its kink, a_j |w_j| high, as in figure 1 of Boursier et
    al. 2022 (arXiv 2206.00939). Two: a map of h with level lines, and the samples by their targets.
    ``steady``: a map has the colours of the end of the run, whatever ``t``, so that they can be compared.
    Labels are triangles that point up and down. Held-out samples are hollow on a curve; on a map they are
    squares, or triangles with a white edge.
    Raises ReluflowError for inputs of more coordinates.
    """
    state, problem = state_of(run, t), run.problem
    free = _free(problem)
    if free == 1:
        _curve(axes, state, problem)
    elif free == 2:
        _map(axes, state, problem, state_of(run, None) if steady else state)
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
    x, window = problem.inputs[:, 0], _window(_inputs(problem)[:, 0])
    slope = state.weights[:, 0]
    bias = state.weights[:, 1] * problem.inputs[0, 1] if problem.dimension == 2 else np.zeros_like(slope)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        kinks = np.where(slope != 0.0, -bias / slope, np.nan)
    inside = np.isfinite(kinks) & (kinks > window[0]) & (kinks < window[1])
    grid = np.unique(np.concatenate([window, kinks[inside]]))  # it is linear from kink to kink
    values = _values(state, problem, grid[:, None])
    axes.axhline(0.0, color=GUIDE, linewidth=0.6, zorder=0)
    shown = max(float(np.max(np.abs(values))), float(np.max(np.abs(problem.targets))), 1e-300)
    _stars(axes, kinks[inside], (state.output_weights * row_norms(state.weights))[inside], _TALLEST * shown)
    axes.plot(grid, values, "-", color=ink(), label="$h(x)$", zorder=2)
    for marker, chosen, words in _kinds(problem.targets, problem.of_labels):
        place = x[chosen], problem.targets[chosen]
        size = None if marker == "o" else _TRIANGLE
        axes.plot(*place, marker, color=DATA, markersize=size, label=words, zorder=3, **edged(0.5, "white"))
    if problem.held_out is not None:
        inputs, answers = problem.held_out
        for marker, chosen, words in _kinds(answers, problem.of_labels, "held out"):
            place = inputs[chosen, 0], answers[chosen]
            axes.plot(
                *place, marker, color=DATA, fillstyle="none", markeredgewidth=1.0, label=words, zorder=3
            )
    axes.set(xlim=window, xlabel="$x$", ylabel="$h(x)$")
    axes.xaxis.set_major_locator(MaxNLocator(6))
    gap = GAP if _PLAIN[0] <= shown < _PLAIN[1] else EXPONENT
    legend_above(axes, 3 if problem.held_out is None and not problem.of_labels else 2, gap=gap)


def _kinds(
    targets: Array, of_labels: bool, name: str = "samples"
) -> list[tuple[str, npt.NDArray[np.bool_], str]]:
    """Markers, which of the samples have them, and what these are called.

    The function of a network grows far beyond labels, which are to be told apart all the same.
    """
    if not of_labels:
        return [("o", np.full(targets.size, True), name)]
    before = "label" if name == "samples" else f"{name},"
    return [("^", targets > 0.0, f"{before} 1"), ("v", targets < 0.0, f"{before} $-1$")]


def _stars(axes: Axes, kinks: Array, heights: Array, reach: float) -> None:
    """A star at the kink of each neuron that is no higher than ``reach``, by its sign."""
    star: dict[str, Any] = {"marker": "*", "linestyle": "none", "markersize": 4.5, "markeredgewidth": 0.0}
    for colour, wanted in ((NEGATIVE[0], heights < 0.0), (POSITIVE[0], heights > 0.0)):
        shown = wanted & (np.abs(heights) <= reach)
        axes.plot(kinks[shown], heights[shown], color=colour, alpha=0.8, zorder=1, **star)
    axes.plot([], [], color=POSITIVE[0], label=r"kinks, $a_j|w_j|$ high", **star)


def _map(axes: Axes, state: State, problem: Problem, coloured: State) -> None:
    """The map of a state in colours that tell what ``coloured`` makes of the samples, and their targets."""
    everywhere = _inputs(problem)
    sides = _square(everywhere[:, 0], everywhere[:, 1])
    mesh = np.stack(np.meshgrid(*sides), axis=-1)
    values = _values(state, problem, mesh.reshape(-1, 2)).reshape(_GRID, _GRID)
    # a network grows far beyond the samples, of which the colours are to tell
    levels, colours = _levels(np.append(_values(coloured, problem, problem.inputs), problem.targets))
    classes = problem.of_labels or bool(np.all(np.abs(problem.targets) == 1.0))
    bounds = (-1.0, 1.0) if classes else (float(levels[0]), float(levels[-1]))
    filled = axes.contourf(*sides, values, levels=levels, cmap=colours, extend="both")
    axes.contour(*sides, values, levels=levels, colors="black", linewidths=0.25, alpha=0.5)
    if float(values.min()) < 0.0 < float(values.max()):
        axes.contour(*sides, values, levels=[0.0], colors="black", linewidths=1.0)
    for marker, chosen, words in _kinds(problem.targets, classes):
        _samples(axes, problem.inputs[chosen], problem.targets[chosen], colours, bounds, marker, words)
    if problem.held_out is not None:
        inputs, answers = problem.held_out
        for marker, chosen, words in _kinds(answers, classes, "held out"):
            marker = marker if classes else "s"
            _samples(axes, inputs[chosen], answers[chosen], colours, bounds, marker, words, "white")
    axes.set(xlim=sides[0][[0, -1]], ylim=sides[1][[0, -1]], xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    if classes:
        legend_above(axes, 2)
    if axes.figure is not None:
        bar = axes.figure.colorbar(filled, ax=axes, shrink=0.9)
        bar.set_label("$h(x)$" if classes else "$h(x)$; samples: $y$")
        bar.outline.set_linewidth(0.6)


def _inputs(problem: Problem) -> Array:
    """The inputs, and those that are held out."""
    return (
        problem.inputs if problem.held_out is None else np.concatenate([problem.inputs, problem.held_out[0]])
    )


def _levels(values: Array) -> tuple[Sequence[float], str]:
    """Levels around 0 where there are both signs, so that the middle of the colours is 0; and the colours."""
    low, high = float(values.min()), float(values.max())
    if low < 0.0 < high:
        reach = max(-low, high)
        return MaxNLocator(_LEVELS).tick_values(-reach, reach), "RdBu_r"
    return MaxNLocator(_LEVELS).tick_values(low, high if high > low else low + 1.0), "viridis"


def _samples(
    axes: Axes,
    inputs: Array,
    targets: Array,
    colours: str,
    ends: tuple[float, float],
    marker: str,
    label: str,
    edge: str = "black",
) -> None:
    axes.scatter(
        inputs[:, 0],
        inputs[:, 1],
        c=targets,
        cmap=colours,
        vmin=ends[0],
        vmax=ends[1],
        s=11.0,
        marker=marker,
        edgecolors=edge,
        label=label,
        linewidths=0.5,
        zorder=3,
    )
