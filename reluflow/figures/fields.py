"""The circle of directions unrolled: how fast a small neuron would grow in each."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator

from reluflow.figures.look import (
    DATA,
    EXPONENT,
    GUIDE,
    NEGATIVE,
    POSITIVE,
    THEORY,
    edged,
    legend_above,
)
from reluflow.figures.shown import state_of
from reluflow.flow.base import State
from reluflow.network import Array, residuals
from reluflow.observe.neurons import describe
from reluflow.plot.circles import FULLEST, CircleChoice, circle_of, placed
from reluflow.plot.directions import Plane, compass
from reluflow.problem import Problem
from reluflow.store.run_record import RunRecord
from reluflow.theory.circle import extremal, growth, kinks_of

#: points of a curve
_POINTS = 1441
#: more samples than this have kinks without numbers
_MOST_NUMBERED = 12
_DIAMOND: dict[str, Any] = {"markeredgecolor": "black", "markersize": 5.0, "zorder": 4, "clip_on": False}
#: degrees that a number takes
_ROOM = 8.0


def field(axes: Axes, run: RunRecord, t: float | None = None, circle: CircleChoice = FULLEST) -> None:
    """Growth rate of a small neuron over its direction at flow time ``t`` (the end), one curve a sign.

    s G(u), G(u) = -(c/n) sum_k r_k sigma(<u, x_k>) with the residual r = h - y and c = 1, for mse 2 (Maennel,
    Bousquet, Gelly 2018). Diamonds stand at the directions to which small neurons are drawn and grow, dotted
    lines at the kinks of the samples, and every neuron at its direction and rate. With more than two
    coordinates that move: on the great ``circle`` through two directions, or if none is chosen on the one
    that holds most of the directions. Weight decay is a line, above which neurons grow. ProblemError where
    there is no such circle.
    """
    state, problem = state_of(run, t), run.problem
    span = problem.span
    plane = _plane(circle, state, problem)
    residual = residuals(state.weights, state.output_weights, problem.inputs, problem.targets, problem.slope)
    pull = -problem.speed / problem.samples * problem.force(residual)
    rounded = _Circle(span.inputs @ plane.basis, pull, problem.slope)
    moving = span.project(state.weights) @ plane.basis
    places = np.degrees(np.arctan2(moving[:, 1], moving[:, 0]))
    table = describe(state, problem, residual)
    rates = table.growth + problem.weight_decay  # by the data alone, beside the line of the decay
    _kinks(axes, rounded.inputs)
    axes.axhline(0.0, color=GUIDE, linewidth=0.6, zorder=0)
    if problem.weight_decay:
        axes.axhline(problem.weight_decay, color=THEORY, linestyle="--", linewidth=0.8, label="weight decay")
    for sign, looks in ((1, POSITIVE), (-1, NEGATIVE)):
        members = (table.sign == sign) & np.isfinite(table.growth)
        rounded.draw(axes, sign, looks)
        axes.plot(places[members], rates[members], looks[2], color=looks[0], markersize=3.0, **edged(0.3))
    word = "extremal" if plane.share == 1.0 else "maximum"
    axes.plot([], [], "D", color="0.8", label=word, **_DIAMOND)
    where = f", {' to '.join(circle.words)}" if circle.words else ""
    where += "" if plane.share == 1.0 else f"; the plane has {100.0 * plane.share:.0f} %"
    growth = "growth rate, decay not taken off" if problem.weight_decay else "growth rate"
    axes.set(xlim=(-180.0, 180.0), xlabel=f"direction (°){where}", ylabel=growth)
    axes.xaxis.set_major_locator(MultipleLocator(90.0))
    legend_above(axes, 2 if problem.weight_decay else 3, gap=EXPONENT)


def _plane(circle: CircleChoice, state: State, problem: Problem) -> Plane:
    """The plane of the circle, and what share of the neurons' directions lies in it."""
    span = problem.span
    if not circle.words:
        return compass(span.project(state.weights), state.output_weights, span.inputs).plane
    chosen = circle_of(circle, state, problem)
    share = 1.0 if chosen.whole else float(np.mean(placed(state.weights, chosen, problem).near))
    return Plane(chosen.basis, share)


@dataclass(frozen=True)
class _Circle:
    """Inputs (n, 2) in the plane of a circle, the ``pull`` (n,) of each and the activation's ``slope``."""

    inputs: Array
    pull: Array
    slope: float

    def draw(self, axes: Axes, sign: int, looks: tuple[str, Any, str]) -> None:
        """The curve of a sign and its maxima."""
        angles = np.linspace(-np.pi, np.pi, _POINTS)
        for each, words in ((angles, ()), (extremal(self.inputs, self.pull, sign, self.slope), ("D",))):
            rates = sign * growth(each, self.inputs, self.pull, self.slope)
            how = (
                _DIAMOND if words else {"linestyle": looks[1], "label": f"$a_j {'>' if sign > 0 else '<'} 0$"}
            )
            axes.plot(np.degrees(each), rates, *words, color=looks[0], **how)


def _kinks(axes: Axes, inputs: Array) -> None:
    """Dotted lines, with the numbers of the samples, from 1, where there is room."""
    samples: dict[float, list[str]] = {}
    for number, each in enumerate(inputs, 1):
        for angle in np.degrees(kinks_of(each[None])):
            samples.setdefault(round(float(angle), 2), []).append(str(number))
    few, last = len(inputs) <= _MOST_NUMBERED, -np.inf
    for angle in sorted(samples):
        axes.axvline(angle, color=DATA, linestyle=":", linewidth=0.6, alpha=1.0 if few else 0.25, zorder=0)
        if few and angle - last > _ROOM * max(map(len, samples[angle])):
            last = angle
            axes.annotate(
                ",".join(samples[angle]),
                (angle, 0.0),
                (1.5, 1.5),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                color=DATA,
                fontsize="x-small",
            )
