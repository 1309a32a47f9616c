"""Neurons on a straight course: through the nodes of the step as if no activation changed.

For most neurons of most steps this is all there is. Where something happens before a node, the neuron is
``suspect`` from that node on, and ``rounds`` takes it up at the node before.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from reluflow.flow.lorentz.activation import Move, over
from reluflow.flow.lorentz.boost import Flight, fly
from reluflow.flow.lorentz.drive import Drive
from reluflow.flow.lorentz.neurons import Mask, Neurons, hidden_values
from reluflow.flow.lorentz.pull import Pull, pull
from reluflow.flow.lorentz.release import Releases, first_release
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.flow.lorentz.segments import Segment
from reluflow.flow.lorentz.turning import turns
from reluflow.network import Array


@cache
def _so_far(count: int) -> Array:
    """What makes of rows (count,) the sums of all rows up to each: short ones are not accumulated faster."""
    return np.tri(count)


@dataclass(frozen=True)
class Heading:
    """Where b neurons are on their way through the step, ``position`` (b,), and their next node (b,)."""

    position: Array
    node: Index


@dataclass(frozen=True)
class Course:
    """b neurons ``before`` and their motion through nodes ``first``, first + 1, .. of the path.

    heading: where they start, None for the start of the step; weights (.., e s', t): those of all boosts on
    the t terms of the path. At the nodes: z (b, s', h), outputs (b, s'), and reach (b, s', t), the integral
    of a times each term's basis. clear (b,): the number of the first node before which something happens,
    or s. turn (b,): where, before that node, a pre-activation turns back that may have crossed zero, or
    infinity. releases: the first of every neuron, if none of its activations changes before.
    """

    before: Neurons
    pulled: Pull
    heading: Heading | None
    first: int
    weights: Array
    flight: Flight
    z: Array
    reach: Array
    clear: Index
    turn: Array
    releases: Releases

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

    def predictions(self, samples: Samples) -> Array:
        """What is added to the predictions (s', q) at counted nodes."""
        weight = self.outputs * self.before.gain[:, None] * self.counted
        hidden = hidden_values(self.before, self.z, samples)
        added: Array = np.matmul(weight.T[:, None, :], hidden.transpose(1, 0, 2))[:, 0]
        return added

    def regardless(self) -> "Course":
        """The same, with nobody suspect."""
        return replace(self, clear=np.full_like(self.clear, self.first + self.z.shape[1]))

    def end(self, rows: Index | Mask | slice) -> Neurons:
        """Neurons at the last node."""
        whole = isinstance(rows, slice)
        before = self.before if whole else self.before.take(rows)
        return before.moved(self.flight.weights[-1][rows], self.flight.outputs[-1][rows], self.z[rows, -1])

    def kinks_ahead(self, drive: Drive) -> tuple[Array, Array]:
        """About where, in the step, something first happens to each neuron to which something does (k,).

        Returns (4, k) positions, samples, jumps as of ``Rounds.kinks``, as far as they are known, and (k,)
        the a^2 of the neurons.
        """
        nodes, samples = drive.path.nodes, drive.samples
        who = np.flatnonzero(self.clear < nodes.size)
        node, rows = self.clear[who], np.arange(who.size)
        first = node == 0
        begin = np.where(first, 0.0, nodes[node - 1])
        z, after = np.where(first[:, None], self.before.z[who], self.z[who, node - 1]), self.z[who, node]
        wrong = self.before.side[who] * after < 0.0
        share = np.divide(z, z - after, out=np.full_like(z, np.inf), where=wrong)
        sample = np.argmin(share, axis=1)
        crosses = wrong[rows, sample]
        span = nodes[node] - begin
        position = begin + np.where(crosses, share[rows, sample], 0.5) * span
        outputs = self.outputs[who, node]
        force = drive.path.values[np.minimum(node, len(drive.path.values) - 1), sample]
        own = (after - z)[rows, sample] / span
        others = drive.path.length * outputs * force * samples.reach[sample] / samples.total
        size = self.before.gain[who] * np.abs(outputs)
        jump = np.where(crosses, size * np.hypot(own, others) / np.sqrt(samples.size), 0.0)
        return np.stack([position, sample, jump, np.ones(who.size)]), size * np.abs(outputs)

    def segment(self, rows: Index, until: Array) -> Segment:
        """What is known of the neurons, numbered by ``rows`` (b,), on their way to ``until`` (b,)."""
        before, pulled = self.before, self.pulled
        begin = np.zeros(rows.size) if self.heading is None else self.heading.position
        start = (before.weights, before.outputs, before.z, before.status)
        pull = (pulled.direction, pulled.slope)
        return Segment(rows, begin, until, *start, *pull, self.first, self.reach, self.outputs)

    def interrupted(self, rows: Index, nodes: Array) -> tuple[Neurons, Pull, Move]:
        """Neurons at the node before their first suspect one, their pull, their move over that stretch."""
        clear, flight = self.clear[rows], self.flight
        before, pulled = self.before.take(rows), self.pulled.take(rows)
        begin = np.zeros(rows.size) if self.heading is None else self.heading.position[rows]
        per_node = len(flight.outputs) // self.z.shape[1]
        boosts = per_node * (clear - self.first) + np.arange(per_node)[:, None]
        later = np.flatnonzero(clear > self.first)
        if later.size:
            begin[later] = np.maximum(begin[later], nodes[clear[later] - 1])
            who, last = rows[later], boosts[0, later] - 1
            w, a, z = before.weights.copy(), before.outputs.copy(), before.z.copy()
            w[later], a[later] = flight.weights[last, who], flight.outputs[last, who]
            z[later] = self.z[who, clear[later] - self.first - 1]
            before = before.moved(w, a, z)
        taken = Flight(
            flight.generators[boosts, rows],
            flight.weights[boosts, rows],
            flight.outputs[boosts, rows],
            flight.reach[boosts, rows],
        )
        weights = self.weights[boosts.T] if self.heading is None else self.weights[rows[:, None], boosts.T]
        return before, pulled, over(before, pulled, weights, taken, begin, nodes[clear])


def steer(neurons: Neurons, drive: Drive, heading: Heading | None, pulled: Pull | None = None) -> Course:
    """Neurons from where they are (None: the start of the step) straight through all nodes left.

    pulled: the pull on them, if it is known already.
    """
    pulled = pull(neurons, drive) if pulled is None else pulled
    path, nodes, count = drive.path, drive.path.nodes, len(neurons)
    if heading is None:
        first = 0
        weights = path.length * path.through
        terms = weights.shape[1]
        generators = (weights @ pulled.direction.reshape(terms, -1)).reshape(len(weights), count, -1)
    else:
        first = int(heading.node.min())
        ends = np.maximum(nodes[first:], heading.position[:, None])
        begins = np.concatenate([heading.position[:, None], ends[:, :-1]], axis=1)
        weights = path.length * path.exponentials(begins, ends)
        terms = weights.shape[-1]
        weights = weights.reshape(count, -1, terms)
        generators = np.matmul(weights, pulled.direction.transpose(1, 0, 2)).transpose(1, 0, 2)
    flight = fly(generators, neurons.weights, neurons.outputs, neurons.delta)
    steps = flight.reach.T[:, :, None] * weights
    reach = steps.reshape(count, nodes.size - first, -1, terms).sum(axis=2)
    reach = _so_far(reach.shape[1]) @ reach
    z = np.matmul(reach, pulled.slope.transpose(1, 0, 2))
    z += neurons.z[:, None, :]
    suspect = (neurons.side[:, None, :] * z).min(axis=2, initial=0.0) < 0.0
    if neurons.delta.min(initial=0.0) < 0.0:
        turned = flight.outputs * neurons.outputs < 0.0
        suspect |= turned.reshape(nodes.size - first, -1, count).any(axis=1).T
    ahead = np.True_ if heading is None else np.arange(first, nodes.size) >= heading.node[:, None]
    suspect &= ahead
    begin = np.zeros(count) if heading is None else heading.position
    sign = np.sign(np.where(neurons.outputs != 0.0, neurons.outputs, flight.outputs[-1]))
    end = nodes[np.where(suspect.any(axis=1), first + suspect.argmax(axis=1), nodes.size - 1)]
    releases = first_release(neurons, sign, pulled, drive, begin, end)
    released = np.flatnonzero(np.isfinite(releases.position))
    suspect[released, np.searchsorted(nodes[first:-1], releases.position[released])] = True
    per_node = len(flight.outputs) // z.shape[1]
    outputs = flight.outputs[per_node - 1 :: per_node].T
    row, node, position = turns(
        neurons, pulled.slope, path, begin, z, outputs, nodes[first:], drive.samples.lengths
    )
    suspect[row, node] = True
    suspect &= ahead
    clear = np.where(suspect.any(axis=1), first + suspect.argmax(axis=1), nodes.size)
    turn = np.full(count, np.inf)
    here = first + node == clear[row]
    np.minimum.at(turn, row[here], position[here])
    return Course(neurons, pulled, heading, first, weights, flight, z, reach, clear, turn, releases)
