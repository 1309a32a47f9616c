"""What an event changes: the sides of the neuron that meets a kink, leaves one, or turns its sign."""

import numpy as np
import numpy.typing as npt

from .corners import closure
from .field import Field
from .kinks import Real, Sides
from .run import GaveUpError, Run
from .search import Event
from .series import Segment
from .settle import follow, meet, wake

#: kinks of one neuron reached within this share of a step are reached together
TOGETHER = 1e-14
#: forces slightly later decide what is a tie now: these shares of a step later
LATER = (1e-10, 1e-7, 1e-4)
#: a corner lets a neuron go if descent finds the way out this share of a step later
SOON = Real(1e-3)
#: share of its steps on one side of a kink below which descent ends on the other one when the output weight
#: changes its sign. Of 40,000 phases of the last steps, Z += (k + phi) (v_off where Z <= 0, else v_on) for
#: k = K .. 0, these end on it: 0.1 % at a share of 0.05, 0.6 % at 0.1, 3 % at 0.2, 22 % at 1/3, half at 1/2
OPEN = 0.05

NOTHING: npt.NDArray[np.intp] = np.zeros(0, dtype=np.intp)


def take(run: Run, event: Event, j: int, segment: Segment) -> None:
    """Change the sides of neuron j at an event."""
    old = run.neurons.sides[j].copy()
    run.count(event.kind)
    if event.kind == "flip":
        flip(run, j)
    elif event.kind == "cross":
        cross(run, event, j, segment)
    else:
        leave(run, event, j, segment)
    if event.kind != "flip" and np.array_equal(old, run.neurons.sides[j]) and not run.at_rest():
        raise GaveUpError(f"{event.kind} changes nothing at t = {float(run.t):.6g}")
    run.take_sides(j)


def cross(run: Run, event: Event, j: int, segment: Segment) -> None:
    """Neuron j reaches a kink, or several at once."""
    neurons, kinks = run.neurons, run.kinks
    sides, frozen = neurons.sides[j], neurons.field(j, run.residual(), kinks)
    z = neurons.z[j, kinks.sample]
    velocity = frozen.velocity(sides) * abs(neurons.a[j]) / kinks.samples
    near = (np.abs(z) <= np.abs(velocity) * segment.length * TOGETHER) & (velocity * sides < 0)
    near |= np.arange(len(z)) == event.kink
    zero = closure(kinks, np.flatnonzero((near & (sides != 0)) | (sides == 0)))
    arrived = zero[z[zero] != 0]
    arrived = np.union1d(arrived, [event.kink])
    z[arrived] = 0
    neurons.z[j] = np.where(np.isin(kinks.of, arrived), 0, neurons.z[j])
    neurons.sides[j] = meet(frozen, sides, np.flatnonzero((z == 0) | (sides == 0)), arrived)
    note(run, frozen, j)


def leave(run: Run, event: Event, j: int, segment: Segment) -> None:
    """The force on a slid hyperplane reaches that of a side, or a corner begins to let a neuron go.

    Forces slightly later decide, for at this moment nothing moves yet.
    """
    neurons, kinks = run.neurons, run.kinks
    sides = neurons.sides[j]
    on = np.flatnonzero((neurons.z[j, kinks.sample] == 0) | (sides == 0))
    for share in LATER:
        frozen = neurons.field(j, segment.residual(event.when + Real(share)), kinks)
        if event.kind == "wake":
            later = neurons.field(j, segment.residual(event.when + SOON), kinks)
            found = wake(frozen, later, sides, run.arrivals.get(j), run.rays[j][event.kink])
        else:
            found = meet(frozen, sides, on, NOTHING)
        if not np.array_equal(found, sides):
            break
    else:
        if event.kind == "wake":
            raise GaveUpError(f"no way out of a corner at t = {float(run.t):.6g}")
        found = sides.copy()
        found[event.kink] = event.way
    neurons.sides[j] = found
    note(run, frozen, j)


def note(run: Run, frozen: Field, j: int) -> None:
    """Take over what settling found open."""
    for what in frozen.notes:
        run.choose(what, j)
    run.arrivals.pop(j, None)
    if frozen.held:
        run.arrivals[j] = frozen.held[-1]


def flip(run: Run, j: int) -> None:
    """The output weight changes its sign, and kinks that attracted repel.

    Descent leaves a kink on which it slid to the side on which its last steps end. The rule here is the side
    on which it spends more of its steps. Its phase decides, which is a choice, unless that share is near 0
    or 1.
    """
    neurons, kinks = run.neurons, run.kinks
    slid = np.flatnonzero(neurons.sides[j] == 0)
    frozen = neurons.field(j, run.residual(), kinks)
    neurons.sign[j] = -neurons.sign[j]
    neurons.a[j] = 0
    if not slid.size:
        return
    forces = frozen.full(neurons.sides[j])[slid]
    share = (forces - frozen.lower[slid]) / (frozen.upper[slid] - frozen.lower[slid])
    run.count("flip while sliding")
    if np.any((share > OPEN) & (share < 1 - OPEN)):
        run.choose("flip while sliding, shares " + " ".join(f"{float(s):.3f}" for s in share), j)
    neurons.sides[j] = _left(run, j, slid, np.where(share > Real(0.5), 1, -1))


def _left(run: Run, j: int, slid: npt.NDArray[np.intp], ways: npt.NDArray[np.int_]) -> Sides:
    """The sides once w has left the slid hyperplanes to the given sides and has settled."""
    neurons, kinks = run.neurons, run.kinks
    place = neurons.z[j, kinks.sample].copy()
    place[slid] = ways * np.sqrt(np.diagonal(kinks.gram)[slid])
    cone = np.flatnonzero((place == 0) | (neurons.sides[j] == 0))
    frozen = neurons.field(j, run.residual(), kinks)
    return follow(frozen, neurons.sides[j], place, cone)[0]
