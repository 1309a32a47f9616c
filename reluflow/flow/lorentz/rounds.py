"""Neurons with events: each on its own way through the step, from event to event, all of them in rounds.

In a round every pending neuron is steered straight for the end of the step. Those to which something
happens on the way are stopped there, their activations change, and they go on in the next round. The
number of rounds is the largest number of events of one neuron, not the sum over neurons.
"""

import numpy as np

from reluflow.flow.base import AbandonedError
from reluflow.flow.events import Events
from reluflow.flow.lorentz.engine import Engine, suits
from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.motion_record import MotionRecords
from reluflow.flow.lorentz.neuron_events import NeuronEvents, StallError
from reluflow.flow.lorentz.neurons import Neurons, join
from reluflow.flow.lorentz.pull import pull, pull_after
from reluflow.flow.lorentz.samples import Index
from reluflow.flow.lorentz.straight_motion import Progress, StraightMotion, move_straight
from reluflow.network import Array

#: rounds in which a neuron may creep, beyond one for every sample, before it is said to stall
PATIENCE = 32
#: a neuron creeps in a round that takes it no further than this in the step
CREEPING = 1e-6


class Rounds:
    """After ``run``: ``predictions`` (s, q) at the nodes, ``neurons`` at the end of the step in their order.

    ``events`` holds what happened; its times are positions 0 .. 1 in the step. kinks, each (4, k): positions
    of kinks of the residual, the sample, by how much its derivative jumps, and which derivative. ahead and
    least: see ``sweep.SweepResult``. records: where what dense output needs is kept, if it is.
    """

    def __init__(self, forcing: Forcing, records: MotionRecords | None = None) -> None:
        self.forcing, self.samples, self.path = forcing, forcing.samples, forcing.path
        s, q = self.path.nodes.size, self.samples.size
        self.predictions = np.zeros((s, q))
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
    def neurons(self) -> Neurons:
        """All neurons at the end of the step."""
        if len(self._ended) == 1:
            return self._ended[0][1]
        order = np.argsort(np.concatenate([rows for rows, _ in self._ended]))
        return join([part for _, part in self._ended]).take(order)

    def run(self, neurons: Neurons) -> None:
        """Rounds until every neuron is at the end of the step.

        Raises StallError, and AbandonedError if ``abandoned`` of the forcing says so.
        """
        patience = self.samples.primaries + PATIENCE
        rows, progress, pulled = np.arange(len(neurons)), None, None
        stalled = np.zeros(len(neurons), dtype=np.intp)
        if suits(self.samples, self.path.still):
            neurons, rows, progress = self._by_engine(neurons)
        while len(neurons):
            if self.forcing.abandoned():
                raise AbandonedError
            motion = move_straight(neurons, self.forcing, progress, pulled)
            self._count(motion)
            going = motion.clear < self.path.nodes.size
            pending = np.flatnonzero(going)
            if pending.size == 0:
                self._keep(motion, rows, np.ones(rows.size))
                self._ended.append((rows, motion.end(slice(None))))
                return
            if pending.size < rows.size:
                self._ended.append((rows[~going], motion.end(~going)))
            before, pulled, moved = motion.interrupted(pending, self.path.nodes)
            releases = motion.releases.take(pending)
            neurons, position = self._happening.meet(
                before, pulled, moved, motion.turning_point[pending], releases
            )
            pulled = pull_after(pulled, before.status, neurons, self.forcing) if self.samples.many else None
            until = np.ones(rows.size)
            until[pending] = position
            self._keep(motion, rows, until)
            old = 0.0 if progress is None else progress.position[pending]
            rows, progress = rows[pending], Progress(position, motion.clear[pending])
            stalled[rows] = np.where(position - old > CREEPING, 0, stalled[rows] + 1)
            if (stalled[rows] > patience).any():
                raise StallError

    def _by_engine(self, neurons: Neurons) -> tuple[Neurons, Index, Progress]:
        """Move neurons by the engine; those that it leaves, their rows, and where they are."""
        engine = Engine(self.forcing, neurons, self._records)
        engine.run(pull(neurons, self.forcing))
        self.predictions += engine.predictions
        self.events += engine.events
        self.kinks += engine.kinks
        self._happening.least = min(self.least, engine.least)
        self._ended += engine.ended
        if not engine.left:
            none = np.zeros(0, dtype=np.intp)
            return neurons.take(none), none, Progress(np.zeros(0), none)
        rows, position, node = (np.concatenate([part[i] for part in engine.left]) for i in (0, 2, 3))
        return join([part[1] for part in engine.left]), rows, Progress(position, node)

    def run_straight(self, neurons: Neurons, smallest: float) -> bool:
        """All neurons to the end of the step as if no activation changed; whether that is so.

        The first kink of a neuron with a^2 > ``smallest`` is kept as ``ahead``.
        """
        motion = move_straight(neurons, self.forcing, None)
        straight = bool((motion.clear == self.path.nodes.size).all())
        if not straight:
            kinks, squares = motion.kinks_ahead(self.forcing)
            self.kinks.append(kinks)
            self.ahead = float(kinks[0, squares > smallest].min(initial=np.inf))
            motion = motion.regardless()
        self._count(motion)
        rows = np.arange(len(neurons))
        self._keep(motion, rows, np.ones(rows.size))
        self._ended.append((rows, motion.end(slice(None))))
        return straight

    def _keep(self, motion: StraightMotion, rows: Index, until: Array) -> None:
        if self._records is not None:
            self._records.add(motion.record(rows, until))

    def _count(self, motion: StraightMotion) -> None:
        self.predictions[motion.first :] += motion.predictions(self.samples)
