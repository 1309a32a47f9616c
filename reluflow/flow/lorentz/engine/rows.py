"""Neurons with events as arrays, in sample space, and as they are in the network."""

from dataclasses import dataclass, fields, replace

import numpy as np

from reluflow.flow.lorentz.boost import TINY, light_cone_parts
from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.neurons import ON, Bytes, Mask, Neurons, widened
from reluflow.flow.lorentz.pull import Pull
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array, indices

#: slots that are added when a neuron has none left
WIDER = 4


@dataclass
class Rows:
    """b neurons on their way, ``position`` (b,) in the step, before their next node (b,).

    row (b,): their places among those that were given. a (b,), z (b, h), status (b, h), side (b, h): see
    ``Neurons``. slope (b, t, h), gram (b, t, t), along (b, t): S_i, <D_i, D_j> and <w, D_i> for the t terms
    of the path; across (b,), on a path that stands still: |w_perp|^2 + a^2 - |w|^2, w_perp the part of w
    across D. slots (b, s), multiplier (b, t, s), inverse (b, s, s): the samples slid on, beta, and M;
    nothing depends on beta of a slot that is empty. stuck (b,): events without time passing. events (b,): how
    many events there were. impulse (b, h + 1): what w has got from each sample, as in ``taylor``: it has
    moved by -1 / n times the sum of impulse_k x_k; the last column stands for no sample. Of these arrays only
    slope is ever written to.
    """

    row: Index
    position: Array
    node: Index
    a: Array
    z: Array
    status: Bytes
    side: Array
    slope: Array
    gram: Array
    along: Array
    across: Array
    slots: Index
    multiplier: Array
    inverse: Array
    stuck: Index
    events: Index
    impulse: Array

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

    def moved(
        self, position: Array, node: Index, integral: Array, place: tuple[Array, Array], force: Array
    ) -> "Rows":
        """The same at other positions, before the nodes (b,), after ``integral`` Y (b, t).

        place: a (b,) and z (b, h) there; force (t, h): r for each term of the path.
        """
        a, z = place
        impulse = self.impulse.copy()
        impulse[:, :-1] += (self.status == ON) * (integral @ force)
        impulse[np.arange(len(self))[:, None], self.slots] += np.matmul(integral[:, None], self.multiplier)[
            :, 0
        ]
        along = self.along + np.matmul(self.gram, integral[:, :, None])[:, :, 0]
        return replace(self, position=position, node=node, a=a, z=z, along=along, impulse=impulse)


def rows_of(neurons: Neurons, pulled: Pull, still: bool) -> Rows:
    """Neurons at the start of the step, with the pull on them, on a path that is ``still`` or moves."""
    count, direction = len(neurons), pulled.direction
    across = np.zeros(count)
    if still:
        size = np.sqrt(np.vecdot(direction[0], direction[0]))
        axis = direction[0] / np.maximum(size, TINY)[:, None]
        part = light_cone_parts(axis, neurons.weights, neurons.outputs, neurons.delta)[0]
        across = np.vecdot(part, part) + neurons.delta
    rows = Rows(
        row=np.arange(count),
        position=np.zeros(count),
        node=np.zeros(count, dtype=np.intp),
        a=neurons.outputs,
        z=neurons.z,
        status=neurons.status,
        side=neurons.side,
        slope=pulled.slope.transpose(1, 0, 2).copy(),
        gram=pulled.gram,
        along=np.vecdot(neurons.weights, direction).T,
        across=across,
        slots=neurons.slots,
        multiplier=np.ascontiguousarray(pulled.multiplier.transpose(1, 0, 2)),
        inverse=np.matmul(neurons.dual, neurons.dual.transpose(0, 2, 1)),
        stuck=np.zeros(count, dtype=np.intp),
        events=np.zeros(count, dtype=np.intp),
        impulse=np.zeros((count, neurons.z.shape[1] + 1)),
    )
    return rows if rows.slots.shape[1] else rows.wider()


def neurons_of(rows: Rows, neurons: Neurons, samples: Samples) -> Neurons:
    """The neurons that rows (b,) stand for, of those that were given.

    The Gram matrix of dual vectors made of M is M G M, twice as far from G^-1 as M is: so M is brought
    nearer to it by a step of Newton's method, 2 M - M G M, before.
    """
    base = widened(neurons.take(rows.row), rows.slots.shape[1])
    dual, new = base.dual, indices(rows.events)
    if new.size:
        slots, inverse, dual = rows.slots[new], rows.inverse[new], dual.copy()
        gram = samples.gram[slots[:, :, None], slots[:, None]]
        inverse = 2.0 * inverse - np.matmul(np.matmul(inverse, gram), inverse)
        dual[new] = np.matmul(inverse, samples.padded[slots])
    weights = base.weights + rows.impulse[:, :-1] @ (samples.inputs / -samples.total)
    return replace(
        base, weights=weights, outputs=rows.a, z=rows.z, status=rows.status, slots=rows.slots, dual=dual
    )


@dataclass(frozen=True)
class PullsBySample:
    """What rows (b,) are pulled with between two events, as dense output needs it; see ``Rows``.

    start (.., p): w at the start of the step, of all neurons, of which these are ``row`` (b,).
    """

    forcing: Forcing
    start: Array
    row: Index
    impulse: Array
    status: Bytes
    slots: Index
    multiplier: Array

    @property
    def size(self) -> int:
        """How many numbers that takes."""
        return self.impulse.size + self.multiplier.size

    @property
    def _inputs(self) -> Array:
        """-x_k / n (h, p)."""
        samples = self.forcing.samples
        scaled: Array = samples.inputs / -samples.total
        return scaled

    def weights(self, which: Index | slice) -> Array:
        """w where neurons ``which`` begin (c, p)."""
        begun: Array = self.start[self.row[which]] + self.impulse[which, :-1] @ self._inputs
        return begun

    def mixed(self, which: Index | slice, weights: Array) -> Array:
        """Sums of the D_i of neurons ``which``, with weights (c, k, t): (c, k, p)."""
        count, asked = weights.shape[:2]
        shares, here = np.zeros((count, asked, self.impulse.shape[1])), np.arange(count)[:, None, None]
        each = np.arange(asked)[:, None]
        shares[here, each, self.slots[which, None]] = np.matmul(weights, self.multiplier[which])
        on = (self.status[which] == ON)[:, None]
        mixed: Array = (shares[:, :, :-1] + on * (weights @ self.forcing.on_force)) @ self._inputs
        return mixed
