"""The rounds of the engine: every neuron to its next event, until all are at the end of the step."""

import numpy as np

from reluflow.flow.base import AbandonedError
from reluflow.flow.events import Events
from reluflow.flow.lorentz.engine.chain import Straight, straight, straight_frozen
from reluflow.flow.lorentz.engine.crossing import locate_frozen, locate_moving
from reluflow.flow.lorentz.engine.event_update import EventUpdate, changed, decide
from reluflow.flow.lorentz.engine.rows import PullsBySample, Rows, neurons_of, rows_of
from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.kinks import crossing_jump, kinks, release_jump
from reluflow.flow.lorentz.meeting import TOGETHER
from reluflow.flow.lorentz.motion_record import MotionRecord, MotionRecords
from reluflow.flow.lorentz.neurons import Mask, Neurons
from reluflow.flow.lorentz.progress import crowded
from reluflow.flow.lorentz.pull import Pull
from reluflow.flow.lorentz.release import Margins, Releases, earliest
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.flow.lorentz.turning_points import Stretches, turning_points
from reluflow.network import Array, indices

#: size of the inputs (h p) from which on this pays on a path that stands still
WORTH = 1000
#: events in a row between which a neuron creeps after which it is left to ``rounds``
STUCK = 16
#: a neuron creeps where it is no further in the step than this between two events
CREEPING = 1e-6
#: a neuron that is not this much further on in the step is where it was
STILL = 1e-13


def suits(samples: Samples, still: bool) -> bool:
    """Whether this pays, and is exact, for these data, on a path that is ``still`` or one that moves."""
    if samples.pull_when_off or samples.has_zeros:
        return False
    return samples.inputs.size >= WORTH if still else samples.many


class Engine:
    """After ``run``: ``predictions`` (s, q) at the nodes, events and kinks as of ``Rounds``, and the neurons.

    ended: rows, and neurons at the end of the step; left: rows, neurons, positions and next nodes of those
    that are left to ``rounds``. records: to which those of the neurons are added, unless None, numbered from
    ``first`` on.
    """

    def __init__(
        self, forcing: Forcing, neurons: Neurons, records: MotionRecords | None, first: int = 0
    ) -> None:
        self._forcing, self._samples, self._path = forcing, forcing.samples, forcing.path
        self._nodes, self._neurons = forcing.path.nodes, neurons
        self.predictions = np.zeros((self._nodes.size, forcing.samples.size))
        self.growth = np.zeros(self._nodes.size)
        self.events: list[Events] = []
        self.kinks: list[Array] = []
        self.least = np.inf
        self.ended: list[tuple[Index, Neurons]] = []
        self.left: list[tuple[Index, Neurons, Array, Index]] = []
        self._records, self._first = records, first

    def run(self, pulled: Pull) -> None:
        """Move all neurons to the end of the step; ``pulled``: the pull on them at its start.

        Raises AbandonedError if ``abandoned`` of the forcing says so.
        """
        neurons, rows = self._neurons, rows_of(self._neurons, pulled, self._path.still)
        resting = ((neurons.z == 0.0) & (neurons.side != 0.0) & ~rows.slope.any(axis=1)).any(axis=1)
        plain = ~resting & (neurons.delta >= 0.0) & ~neurons.lined & neurons.weights.any(axis=1)
        self._leave(rows, ~plain)
        rows = rows if plain.all() else rows.take(plain)
        while len(rows):
            if self._forcing.abandoned():
                raise AbandonedError
            rows = self._round(rows)

    def _leave(self, rows: Rows, odd: Mask) -> None:
        """Leave the rows that are ``odd`` (b,), as they are, to ``rounds``."""
        if odd.any():
            gone = rows.take(odd)
            neurons = neurons_of(gone, self._neurons, self._samples)
            self.left.append((gone.row, neurons, gone.position, gone.node))

    def _round(self, rows: Rows) -> Rows:
        """The rows after their next event, or at their next node; but for those at the end of the step."""
        if self._path.still:
            ahead = straight_frozen(rows, self._path)
        else:
            ahead = straight(rows, self._path, crowded(rows.events, rows.position))
        steps, heights = ahead.z.shape[1], rows.side[:, None] * ahead.z
        crossed = heights.min(axis=2) < 0.0
        clear = np.where(crossed.any(axis=1), crossed.argmax(axis=1), steps)
        ends = self._nodes[ahead.first + np.minimum(clear, steps - 1)]
        odd = ahead.rough
        if not self._path.still:
            odd = odd | self._turns(rows, ahead, (rows.side * rows.z, heights), clear)
        releases = self._releases(rows, ends)
        released = np.isfinite(releases.position)
        node = np.searchsorted(self._nodes[:-1], releases.position)
        clear = np.where(released, np.minimum(clear, node - ahead.first), clear)
        self._count(rows, ahead, np.where(odd, 0, clear))
        busy = clear < steps
        over = ~(busy | odd) & (ahead.first + steps == self._nodes.size)
        self._leave(rows, odd)
        if over.any():
            self._end(rows.take(over), ahead.take(over))
        stays = ~(over | odd)
        if not stays.all():
            rows, ahead, heights = rows.take(stays), ahead.take(stays), heights[stays]
            releases, clear, busy = releases.take(indices(stays)), clear[stays], busy[stays]
        return (
            self._happen(rows, ahead, heights, np.where(busy, clear, 0), busy, releases)
            if len(rows)
            else rows
        )

    def _turns(self, rows: Rows, ahead: Straight, heights: tuple[Array, Array], clear: Index) -> Mask:
        """Rows (b,) with a pre-activation that may turn back inside an interval after it has crossed zero.

        heights (b, h), (b, s', h): z where they are and at the nodes, with the sign of its side.
        """
        odd = np.zeros(len(rows), dtype=bool)
        outputs = np.column_stack([rows.a, ahead.outputs])
        these = Stretches(rows.side, rows.slope, rows.gram, rows.position, ahead.ends, heights, outputs)
        passed = np.arange(ahead.z.shape[1]) > clear[:, None]
        odd[turning_points(these, self._path, self._samples.lengths, passed)[0]] = True
        return odd

    def _releases(self, rows: Rows, ends: Array) -> Releases:
        """The first release of every row before ``ends`` (b,)."""
        row, slot = np.nonzero(rows.slots >= 0)
        pairs = row, slot, rows.slots[row, slot]
        margins = Margins.of(pairs, rows.multiplier[row, :, slot].T, np.sign(rows.a), self._forcing)
        return earliest(margins, rows.position, ends)

    def _count(self, rows: Rows, ahead: Straight, clear: Index) -> None:
        """Add what rows predict at the nodes that they pass before the ``clear`` one (b,)."""
        steps = ahead.z.shape[1]
        node = np.arange(steps)
        counted = (node < clear[:, None]) & (node >= (rows.node - ahead.first)[:, None])
        gain = self._neurons.gain[rows.row]
        weight = ahead.outputs * gain[:, None] * counted
        hidden = ahead.z * (rows.side > 0.0)[:, None]
        if not ahead.near:
            first = self._nodes.size - steps
            self.growth[first:] += np.einsum("bs,bs->s", weight, ahead.outputs)
            self.predictions[first:] += np.matmul(weight.T[:, None], hidden.transpose(1, 0, 2))[:, 0]
        else:
            at = np.zeros((self._nodes.size, len(rows)))
            at[ahead.first, np.arange(len(rows))] = weight[:, 0]
            self.predictions += at @ hidden[:, 0]
            self.growth += at @ ahead.outputs[:, 0]

    def _keep(self, rows: Rows, ahead: Straight, until: Array) -> None:
        """Keep what dense output needs of the rows until positions (b,)."""
        if self._records is not None:
            state = rows.impulse, rows.status, rows.slots, rows.multiplier
            pulls = PullsBySample(self._forcing, self._neurons.weights, rows.row, *state)
            begun = (pulls, rows.a, rows.status)
            # those who go to their next node only come to none before it
            first = self._nodes.size - (0 if ahead.near else ahead.z.shape[1])
            numbers = self._first + rows.row
            motion = (first, ahead.integral, ahead.outputs)
            self._records.add(MotionRecord(numbers, rows.position, until, *begun, *motion))

    def _end(self, rows: Rows, ahead: Straight) -> None:
        """Rows that nothing happens to any more, at the end of the step."""
        self._keep(rows, ahead, np.ones(len(rows)))
        place = ahead.outputs[:, -1], ahead.z[:, -1]
        there = rows.moved(
            np.ones(len(rows)), rows.node, ahead.integral[:, -1], place, self._forcing.on_force
        )
        self.ended.append((rows.row, neurons_of(there, self._neurons, self._samples)))

    def _happen(
        self, rows: Rows, ahead: Straight, heights: Array, clear: Index, busy: Mask, releases: Releases
    ) -> Rows:
        """The ``busy`` rows (b,) after what happens to them before node ``clear`` (b,), the others there."""
        locate = locate_frozen if self._path.still else locate_moving
        before, at = locate(rows, ahead, heights, clear, busy, releases, self._path)
        force, place = self._forcing.on_force, (at.a, at.z)
        moved = rows.moved(at.position, at.node, at.integral, place, force)
        moved.stuck = np.where(at.position - rows.position > CREEPING, 0, rows.stuck + 1)
        sample = np.where(at.crosses, at.sample, rows.slots[np.arange(len(rows)), releases.slot])
        change = decide(moved, sample, at.crosses, busy, releases, self._forcing)
        odd = change.odd | at.odd | self._is_odd(rows, at.z, at.a, at.position, sample, at.crosses)
        odd &= busy
        self._keep(rows, ahead, np.where(odd, before.position, at.position))
        if odd.any():
            place = before.a, before.z
            self._leave(rows.moved(before.position, before.node, before.integral, place, force), odd)
            moved, change = moved.take(~odd), change.take(~odd)
        if len(moved) == 0:
            return moved
        self._note(moved, change)
        return changed(moved, change, self._samples.total)

    def _is_odd(self, rows: Rows, z: Array, a: Array, position: Array, sample: Index, crosses: Mask) -> Mask:
        """Rows (b,) whose event is not plain: several kinks meet, or nothing goes on as it should."""
        here = np.arange(len(rows))
        sizes = np.abs(z)
        largest = sizes.max(axis=1)
        sizes[here, sample] = np.inf
        tied = (sizes <= TOGETHER * largest[:, None]) & (rows.side != 0.0)
        tied &= (rows.z != 0.0) | (position - rows.position <= STILL)[:, None]
        odd: Mask = tied.any(axis=1) & crosses
        odd |= largest <= TOGETHER * np.abs(rows.z).max(axis=1)
        odd |= (rows.stuck >= STUCK) | ~np.isfinite(a) | (a == 0.0)
        return odd

    def _note(self, rows: Rows, what: EventUpdate) -> None:
        """Log the events, and the kinks that they make in the residual."""
        samples, path, some = self._samples, self._path, indices(what.happens)
        sample, position, row = what.sample[some], rows.position[some], rows.row[some]
        neuron = self._neurons.index[row].astype(np.int32)
        self.events.append(Events(position, neuron, samples.first[sample].astype(np.int32), what.kind[some]))
        jump = crossing_jump(what.slope[some], what.force[some], sample, samples)
        crosses = what.crosses[some]
        if not crosses.all():
            who = indices(~crosses)
            change = np.ptp(path.basis(path.nodes) @ what.margin[some[who]].T, axis=0)
            self.least = min(self.least, float(change.min()))
            jump[who] = release_jump(change, sample[who], samples)
        squares, order = self._neurons.gain[row] * rows.a[some] ** 2, np.where(crosses, 1.0, 2.0)
        self.kinks.append(kinks(squares, position, sample, jump, order, self._forcing))
