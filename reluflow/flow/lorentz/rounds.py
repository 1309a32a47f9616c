"""Neurons with events: each on its own way through the step, from event to event, all of them in rounds.

In a round every pending neuron is steered straight for the end of the step. Those to which something
happens on the way are stopped there, their activations change, and they go on in the next round. The
number of rounds is the largest number of events of one neuron, not the sum over neurons.
"""

from dataclasses import dataclass, replace

import numpy as np

from reluflow.flow.events import Change, Events
from reluflow.flow.lorentz.activation import (
    Move,
    cones,
    crossed,
    first_crossing,
    land,
    move,
    moved_to,
    rounding,
    settle,
)
from reluflow.flow.lorentz.boost import time_to_flip
from reluflow.flow.lorentz.course import Course, Heading, steer
from reluflow.flow.lorentz.drive import Drive
from reluflow.flow.lorentz.neurons import Bytes, Neurons, join
from reluflow.flow.lorentz.pull import Pull, pull_after
from reluflow.flow.lorentz.release import Releases, first_release, release
from reluflow.flow.lorentz.samples import Index
from reluflow.network import Array

#: rounds in which a neuron may stay where it is, beyond one for every sample, before it is said to stall
PATIENCE = 32
#: a neuron that is not this much further on in the step is where it was
STILL = 1e-13
#: halvings of a stretch until a neuron that leaves zero for its own side has left it
HALVINGS = 60


class StallError(ArithmeticError):
    """The activations of a neuron keep changing without any time passing."""


class Rounds:
    """After ``run``: ``predictions`` (s, q) at the nodes, ``neurons`` at the end of the step in their order.

    ``events`` holds what happened; its times are positions 0 .. 1 in the step. kinks, each (4, k): positions
    of kinks of the residual, the sample, by how much its derivative jumps, and which derivative. passed_by:
    all neurons at the first node, then at the second and so on, if asked for.
    """

    def __init__(self, drive: Drive, passed: bool = False) -> None:
        self.drive, self.samples, self.path = drive, drive.samples, drive.path
        s, q = self.path.nodes.size, self.samples.size
        self.predictions = np.zeros((s, q))
        self.events: list[Events] = []
        self.kinks: list[Array] = []
        self.ahead = np.inf
        self._ended: list[tuple[Index, Neurons]] = []
        self._passed: list[tuple[Index, Index, Neurons]] | None = [] if passed else None

    @property
    def neurons(self) -> Neurons:
        """All neurons at the end of the step."""
        if len(self._ended) == 1:
            return self._ended[0][1]
        order = np.argsort(np.concatenate([rows for rows, _ in self._ended]))
        return join([part for _, part in self._ended]).take(order)

    @property
    def passed_by(self) -> Neurons:
        """All neurons at all nodes, one node after the other."""
        passed = self._passed or []
        order = np.lexsort(tuple(np.concatenate([part[i] for part in passed]) for i in (1, 0)))
        return join([part for _, _, part in passed]).take(order)

    def run(self, neurons: Neurons) -> None:
        """Rounds until every neuron is at the end of the step. Raises StallError."""
        patience = self.samples.primaries + PATIENCE
        rows, heading, pulled = np.arange(len(neurons)), None, None
        stalled = np.zeros(len(neurons), dtype=np.intp)
        while len(neurons):
            course = steer(neurons, self.drive, heading, pulled)
            self._count(course)
            if self._passed is not None:
                self._passed.append(course.passed(rows))
            going = course.clear < self.path.nodes.size
            pending = np.flatnonzero(going)
            if pending.size == 0:
                self._ended.append((rows, course.end(slice(None))))
                return
            if pending.size < rows.size:
                self._ended.append((rows[~going], course.end(~going)))
            neurons, position = self._meet(course, pending)
            if self.samples.many:
                was = course.before.status[pending]
                pulled = pull_after(course.pulled.take(pending), was, neurons, self.drive)
            old = 0.0 if heading is None else heading.position[pending]
            rows, heading = rows[pending], Heading(position, course.clear[pending])
            stalled[rows] = np.where(position - old > STILL, 0, stalled[rows] + 1)
            if (stalled[rows] > patience).any():
                raise StallError

    def run_straight(self, neurons: Neurons, smallest: float) -> bool:
        """All neurons to the end of the step as if no activation changed; whether that is so.

        smallest: see ``Course.first_kink``; the first kink of such neurons is kept as ``ahead``.
        """
        course = steer(neurons, self.drive, None)
        straight = bool((course.clear == self.path.nodes.size).all())
        if not straight:
            self.ahead = course.first_kink(self.path.nodes, smallest)
        course = course.regardless()
        self._count(course)
        self._ended.append((np.arange(len(neurons)), course.end(slice(None))))
        return straight

    def _count(self, course: Course) -> None:
        self.predictions[course.first :] += course.predictions(self.samples)

    def _meet(self, course: Course, who: Index) -> tuple[Neurons, Array]:
        """Neurons, and their positions, after the first thing that happens to each."""
        before, pulled, moved = course.interrupted(who, self.path.nodes)
        begin, end = moved.begin, moved.end
        flip = _flips(before, moved)
        if np.any(np.isfinite(flip)):
            end = np.minimum(end, flip)
            moved = move(before, pulled, self.path, begin, end)
        sign = np.sign(np.where(before.outputs != 0.0, before.outputs, moved.flight.outputs[-1]))
        releases = first_release(before, sign, pulled, self.drive, begin, end)
        sample, crossing = first_crossing(before, moved)
        crosses = crossing < releases.position
        frees = ~crosses & np.isfinite(releases.position)
        parts = []
        arrives = np.flatnonzero(~(crosses | frees))
        if arrives.size:
            there = self._arrive(moved_to(before, moved).take(arrives), flip[arrives], end[arrives])
            parts.append((arrives, there, end[arrives]))
        for which, meet in ((np.flatnonzero(crosses), self._cross), (np.flatnonzero(frees), self._free)):
            if which.size:
                some = Stretch(before.take(which), pulled.take(which), begin[which], end[which])
                parts.append((which, *meet(some, crossing[which], sample[which], releases.take(which))))
        return _in_order(parts)

    def _arrive(self, there: Neurons, flip: Array, end: Array) -> Neurons:
        """Neurons to which nothing happened but, perhaps, a change of sign at the end of their stretch."""
        flipped = np.flatnonzero(flip <= end)
        if flipped.size == 0:
            return there
        nobody = np.full(flipped.size, -1)
        self._record(there.take(flipped), end[flipped], nobody, np.full(nobody.size, Change.FLIP, np.int8))
        outputs = there.outputs.copy()
        outputs[flipped] = 0.0
        return replace(there, outputs=outputs)

    def _cross(self, stretch: "Stretch", guess: Array, sample: Index, _: Releases) -> tuple[Neurons, Array]:
        """Neurons whose z reaches zero on ``sample`` get a new activation there.

        Where the velocity at the supposed crossing points back, z leaves zero for its own side first and
        comes through later: such a neuron goes to a place where it has left.
        """
        before, pulled, begin, end = stretch.before, stretch.pulled, stretch.begin, stretch.end
        here, position, sample = land(before, pulled, self.path, begin, end, guess, sample)
        weights = self.path.basis(position)
        rows = np.arange(position.size)
        slope = np.einsum("bs,sb->b", weights, pulled.slope[:, rows, sample])
        force = np.einsum("bs,sb->b", weights, self.drive.force[:, sample] - self.drive.idle[:, sample])
        floor = rounding(here, sample, self.drive)
        returns = here.side[rows, sample] * here.outputs * slope > floor
        goes = np.flatnonzero(~returns)
        if goes.size == 0:
            return self._leave(stretch)
        crossing, some, where = here.take(goes), sample[goes], position[goes]
        after, kind = settle(crossing, some, crossing.outputs * slope[goes], force[goes], self.drive)
        kind[(kind == Change.EXIT) & ~after.live(self.samples)] = Change.DIE
        self._kink(crossing, where, some, slope[goes], force[goes])
        self._record(after, where, some, kind)
        if goes.size == position.size:
            return after, position
        back = np.flatnonzero(returns)
        return _in_order([(goes, after, where), (back, *self._leave(stretch.take(back)))])

    def _leave(self, stretch: "Stretch") -> tuple[Neurons, Array]:
        """Neurons at a place of their stretch where all z are on their own sides, found by halving it."""
        before, begin, end = stretch.before, stretch.begin, stretch.end
        before = replace(before, z=np.where(crossed(before.side, before.z), 0.0, before.z))
        for _ in range(HALVINGS):
            end = 0.5 * (begin + end)
            there = moved_to(before, move(before, stretch.pulled, self.path, begin, end))
            wrong = np.any(crossed(before.side, there.z), axis=1)
            if not wrong.any():
                break
            end = np.where(wrong, end, 2.0 * end - begin)
        return there, end

    def _free(self, stretch: "Stretch", _: Array, __: Index, releases: Releases) -> tuple[Neurons, Array]:
        """Neurons that slide on the sample in the slot given leave it."""
        position = releases.position
        here = moved_to(
            stretch.before, move(stretch.before, stretch.pulled, self.path, stretch.begin, position)
        )
        rows = np.arange(position.size)
        sample = here.slots[rows, releases.slot]
        margin = stretch.pulled.multiplier[:, rows, releases.slot] - self.path.terms[:, sample]
        self._bend(here, position, sample, np.ptp(self.path.basis(self.path.nodes) @ margin, axis=0))
        after, kind = release(here, releases.slot, releases.status)
        self._record(after, position, sample, kind)
        return after, position

    def _kink(self, here: Neurons, position: Array, sample: Index, slope: Array, force: Array) -> None:
        """By how much dr/dt jumps at a crossing, rms over samples, in a step of length one.

        At sample k itself a dz_k/dt comes or goes, at the others a^2 r_k <x_k, x_l> / n.
        """
        others = force * self.samples.reach[sample] / self.samples.total
        self._note(here, position, sample, np.hypot(slope, others), 1.0)

    def _bend(self, here: Neurons, position: Array, sample: Index, change: Array) -> None:
        """By how much d^2 r/dt^2 jumps at a release; change (b,): of beta - r_k over the step."""
        bend = self.samples.squares[sample] / self.samples.total * change
        self._note(here, position, sample, bend, 2.0)

    def _note(self, here: Neurons, position: Array, sample: Index, jump: Array, order: float) -> None:
        scale = self.path.length * here.gain * here.outputs**2 / np.sqrt(self.samples.size)
        self.kinks.append(np.stack([position, sample, scale * np.abs(jump), np.full(position.size, order)]))

    def _record(self, neurons: Neurons, position: Array, sample: Index, kind: Bytes) -> None:
        named = np.where(sample >= 0, self.samples.first[sample], -1)
        self.events.append(Events(position, neurons.index.astype(np.int32), named.astype(np.int32), kind))


@dataclass(frozen=True)
class Stretch:
    """Some neurons before a stretch begin .. end (b,) of the step, and their pull."""

    before: Neurons
    pulled: Pull
    begin: Array
    end: Array

    def take(self, rows: Index) -> "Stretch":
        """Some of the neurons."""
        return Stretch(self.before.take(rows), self.pulled.take(rows), self.begin[rows], self.end[rows])


def _in_order(parts: list[tuple[Index, Neurons, Array]]) -> tuple[Neurons, Array]:
    """Neurons and positions of several groups, put together by their places (the index)."""
    if len(parts) == 1:
        return parts[0][1:]
    order = np.argsort(np.concatenate([part[0] for part in parts]))
    together = join([part[1] for part in parts]).take(order)
    return together, np.concatenate([part[2] for part in parts])[order]


def _flips(before: Neurons, moved: Move) -> Array:
    """The position (b,) at which the a of each neuron changes its sign on the move, or infinity."""
    turned = before.outputs * moved.flight.outputs < 0.0
    position = np.full(len(before), np.inf)
    flips = np.flatnonzero(turned.any(axis=0) & (before.delta < 0.0))
    if flips.size:
        boost = np.argmax(turned, axis=0)
        share = boost + time_to_flip(cones(before, moved, boost))
        span = (moved.end - moved.begin) / len(turned)
        position[flips] = (moved.begin + span * share)[flips]
    return position
