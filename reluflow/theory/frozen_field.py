"""Small neurons under a residual that does not move, from one event of each to the next.

The motion between two events is one boost (``reluflow.flow.lorentz.boost``). Kinks are located, crossed and
slid along, and points where several kinks meet are left, by the solver's own functions: what is particular
here is that every neuron has a time of its own, and that time has no end.

The theory's residual is y - h, the solver's is h - y.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from reluflow.flow.events import Change, Events, no_events
from reluflow.flow.lorentz.boost import gain_to_flip, gain_to_integral, light_cone
from reluflow.flow.lorentz.event_location import first_on_ray, settle
from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.junction_rays import kinks_of_held
from reluflow.flow.lorentz.junctions import (
    left,
    let_out,
    local_field,
    met,
    rested,
    stirred,
    turned,
    with_activations,
)
from reluflow.flow.lorentz.limit_of_descent import start_on_kinks
from reluflow.flow.lorentz.meeting import held_together, meeting
from reluflow.flow.lorentz.neurons import OFF, ON, RESTING, SLIDING, Bytes, Mask, Neurons, join, put
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.pull import Pull, pull
from reluflow.flow.lorentz.release import Releases, first_release, release
from reluflow.flow.lorentz.samples import Index, merge
from reluflow.flow.lorentz.start import start
from reluflow.network import ON_A_KINK, Array, row_norms
from reluflow.problem import basis_of_span
from reluflow.theory.effort import left_after_junction, left_after_round
from reluflow.theory.tracked import LIMITS, Ahead, Tracked, along, boosted, gain_to_origin


@dataclass
class Field:
    """The force of a constant ``residual`` y - h (n,) of ``inputs`` (n, d) on small neurons.

    ``slope``: that of the activation below zero. ``budget``: see ``effort``. A field keeps what it has found
    at points where kinks meet, as neurons of one sign with the same activations go on alike.
    """

    inputs: Array
    residual: Array
    slope: float = 0.0
    budget: float = np.inf
    _known: dict[bytes, tuple[Neurons, bool]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.basis = basis_of_span(self.inputs)
        inner = self.inputs if self.basis is None else self.inputs @ self.basis
        self.samples = merge(inner, self.residual, self.slope)
        #: of the merged samples, in the solver's convention h - y
        self.left = -self.samples.targets
        self.forcing = Forcing(self.samples, Path(self.left[None], 1.0), hysteresis=0.0)
        self.least = LIMITS.rest * float(np.abs(self.left) @ np.sqrt(self.samples.squares)) / len(self.inputs)

    def by_sample(self, status: Bytes) -> Bytes:
        """Activations (k, n) of the samples from those (k, h) of the kinks."""
        # what OFF, ON, SLIDING and RESTING are on either side of a kink
        before, behind = np.array([[OFF, ON, SLIDING, OFF], [ON, OFF, SLIDING, OFF]], dtype=np.int8)
        blind = np.full((len(status), 1), OFF, dtype=np.int8)
        mirrors = behind[status[:, self.samples.mirrored]]
        found: Bytes = np.hstack([before[status], mirrors, blind])[:, self.samples.group]
        return found

    def lifted(self, vectors: Array) -> Array:
        """Vectors (k, p) of the span in the coordinates (k, d) of the inputs."""
        lifted: Array = vectors if self.basis is None else vectors @ self.basis.T
        return lifted

    def weights(self, tracked: Tracked) -> Array:
        """w_j (k, d) in units of 2^exponent."""
        shift = tracked.unit - tracked.neurons.exponent
        with np.errstate(over="ignore"):
            aside = np.ldexp(tracked.aside, shift[:, None])
        weights: Array = self.lifted(tracked.neurons.weights) + aside
        return weights

    def start(self, weights: Array, output_weights: Array) -> Tracked:
        """Neurons (m, d), (m,) as they are; those that cannot move at all are left out."""
        samples = self.samples
        inner = weights if self.basis is None else weights @ self.basis
        neurons = self._on_their_kinks(start(inner, output_weights, np.zeros_like(inner), samples))
        on_kink = neurons.z == 0.0
        force = np.where(neurons.status == ON, self._force(samples.on_force), self._force(samples.off_force))
        first = np.where(on_kink, self._force(samples.kink_force), force) @ samples.inputs
        along = np.vecdot(neurons.weights, first)
        sign = np.where(output_weights == 0.0, np.sign(along), np.sign(output_weights))
        moves = (neurons.sizes > 0.0) & (sign != 0.0) & (row_norms(first) > self.least)
        rows = np.flatnonzero(moves)
        aside = np.ldexp(weights - self.lifted(inner), -neurons.exponent[:, None])
        none = np.zeros(rows.size, dtype=np.intp)
        tracked = Tracked(
            neurons.take(rows), sign[rows], aside[rows], neurons.exponent[rows], np.zeros(rows.size),
            none, none, none,
        )  # fmt: skip
        touching = np.flatnonzero(on_kink[rows].any(axis=1))
        return self._at_junction(tracked, touching, on_kink[rows], self._leave_start)

    def ahead(self, tracked: Tracked) -> Ahead:
        """The force on every neuron, off kinks on which it does not hold it. Raises TooManyKinksError."""
        self.budget = left_after_round(self.budget, len(tracked), len(self.inputs))
        tracked, force, slope = self._pulled(tracked)
        neurons = tracked.neurons
        lined = np.flatnonzero(neurons.lined)
        if lined.size:
            some = neurons.take(lined).on_kinks(self.samples)
            force[lined] = along(some.weights, force[lined])
            tracked = replace(tracked, neurons=put(neurons, lined, some))
            neurons = tracked.neurons
        generator = tracked.sign[:, None] * force
        found = light_cone(generator, neurons.weights, np.abs(neurons.outputs), neurons.delta)
        moving = found.rapidity > self.least
        towards = generator / np.where(moving, found.rapidity, 1.0)[:, None]
        return Ahead(tracked, force, found, towards, tracked.sign[:, None] * slope, moving)

    def advance(self, ahead: Ahead, until: float) -> tuple[Tracked, Mask]:
        """Neurons that have a further event before the time ``until``, after it; and which (k,) have none.

        A neuron whose next event is more than ``LIMITS.rapidity`` away goes only as far.
        """
        tracked = ahead.tracked
        sample, integral = first_on_ray(tracked.neurons.side, tracked.neurons.z, ahead.velocity)
        crossing, flip = gain_to_integral(ahead.cone, integral), gain_to_flip(ahead.cone)
        origin = gain_to_origin(ahead)
        gain = np.where(np.isfinite(origin), origin, np.minimum(crossing, flip))
        rapidity = np.where(ahead.moving, np.log1p(gain), np.inf)
        last = np.isinf(rapidity) | (tracked.time + rapidity / ahead.rate > until) | self._given_up(tracked)
        go = ~last
        ahead, rapidity = ahead.take(go), rapidity[go]
        there = rapidity <= LIMITS.rapidity
        moved = boosted(ahead, np.minimum(rapidity, LIMITS.rapidity), self.samples)
        moved = replace(moved, events=moved.events + there)
        arrives = np.isfinite(origin)[go]
        flips = (flip <= gain)[go] & ~arrives
        moved = self._arrive(moved, np.flatnonzero(there & arrives))
        moved = self._flip(moved, np.flatnonzero(there & flips))
        moved = self._touch(ahead, moved, sample[go], np.flatnonzero(there & ~(flips | arrives)))
        return self._rest(moved), last

    def _given_up(self, tracked: Tracked) -> Mask:
        """Neurons (k,) that have had more events than are followed."""
        given_up: Mask = tracked.events > LIMITS.events * self.samples.primaries
        return given_up

    def _pulled(self, tracked: Tracked) -> tuple[Tracked, Array, Array]:
        """Neurons off the kinks that hold them no longer, D (k, p) and <x_k, D> (k, h)."""
        which, some = np.arange(len(tracked)), tracked
        force, slope = np.empty_like(tracked.neurons.weights), np.empty_like(tracked.neurons.z)
        while True:
            pulled = pull(some.neurons, self.forcing)
            force[which], slope[which] = pulled.direction[0], pulled.slope[0]
            here = np.zeros(which.size)
            releases = first_release(some.neurons, some.sign, pulled, self.forcing, here, here)
            due = np.flatnonzero(np.isfinite(releases.position) & ~self._given_up(some))
            if due.size == 0:
                return tracked, force, slope
            some = self._free(some.take(due), pulled.take(due), releases.take(due))
            which = which[due]
            tracked = tracked.put(which, some)

    def _force(self, of: Callable[[Array], Array]) -> Array:
        """c_k (h,) of the force D = sum_k c_k x_k on one side of all kinks, or on them."""
        force: Array = -of(self.left) / self.samples.total
        return force

    def _on_their_kinks(self, neurons: Neurons) -> Neurons:
        """Neurons with what is rounding, also that of a run that has brought them here, taken off z and w."""
        samples = self.samples
        jump = self._force(samples.on_force) - self._force(samples.off_force)
        attracts = np.sign(neurons.outputs)[:, None] * jump < 0.0
        w, z = neurons.weights.copy(), neurons.weights @ samples.inputs.T
        width = np.where(attracts, LIMITS.held, ON_A_KINK) * np.outer(row_norms(w), samples.lengths)
        near = np.abs(z) <= width
        z[near] = 0.0
        # what rounding has left across a kink would turn round a neuron that shrinks along it for long
        for k in np.flatnonzero(near.any(axis=0)):
            x, flat = samples.inputs[k], near[:, k]
            w[flat] -= np.outer(w[flat] @ x / (x @ x), x)
        delta = np.where(np.abs(neurons.delta) < LIMITS.balanced * neurons.sizes**2, 0.0, neurons.delta)
        status = np.where(z > 0.0, ON, OFF).astype(np.int8)
        return replace(neurons, weights=w, z=z, status=status, delta=delta)

    def _leave_start(
        self, one: Neurons, where: Index, sign: float, residual: Array, *_: object
    ) -> tuple[Neurons, Events]:
        """A neuron that begins on kinks goes as Filippov says if all attract it, else as under descent."""
        local = local_field(one, where, residual, self.samples, sign)
        if np.all(sign * (local.on - local.off) < 0.0):
            status = np.full(where.size, SLIDING, dtype=np.int8)
        else:
            status = start_on_kinks(local, one.status[0, where] == SLIDING)
        return with_activations(one, where, status, self.samples), no_events()

    def _free(self, tracked: Tracked, pulled: Pull, releases: Releases) -> Tracked:
        """Neurons each of which leaves a kink on which it slides."""
        tracked = replace(tracked, events=tracked.events + 1)
        stays = np.zeros((len(tracked), self.samples.primaries), dtype=bool)
        leave, others = np.flatnonzero(releases.leaves), np.flatnonzero(~releases.leaves)
        stays[leave] = kinks_of_held(tracked.neurons.take(leave), self.samples)
        stays[others] = held_together(tracked.neurons, pulled, releases, others, self.samples)
        several = stays.any(axis=1)
        for row in np.flatnonzero(several):
            slot, status = int(releases.slot[row]), int(releases.status[row])
            resolve, given = (let_out, (slot,)) if releases.leaves[row] else (left, (slot, status))
            tracked = self._at_junction(tracked, np.array([row]), stays, resolve, given)
        which = np.flatnonzero(~several)
        if which.size:
            freed, _ = release(tracked.neurons.some(which), releases.slot[which], releases.status[which])
            tracked = replace(tracked, neurons=put(tracked.neurons, which, freed))
        return self._rest(tracked)

    def _arrive(self, moved: Tracked, which: Index) -> Tracked:
        """Neurons of which those in ``which`` have come to w = 0, where all kinks meet, with a != 0."""
        everywhere = np.ones((len(moved), self.samples.primaries), dtype=bool)
        return self._at_junction(moved, which, everywhere, met)

    def _flip(self, moved: Tracked, which: Index) -> Tracked:
        """Neurons of which the a of those in ``which`` is zero: they go on with the other sign."""
        if which.size == 0:
            return moved
        outputs, flips, sign = moved.neurons.outputs.copy(), moved.flips.copy(), moved.sign.copy()
        outputs[which], flips[which] = 0.0, flips[which] + 1
        moved = replace(moved, neurons=replace(moved.neurons, outputs=outputs), flips=flips)
        slides = moved.neurons.status == SLIDING
        moved = self._at_junction(moved, which[slides[which].any(axis=1)], slides, turned)
        sign[which] *= -1.0
        return replace(moved, sign=sign)

    def _touch(self, ahead: Ahead, moved: Tracked, sample: Index, which: Index) -> Tracked:
        """Neurons of which those in ``which`` have come to the kink of ``sample`` (k,)."""
        if which.size == 0:
            return moved
        before, some = ahead.tracked.neurons.take(which), moved.neurons.take(which)
        # in units of 1 / |D|, the time in which a neuron turns
        speeds = (np.abs(some.outputs) / ahead.rate[which])[:, None] * ahead.velocity[which]
        together = np.zeros((len(moved), self.samples.primaries), dtype=bool)
        together[which] = meeting(before, some, sample[which], lambda: speeds, 1.0)
        several = together[which].any(axis=1)
        moved = self._at_junction(moved, which[several], together, met)
        which = which[~several]
        some, crossed = moved.neurons.take(which), sample[which]
        speed = np.abs(some.outputs) * ahead.velocity[which, crossed]
        force = (self.forcing.on_force - self.forcing.off_force)[0, crossed]
        after, _ = settle(some, crossed, speed, force, self.forcing)
        return replace(moved, neurons=put(moved.neurons, which, after))

    def _rest(self, moved: Tracked) -> Tracked:
        """Neurons off kinks on which nothing holds them, and off those on which something pulls across."""
        neurons, _, _ = rested(moved.neurons, self.samples)
        moved = replace(moved, neurons=neurons)
        stays = neurons.status == RESTING
        on_kinks = stays | (neurons.status == SLIDING)
        return self._at_junction(moved, np.flatnonzero(stays.any(axis=1)), on_kinks, self._stir)

    def _stir(self, one: Neurons, *_: object) -> tuple[Neurons, Events]:
        return stirred(one, self.left, self.samples)

    def _at_junction(
        self,
        tracked: Tracked,
        which: Index,
        meets: Mask,
        resolve: Callable[..., tuple[Neurons, Events]],
        given: tuple[int, ...] = (),
    ) -> Tracked:
        """Neurons of which those in ``which`` are where the kinks ``meets`` (k, h) do, as they go on.

        ``resolve`` says how; what it says depends on the sign and the activations alone.
        """
        if which.size == 0:
            return tracked
        after, choices = [], tracked.choices.copy()
        for row in which:
            one = tracked.neurons.take(slice(row, row + 1))
            sign, where = tracked.sign[row], np.flatnonzero(meets[row])
            key = repr((resolve.__name__, sign, given)).encode() + meets[row].tobytes() + one.status.tobytes()
            if key not in self._known:
                self.budget = left_after_junction(self.budget, one.status[0, where] == SLIDING, self.inputs)
                found, told = resolve(one, where, float(sign), self.left, self.samples, *given)
                self._known[key] = found, bool(np.any(told.kind == Change.CHOICE))
            found, choice = self._known[key]
            choices[row] += choice
            z, w = one.z.copy(), one.weights
            z[0, where] = 0.0
            if where.size == z.size:
                w = np.zeros_like(w)
            moved = one.moved(w, one.outputs, z, found.status)
            after.append(replace(moved, slots=found.slots, dual=found.dual))
        return replace(tracked, neurons=put(tracked.neurons, which, join(after)), choices=choices)
