"""Sweeps: a number over what is varied, as curves with bands, as a map, or as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import MaxNLocator

from reluflow.errors import ReluflowError
from reluflow.figures.look import EXPONENT, HEIGHT, THEORY, WIDTH, ink, legend_above, sized
from reluflow.figures.scales import place_legend
from reluflow.network import Array
from reluflow.sweep.columns import Column, written_cell
from reluflow.sweep.mapping import laid_out
from reluflow.sweep.opening import Tabulated
from reluflow.sweep.study import Study
from reluflow.sweep.summary import Groups, chosen, grouped, records, require_axes, usual_groups
from reluflow.sweep.theory_line import Predictions, theory_line

#: an axis is logarithmic where its values span this factor
_LOG = 30.0
#: more curves than this are not told apart
_MOST_CURVES = 6
#: probabilities of which the theory's level lines are drawn
_LEVELS = (0.1, 0.5, 0.9)
#: values that differ by no more than this share of them are the same but for rounding
_SAME: Final = 1e-9
#: inches of a line and of a character of a table
_LINE, _CHARACTER = 0.17, 0.075


@dataclass(frozen=True)
class Cut:
    """What of a sweep is shown: ``value`` over the column ``x`` or, as a map, over ``x`` and ``y``.

    None leaves them to what is varied: ``x`` is the first varied number that is no seed, ``value`` the loss
    or, of a map, the share of successes. ``where``: conditions, as of ``reluflow sweep show``.
    """

    x: str | None = None
    y: str | None = None
    value: str | None = None
    where: str | None = None


USUAL: Final = Cut()


def sweep_figure(
    sweep: Tabulated, cut: Cut = USUAL, title: str = "", size: tuple[float, float] | None = None
) -> Figure:
    """The figure of a sweep: a map with ``y``, curves over a number, else a table.

    ``size``: inches, of anything but a table. Raises ReluflowError for columns that there are not, for a map
    without two axes and for a table that is to have a size.
    """
    require_axes(cut.x, cut.y)
    made = Figure(figsize=size or sized(WIDTH, HEIGHT), layout="constrained")
    axes = made.subplots()
    x = cut.x or _usual_x(sweep)
    if cut.x is not None and cut.y is not None:
        sweep_map(axes, sweep, cut.x, cut.y, cut.value or "success", cut.where)
    elif x is not None:
        sweep_curves(axes, sweep, x, cut.value or "loss", cut.where)
    elif size is not None:
        raise ReluflowError("--size means nothing for a table, which has that of its lines")
    else:
        lines, width = sweep_table(axes, sweep, cut.value or "loss", cut.where)
        made.set_size_inches(sized(_CHARACTER * width, _LINE * (lines + 2), "font.size"))
    if title:
        made.suptitle(title)
    return made


def sweep_curves(axes: Axes, sweep: Tabulated, x: str, value: str = "loss", where: str | None = None) -> None:
    """The median of ``value`` over the column ``x``, with a band from quartile to quartile.

    Of "success" the share, with Wilson's interval, 95 %. One curve for each combination of the other varied
    keys but seeds; with a single combination ``value`` may be several columns with commas between, a curve
    each, and the theory's line stands beside each curve where there is one.
    """
    table, values = chosen(sweep, where), value.split(",")
    others = _others(table, usual_groups(sweep.study.grid.keys), x)
    groups = [grouped(table, [x, *others], each, sweep.study.grid) for each in values]
    _require_values(sweep, groups, where)
    if groups[0].at[0].dtype.kind not in "ifb":
        raise ReluflowError(f"--x {x}: it is text; expected a column of numbers for a curve")
    places = groups[0].at[0].astype(float)
    members = _curves(groups[0].at[1:]) if others else {"": np.arange(places.size)}
    if len(members) > 1 < len(values):
        raise ReluflowError(
            f"--value {value}: found {len(members)} curves of each, one for each {', '.join(others)}; "
            "expected one value, or one curve chosen with --where"
        )
    if len(members) > _MOST_CURVES:
        raise ReluflowError(
            f"{sweep.path}: found {len(members)} curves, one for each {', '.join(others)}; expected at most "
            f"{_MOST_CURVES}: choose some with --where"
        )
    for each in groups:
        for label, rows in members.items():
            _curve(axes, each, places, rows, label or each.value)
    _scale(axes, "x", places)
    if groups[0].at[0].dtype.kind == "i" and axes.get_xscale() == "linear":
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _heights(axes, groups, x)
    if len(members) > 1:
        legend_above(axes, 3, title=", ".join(others), alignment="left", gap=EXPONENT)
        return
    _theory(axes, sweep.study, groups, table, places)
    if len(axes.lines) > 1:
        place_legend(axes)


def sweep_map(
    axes: Axes, sweep: Tabulated, x: str, y: str, value: str = "success", where: str | None = None
) -> None:
    """The median of ``value``, or the share of successes, over columns ``x`` and ``y``, in equal cells.

    Colours are logarithmic where the values span much. Level lines over the cells are the theory's.
    """
    table = chosen(sweep, where)
    groups = grouped(table, [x, y], value)
    _require_values(sweep, [groups], where)
    laid = laid_out(groups)
    places = np.arange(laid.across.size), np.arange(laid.up.size)
    picture = axes.pcolormesh(*places, laid.values, cmap="viridis", shading="nearest")
    picture.set_clim(*((0.0, 1.0) if value == "success" else (None, None)))
    known = laid.values[np.isfinite(laid.values)]
    if value != "success" and _spans_much(known):
        picture.set_norm(LogNorm())
    if known.size and np.ptp(known) <= _SAME * np.abs(known).max():
        picture.set_clim(*_around(known[0]))
    line = theory_line(sweep.study, groups, table)
    _level_lines(axes, None if line is None else laid.of_groups(line.values), value)
    for place, each, name in (("x", laid.across, x), ("y", laid.up, y)):
        axis = axes.xaxis if place == "x" else axes.yaxis
        stride = max(-(-each.size // 8), 1)
        axis.set_ticks(range(0, each.size, stride), [_cell(value) for value in each[::stride]])
        axis.set_label_text(name)
    if any(len(_cell(each)) > 4 for each in laid.across):
        axes.tick_params(axis="x", labelrotation=45.0)
    if axes.figure is not None:
        bar = axes.figure.colorbar(picture, ax=axes)
        bar.set_label("share of successes" if value == "success" else f"median of {value}")
        bar.outline.set_linewidth(0.6)


def _level_lines(axes: Axes, theory: Array | None, value: str) -> None:
    """Level lines of the theory's values (ny, nx), white with a dark edge to be seen on all cells."""
    if theory is None or min(theory.shape) < 2 or np.isfinite(theory).all(axis=0).sum() < 2:
        return
    levels = _LEVELS if value == "success" else None
    drawn = axes.contour(theory, levels=levels, colors="white", linestyles="dashed", linewidths=1.0)
    drawn.set_path_effects([Stroke(linewidth=2.0, foreground="black"), Normal()])
    for label in axes.clabel(drawn, fontsize=6.0, fmt="%.3g"):
        label.set_path_effects([Stroke(linewidth=1.5, foreground="black"), Normal()])


def sweep_table(
    axes: Axes, sweep: Tabulated, value: str = "loss", where: str | None = None
) -> tuple[int, int]:
    """The groups by all varied keys but seeds: runs, quartiles of ``value``, share of successes.

    Returns how many lines and characters in a line it has, by which a figure is made large enough.
    """
    groups = grouped(chosen(sweep, where), usual_groups(sweep.study.grid.keys), value, sweep.study.grid)
    _require_rows(sweep, groups, where)
    titles = [*groups.by, "runs", f"{value} 25 %", "median", "75 %", "success"]
    names = [*groups.by, "count", "lower_quartile", "median", "upper_quartile", "success_rate"]
    rows = [[_cell(each[name]) for name in names] for each in records(groups)]
    ends = np.cumsum([max(map(len, column)) + 2 for column in zip(titles, *rows, strict=True)])
    axes.set_axis_off()
    axes.set(xlim=(0.0, ends[-1]), ylim=(len(rows) + 0.6, -0.6))
    for number, cells in enumerate([titles, *rows]):
        weight = "normal" if number else "bold"
        for place, cell in zip(ends.tolist(), cells, strict=True):
            axes.text(place - 0.3, number, cell, ha="right", va="center", weight=weight)
    for height in (0.5, len(rows) + 0.5):
        axes.axhline(height, color=ink(), linewidth=0.8)
    return len(rows) + 1, int(ends[-1])


def _require_rows(sweep: Tabulated, groups: Groups, where: str | None) -> None:
    if not groups.count.size:
        found = f"no row with {where}" if where else "no row yet"
        raise ReluflowError(f"{sweep.path}: found {found}; expected some to be drawn")


def _require_values(sweep: Tabulated, groups: Sequence[Groups], where: str | None) -> None:
    """ReluflowError where no row is chosen, or none has a value."""
    _require_rows(sweep, groups[0], where)
    for each in groups:
        if each.value != "success" and not np.any(np.isfinite(each.quartiles[:, 1])):
            raise ReluflowError(f"--value {each.value}: no run has one; expected a number to be drawn")


def _usual_x(sweep: Tabulated) -> str | None:
    """The first varied column of numbers that is no seed, None if there is none."""
    table = sweep.table()
    return next((key for key in usual_groups(sweep.study.grid.keys) if table[key].dtype.kind in "if"), None)


def _others(table: Mapping[str, Column], keys: Sequence[str], x: str) -> list[str]:
    """The keys but ``x`` that tell curves apart: those whose values do not follow from the ones before.

    Keys of one axis follow from each other, such as samples and dimension where both are the same.
    """
    found = [x]
    for key in keys:
        if key in found:
            continue
        apart = (grouped(table, each, "number") for each in (found, [*found, key]))
        fewer, more = (len(each.count) for each in apart)
        if more > fewer:
            found.append(key)
    return found[1:]


def _curve(axes: Axes, groups: Groups, places: Array, rows: npt.NDArray[np.intp], label: str) -> None:
    """The medians of some groups, by their places, and a band."""
    rows = rows[np.argsort(places[rows], kind="stable")]
    low, middle, high = (each[rows] for each in _bands(groups))
    (line,) = axes.plot(places[rows], middle, marker="o", markersize=2.5, label=label)
    axes.fill_between(places[rows], low, high, color=line.get_color(), alpha=0.2, linewidth=0.0)


def _bands(groups: Groups) -> tuple[Array, Array, Array]:
    if groups.value == "success":
        return groups.interval[:, 0], groups.success_rate, groups.interval[:, 1]
    low, middle, high = groups.quartiles.T
    return low, middle, high


def _heights(axes: Axes, groups: Sequence[Groups], x: str) -> None:
    """The vertical axis, and the words beside both."""
    values = [each.value for each in groups]
    if values == ["success"]:
        axes.set(xlabel=x, ylabel="share of successes", ylim=(-0.02, 1.02))
        return
    escapes = len(values) > 1 and all(value.startswith("escape:") for value in values)
    what = "escape time" if escapes else ", ".join(values)
    what += " (median, quartiles)" if any(np.any(each.count > 1) for each in groups) else ""
    axes.set(xlabel=x, ylabel=what)
    middle = np.concatenate([each.quartiles[:, 1] for each in groups])
    _scale(axes, "y", middle)
    known = middle[np.isfinite(middle)]
    if known.size and np.ptp(known) <= _SAME * np.abs(known).max():
        axes.set_ylim(*_around(known[0]))


def _around(value: float) -> tuple[float, float]:
    """Ends of an axis about a single value."""
    half = 0.5 * abs(value) or 1.0
    return value - half, value + half


def _curves(others: Sequence[Column]) -> dict[str, npt.NDArray[np.intp]]:
    """The places of the groups of each curve, by what tells it from the others."""
    labels = np.array([", ".join(map(_cell, values)) for values in zip(*others, strict=True)])
    return {label: np.flatnonzero(labels == label) for label in dict.fromkeys(labels.tolist())}


def _theory(
    axes: Axes, study: Study, groups: Sequence[Groups], table: Mapping[str, Column], places: Array
) -> None:
    """The theory's line beside the curve of each value, the first with its name."""
    if len(groups[0].by) > 1:
        return
    known: Predictions = {}
    order, name = np.argsort(places, kind="stable"), ""
    for each in groups:
        line = theory_line(study, each, table, known)
        if line is not None:
            setting = line.name.partition(":")[0].partition(",")[0].removeprefix("the ")
            label = None if name else f"theory ({setting})"
            axes.plot(places[order], line.values[order], ":", color=THEORY, label=label)
            name = line.name


def _scale(axes: Axes, which: str, values: Array) -> None:
    """Logarithmic where the values span much."""
    if _spans_much(values[np.isfinite(values)]):
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")


def _spans_much(known: Array) -> bool:
    return bool(known.size and known.min() > 0.0 and known.max() >= _LOG * known.min())


def _cell(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return "–" if np.isnan(value) else f"{value:.4g}"
    return written_cell(value)
