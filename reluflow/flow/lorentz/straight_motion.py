"""Neurons that move straight: through the nodes of the step as if no activation changed.

For most neurons of most steps this is all there is. Where something happens before a node, the neuron is
``suspect`` from that node on, and ``rounds`` takes it up at the node before.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from reluflow.flow.lorentz.boost import BoostChain, boost_chain
from reluflow.flow.lorentz.event_location import Move, over
from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.motion_record import KnownPulls, MotionRecord
from reluflow.flow.lorentz.neurons import Mask, Neurons, hidden_values
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.progress import Progress
from reluflow.flow.lorentz.pull import Pull, pull
from reluflow.flow.lorentz.release import Releases, first_release
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.flow.lorentz.turning_points import Stretches, turning_points
from reluflow.network import Array, indices


@cache
def _so_far(count: int) -> Array:
    """What makes of rows (count,) the sums of all rows up to each: short ones are not accumulated faster."""
    return np.tri(count)


@dataclass(frozen=True)
class StraightMotion:
    """b neurons ``before`` and their motion through nodes ``first``, first + 1, .. of the path.

    progress: where they start, None for the start of the step; weights (.., e s', t): those of all boosts on
    the t terms of the path. At the nodes: z (b, s', h), outputs (b, s'), and integral (b, s', t), that
    of a times each term's basis. clear (b,): the number of the first node before which something happens,
    or s. turn (b,): where, before that node, a pre-activation turns back that may have crossed zero, or
    infinity. releases: the first of every neuron, if none of its activations changes before.
    """

    before: Neurons
    pulled: Pull
    progress: Progress | None
    first: int
    weights: Array
    boosted: BoostChain
    z: Array
    integral: Array
    clear: Index
    turning_point: Array
    releases: Releases

    @property
    def outputs(self) -> Array:
        """a at the nodes (b, s')."""
        per_node = len(self.boosted.outputs) // self.z.shape[1]
        return self.boosted.outputs[per_node - 1 :: per_node].T

    @property
    def counted(self) -> Mask:
        """Nodes (b, s') at which a neuron is where it is said to be: up to the first suspect."""
        node = self.first + np.arange(self.z.shape[1])
        counted: Mask = node < self.clear[:, None]
        if self.progress is not None:
            counted &= node >= self.progress.node[:, None]
        return counted

    def predictions(self, samples: Samples) -> Array:
        """What is added to the predictions (s', q) at counted nodes."""
        weight = self.outputs * self.before.gain[:, None] * self.counted
        hidden = hidden_values(self.before, self.z, samples)
        added: Array = np.matmul(weight.T[:, None, :], hidden.transpose(1, 0, 2))[:, 0]
        return added

    @property
    def growth(self) -> Array:
        """What is added to the sum of a_j^2 (s',) at counted nodes."""
        added: Array = self.before.gain @ (self.outputs**2 * self.counted)
        return added

    def regardless(self) -> "StraightMotion":
        """The same, with nobody suspect."""
        return replace(self, clear=np.full_like(self.clear, self.first + self.z.shape[1]))

    def end(self, rows: Index | Mask | slice) -> Neurons:
        """Neurons at the last node, which do not keep hold of what they were at the others."""
        before = self.before if isinstance(rows, slice) else self.before.take(rows)
        weights, outputs, z = self.boosted.weights[-1][rows], self.boosted.outputs[-1][rows], self.z[rows, -1]
        if isinstance(rows, slice):
            weights, outputs, z = weights.copy(), outputs.copy(), z.copy()
        return before.moved(weights, outputs, z)

    def kinks_ahead(self, forcing: Forcing) -> tuple[Array, Array]:
        """About where, in the step, something first happens to each neuron to which something does (k,).

        Returns (4, k) positions, samples, jumps as of ``Rounds.kinks``, as far as they are known, and (k,)
        the a^2 of the neurons.
        """
        nodes, samples = forcing.path.nodes, forcing.samples
        who = indices(self.clear < nodes.size)
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
        force = forcing.path.values[np.minimum(node, len(forcing.path.values) - 1), sample]
        own = (after - z)[rows, sample] / span
        others = forcing.path.length * outputs * force * samples.coupling[sample] / samples.total
        size = self.before.gain[who] * np.abs(outputs)
        jump = np.where(crosses, size * np.hypot(own, others) / np.sqrt(samples.size), 0.0)
        return np.stack([position, sample, jump, np.ones(who.size)]), size * np.abs(outputs)

    def record(self, rows: Index, until: Array) -> MotionRecord:
        """What is known of the neurons, numbered by ``rows`` (b,), on their way to ``until`` (b,)."""
        before, pulled = self.before, self.pulled
        begin = np.zeros(rows.size) if self.progress is None else self.progress.position
        pulls = KnownPulls(before.weights, pulled.direction)
        start = (pulls, before.outputs, before.status)
        return MotionRecord(rows, begin, until, *start, self.first, self.integral, self.outputs)

    def interrupted(self, rows: Index, nodes: Array) -> tuple[Neurons, Pull, Move]:
        """Neurons at the node before their first suspect one, their pull, their move over that stretch."""
        clear, boosted = self.clear[rows], self.boosted
        before, pulled = self.before.take(rows), self.pulled.take(rows)
        begin = np.zeros(rows.size) if self.progress is None else self.progress.position[rows]
        per_node = len(boosted.outputs) // self.z.shape[1]
        boosts = per_node * (clear - self.first) + np.arange(per_node)[:, None]
        later = indices(clear > self.first)
        if later.size:
            begin[later] = np.maximum(begin[later], nodes[clear[later] - 1])
            who, last = rows[later], boosts[0, later] - 1
            w, a, z = before.weights.copy(), before.outputs.copy(), before.z.copy()
            w[later], a[later] = boosted.weights[last, who], boosted.outputs[last, who]
            z[later] = self.z[who, clear[later] - self.first - 1]
            before = before.moved(w, a, z)
        taken = BoostChain(
            boosted.generators[boosts, rows],
            boosted.weights[boosts, rows],
            boosted.outputs[boosts, rows],
            boosted.integral[boosts, rows],
        )
        weights = self.weights[boosts.T] if self.progress is None else self.weights[rows[:, None], boosts.T]
        return before, pulled, over(before, pulled, weights, taken, begin, nodes[clear])


def _boosted(
    neurons: Neurons, path: Path, progress: Progress | None, pulled: Pull
) -> tuple[int, Array, BoostChain, Array]:
    """The first node, and as of ``StraightMotion``: ``weights``, ``boosted`` and ``integral``."""
    nodes, count = path.nodes, len(neurons)
    if progress is None:
        first = 0
        weights = path.length * path.through
        terms = weights.shape[1]
        generators = (weights @ pulled.direction.reshape(terms, -1)).reshape(len(weights), count, -1)
    else:
        first = int(progress.node.min())
        ends = np.maximum(nodes[first:], progress.position[:, None])
        begins = np.concatenate([progress.position[:, None], ends[:, :-1]], axis=1)
        weights = path.length * path.exponentials(begins, ends)
        terms = weights.shape[-1]
        weights = weights.reshape(count, -1, terms)
        generators = np.matmul(weights, pulled.direction.transpose(1, 0, 2)).transpose(1, 0, 2)
    boosted = boost_chain(generators, neurons.weights, neurons.outputs, neurons.delta)
    steps = boosted.integral.T[:, :, None] * weights
    integral = steps.reshape(count, nodes.size - first, -1, terms).sum(axis=2)
    return first, weights, boosted, _so_far(integral.shape[1]) @ integral


def move_straight(
    neurons: Neurons, forcing: Forcing, progress: Progress | None, pulled: Pull | None = None
) -> StraightMotion:
    """Neurons from where they are (None: the start of the step) straight through all nodes left.

    pulled: the pull on them, if it is known already.
    """
    pulled = pull(neurons, forcing) if pulled is None else pulled
    path, nodes, count = forcing.path, forcing.path.nodes, len(neurons)
    first, weights, boosted, integral = _boosted(neurons, path, progress, pulled)
    z = np.matmul(integral, pulled.slope.transpose(1, 0, 2))
    z += neurons.z[:, None, :]
    heights = neurons.side[:, None, :] * z
    suspect = heights.min(axis=2, initial=0.0) < 0.0
    if neurons.delta.min(initial=0.0) < 0.0:
        turned = boosted.outputs * neurons.outputs < 0.0
        suspect |= turned.reshape(nodes.size - first, -1, count).any(axis=1).T
    ahead = np.True_ if progress is None else np.arange(first, nodes.size) >= progress.node[:, None]
    suspect &= ahead
    begin = np.zeros(count) if progress is None else progress.position
    sign = np.sign(np.where(neurons.outputs != 0.0, neurons.outputs, boosted.outputs[-1]))
    end = nodes[np.where(suspect.any(axis=1), first + suspect.argmax(axis=1), nodes.size - 1)]
    releases = first_release(neurons, sign, pulled, forcing, begin, end)
    released = indices(np.isfinite(releases.position))
    if released.size:
        suspect[released, np.searchsorted(nodes[first:-1], releases.position[released])] = True
    per_node = len(boosted.outputs) // z.shape[1]
    outputs = boosted.outputs[per_node - 1 :: per_node].T
    these = Stretches.of(neurons, pulled, begin, nodes[first:], heights, outputs)
    passed = np.zeros_like(suspect)
    np.logical_or.accumulate(suspect[:, :-1], axis=1, out=passed[:, 1:])
    row, node, position = turning_points(these, path, forcing.samples.lengths, passed)
    suspect[row, node] = True
    suspect &= ahead
    clear = np.where(suspect.any(axis=1), first + suspect.argmax(axis=1), nodes.size)
    turning_point = np.full(count, np.inf)
    if row.size:
        here = first + node == clear[row]
        np.minimum.at(turning_point, row[here], position[here])
    return StraightMotion(
        neurons, pulled, progress, first, weights, boosted, z, integral, clear, turning_point, releases
    )
