"""Neurons with events: each on its own way through the step, from event to event, all of them in rounds.

In a round every pending neuron is moved with the activations it has towards the next node. Where
something happens on the way it is stopped there, its activations change, and it goes on in the next
round. The number of rounds is the largest number of events of one neuron, not the sum over neurons.
"""

from dataclasses import dataclass, replace

import numpy as np

from reluflow.flow.events import Change, Events
from reluflow.flow.lorentz.activation import (
    Move,
    crossed,
    first_crossing,
    land,
    move,
    settle,
)
from reluflow.flow.lorentz.boost import time_to_flip
from reluflow.flow.lorentz.collocation import RADAU, Path, basis
from reluflow.flow.lorentz.neurons import NAMES, Bytes, Mask, Neurons, hidden_values, widened
from reluflow.flow.lorentz.pull import Pull, pull
from reluflow.flow.lorentz.release import Releases, first_release, release
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array


class StallError(ArithmeticError):
    """The activations of a neuron keep changing without any time passing."""


@dataclass(frozen=True)
class Stretch:
    """Neurons before a stretch of the step, their pull, and where they would be at its end."""

    rows: Index
    before: Neurons
    pulled: Pull
    moved: Move

    def take(self, rows: Index) -> tuple[Neurons, Pull, Array, Array]:
        """Some of the neurons: before, pull, begin and end of their stretches."""
        return self.before.take(rows), self.pulled.take(rows), self.moved.begin[rows], self.moved.end[rows]


class Rounds:
    """After ``run``: ``neurons`` at the end, ``outputs`` (b, s) and ``hidden`` values (b, s, q) at the nodes.

    Neurons start where they go to their ``stage`` (b,), that is at the node before it. ``events`` holds what
    happened; its times are positions 0 .. 1 in the step.
    """

    def __init__(self, neurons: Neurons, stage: Index, samples: Samples, path: Path, slack: float) -> None:
        count, stages = len(neurons), RADAU.stages
        self.samples = samples
        self.path = path
        self.slack = slack
        self.outputs = np.zeros((count, stages))
        self.hidden = np.zeros((count, stages, samples.size))
        self.events: list[Events] = []
        self._state = {name: getattr(neurons, name).copy() for name in NAMES}
        self._position = np.append(0.0, RADAU.nodes)[stage]
        self._stage = stage.copy()
        self._flip = np.full(count, np.inf)
        self._cut = np.full(count, np.inf)
        self._stalled = np.zeros(count, dtype=np.intp)

    @property
    def neurons(self) -> Neurons:
        """The neurons where they are now."""
        return Neurons(**self._state)

    def run(self) -> None:
        """Rounds until every neuron is at the end of the step. Raises StallError."""
        patience = 8 * self.samples.primaries + 64
        pending = np.arange(self._position.size)
        while pending.size:
            self._round(pending)
            pending = pending[self._stage[pending] < RADAU.stages]
            if np.any(self._stalled[pending] > patience):
                raise StallError

    def _round(self, rows: Index) -> None:
        before = Neurons(**{name: array[rows] for name, array in self._state.items()})
        begin = self._position[rows]
        end = np.minimum(RADAU.nodes[self._stage[rows]], np.minimum(self._flip[rows], self._cut[rows]))
        pulled = pull(before, self.samples, self.path.values)
        stretch = Stretch(rows, before, pulled, move(before, pulled, self.path, begin, end))
        moved = stretch.moved
        flips = self._cut_at_flips(stretch)
        sign = np.sign(np.where(before.outputs != 0.0, before.outputs, moved.outputs))
        releases = first_release(before, sign, pulled, self.path, begin, end, self.samples, self.slack)
        releasing = np.isfinite(releases.position) & ~flips
        crossing = np.any(crossed(before.side, moved.z), axis=1) & ~flips
        self._arrive(stretch, np.flatnonzero(~(crossing | releasing | flips)))
        busy = np.flatnonzero(crossing | releasing)
        if busy.size:
            self._meet(stretch, busy, crossing[busy], releases.take(busy))

    def _cut_at_flips(self, stretch: Stretch) -> Mask:
        """Neurons whose a changes sign in the stretch, which will end there in the next round."""
        moved, a = stretch.moved, stretch.before.outputs
        first = a * moved.output_middle < 0.0
        flips: Mask = (first | (a * moved.outputs < 0.0)) & np.isinf(self._flip[stretch.rows])
        if np.any(flips):
            shares = [time_to_flip(moved.cones[i], moved.boosts.rapidity[i]) for i in (0, 1)]
            share = 0.5 * np.where(first, shares[0], 1.0 + shares[1])
            where = moved.begin + share * (moved.end - moved.begin)
            self._flip[stretch.rows[flips]] = where[flips]
        return flips

    def _arrive(self, stretch: Stretch, which: Index) -> None:
        """Neurons that got to the end of their stretch: a node, or a change of sign of a."""
        if which.size == 0:
            return
        rows, moved = stretch.rows[which], stretch.moved
        end, a = moved.end[which], moved.outputs[which]
        flipped = self._flip[rows] == end
        if np.any(flipped):
            a = np.where(flipped, 0.0, a)
            self._flip[rows[flipped]] = np.inf
            nobody = np.full(int(flipped.sum()), -1)
            self._record(rows[flipped], end[flipped], nobody, np.full(nobody.size, Change.FLIP, np.int8))
        self._cut[rows] = np.inf
        after = replace(stretch.before.take(which), weights=moved.weights[which], outputs=a, z=moved.z[which])
        self._commit(rows, after, end)
        at_node = end == RADAU.nodes[self._stage[rows]]
        there, part = rows[at_node], after.take(at_node)
        stage = self._stage[there]
        self.outputs[there, stage] = part.outputs
        self.hidden[there, stage] = hidden_values(part, part.z[:, None, :], self.samples)[:, 0]
        self._stage[there] += 1

    def _meet(self, stretch: Stretch, which: Index, crossing: Mask, releases: Releases) -> None:
        """Neurons to which something happens before the end of their stretch: the first such thing."""
        sample, guess = first_crossing(stretch.before.take(which), stretch.moved.take(which))
        guess = np.where(crossing, guess, np.inf)
        first = guess < releases.position
        cross, free = which[first], which[~first]
        if cross.size:
            self._cross(stretch, cross, sample[first], guess[first])
        if free.size:
            self._free(stretch, free, releases.take(np.flatnonzero(~first)))

    def _cross(self, stretch: Stretch, which: Index, sample: Index, guess: Array) -> None:
        """Neurons whose z reaches zero on ``sample`` get a new activation there.

        Where the velocity at the supposed crossing points back, z leaves zero for its own side first and
        comes through later: the stretch is halved until that is seen.
        """
        before, pulled, begin, end = stretch.take(which)
        here, position, sample = land(before, pulled, self.path, begin, end, guess, sample)
        weights = basis(position)
        slope = np.einsum("bs,sb->b", weights, pulled.slope[:, np.arange(which.size), sample])
        returns = here.side[np.arange(which.size), sample] * here.outputs * slope > 0.0
        if np.any(returns):
            self._cut[stretch.rows[which[returns]]] = (0.5 * (begin + end))[returns]
            self._stalled[stretch.rows[which[returns]]] += 1
            goes = np.flatnonzero(~returns)
            which, here, position, sample = which[goes], here.take(goes), position[goes], sample[goes]
            weights, slope = weights[goes], slope[goes]
        residual = weights @ self.path.values
        after, kind = settle(here, sample, slope, residual, self.samples)
        kind[(kind == Change.EXIT) & ~after.live(self.samples)] = Change.DIE
        rows = stretch.rows[which]
        self._cut[rows] = np.inf
        self._record(rows, position, sample, kind)
        self._commit(rows, after, position)

    def _free(self, stretch: Stretch, which: Index, releases: Releases) -> None:
        before, pulled, begin, _ = stretch.take(which)
        moved = move(before, pulled, self.path, begin, releases.position)
        here = replace(before, weights=moved.weights, outputs=moved.outputs, z=moved.z)
        sample = before.slots[np.arange(which.size), releases.slot]
        after, kind = release(here, releases.slot, releases.status)
        rows = stretch.rows[which]
        self._cut[rows] = np.inf
        self._record(rows, releases.position, sample, kind)
        self._commit(rows, after, releases.position)

    def _record(self, rows: Index, position: Array, sample: Index, kind: Bytes) -> None:
        named = np.where(sample >= 0, self.samples.first[sample], -1)
        index = self._state["index"][rows]
        self.events.append(Events(position, index.astype(np.int32), named.astype(np.int32), kind))

    def _commit(self, rows: Index, after: Neurons, position: Array) -> None:
        missing = after.slots.shape[1] - self._state["slots"].shape[1]
        if missing > 0:
            self._state = {name: getattr(widened(self.neurons, after.slots.shape[1]), name) for name in NAMES}
        after = widened(after, self._state["slots"].shape[1])
        for name in NAMES:
            self._state[name][rows] = getattr(after, name)
        self._stalled[rows] = np.where(position > self._position[rows], 0, self._stalled[rows] + 1)
        self._position[rows] = position
