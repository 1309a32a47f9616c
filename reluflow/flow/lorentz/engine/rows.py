"""Neurons with events as arrays, in sample space, and as they are in the network."""

from dataclasses import dataclass, fields, replace

import numpy as np

from reluflow.flow.lorentz.neurons import Bytes, Mask, Neurons, widened
from reluflow.flow.lorentz.pull import Pull
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array

#: slots that are added when a neuron has none left
WIDER = 4


@dataclass
class Rows:
    """b neurons on their way, ``position`` (b,) in the step, before their next node (b,).

    row (b,): their places among those that were given. w (b, p), a (b,), z (b, h), status (b, h), side (b,
    h): see ``Neurons``. direction (b, t, p) and slope (b, t, h): D_i and S_i of the t terms of the path.
    slots (b, s), multiplier (b, t, s), inverse (b, s, s): the samples slid on, beta, and M. stuck (b,):
    events without time passing. events (b,): how many events there were.
    """

    row: Index
    position: Array
    node: Index
    w: Array
    a: Array
    z: Array
    status: Bytes
    side: Array
    direction: Array
    slope: Array
    slots: Index
    multiplier: Array
    inverse: Array
    stuck: Index
    events: Index

    def __len__(self) -> int:
        return int(self.row.size)

    def take(self, rows: Index | Mask) -> "Rows":
        """Some of them."""
        return Rows(*(getattr(self, field.name)[rows] for field in fields(self)))

    def wider(self) -> "Rows":
        """The same, with room for more samples to slide on."""
        more = (0, WIDER)
        return replace(
            self,
            slots=np.pad(self.slots, ((0, 0), more), constant_values=-1),
            multiplier=np.pad(self.multiplier, ((0, 0), (0, 0), more)),
            inverse=np.pad(self.inverse, ((0, 0), more, more)),
        )

    def joined(self, others: "Rows") -> "Rows":
        """These and others."""
        if len(others) == 0:
            return self
        mine, theirs = self, others
        while mine.slots.shape[1] < theirs.slots.shape[1]:
            mine = mine.wider()
        while theirs.slots.shape[1] < mine.slots.shape[1]:
            theirs = theirs.wider()
        names = [field.name for field in fields(self)]
        return Rows(*(np.concatenate([getattr(mine, name), getattr(theirs, name)]) for name in names))


def rows_of(neurons: Neurons, pulled: Pull) -> Rows:
    """Neurons at the start of the step, with the pull on them."""
    count = len(neurons)
    rows = Rows(
        row=np.arange(count),
        position=np.zeros(count),
        node=np.zeros(count, dtype=np.intp),
        w=neurons.weights,
        a=neurons.outputs,
        z=neurons.z,
        status=neurons.status,
        side=neurons.side,
        direction=np.ascontiguousarray(pulled.direction.transpose(1, 0, 2)),
        slope=np.ascontiguousarray(pulled.slope.transpose(1, 0, 2)),
        slots=neurons.slots,
        multiplier=np.ascontiguousarray(pulled.multiplier.transpose(1, 0, 2)),
        inverse=np.matmul(neurons.dual, neurons.dual.transpose(0, 2, 1)),
        stuck=np.zeros(count, dtype=np.intp),
        events=np.zeros(count, dtype=np.intp),
    )
    return rows if rows.slots.shape[1] else rows.wider()


def neurons_of(rows: Rows, neurons: Neurons, samples: Samples) -> Neurons:
    """The neurons that rows (b,) stand for, of those that were given.

    The Gram matrix of dual vectors made of M is M G M, twice as far from G^-1 as M is: so M is brought
    nearer to it by a step of Newton's method, 2 M - M G M, before.
    """
    base = widened(neurons.take(rows.row), rows.slots.shape[1])
    dual, new = base.dual, np.flatnonzero(rows.events)
    if new.size:
        slots, inverse, dual = rows.slots[new], rows.inverse[new], dual.copy()
        gram = samples.gram[slots[:, :, None], slots[:, None]]
        inverse = 2.0 * inverse - np.matmul(np.matmul(inverse, gram), inverse)
        dual[new] = np.matmul(inverse, samples.padded[slots])
    return replace(
        base, weights=rows.w, outputs=rows.a, z=rows.z, status=rows.status, slots=rows.slots, dual=dual
    )
