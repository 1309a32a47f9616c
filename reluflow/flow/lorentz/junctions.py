"""Neurons at points where several kinks meet: they get the activations with which the flow goes on.

``limit_of_descent`` says which these are, for one neuron and the samples whose pre-activations vanish. Here
its field is made of the neurons' arrays, and what it says is written back into them, with the events that it
means.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from reluflow.flow.events import Change, Events, in_order, no_events
from reluflow.flow.lorentz.junction_rays import junction_rays
from reluflow.flow.lorentz.limit_of_descent import (
    arrived,
    held_no_longer,
    start_on_kinks,
    turned_while_sliding,
)
from reluflow.flow.lorentz.local_field import LocalField
from reluflow.flow.lorentz.neurons import OFF, ON, RESTING, SLIDING, Bytes, Neurons, put
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.flow.lorentz.sliding import attach, detach, distances
from reluflow.network import Array, indices

EXIT: Final = int(Change.EXIT)
#: a change of activation, by what it was before (row) and is then (column)
_CHANGES = np.array(
    [
        [-1, Change.ENTER, Change.SLIDE, -1],
        [Change.EXIT, -1, Change.SLIDE, Change.EXIT],
        [Change.RELEASE_OFF, Change.RELEASE_ON, -1, Change.RELEASE_OFF],
        [-1, Change.ENTER, Change.SLIDE, -1],
    ],
    dtype=np.int8,
)
#: a component of an input along the dual vector of another one is rounding below this (relative)
ORTHOGONAL = 1e-12


def local_field(one: Neurons, meeting: Index, residual: Array, samples: Samples, sign: float) -> LocalField:
    """The field of one neuron near a point where z vanishes on the samples ``meeting`` (t,).

    residual (q,): there. sign: of its output weight.
    """
    share = -1.0 / samples.total
    on, off = share * samples.on_force(residual), share * samples.off_force(residual)
    counts = one.on[0] * on + one.off[0] * off
    counts[meeting] = 0.0
    return LocalField(
        inputs=samples.inputs[meeting],
        gram=samples.gram[np.ix_(meeting, meeting)],
        base=counts @ samples.inputs,
        on=on[meeting],
        off=off[meeting],
        zero=share * samples.kink_force(residual)[meeting],
        sign=sign,
        summed=float(np.abs(counts) @ samples.lengths),
    )


def met(
    one: Neurons, meeting: Index, sign: float, residual: Array, samples: Samples
) -> tuple[Neurons, Events]:
    """One neuron that has come to where the kinks of ``meeting`` (t,) meet: how it goes on, and the events.

    one: with the activations with which it comes, and with those with which it leaves; ``sign``: of its
    output weight.
    """
    field = local_field(one, meeting, residual, samples, sign)
    force, slid, _ = field.force(one.status[0, meeting])
    speeds = field.speeds(force)
    speeds[slid] = 0.0
    return _landed(one, meeting, field, speeds, samples)


def left(
    one: Neurons,
    meeting: Index,
    sign: float,
    residual: Array,
    samples: Samples,
    slot: int,
    status: int,
) -> tuple[Neurons, Events]:
    """The same of a neuron that has stayed where these kinks meet, and cannot slide on as it did.

    slot, status: of the sample on which it can slide no longer, and what becomes of that.
    """
    field = local_field(one, meeting, residual, samples, sign).tipped()
    released = int(indices(meeting == one.slots[0, slot])[0]), status
    return _landed(one, meeting, replace(field, released=released), np.zeros(meeting.size), samples)


def let_out(
    one: Neurons,
    meeting: Index,
    sign: float,
    residual: Array,
    samples: Samples,
    ray: int,
    later: Array | None = None,
) -> tuple[Neurons, Events]:
    """The same of a neuron held at a junction that begins to grow along one of its rays.

    later (q,): the residual a while later; the same if it does not move.
    """
    places = junction_rays(meeting, samples)[ray]
    field = local_field(one, meeting, residual, samples, sign)
    soon = field if later is None else local_field(one, meeting, later, samples, sign)
    verdict = held_no_longer(field, soon, one.status[0, meeting], places)
    after = with_activations(one, meeting, verdict.status, samples)
    return after, _told(one, after, samples, verdict.choice)


def _landed(
    one: Neurons, meeting: Index, field: LocalField, speeds: Array, samples: Samples
) -> tuple[Neurons, Events]:
    """One neuron where kinks meet, which has come with ``speeds`` (t,) of its pre-activations."""
    _, slid, shares = field.force(one.status[0, meeting])
    verdict = arrived(field, speeds, slid, np.clip(shares, 0.0, 1.0))
    z = one.z.copy()
    z[0, meeting] = 0.0
    weights = np.zeros_like(one.weights) if meeting.size == samples.primaries else one.weights
    after = with_activations(one.moved(weights, one.outputs, z), meeting, verdict.status, samples)
    return after, _told(one, after, samples, verdict.choice)


def turned(
    one: Neurons, meeting: Index, sign: float, residual: Array, samples: Samples
) -> tuple[Neurons, Events]:
    """One neuron that slides on ``meeting`` (t,) where its output weight reaches zero: how it goes on.

    sign: of its output weight before.
    """
    field = local_field(one, meeting, residual, samples, sign)
    _, _, shares = field.force(np.full(meeting.size, SLIDING, np.int8))
    verdict = turned_while_sliding(field, np.clip(shares, 0.0, 1.0))
    after = with_activations(one, meeting, verdict.status, samples)
    return after, _told(one, after, samples, verdict.choice)


def _told(one: Neurons, after: Neurons, samples: Samples, choice: bool) -> Events:
    """What happens at a junction; a choice comes first."""
    told = changes(one, after, samples, 0.0)
    if not choice:
        return told
    return in_order([choices(one, np.zeros(1)), told])


def choices(neurons: Neurons, position: Array) -> Events:
    """A choice of each of b neurons at its position (b,)."""
    count = len(neurons)
    nowhere, kind = np.full(count, -1, np.int32), np.full(count, Change.CHOICE, np.int8)
    return Events(position, neurons.index.astype(np.int32), nowhere, kind)


def with_activations(one: Neurons, where: Index, status: Bytes, samples: Samples) -> Neurons:
    """One neuron with these activations (t,) on the samples ``where`` (t,), on whose kinks it is.

    A sample that depends on others that slide, and so never leaves its kink while these do, is off; so is a
    ReLU's sample that rests on its kink and has no opposite one.
    """
    rests = status == RESTING
    if rests.any():
        kept_there = np.isin(where, samples.mirrored) & (samples.slope == 0.0)
        status = np.where(rests & ~kept_there, OFF, status).astype(np.int8)
    changed = one.status.copy()
    changed[0, where] = np.where(status == SLIDING, OFF, status)
    kept = indices(one.status[0] == SLIDING)
    slid = np.union1d(np.setdiff1d(kept, where), where[status == SLIDING])
    changed[0, slid] = OFF
    p = one.weights.shape[1]
    free = replace(
        one,
        status=changed,
        slots=np.full((1, slid.size), -1, dtype=np.intp),
        dual=np.zeros((1, slid.size, p)),
    )
    for sample in slid:
        if distances(free, np.array([sample]), samples)[1][0] > 0.0:
            free = attach(free, np.array([sample]), samples)
    return free


def stirred(one: Neurons, residual: Array, samples: Samples) -> tuple[Neurons, Events]:
    """One neuron that rests on kinks, once something may pull it across them; and the events."""
    meeting = indices((one.status[0] == RESTING) | (one.status[0] == SLIDING))
    field = local_field(one, meeting, residual, samples, float(np.sign(one.outputs[0])))
    status = start_on_kinks(field, one.status[0, meeting] == SLIDING)
    if (status == one.status[0, meeting]).all():
        return one, no_events()
    after = with_activations(one, meeting, status, samples)
    return after, changes(one, after, samples, 0.0)


def changes(before: Neurons, after: Neurons, samples: Samples, position: float) -> Events:
    """What happens to one neuron whose activations have changed, at one moment; the last may be its end."""
    old, new = before.status[0], after.status[0]
    sample = indices(_CHANGES[old, new] >= 0)
    kind = _CHANGES[old[sample], new[sample]]
    if kind.size > 1:
        order = np.argsort(kind == EXIT, kind="stable")
        sample, kind = sample[order], kind[order]
    if kind.size and kind[-1] == EXIT and not after.live(samples)[0]:
        kind[-1] = Change.DIE
    neuron = np.full(sample.size, before.index[0], np.int32)
    return Events(np.full(sample.size, position), neuron, samples.first[sample].astype(np.int32), kind)


def rested(neurons: Neurons, samples: Samples) -> tuple[Neurons, Index, Index]:
    """Neurons without the kinks along which nothing makes them slide any more; rows (c,) and samples (c,).

    A neuron that slides on k is driven onto its kink by other samples. Once none of these pulls across the
    kink, v_off = 0 > v_on: the neuron rests on the inactive side, and stays there when r_k changes its sign
    later, although v_on > 0 = v_off would let it leave, too: descent has gone a little beyond the kink.
    """
    rows, slot, sample = neurons.sliders
    none = np.zeros(0, dtype=np.intp)
    if rows.size == 0 or samples.slope > 0.0:
        return neurons, none, none
    pulling = neurons.status == ON
    pulling[:, samples.mirrored] |= neurons.status[:, samples.mirrored] == OFF
    if samples.has_zeros:
        dual = neurons.dual[rows, slot]
        inner = np.abs(dual @ samples.inputs.T)
        sizes = np.sqrt(samples.squares[: samples.primaries])
        felt = inner > ORTHOGONAL * np.sqrt(np.vecdot(dual, dual))[:, None] * sizes
        held = (felt & pulling[rows]).any(axis=1)
    else:
        held = pulling.any(axis=1)[rows]
    loose = indices(~held & ~np.isin(sample, samples.mirrored))
    if loose.size == 0:
        return neurons, none, none
    rows, slot, sample = rows[loose], slot[loose], sample[loose]
    for s in np.unique(slot):
        some = slot == s
        part = neurons.take(rows[some])
        off = np.full(len(part), OFF, dtype=np.intp)
        neurons = put(neurons, rows[some], detach(part, slot[some], off))
    return neurons, rows, sample
