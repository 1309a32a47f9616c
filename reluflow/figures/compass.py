"""Where the neurons point at a time, and how they came there."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from reluflow.figures.look import DATA, GUIDE, NEGATIVE, POSITIVE, edged
from reluflow.figures.shown import history_of, state_of
from reluflow.flow.base import State
from reluflow.network import Array, row_norms
from reluflow.plot.directions import Plane, compass
from reluflow.problem import Span
from reluflow.store.run_record import RunRecord

#: radius of the smallest neuron, of the rim 1
CORE: float = 0.15
#: recorded states of the way to the present one that are drawn, of at most so many neurons
_WAY, _MOST_WAYS = 120, 200
#: more samples than this are drawn without their numbers
_MOST_NUMBERED = 12
#: a number that would stand nearer than this to another is left out
_LABEL = 0.09


def directions(axes: Axes, run: RunRecord, t: float | None = None, *, trails: bool = True) -> None:
    """The neurons at flow time ``t`` (the end): angle of w_j, radius by the logarithm of |w_j|.

    With more than two coordinates that move, in the plane that holds most of the directions, found without
    centring. Samples, from 1, stand on the rim at theirs. ``trails``: the way from the start.
    """
    state, end = state_of(run, t), state_of(run, None)
    span = run.problem.span
    # of the whole run, so that the pictures of an animation have one plane and one radius
    plane = compass(span.project(end.weights), end.output_weights, span.inputs).plane
    disc = _Disc(span, plane.basis, _decades(run))
    ways = [each for each in history_of(run).states if each.t <= state.t] if trails else []
    paths = [disc.places(each) for each in ways[:: max(len(ways) // _WAY, 1)]]
    axes.add_patch(Circle((0, 0), 1.0, fill=False, edgecolor=GUIDE, linewidth=0.8))
    _samples(axes, span.inputs, plane)
    for sign, looks in ((-1.0, NEGATIVE), (1.0, POSITIVE)):
        members = np.flatnonzero(np.sign(state.output_weights) == sign)
        _neurons(axes, disc.places(state)[members], np.array(paths), members, looks)
    low, high = map(round, disc.decades)
    share = "" if plane.share >= 1.0 else f"{100.0 * plane.share:.0f} % in plane\n"
    words = f"{share}$|w|$ $10^{{{low}}}$ … $10^{{{high}}}$"
    axes.text(1.0, 0.0, words, transform=axes.transAxes, ha="right", va="bottom", fontsize="small")
    axes.set(aspect="equal", xlim=(-1.25, 1.25), ylim=(-1.25, 1.25))
    axes.set_axis_off()
    axes.legend(loc="upper left", bbox_to_anchor=(-0.02, 1.02), handlelength=1.0, borderaxespad=0.0)


@dataclass(frozen=True)
class _Disc:
    """Where states stand on the unit disc: the plane of ``basis`` (p, 2), radii by ``decades`` of |w|."""

    span: Span
    basis: Array
    decades: tuple[float, float]

    def places(self, state: State) -> Array:
        """(m, 2) of the neurons."""
        moving = self.span.project(state.weights)
        size = row_norms(moving)
        units = moving / np.where(size > 0.0, size, 1.0)[:, None]
        low, high = self.decades
        with np.errstate(divide="ignore"):
            share = np.clip((np.log10(size) - low) / (high - low), 0.0, 1.0)
        places: Array = (CORE + (1.0 - CORE) * share)[:, None] * (units @ self.basis)
        return places


def _neurons(
    axes: Axes, now: Array, paths: Array, members: npt.NDArray[np.intp], looks: tuple[str, Any, str]
) -> None:
    """The neurons of a sign where they are ``now`` (k, 2), and their ``paths`` (states, m, 2), if any."""
    colour, _, marker = looks
    for j in members[:: max(-(-members.size // _MOST_WAYS), 1)] if len(paths) > 1 else ():
        axes.plot(*paths[:, j].T, "-", color=colour, linewidth=0.5, alpha=0.45, zorder=2)
    label = f"$a_j {'>' if looks == POSITIVE else '<'} 0$"
    axes.plot(*now.T, marker, color=colour, label=label, zorder=3, **edged(0.4))


def _decades(run: RunRecord) -> tuple[float, float]:
    """Whole powers of ten around the norms of the run's neurons."""
    span = run.problem.span
    sizes = np.concatenate([row_norms(span.project(each.weights)) for each in history_of(run).states])
    logs = np.log10(sizes[sizes > 0.0]) if np.any(sizes > 0.0) else np.array([-1.0, 0.0])
    low, high = float(np.floor(logs.min())), float(np.ceil(logs.max()))
    return low, max(high, low + 1.0)


def _samples(axes: Axes, inputs: Array, plane: Plane) -> None:
    lengths = row_norms(inputs)
    rays = inputs / np.where(lengths > 0.0, lengths, 1.0)[:, None] @ plane.basis
    axes.plot(*rays.T, "x", color=DATA, label="samples", zorder=2)
    if len(rays) > _MOST_NUMBERED:
        return
    taken: list[Array] = []
    for number, ray in enumerate(rays, 1):
        axes.plot([0.0, ray[0]], [0.0, ray[1]], ":", color=DATA, linewidth=0.7, zorder=1)
        place = ray * (1.0 + 0.12 / (float(np.hypot(*ray)) or 1.0))
        if all(np.hypot(*(place - other)) > _LABEL for other in taken):
            taken.append(place)
            x, y = place
            axes.text(x, y, str(number), color=DATA, ha="center", va="center", fontsize="small")
