"""Neurons with events: each on its own way through the step, from event to event, all of them in rounds.

In a round every pending neuron is steered straight for the end of the step. Those to which something
happens on the way are stopped there, their activations change, and they go on in the next round. The
number of rounds is the largest number of events of one neuron, not the sum over neurons. Where events are
close to each other, neurons are steered for their next node only.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from reluflow.flow.base import AbandonedError
from reluflow.flow.events import Events
from reluflow.flow.lorentz.engine import Engine, suits
from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.hop import hop, landed
from reluflow.flow.lorentz.motion_record import MotionRecords, SweepRecord
from reluflow.flow.lorentz.neuron_events import NeuronEvents, StallError
from reluflow.flow.lorentz.neurons import Neurons, join, put
from reluflow.flow.lorentz.progress import Progress, crowded
from reluflow.flow.lorentz.pull import Pull, pull, pull_after
from reluflow.flow.lorentz.samples import Index
from reluflow.flow.lorentz.straight_motion import StraightMotion, move_straight
from reluflow.network import Array, indices

#: a block is left for the next one when no more than one of so many of its neurons is on its way
STRAGGLERS = 4
#: rounds in which a neuron may creep, beyond one for every sample, before it is said to stall
PATIENCE = 32
#: a neuron creeps in a round that takes it no further than this in the step
CREEPING = 1e-6


@dataclass(frozen=True)
class _Pending:
    """b neurons that are not at the end of the step yet, and their ``rows`` (b,) among those that were given.

    progress: where they are, None for its start; pulled: the pull on them, if it is known; events (b,): how
    many each has met; stalled (b,): in how many rounds, up to the last one, each went no further.
    """

    rows: Index
    neurons: Neurons
    progress: Progress | None
    pulled: Pull | None
    events: Index
    stalled: Index

    def after(
        self,
        which: Index,
        neurons: Neurons,
        progress: Progress | None,
        pulled: Pull | None,
        moved: Array,
        events: int = 1,
    ) -> "_Pending":
        """Those in ``which`` (c,) elsewhere, by ``moved`` (c,) further, after so many events more."""
        stalled = np.where(moved > CREEPING, 0, self.stalled[which] + 1)
        return _Pending(self.rows[which], neurons, progress, pulled, self.events[which] + events, stalled)


def _joined(parts: list[_Pending]) -> _Pending:
    """Neurons of several blocks that are on their way, of at least one."""
    some = [part for part in parts if len(part.rows)] or parts[:1]
    if len(some) == 1:
        return some[0]
    placed = [part.progress for part in some if part.progress is not None]
    progress = Progress(
        *(np.concatenate([getattr(p, name) for p in placed]) for name in ("position", "node"))
    )
    rows, events, stalled = (
        np.concatenate([getattr(part, name) for part in some]) for name in ("rows", "events", "stalled")
    )
    return _Pending(rows, join([part.neurons for part in some]), progress, None, events, stalled)


class Rounds:
    """After ``run``: ``predictions`` (s, q) at the nodes, ``neurons`` at the end of the step in their order.

    growth (s,): the sum of a_j^2 at the nodes.

    ``events`` holds what happened; its times are positions 0 .. 1 in the step. kinks, each (4, k): positions
    of kinks of the residual, the sample, by how much its derivative jumps, and which derivative. ahead and
    least: see ``sweep.SweepResult``. records: where what dense output needs is kept, if it is.
    """

    def __init__(self, forcing: Forcing, records: MotionRecords | None = None) -> None:
        self.forcing, self.samples, self.path = forcing, forcing.samples, forcing.path
        s, q = self.path.nodes.size, self.samples.size
        self.predictions, self.growth = np.zeros((s, q)), np.zeros(s)
        self.events: list[Events] = []
        self.kinks: list[Array] = []
        self.ahead = np.inf
        self._happening = NeuronEvents(forcing, self.events, self.kinks)
        self._ended: list[tuple[Index, Neurons]] = []
        self._records = records

    @property
    def least(self) -> float:
        """The smallest change, over the step, of a margin whose pair was released; infinite if none was."""
        return self._happening.least

    @property
    def record(self) -> SweepRecord | None:
        """What dense output needs, if it was kept."""
        records = self._records
        return None if records is None or records.kept is None else SweepRecord(self.path, records.kept)

    @property
    def neurons(self) -> Neurons:
        """All neurons at the end of the step."""
        if len(self._ended) == 1:
            return self._ended[0][1]
        rows, everyone = np.concatenate([rows for rows, _ in self._ended]), join([n for _, n in self._ended])
        in_order = bool((rows[1:] > rows[:-1]).all())
        return everyone if in_order else everyone.take(np.argsort(rows))

    def run(self, blocks: Iterable[Neurons]) -> None:
        """Rounds until every neuron of the blocks, which follow each other, is at the end of the step.

        The last few of a block wait for those of others: a round of few neurons takes hardly less time.
        Raises StallError, and AbandonedError if ``abandoned`` of the forcing says so.
        """
        waiting: list[_Pending] = []
        done, most = 0, 0
        for block in blocks:
            few, most = len(block) // STRAGGLERS, max(most, len(block))
            waiting.append(self._until(self._begun(block, done), few))
            if sum(len(some.rows) for some in waiting) > most:
                waiting = [self._until(_joined(waiting), few)]
            done += len(block)
        if waiting:
            self._until(_joined(waiting), 0)

    def _begun(self, neurons: Neurons, first: int) -> "_Pending":
        """Neurons at the start of the step, numbered from ``first`` on, or where the engine leaves them."""
        rows, progress = first + np.arange(len(neurons)), None
        if suits(self.samples, self.path.still):
            neurons, left, progress = self._by_engine(neurons, first)
            rows = first + left
        none = np.zeros(len(neurons), dtype=np.intp)
        return _Pending(rows, neurons, progress, None, none, none)

    def _until(self, pending: "_Pending", few: int) -> "_Pending":
        """Those that are left after rounds, as soon as no more than a ``few`` are."""
        while len(pending.rows) > few:
            if self.forcing.abandoned():
                raise AbandonedError
            if pending.progress is not None and crowded(pending.events, pending.progress.position):
                pending = self._hopped(pending, pending.progress)
            else:
                pending = self._interrupted(pending)
        return pending

    def _interrupted(self, pending: "_Pending") -> "_Pending":
        """Those that something happens to on their way to the end of the step, after it has."""
        neurons, rows, progress = pending.neurons, pending.rows, pending.progress
        motion = move_straight(neurons, self.forcing, progress, pending.pulled)
        self._count(motion)
        going = motion.clear < self.path.nodes.size
        which = indices(going)
        if which.size < rows.size:
            ended = slice(None) if which.size == 0 else ~going
            self._ended.append((rows[ended], motion.end(ended)))
        until, old = np.ones(rows.size), 0.0 if progress is None else progress.position[which]
        if which.size == 0:
            self._keep(motion, rows, until)
            return pending.after(which, neurons.take(which), None, None, np.zeros(0))
        before, pulled, moved = motion.interrupted(which, self.path.nodes)
        after, position = self._happening.meet(
            before, pulled, moved, motion.turning_point[which], motion.releases.take(which)
        )
        new = pull_after(pulled, before.status, after, self.forcing) if self.samples.many else None
        until[which] = position
        self._keep(motion, rows, until)
        stands = Progress(position, motion.clear[which])
        return self._on_their_way(pending.after(which, after, stands, new, position - old))

    def _hopped(self, pending: "_Pending", progress: Progress) -> "_Pending":
        """All at their next node, or after what happens to them before; but for those that have ended."""
        neurons, rows, count = pending.neurons, pending.rows, self.path.nodes.size
        pulled = pull(neurons, self.forcing) if pending.pulled is None else pending.pulled
        motion = hop(neurons, self.forcing, progress, pulled)
        after, position = landed(motion), motion.moved.end.copy()
        predictions, growth = motion.predictions(after, self.samples, count)
        self.predictions += predictions
        self.growth += growth
        which = indices(motion.suspect)
        if which.size:
            turning, releases = motion.turning_point[which], motion.releases.take(which)
            changed, position[which] = self._happening.meet(*motion.interrupted(which), turning, releases)
            after = put(after, which, changed)
        if self._records is not None:
            self._records.add(motion.record(rows, position, count))
        node = progress.node + ~motion.suspect
        ends = node == count
        if ends.any():
            self._ended.append((rows[ends], after.take(ends)))
        left = indices(~ends)
        new, after = None, after.some(left)
        if self.samples.many:
            new = pull_after(pulled.take(left), neurons.status[left], after, self.forcing)
        events = pending.events + motion.suspect
        stands = Progress(position[left], node[left])
        moved = position[left] - progress.position[left]
        return self._on_their_way(replace(pending, events=events).after(left, after, stands, new, moved, 0))

    def _on_their_way(self, pending: "_Pending") -> "_Pending":
        """The same; raises StallError if one of them creeps for too long."""
        if (pending.stalled > self.samples.primaries + PATIENCE).any():
            raise StallError
        return pending

    def _by_engine(self, neurons: Neurons, first: int) -> tuple[Neurons, Index, Progress]:
        """Move neurons by the engine; those that it leaves, their places among these, and where they are."""
        engine = Engine(self.forcing, neurons, self._records, first)
        engine.run(pull(neurons, self.forcing))
        self.predictions += engine.predictions
        self.growth += engine.growth
        self.events += engine.events
        self.kinks += engine.kinks
        self._happening.least = min(self.least, engine.least)
        self._ended += [(first + rows, part) for rows, part in engine.ended]
        if not engine.left:
            none = np.zeros(0, dtype=np.intp)
            return neurons.take(none), none, Progress(np.zeros(0), none)
        rows, position, node = (np.concatenate([part[i] for part in engine.left]) for i in (0, 2, 3))
        return join([part[1] for part in engine.left]), rows, Progress(position, node)

    def run_straight(self, neurons: Neurons, first: int, smallest: float) -> bool:
        """Neurons, numbered from ``first`` on, to the end of the step as if no activation changed.

        Returns whether that is so. The first kink of one with a^2 > ``smallest`` is kept as ``ahead``.
        """
        motion = move_straight(neurons, self.forcing, None)
        straight = bool((motion.clear == self.path.nodes.size).all())
        if not straight:
            kinks, squares = motion.kinks_ahead(self.forcing)
            self.kinks.append(kinks)
            self.ahead = float(kinks[0, squares > smallest].min(initial=self.ahead))
            motion = motion.regardless()
        self._count(motion)
        rows = first + np.arange(len(neurons))
        self._keep(motion, rows, np.ones(rows.size))
        self._ended.append((rows, motion.end(slice(None))))
        return straight

    def _keep(self, motion: StraightMotion, rows: Index, until: Array) -> None:
        if self._records is not None:
            self._records.add(motion.record(rows, until))

    def _count(self, motion: StraightMotion) -> None:
        self.predictions[motion.first :] += motion.predictions(self.samples)
        self.growth[motion.first :] += motion.growth
