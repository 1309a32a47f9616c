"""Neurons that have become one.

A neuron that slides on so many samples that one line is left to it lies on that line. Two of them with the
same activations and the same ratio of a to w are multiples of one vector, (w_j, a_j) = c_j (w, a), and stay
so for ever: the pull on a neuron depends on its activations alone, and the flow is homogeneous in (w, a).
Together they are to all others one neuron c (w, a) with c^2 = sum c_j^2. So a wide network costs, once it
has aligned, what its few directions cost; and what happens to one of a cluster happens to all of it.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from reluflow.flow.events import Events
from reluflow.flow.lorentz.neurons import Neurons, put
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array, indices, row_norms

#: neurons are multiples of each other if their unit vectors (w, a) differ by no more than this in a
#: coordinate, and their pre-activations, by |w| |x|, by no more than what a crossing is found to
EQUAL, NEAR = 1e-13, 1e-10
#: a neuron whose share of a cluster is smaller stays by itself: it could not be told from zero later on
SHARE = 2.0**-500


@dataclass(frozen=True)
class Clusters:
    """Which neurons, by their numbers in the network, a leader stands for, itself included.

    member (k,) in the order of leader (k,), ratio (k,): (w, a) of the member over that of the cluster.
    """

    member: Index
    leader: Index
    ratio: Array

    def joined(self, neurons: Neurons, samples: Samples) -> tuple["Clusters", Neurons]:
        """Those that have become one are put together: the clusters then, and the neurons that are left."""
        lined = indices(neurons.lined & (neurons.outputs != 0.0))
        if lined.size < 2:
            return self, neurons
        some = neurons.take(lined)
        size = np.hypot(some.outputs, row_norms(some.weights))
        first = _first_alike(some, size, samples)
        exponent = np.full(first.size, np.iinfo(np.int64).min)
        np.maximum.at(exponent, first, some.exponent)
        part = np.ldexp(size, some.exponent - exponent[first])
        total = np.sqrt(np.bincount(first, part**2, first.size))
        ratio = part / total[first]
        bundled = (np.minimum(ratio, ratio[first]) > SHARE) & (np.bincount(first)[first] > 1)
        if not bundled.any():
            return self, neurons
        leads = np.unique(first[bundled])
        put_together = _as_large(some.take(leads), total[leads] / size[leads], exponent[leads])
        kept = np.ones(len(neurons), dtype=bool)
        kept[lined[bundled & (first != np.arange(first.size))]] = False
        clusters = self.adding(some.index[bundled], some.index[first[bundled]], ratio[bundled])
        return clusters, put(neurons, lined[leads], put_together).take(kept)

    def restored(self, weights: Array, outputs: Array) -> None:
        """Write all members into weights (.., m, p) and output weights (.., m) of networks of leaders."""
        if self.member.size:
            weights[..., self.member, :] = self.ratio[:, None] * weights[..., self.leader, :]
            outputs[..., self.member] = self.ratio * outputs[..., self.leader]

    def everyones(self, events: Events) -> Events:
        """The same events with those of a cluster told of each of its members."""
        if self.member.size == 0 or len(events) == 0:
            return events
        begin = np.searchsorted(self.leader, events.neuron)
        size = np.searchsorted(self.leader, events.neuron, side="right") - begin
        times = np.maximum(size, 1)
        told = events.take(np.repeat(np.arange(times.size), times))
        place = np.arange(len(told)) - np.repeat(np.cumsum(times) - times, times)
        place += np.repeat(begin, times)
        single = np.repeat(size == 0, times)
        members = self.member[np.where(single, 0, place)]
        return replace(told, neuron=np.where(single, told.neuron, members).astype(np.int32))

    def adding(self, member: Index, leader: Index, ratio: Array) -> "Clusters":
        """With new members (k,) of new clusters, some of which led a cluster and still stand for it."""
        to, share = self.leader, self.ratio
        if to.size and member.size:
            order = np.argsort(member)
            place = np.minimum(np.searchsorted(member, to, sorter=order), member.size - 1)
            found = order[place]
            moved = member[found] == to
            share = np.where(moved, share * ratio[found], share)
            to = np.where(moved, leader[found], to)
        fresh = ~np.isin(member, self.leader)
        all_members = np.concatenate([self.member, member[fresh]])
        all_leaders = np.concatenate([to, leader[fresh]])
        order = np.lexsort((all_members, all_leaders))
        shares = np.concatenate([share, ratio[fresh]])
        return Clusters(all_members[order], all_leaders[order], shares[order])


CLUSTER_NAMES = tuple(field.name for field in fields(Clusters))


def _first_alike(neurons: Neurons, size: Array, samples: Samples) -> Index:
    """The row (b,) of the first neuron of which each is a multiple; its own if none is known."""
    unit = np.column_stack([neurons.weights, neurons.outputs]) / size[:, None]
    z = neurons.z / (size[:, None] * np.sqrt(samples.squares[: samples.primaries]))
    told = np.column_stack([neurons.status, neurons.outputs > 0.0])
    # each row as a string of bytes: as a record of so many numbers it takes NumPy fifty times as long
    as_bytes = told.view(f"V{told.shape[1]}")[:, 0]
    _, row, kind = np.unique(as_bytes, return_index=True, return_inverse=True)
    first: Index = row[kind]
    alike = (np.abs(unit - unit[first]) <= EQUAL).all(axis=1)
    alike &= (np.abs(z - z[first]) <= NEAR).all(axis=1)
    return np.where(alike, first, np.arange(first.size))


def _as_large(neurons: Neurons, factor: Array, exponent: npt.NDArray[np.int64]) -> Neurons:
    """Neurons whose stored numbers grow by a factor (b,) as the exponent becomes the one given (b,)."""
    return replace(
        neurons,
        weights=neurons.weights * factor[:, None],
        outputs=neurons.outputs * factor,
        z=neurons.z * factor[:, None],
        delta=neurons.delta * factor**2,
        exponent=exponent,
    )


def alone() -> Clusters:
    """No neuron stands for others."""
    return Clusters(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0))
