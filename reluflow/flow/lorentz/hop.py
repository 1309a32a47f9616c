"""Neurons that go to their next node only: where events are close, all that lies beyond would be in vain."""

from dataclasses import dataclass

import numpy as np

from reluflow.flow.lorentz.boost import BoostChain
from reluflow.flow.lorentz.event_location import Move, crossed, move, moved_to
from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.motion_record import KnownPulls, MotionRecord
from reluflow.flow.lorentz.neurons import Mask, Neurons, hidden_values
from reluflow.flow.lorentz.progress import Progress
from reluflow.flow.lorentz.pull import Pull
from reluflow.flow.lorentz.release import Releases, first_release
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.flow.lorentz.turning_points import Stretches, turning_points
from reluflow.network import Array


@dataclass(frozen=True)
class Hop:
    """b neurons ``before`` and their motion from where they are to their next nodes.

    suspect (b,): whether something happens on the way; turning_point (b,) and releases: see
    ``StraightMotion``.
    """

    before: Neurons
    pulled: Pull
    progress: Progress
    moved: Move
    suspect: Mask
    turning_point: Array
    releases: Releases

    def predictions(self, there: Neurons, samples: Samples, nodes: int) -> tuple[Array, Array]:
        """What is added to the predictions (s, q), and to the sum of a_j^2 (s,), at so many nodes.

        there: the neurons at their nodes; those that are suspect do not count.
        """
        weight = np.zeros((nodes, len(there)))
        passes = np.where(self.suspect, 0.0, there.gain * there.outputs)
        weight[self.progress.node, np.arange(len(there))] = passes
        return weight @ hidden_values(there, there.z[:, None], samples)[:, 0], weight @ there.outputs

    def interrupted(self, rows: Index) -> tuple[Neurons, Pull, Move]:
        """Some of the neurons where they begin, their pull, and their move."""
        moved, boosted = self.moved, self.moved.boosted
        taken = BoostChain(
            boosted.generators[:, rows],
            boosted.weights[:, rows],
            boosted.outputs[:, rows],
            boosted.integral[:, rows],
        )
        part = Move(taken, moved.z[rows], moved.begin[rows], moved.end[rows])
        return self.before.take(rows), self.pulled.take(rows), part

    def record(self, rows: Index, until: Array, nodes: int) -> MotionRecord:
        """What is known of the neurons, numbered by ``rows`` (b,), on their way to ``until`` (b,)."""
        before, direction = self.before, self.pulled.direction
        start = (KnownPulls(before.weights, direction), before.outputs, before.status)
        none = np.zeros((rows.size, 1, len(direction)))
        return MotionRecord(rows, self.progress.position, until, *start, nodes, none, none[:, :, 0])


def hop(neurons: Neurons, forcing: Forcing, progress: Progress, pulled: Pull) -> Hop:
    """Neurons from where they are straight to the next node of each."""
    path, begin, end = forcing.path, progress.position, forcing.path.nodes[progress.node]
    moved = move(neurons, pulled, path, begin, end)
    z, outputs = moved.z[:, -1:], moved.boosted.outputs
    suspect = crossed(neurons.side, z[:, 0]).any(axis=1)
    if neurons.delta.min(initial=0.0) < 0.0:
        suspect |= (outputs * neurons.outputs < 0.0).any(axis=0)
    heights = neurons.side[:, None] * z
    these = Stretches.of(neurons, pulled, begin, end[:, None], heights, outputs[-1][:, None])
    releases = first_release(neurons, these.sign, pulled, forcing, begin, end)
    suspect |= np.isfinite(releases.position)
    nothing_passed = np.zeros((len(neurons), 1), dtype=bool)
    row, _, where = turning_points(these, path, forcing.samples.lengths, nothing_passed)
    turning_point = np.full(len(neurons), np.inf)
    if row.size:
        suspect[row] = True
        np.minimum.at(turning_point, row, where)
    return Hop(neurons, pulled, progress, moved, suspect, turning_point, releases)


def landed(these: Hop) -> Neurons:
    """The neurons at their next nodes, if nothing happens before."""
    return moved_to(these.before, these.moved)
