"""Dense output of a sweep: where its neurons were at any moment, from what the sweep knew at their events."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from reluflow.flow.base import AbandonedError
from reluflow.flow.lorentz.boost import boost_chain
from reluflow.flow.lorentz.neurons import Bytes, Neurons
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array, indices, row_norms

#: numbers of a sweep without events up to which its records are kept until the next one
MOST_KEPT = 4_000_000
#: numbers of all records of a sweep, beyond which none is kept
MOST_RECORDED = 256_000_000
#: numbers that are worked on at once
ROOM = 1_000_000


@dataclass(frozen=True)
class NeuronStates:
    """b neurons at k moments: w_j (k, b, p) in moving coordinates, a_j (k, b).

    squares (k, b): a_j^2 |D_j|^2 + <w_j, D_j>^2, of the gradient of the half-mse loss.
    """

    weights: Array
    outputs: Array
    squares: Array

    @staticmethod
    def joined(parts: list["NeuronStates"], axis: int) -> "NeuronStates":
        """Passages after each other (axis 0), or next to each other (1)."""
        return NeuronStates(
            np.concatenate([part.weights for part in parts], axis),
            np.concatenate([part.outputs for part in parts], axis),
            np.concatenate([part.squares for part in parts], axis),
        )


def gradient_squares(neurons: Neurons, pulls: Array, decay: float = 0.0) -> Array:
    """|a_j D_j - decay w_j|^2 + (<w_j, D_j> - decay a_j)^2 (b,) of neurons with the given D_j (b, p)."""
    with np.errstate(over="ignore"):
        if decay:
            moving = neurons.outputs[:, None] * pulls - decay * neurons.weights
            turning = np.vecdot(neurons.weights, pulls) - decay * neurons.outputs
            by_weight, by_output = neurons.root * row_norms(moving), neurons.root * turning
        else:
            by_weight = neurons.root * neurons.outputs * row_norms(pulls)
            by_output = neurons.root * np.vecdot(neurons.weights, pulls)
        squares: Array = by_weight**2 + by_output**2
    return squares


class Pulls(Protocol):
    """Where b neurons between two events begin, and the D_i of each for the t terms of the path."""

    @property
    def size(self) -> int:
        """How many numbers that takes."""

    def weights(self, which: Index | slice) -> Array:
        """w where neurons ``which`` begin (c, p)."""

    def mixed(self, which: Index | slice, weights: Array) -> Array:
        """Sums of the D_i of neurons ``which``, with weights (c, k, t): (c, k, p)."""


@dataclass(frozen=True)
class KnownPulls:
    """Those that are known as they are: start (b, p), and direction (t, b, p), which is D_i."""

    start: Array
    direction: Array

    @property
    def size(self) -> int:
        """How many numbers that takes."""
        return self.direction.size + self.start.size

    def weights(self, which: Index | slice) -> Array:
        """w where neurons ``which`` begin (c, p)."""
        return self.start[which]

    def mixed(self, which: Index | slice, weights: Array) -> Array:
        """Sums of the D_i of neurons ``which``, with weights (c, k, t): (c, k, p)."""
        mixed: Array = np.einsum("ckt,tcp->ckp", weights, self.direction[:, which])
        return mixed


@dataclass(frozen=True)
class MotionRecord:
    """b neurons between two events, from positions ``begin`` to ``until`` (b,) of the step.

    rows (b,): their places in the sweep. pulls, outputs (b,), status (b, h): where they begin, and what they
    are pulled with. integral (b, s', t), outputs_at (b, s'): from nodes ``first`` on, the integral
    of a times each term's basis, and a.
    """

    rows: Index
    begin: Array
    until: Array
    pulls: Pulls
    outputs: Array
    status: Bytes
    first: int
    integral: Array
    outputs_at: Array

    @property
    def size(self) -> int:
        """How many numbers its largest arrays hold."""
        return self.pulls.size + self.status.size

    def pieces(self, moments: Array) -> Iterator[tuple[Index | slice, Index]]:
        """Its neurons, and the numbers of the moments (k,) at which to look at them, in pieces."""
        inside = (moments[:, None] >= self.begin) & (moments[:, None] <= self.until)
        count = self.begin.size
        most = max(1, ROOM * count // max(1, self.size))
        if count > 0.1 * most:
            for number, rows in enumerate(inside):
                if rows.any():
                    some = slice(None) if rows.all() else indices(rows)
                    yield some, np.full(np.count_nonzero(rows), number)
            return
        moment, which = np.nonzero(inside)
        for first in range(0, which.size, most):
            yield which[first : first + most], moment[first : first + most]

    def at(self, which: Index | slice, x: Array, swept: Neurons, path: Path) -> tuple[Neurons, Array]:
        """Its neurons ``which`` (c,) at positions x (c,), and D_j (c, p); ``swept``: along ``path``.

        Only their weights and activations are those at x; the rest, as z, is that of ``swept``.
        """
        nodes, begin, rows = path.nodes, self.begin[which], np.arange(x.size)
        node = np.searchsorted(nodes, x, side="right") - 1
        later = (node >= self.first) & (nodes[node] > begin)
        place = np.maximum(node - self.first, 0)
        start = np.where(later, nodes[node], begin)
        integral = np.where(later[:, None], self.integral[which][rows, place], 0.0)
        a = np.where(later, self.outputs_at[which][rows, place], self.outputs[which])
        weights = path.length * path.exponentials(start, x)
        asked = np.concatenate([integral[:, None], weights, path.basis(x)[:, None]], axis=1)
        vectors = self.pulls.mixed(which, asked)
        so_far, generators, pull = vectors[:, 0], vectors[:, 1:-1], vectors[:, -1]
        base = swept.take(self.rows[which])
        w = self.pulls.weights(which) + so_far
        boosted = boost_chain(generators.transpose(1, 0, 2), w, a, base.delta)
        there = base.moved(boosted.weights[-1], boosted.outputs[-1], base.z, self.status[which])
        return there.rebalanced(), pull


class MotionRecords:
    """What is recorded while neurons are moved: ``kept``, or None once that is more than ``most`` numbers.

    A neuron with many events in many dimensions would fill the memory.
    """

    def __init__(self, most: float = MOST_RECORDED) -> None:
        self.kept: list[MotionRecord] | None = []
        self._room = most

    def add(self, record: MotionRecord) -> None:
        """Keep another one, if all that are kept have room."""
        if self.kept is None:
            return
        self._room -= record.size
        if self._room < 0:
            self.kept = None
        else:
            self.kept.append(record)


@dataclass(frozen=True)
class SweepRecord:
    """What dense output needs of a sweep: its path, and the segments of its neurons, which fill the step."""

    path: Path
    records: Sequence[MotionRecord]

    def renumbered(self, rows: Index) -> "SweepRecord":
        """The same, of neurons that are ``rows`` (b,) of more."""
        return SweepRecord(self.path, [replace(one, rows=rows[one.rows]) for one in self.records])

    def joined(self, others: "SweepRecord") -> "SweepRecord":
        """This one and that of other neurons along the same path."""
        return SweepRecord(self.path, [*self.records, *others.records])

    def at(
        self, swept: Neurons, samples: Samples, moments: Array, abandoned: Callable[[], bool]
    ) -> NeuronStates:
        """The ``swept`` neurons at moments (k,), in order; raises AbandonedError if ``abandoned`` says so."""
        weights = np.zeros((moments.size, *swept.weights.shape))
        outputs, squares = np.zeros((2, moments.size, len(swept)))
        for record in self.records:
            for which, when in record.pieces(moments):
                if abandoned():
                    raise AbandonedError
                there, pulls = record.at(which, moments[when], swept, self.path)
                there = there.decayed(samples.shrunk(self.path.length * moments[when]))
                place = when, record.rows[which]
                weights[place], outputs[place] = there.true_weights(samples), there.true_outputs()
                squares[place] = gradient_squares(there, pulls, samples.weight_decay)
        return NeuronStates(weights, outputs, squares)
