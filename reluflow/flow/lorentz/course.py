"""Neurons on a straight course: through the nodes of the step as if no activation changed.

For most neurons of most steps this is all there is. Where something happens before a node, the neuron is
``suspect`` from that node on, and ``rounds`` takes it up at the node before.
"""

from dataclasses import dataclass, replace

import numpy as np

from reluflow.flow.lorentz.boost import Flight, fly
from reluflow.flow.lorentz.drive import Drive
from reluflow.flow.lorentz.kernel import kernels
from reluflow.flow.lorentz.neurons import Mask, Neurons, hidden_values
from reluflow.flow.lorentz.pull import Pull, pull
from reluflow.flow.lorentz.release import margins
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array


@dataclass(frozen=True)
class Heading:
    """Where b neurons are on their way through the step, ``position`` (b,), and their next node (b,)."""

    position: Array
    node: Index


@dataclass(frozen=True)
class Course:
    """b neurons ``before`` and their motion through nodes ``first``, first + 1, .. of the path.

    heading: where they start, None for the start of the step. At the nodes: z (b, s', h), outputs (b, s').
    clear (b,): the number of the first node before which something happens, or s.
    """

    before: Neurons
    pulled: Pull
    heading: Heading | None
    first: int
    flight: Flight
    z: Array
    clear: Index

    @property
    def outputs(self) -> Array:
        """a at the nodes (b, s')."""
        per_node = len(self.flight.outputs) // self.z.shape[1]
        return self.flight.outputs[per_node - 1 :: per_node].T

    @property
    def counted(self) -> Mask:
        """Nodes (b, s') at which a neuron is where it is said to be: up to the first suspect."""
        node = self.first + np.arange(self.z.shape[1])
        counted: Mask = node < self.clear[:, None]
        if self.heading is not None:
            counted &= node >= self.heading.node[:, None]
        return counted

    def predictions(self, counted: Mask, samples: Samples) -> tuple[Array, Array]:
        """What is added to the predictions (s', q) at counted nodes; and the hidden values (b, s', q)."""
        weight = self.outputs * self.before.gain[:, None] * counted
        hidden = hidden_values(self.before, self.z, samples)
        return np.matmul(weight.T[:, None, :], hidden.transpose(1, 0, 2))[:, 0], hidden

    def kernels(self, counted: Mask, hidden: Array, samples: Samples) -> Array:
        """What is added to the kernels K (s', q, q) at nodes that are counted."""
        root = self.before.root[:, None] * counted
        return kernels(self.before, self.outputs, hidden, root, samples)

    def regardless(self) -> "Course":
        """The same, with nobody suspect."""
        return replace(self, clear=np.full_like(self.clear, self.first + self.z.shape[1]))

    def end(self, rows: Index | Mask | slice) -> Neurons:
        """Neurons at the last node."""
        return replace(
            self.before.take(rows),
            weights=self.flight.weights[-1][rows],
            outputs=self.flight.outputs[-1][rows],
            z=self.z[rows, -1],
        )

    def interrupted(self, rows: Index, nodes: Array) -> tuple[Neurons, Pull, Array, Array]:
        """Neurons at the node before their first suspect one, their pull, begin and end of that stretch."""
        clear = self.clear[rows]
        before = self.before.take(rows)
        begin = np.zeros(rows.size) if self.heading is None else self.heading.position[rows]
        later = np.flatnonzero(clear > self.first)
        if later.size:
            begin[later] = np.maximum(begin[later], nodes[clear[later] - 1])
            who, at = rows[later], clear[later] - self.first - 1
            per_node = len(self.flight.outputs) // self.z.shape[1]
            boost = per_node * (at + 1) - 1
            w, a, z = before.weights.copy(), before.outputs.copy(), before.z.copy()
            for i in np.unique(boost):
                w[later[boost == i]] = self.flight.weights[i][who[boost == i]]
            a[later] = self.flight.outputs[boost, who]
            z[later] = self.z[who, at]
            before = replace(before, weights=w, outputs=a, z=z)
        return before, self.pulled.take(rows), begin, nodes[clear]


def steer(neurons: Neurons, drive: Drive, heading: Heading | None) -> Course:
    """Neurons from where they are (None: the start of the step) straight through all nodes left."""
    pulled = pull(neurons, drive)
    path, nodes, count = drive.path, drive.path.nodes, len(neurons)
    if heading is None:
        first = 0
        weights = path.length * path.through()
        generators = (weights @ pulled.direction.reshape(nodes.size, -1)).reshape(len(weights), count, -1)
    else:
        first = int(heading.node.min())
        ends = np.maximum(nodes[first:], heading.position[:, None])
        begins = np.concatenate([heading.position[:, None], ends[:, :-1]], axis=1)
        weights = path.length * path.exponentials(begins, ends).reshape(count, -1, nodes.size)
        generators = np.matmul(weights, pulled.direction.transpose(1, 0, 2)).transpose(1, 0, 2)
    flight = fly(generators, neurons.weights, neurons.outputs, neurons.delta)
    steps = flight.reach.T[:, :, None] * weights
    reach = steps.reshape(count, nodes.size - first, -1, nodes.size).sum(axis=2)
    z = np.matmul(np.add.accumulate(reach, axis=1), pulled.slope.transpose(1, 0, 2))
    z += neurons.z[:, None, :]
    suspect = (neurons.side[:, None, :] * z).min(axis=2, initial=0.0) < 0.0
    if neurons.delta.min(initial=0.0) < 0.0:
        turned = flight.outputs * neurons.outputs < 0.0
        suspect |= turned.reshape(nodes.size - first, -1, count).any(axis=1).T
    if neurons.sliders[0].size:
        suspect |= _released(neurons, pulled, drive, heading, first)
    if heading is not None:
        suspect &= np.arange(first, nodes.size) >= heading.node[:, None]
    clear = np.where(suspect.any(axis=1), first + suspect.argmax(axis=1), nodes.size)
    return Course(neurons, pulled, heading, first, flight, z, clear)


def _released(neurons: Neurons, pulled: Pull, drive: Drive, heading: Heading | None, first: int) -> Mask:
    """Whether sliding neurons must be released at a node (b, s'); what is so at the start counts at all."""
    slots, sign = neurons.slots, np.sign(neurons.outputs)
    position = np.zeros(len(neurons)) if heading is None else heading.position
    now = drive.path.basis(position)[:, None, :]
    begin = np.matmul(now, pulled.multiplier.transpose(1, 0, 2))[:, 0]
    multiplier = np.concatenate([begin[None], pulled.multiplier[first:]])
    own = np.arange(len(neurons))[:, None]
    force, idle = (
        np.concatenate([(now[:, 0] @ values)[own, slots][None], values[first:, slots]])
        for values in (drive.force, drive.idle)
    )
    found = margins(slots, sign, multiplier, force, idle, drive)
    due: Mask = np.any(np.minimum(found.off, found.on) < 0.0, axis=2).T
    return due[:, :1] | due[:, 1:]
