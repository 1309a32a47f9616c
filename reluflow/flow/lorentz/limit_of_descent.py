"""Which way a neuron goes on from a point where several kinks meet: the limit of plain descent.

Four points are met at which the equation of the flow has several solutions (see ``local_field``):

* a start on kinks: relu'(0) = 0 makes the first step of descent, and the field leads on from there;
* several kinks reached at once, above all w = 0 with a != 0 where all of them meet: descent lands within a
  step of that point, in a direction that depends on its phase, the place at which its steps fall;
* the end of a neuron's stay at such a point, when it begins to grow along a ray (see ``junction_rays``);
* a changes its sign while w slides: from then on the kinks repel, and the last steps before decide.

In all but the first, descent is run from many phases. If all of them end alike, that is the flow. Otherwise
the limit does not exist, and one of the ends is a choice: the end of most phases, if these are a clear
majority; else the one to which the far side of the line of motion leads, with the kinks that are slid on
slid on, or, where a changes its sign, the side on which descent has been for the larger share of time. A
neuron that can be held no longer goes along its ray in any case.
"""

from dataclasses import dataclass

import numpy as np

from reluflow.flow.lorentz.local_field import LocalField, independent
from reluflow.flow.lorentz.neurons import OFF, ON, RESTING, SLIDING, Bytes, Mask
from reluflow.flow.lorentz.samples import Index
from reluflow.network import Array, indices

#: phases of descent that are looked at, and the share of them that is a clear majority
PHASES, MAJORITY = 32, 0.7
#: steps of descent before the point that is met, at least and at most, in periods of the slowest zigzag
PERIODS, FEWEST, MOST = 24.0, 48, 512
#: steps after which a phase of descent that nothing ought to pull any more is taken to stay where it is, if
#: it is no further from there than so many of the longest steps
LINGERS, NEAR = 4000, 10.0


@dataclass(frozen=True)
class Verdict:
    """The activations (t,) with which descent goes on, and whether it leaves them open: a choice."""

    status: Bytes
    choice: bool


def start_on_kinks(field: LocalField, slides: Mask | None = None) -> Bytes:
    """Activations (t,) of a neuron that is where all t pre-activations are zero; ``slides`` (t,) on some.

    Descent moves it along the force of samples on their kinks; where that vanishes it does not move.
    """
    status = np.full(field.zero.size, RESTING, np.int8)
    if slides is not None:
        status[slides] = SLIDING
    force, slid, _ = field.force(status)
    first = field.speeds(force)
    first[slid] = 0.0
    first[np.abs(first) <= field.rounding(force)] = 0.0
    return field.follow(first, slid) if first.any() else status


def arrived(field: LocalField, speeds: Array, slid: Index, shares: Array) -> Verdict:
    """How a neuron goes on that arrives where all kinks meet, with velocity ``speeds`` (t,) on its ray.

    slid (s,): the samples on which it slides there, with the shares (s,) of these that are active.
    """
    wanted = field.follow(speeds, slid) if speeds.any() else None
    return _verdict(field, _about(field, speeds, slid, shares), wanted)


def held_no_longer(field: LocalField, later: LocalField, status: Bytes, ray: Array) -> Verdict:
    """How a neuron goes on that is held at a junction and begins to grow along ``ray`` (t,).

    status (t,): that with which it is held; later: the field a while later. Descent chatters about the
    junction: it is a choice if no phase of it has found that ray by then, or one has found another way out.
    """
    after = field.follow(ray, independent(indices(ray == 0.0), field.inputs))
    _, slid, shares = later.force(status)
    ends = _ends(later, _about(later, np.zeros(ray.size), slid, np.clip(shares, 0.0, 1.0)))
    gone = ends[(ends != later.held).any(axis=1)]
    return Verdict(after, choice=len(gone) == 0 or bool((gone != after).any()))


def turned_while_sliding(field: LocalField, shares: Array) -> Verdict:
    """How a neuron goes on that slides on all t samples as its output weight reaches zero.

    field: for the output weight before; shares (t,): those that are active. The output weight falls linearly,
    by one unit a step, so the last steps have lengths k + phase.
    """
    count = _steps(shares)
    phase = _phases(1 + shares.size)
    z = (count * (phase[:, 1:] - 0.5) * (field.on - field.off)) @ field.gram
    lengths = np.arange(count, -1, -1.0)[:, None] + phase[:, 0]
    z = field.descend(z, lengths)
    after = field.turned()
    z = after.descend(z, 1.0 - phase[None, :, 0])
    return _verdict(after, z, after.follow(shares - 0.5))


def _about(field: LocalField, speeds: Array, slid: Index, shares: Array) -> Array:
    """Where phases of descent (f, t) are once they have come to a junction, with ``speeds`` and sliding."""
    count = _steps(shares)
    phase = _phases(1 + slid.size)
    z = -(count + phase[:, :1]) * speeds
    if slid.size:
        jump = (field.on - field.off)[slid]
        z = z + (phase[:, 1:] - 0.5) * jump @ field.gram[slid]
    return field.descend(z, np.ones(4 * count))


def _steps(shares: Array) -> int:
    """How many steps descent needs until its zigzag about the kinks is that of the limit."""
    rarest = float(np.minimum(shares, 1.0 - shares).min(initial=0.5))
    return int(np.clip(PERIODS / max(rarest, 1e-9), FEWEST, MOST))


def _phases(count: int) -> Array:
    """Phases (f, count) in 0 .. 1, spread evenly (Roberts' generalised golden ratio)."""
    ratio = 2.0
    for _ in range(40):
        ratio = (1.0 + ratio) ** (1.0 / (count + 1))
    steps = ratio ** -np.arange(1.0, count + 1)
    phases: Array = (0.5 + np.arange(1.0, PHASES + 1)[:, None] * steps) % 1.0
    return phases


def _verdict(field: LocalField, z: Array, wanted: Bytes | None) -> Verdict:
    """What the local flow makes of all phases z (f, t); ``wanted``: the choice without a majority."""
    kinds, count = np.unique(_ends(field, z), axis=0, return_counts=True)
    if len(kinds) == 1:
        return Verdict(kinds[0], choice=False)
    if count.max() < MAJORITY * len(z) and wanted is not None and (kinds == wanted).all(axis=1).any():
        return Verdict(wanted, choice=True)
    return Verdict(kinds[np.argmax(count)], choice=True)


def _ends(field: LocalField, z: Array) -> Bytes:
    """Activations (f, t) with which the local flow goes on from all phases z (f, t).

    The local flow may lead through the point where all kinks meet to where nothing pulls. A phase of descent
    that is not there after many steps more, is held at that point instead.
    """
    status = np.where(z > 0.0, ON, OFF).astype(np.int8)
    meets = np.where(z > 0.0, 1.0, -1.0) * field.speeds(np.where(z > 0.0, field.on, field.off)) < 0.0
    for i in indices(meets.any(axis=1)):
        status[i] = field.follow(z[i])
    if not field.speeds(field.off).any():
        lost = indices((status == OFF).all(axis=1) & (z > 0.0).any(axis=1))
        if lost.size:
            later = field.descend(z[lost], np.ones(LINGERS))
            near = (np.abs(later) <= NEAR * field.longest).all(axis=1)
            status[lost[near & (later > 0.0).any(axis=1)]] = field.held
    return status
