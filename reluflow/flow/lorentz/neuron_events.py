"""What happens to neurons at their events, wherever in the step each of them is."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from reluflow.flow.base import AbandonedError
from reluflow.flow.events import Change, Events
from reluflow.flow.lorentz.event_location import (
    Move,
    Stretch,
    first_crossing,
    flips,
    leave,
    locate,
    move,
    moved_to,
    rounding,
    settle,
)
from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.junction_rays import kinks_of_held
from reluflow.flow.lorentz.junctions import choices, left, let_out, met, rested, stirred, turned
from reluflow.flow.lorentz.kink_location import beyond
from reluflow.flow.lorentz.kinks import crossing_jump, kinks, release_jump
from reluflow.flow.lorentz.meeting import held_together, meeting
from reluflow.flow.lorentz.neurons import RESTING, SLIDING, Bytes, Mask, Neurons, put
from reluflow.flow.lorentz.pull import Pull, on_its_samples
from reluflow.flow.lorentz.release import (
    Releases,
    error_of_multipliers,
    let_go,
    release,
    rounding_of_multipliers,
    undecided,
)
from reluflow.flow.lorentz.samples import Index
from reluflow.flow.lorentz.settings import ACCURACY
from reluflow.network import Array, indices, row_norms

#: a neuron that is not this much further on in the step is where it was
STILL = 1e-13
#: descent is asked for the way out of a junction by the residual so much later, of the rest of the step
SOON = 1e-3


class StallError(ArithmeticError):
    """A path that neurons cannot be moved along, as when activations keep changing without time passing."""


class NeuronEvents:
    """Takes neurons to the first event of each on a stretch of the step, and tells what happens there.

    events, kinks: the lists to which that is added. least: the smallest change, over the step, of a margin
    whose pair was released.
    """

    def __init__(self, forcing: Forcing, events: list[Events], kinks: list[Array]) -> None:
        self.forcing, self.samples, self.path = forcing, forcing.samples, forcing.path
        self.events, self.kinks = events, kinks
        self.least = np.inf

    def meet(
        self, before: Neurons, pulled: Pull, moved: Move, turning_point: Array, releases: Releases
    ) -> tuple[Neurons, Array]:
        """Neurons, and their positions, after the first thing that happens to each on the move.

        turning_point (b,): where they are stopped at the latest, because a pre-activation turns back.
        """
        begin, end = moved.begin, moved.end
        flip = flips(before, moved)
        soonest = np.minimum(flip, turning_point)
        if np.isfinite(soonest).any():
            end = np.minimum(end, soonest)
            moved = move(before, pulled, self.path, begin, end)
        releases = releases.up_to(end)
        stretch = Stretch(before, pulled, begin, end)
        here, position, sample, crosses = self.first(stretch, moved, releases.position)
        frees = ~crosses & np.isfinite(releases.position)
        flipped = indices(~(crosses | frees) & (flip <= end))
        if flipped.size:
            sign = np.sign(np.where(before.outputs != 0.0, before.outputs, moved.boosted.outputs[-1]))
            here = self._flip(here, position, sign, flipped)
        if frees.any():
            still = position - begin <= STILL
            here = self._free(here, position, pulled, releases, indices(frees), still)
        return self._cross(stretch, here, position, sample, indices(crosses))

    def first(self, stretch: Stretch, moved: Move, released: Array) -> tuple[Neurons, Array, Index, Mask]:
        """Neurons at the first crossing of each, or at the release (b,) if that comes first, or at the end.

        Returns them, their positions (b,), the samples (b,) that are crossed, and who crosses (b,). The
        guess of a crossing has r stand still: whether a release is sooner is known where it is located.
        """
        before, path = stretch.before, self.path
        sample, crossing = first_crossing(before, moved)
        crosses, frees = crossing < released, np.isfinite(released)
        position = np.where(crosses, crossing, np.where(frees, released, stretch.end))
        here = moved_to(before, move(before, stretch.pulled, path, stretch.begin, position))
        crosses |= frees & beyond(before.side, here.z).any(axis=1)
        if not crosses.any():
            return here, position, sample, crosses
        here, position, sample = locate(stretch, here, path, position, sample, crosses)
        sooner = indices(crosses & (released < position))
        if sooner.size:
            position[sooner], crosses[sooner] = released[sooner], False
            some = stretch.take(sooner)
            there = move(some.before, some.pulled, path, some.begin, position[sooner])
            here = put(here, sooner, moved_to(some.before, there))
        return here, position, sample, crosses

    def _flip(self, here: Neurons, position: Array, sign: Array, which: Index) -> Neurons:
        """Neurons of which those in ``which`` are where their output weight changes its ``sign`` (b,)."""
        nobody = np.full(which.size, -1)
        self._record(here.take(which), position[which], nobody, np.full(nobody.size, Change.FLIP, np.int8))
        outputs = here.outputs.copy()
        outputs[which] = 0.0
        here = replace(here, outputs=outputs)
        slid = here.status[which] == SLIDING
        slides = slid.any(axis=1)
        return self._at_junction(here, position, sign, which[slides], slid[slides], turned)

    def _at_junction(
        self,
        here: Neurons,
        position: Array,
        sign: Array,
        which: Index,
        meeting: Mask,
        resolve: Callable[..., tuple[Neurons, Events]],
        given: tuple[Array | Index, ...] = (),
    ) -> Neurons:
        """Neurons of which the c in ``which`` are where kinks meet; ``resolve`` says how each goes on.

        meeting (c, h): the samples whose kinks do; sign (b,): of output weights; given: what else ``resolve``
        asks for, (c,) each.
        """
        for row, meets, *more in zip(which, meeting, *given, strict=True):
            self._look_up()
            one = here.take(slice(row, row + 1))
            residual = self.path.basis(position[row]) @ self.path.terms
            where = indices(meets)
            after, told = resolve(one, where, float(sign[row]), residual, self.samples, *more)
            self.events.append(replace(told, t=np.full(len(told), position[row])))
            speeds = [on_its_samples(state, self.samples, residual) for state in (one, after)]
            sample = np.argmax(one.status != after.status, axis=1)
            self._note(one, position[[row]], sample, row_norms(speeds[1] - speeds[0]), 1.0)
            here = put(here, np.array([row]), after)
        return here

    def _cross(
        self, stretch: Stretch, here: Neurons, position: Array, sample: Index, which: Index
    ) -> tuple[Neurons, Array]:
        """Neurons of which those in ``which`` have reached z = 0 on ``sample`` get a new activation there.

        Where the velocity at the supposed crossing points back, z leaves zero for its own side first and
        comes through later: such a neuron goes to a place where it has left.
        """
        if which.size == 0:
            return here, position
        some, where, crossed_by = here.some(which), position[which], sample[which]
        weights = self.path.basis(where)
        slope = np.vecdot(weights, stretch.pulled.slope[:, which, crossed_by].T)
        force = np.vecdot(
            weights, (self.forcing.on_force[:, crossed_by] - self.forcing.off_force[:, crossed_by]).T
        )
        speed = some.outputs * slope
        rows = np.arange(which.size)
        returns = some.side[rows, crossed_by] * speed > rounding(some, crossed_by, self.forcing)
        if returns.any():
            back = which[returns]
            position = position.copy()
            left, position[back] = leave(stretch.take(back), self.path)
            return self._cross(stretch, put(here, back, left), position, sample, which[~returns])

        def speeds() -> Array:
            slopes: Array = np.einsum("bs,sbh->bh", weights, stretch.pulled.slope[:, which])
            return some.outputs[:, None] * slopes

        together = meeting(stretch.before.some(which), some, crossed_by, speeds, self.path.length)
        several = together.any(axis=1)
        if several.any():
            sign = np.sign(here.outputs)
            here = self._at_junction(here, position, sign, which[several], together[several], met)
            return self._cross(stretch, here, position, sample, which[~several])
        after, kind = settle(some, crossed_by, speed, force, self.forcing)
        self._note(some, where, crossed_by, crossing_jump(slope, force, crossed_by, self.samples), 1.0)
        after = self._rest(after, where)
        kind[(kind == Change.EXIT) & ~after.live(self.samples)] = Change.DIE
        self._record(after, where, crossed_by, kind)
        return put(here, which, after), position

    def _rest(self, neurons: Neurons, position: Array) -> Neurons:
        """Neurons (b,) at positions (b,) off kinks on which nothing holds them any more."""
        after, rows, sample = rested(neurons, self.samples)
        if rows.size:
            kind = np.full(rows.size, Change.RELEASE_OFF, np.int8)
            self._record(neurons.take(rows), position[rows], sample, kind)
        for row in indices((after.status == RESTING).any(axis=1)):
            self._look_up()
            residual = self.path.basis(position[row]) @ self.path.terms
            one, told = stirred(after.take(slice(row, row + 1)), residual, self.samples)
            self.events.append(replace(told, t=np.full(len(told), position[row])))
            after = put(after, np.array([row]), one)
        return after

    def _free(
        self, here: Neurons, position: Array, pulled: Pull, releases: Releases, which: Index, still: Mask
    ) -> Neurons:
        """Neurons of which those in ``which`` leave a sample on which they slide.

        Raises StallError where one of those that are ``still`` (b,) is to go on as it has come.
        """
        here, which = self._let_out(here, position, releases, which)
        if which.size == 0:
            return here
        stays = held_together(here, pulled, releases, which, self.samples)
        several = stays.any(axis=1)
        if several.any():
            before, sign, rows, self.least = here, np.sign(here.outputs), which[several], 0.0
            given = releases.slot[rows], releases.status[rows]
            here = self._at_junction(here, position, sign, rows, stays[several], left, given)
            if (still & (here.status == before.status).all(axis=1))[rows].any():
                raise StallError
            which = which[~several]
        if which.size == 0:
            return here
        some, where, slot = here.some(which), position[which], releases.slot[which]
        sample = some.slots[np.arange(which.size), slot]
        margin = pulled.multiplier[:, which, slot] - self.path.terms[:, sample]
        change = np.ptp(self.path.basis(self.path.nodes) @ margin, axis=0)
        self.least = min(self.least, float(change.min()))
        self._note(some, where, sample, release_jump(change, sample, self.samples), 2.0)
        beta = np.vecdot(self.path.basis(where), pulled.multiplier[:, which, slot].T)
        after, kind = release(some, slot, self._left_for(some, where, slot, beta, releases.status[which]))
        self._record(after, where, sample, kind)
        return put(here, which, self._rest(after, where))

    def _let_out(
        self, here: Neurons, position: Array, releases: Releases, which: Index
    ) -> tuple[Neurons, Index]:
        """Neurons of which those in ``which`` that are held at junctions leave these; and the others."""
        leaves = releases.leaves[which]
        if not leaves.any():
            return here, which
        rows = which[leaves]
        sign, kinks = np.sign(here.outputs), kinks_of_held(here.take(rows), self.samples)
        later = position[rows] + SOON * (1.0 - position[rows])
        given = releases.slot[rows], self.path.basis(later) @ self.path.terms
        self.least = 0.0
        return self._at_junction(here, position, sign, rows, kinks, let_out, given), which[~leaves]

    def _left_for(self, some: Neurons, where: Array, slot: Index, beta: Array, status: Index) -> Index:
        """What samples in slots (c,) become when neurons with these multipliers (c,) let go of them.

        status (c,): by the sign of the multipliers. Choices are recorded as events.
        """
        rows, nodes = np.arange(where.size), self.path.nodes
        sample = some.slots[rows, slot]
        rounding = rounding_of_multipliers(
            row_norms(some.dual[rows, slot]), some.status, sample, self.samples
        )
        error = error_of_multipliers(rounding, self.forcing)
        force = self.forcing.on_force[:, sample]
        there = np.vecdot(self.path.basis(where), force.T)
        zero = undecided(beta, there, error, sample, self.samples)
        if not zero.any():
            return status
        later = np.where(nodes[:, None] > where, np.abs(self.path.basis(nodes) @ force), 0.0)
        crosses = later.max(axis=0) > ACCURACY.crosses * error
        speeds = some.outputs * beta, some.outputs * (beta - there)
        status, chosen = let_go(status, zero, crosses, speeds, np.abs(some.outputs) * rounding)
        if chosen.any():
            self.events.append(choices(some.take(chosen), where[chosen]))
        return status

    def _look_up(self) -> None:
        """Raise AbandonedError if the step is to be given up: a junction takes hundredths of a second."""
        if self.forcing.abandoned():
            raise AbandonedError

    def _note(self, here: Neurons, position: Array, sample: Index, jump: Array, order: float) -> None:
        squares = here.gain * here.outputs**2
        self.kinks.append(kinks(squares, position, sample, jump, order, self.forcing))

    def _record(self, neurons: Neurons, position: Array, sample: Index, kind: Bytes) -> None:
        named = np.where(sample >= 0, self.samples.first[sample], -1)
        self.events.append(Events(position, neurons.index.astype(np.int32), named.astype(np.int32), kind))
