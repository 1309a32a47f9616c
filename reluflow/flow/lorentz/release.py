"""Releases: when a neuron stops sliding on a sample.

A neuron slides on sample k as long as its multiplier beta_k = alpha_k r_k (see ``sliding``) has alpha_k in
[0, 1]. Below 0 the neuron is drawn to the inactive side of k, above 1 to the active one. On a given path of
the residual, with given activations, beta_k and r_k are sums of the same functions of time.

A neuron held at a junction is let go instead when it begins to grow along a ray (see ``junction_rays``).
"""

from dataclasses import dataclass

import numpy as np

from reluflow.flow.events import Change
from reluflow.flow.lorentz.bernstein import Exponentials, first_negative, from_bernstein
from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.junction_rays import Held, held_neurons
from reluflow.flow.lorentz.neurons import OFF, ON, Bytes, Mask, Neurons
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.pull import Pull
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.flow.lorentz.settings import ACCURACY
from reluflow.flow.lorentz.sliding import detach
from reluflow.network import Array, indices

#: Newton steps for the moment of a release, within a bracket
NEWTON = 12
#: ... the last of which is smaller than this share of the step
FOUND = 1e-12


@dataclass(frozen=True)
class Margins:
    """How far sliding pairs are from being released, below 0 where they must be, two for each of c pairs.

    To off: sign(a) (beta - q + eps (r - q)), to on: sign(a) (r - beta + eps (r - q)), with q the force of the
    inactive side (0 unless the sample has a mirror): beta must lie between q and r. The small eps is
    hysteresis: when a pair is released its velocity really points away. At a junction there is one margin for
    every ray, the rate of growth with the other sign and eps max |r| for hysteresis. row (d,), slot (d,): the
    pairs, or the rays; on (d,): the side; leaves (d,): whether it is a ray; terms (s, d): margins for each
    term of the path, to which noise (d,) is added.
    """

    path: Path
    noise: Array
    row: Index
    slot: Index
    on: Mask
    leaves: Mask
    terms: Array

    @staticmethod
    def of(pairs: tuple[Index, Index, Index], beta: Array, sign: Array, forcing: Forcing) -> "Margins":
        """Those of pairs that slide: rows, slots, samples (c,); beta (t, c); sign (b,): of output weights."""
        row, slot, sample = pairs
        force, off_force = forcing.on_force[:, sample], forcing.off_force[:, sample]
        hysteresis = forcing.hysteresis * (force - off_force)
        rows = np.concatenate([row, row])
        to_off, to_on = beta - off_force + hysteresis, force - beta + hysteresis
        terms = sign[rows] * np.concatenate([to_off, to_on], axis=1)
        on = np.arange(rows.size) >= row.size
        noise = np.full(rows.size, forcing.noise)
        slots = np.concatenate([slot, slot])
        return Margins(forcing.path, noise, rows, slots, on, np.zeros(rows.size, dtype=bool), terms)

    @staticmethod
    def at_junctions(found: list[Held], forcing: Forcing) -> "Margins":
        """Those of neurons held at junctions, of which there is one at least."""
        row = np.concatenate([np.full(one.rates.shape[1], one.row) for one in found])
        ray = np.concatenate([one.rays for one in found])
        largest = float(np.abs(forcing.path.values[0]).max(initial=0.0))
        noise = np.full(row.size, forcing.noise + forcing.hysteresis * largest)
        terms = -np.concatenate([one.rates for one in found], axis=1)
        yes = np.ones(row.size, dtype=bool)
        return Margins(forcing.path, noise, row, ray, yes, yes, terms)

    def joined(self, others: "Margins") -> "Margins":
        """These and others."""
        mine, theirs = (
            (some.noise, some.row, some.slot, some.on, some.leaves, some.terms) for some in (self, others)
        )
        parts = (np.concatenate(pair, axis=-1) for pair in zip(mine, theirs, strict=True))
        return Margins(self.path, *parts)

    def take(self, which: Index | Mask) -> "Margins":
        """Some of them."""
        return Margins(
            self.path,
            self.noise[which],
            self.row[which],
            self.slot[which],
            self.on[which],
            self.leaves[which],
            self.terms[:, which],
        )

    def at(self, positions: Array) -> Array:
        """The margins at positions (d,)."""
        values: Array = np.vecdot(self.path.basis(positions), self.terms.T) + self.noise
        return values

    def in_doubt(self) -> "Margins":
        """Those that are not above zero, for certain, all through the step."""
        low, _ = self.path.bounds(self.terms)
        return self.take(low + self.noise < 0.0)

    def due(self, begin: Array, end: Array) -> tuple[Index, Array]:
        """Which margins (d,) fall below zero in begin .. end (2c,), and where each does first (d,).

        That is ``begin`` where a margin is below zero there already.
        """
        late = self.at(begin) < 0.0
        position = np.where(late, begin, np.inf)
        ahead = indices(~late & (begin < end))
        if ahead.size:
            start, span = begin[ahead], end[ahead] - begin[ahead]
            functions = self.take(ahead)._functions(start, end[ahead])
            low, high = first_negative(*functions)
            some = indices(np.isfinite(high))
            if some.size:
                share = _roots(functions, some, low[some], high[some])
                position[ahead[some]] = start[some] + share * span[some]
        which = indices(np.isfinite(position))
        return which, position[which]

    def _functions(self, begin: Array, end: Array) -> tuple[Array, Exponentials | None]:
        coefficients, added = self.path.functions(self.terms, begin, end)
        decay = self.path.decay
        if decay == 0.0:
            return coefficients + self.noise, added
        rates = np.tile(-decay * (end - begin), (1, 1))
        noise = Exponentials(rates, (self.noise * np.exp(decay * begin))[None])
        if added is None:
            return coefficients, noise
        rates, sizes = np.vstack([added.rates, noise.rates]), np.vstack([added.sizes, noise.sizes])
        return coefficients, Exponentials(rates, sizes)


def _roots(functions: tuple[Array, Exponentials | None], which: Index, low: Array, high: Array) -> Array:
    """Where the functions ``which`` (c,) fall below zero within brackets (c,), by Newton steps."""
    powers = from_bernstein(len(functions[0]) - 1) @ functions[0][:, which]
    added = None if functions[1] is None else functions[1].take(which)
    x = 0.5 * (low + high)
    for _ in range(NEWTON):
        value, slope = powers[-1], np.zeros_like(x)
        for coefficient in powers[-2::-1]:
            slope = slope * x + value
            value = value * x + coefficient
        if added is not None:
            parts = added.sizes * np.exp(-added.rates * x)
            value, slope = value + parts.sum(axis=0), slope - (added.rates * parts).sum(axis=0)
        below = value < 0.0
        low, high = np.where(below, low, x), np.where(below, x, high)
        falls = slope < 0.0
        step = np.divide(value, slope, out=np.zeros_like(value), where=falls)
        better = np.where(falls, np.minimum(np.maximum(x - step, low), high), 0.5 * (low + high))
        moved, x = np.abs(better - x).max(initial=0.0), better
        if moved < FOUND:
            break
    return x


@dataclass(frozen=True)
class Releases:
    """The first release of every neuron: position (b,) (infinite: none), slot (b,), new status (b,).

    leaves (b,): whether it leaves a junction; then slot is the ray along which it does.
    """

    position: Array
    slot: Index
    status: Index
    leaves: Mask

    @staticmethod
    def none(count: int) -> "Releases":
        """No neuron of so many is released."""
        slot, status = np.zeros((2, count), np.intp)
        return Releases(np.full(count, np.inf), slot, status, np.zeros(count, dtype=bool))

    def take(self, rows: Index) -> "Releases":
        """Those of some neurons."""
        return Releases(self.position[rows], self.slot[rows], self.status[rows], self.leaves[rows])

    def up_to(self, end: Array) -> "Releases":
        """Those that are not later than ``end`` (b,)."""
        position = np.where(self.position <= end, self.position, np.inf)
        return Releases(position, self.slot, self.status, self.leaves)


def margins(neurons: Neurons, sign: Array, pulled: Pull, forcing: Forcing, bounded: bool = True) -> Margins:
    """All margins of neurons, whose output weights have these signs (b,).

    bounded: those at junctions that stay above zero on the path are left out; a series is no such path.
    """
    row, slot, sample = neurons.sliders
    found = held_neurons(neurons, sign, forcing, bounded)
    if not found:
        return Margins.of(neurons.sliders, pulled.multiplier[:, row, slot], sign, forcing)
    free = ~np.isin(row, [one.row for one in found])
    row, slot, sample = row[free], slot[free], sample[free]
    pairs = Margins.of((row, slot, sample), pulled.multiplier[:, row, slot], sign, forcing)
    return pairs.joined(Margins.at_junctions(found, forcing))


def first_release(
    neurons: Neurons, sign: Array, pulled: Pull, forcing: Forcing, begin: Array, end: Array
) -> Releases:
    """When sliding neurons are released on their ways from begin to end (b,)."""
    if neurons.sliders[0].size == 0:
        return Releases.none(len(neurons))
    return earliest(margins(neurons, sign, pulled, forcing), begin, end)


def earliest(some: Margins, begin: Array, end: Array) -> Releases:
    """The first release of every neuron between begin and end (b,); of two at once, the worse."""
    found = Releases.none(len(begin))
    some = some.in_doubt()
    if some.row.size == 0:
        return found
    due, position = some.due(begin[some.row], end[some.row])
    some = some.take(due)
    if due.size == 0:
        return found
    order = np.lexsort((some.at(position), position, some.row))
    best = order[np.diff(some.row[order], prepend=-1) != 0]
    row = some.row[best]
    found.position[row], found.slot[row] = position[best], some.slot[best]
    found.status[row], found.leaves[row] = np.where(some.on[best], ON, OFF), some.leaves[best]
    return found


def rounding_of_multipliers(dual: Array, status: Bytes, sample: Index, samples: Samples) -> Array:
    """The size (c,) below which multipliers of samples (c,), and what bounds them, are only rounding.

    dual (c,): the lengths of the vectors dual to the samples; status (c, h): activations.
    """
    sizes = np.abs(samples.targets[: samples.primaries])
    pushing = status == ON
    pushing[:, samples.mirrored] |= status[:, samples.mirrored] == OFF
    rounding: Array = ACCURACY.fitted * (sizes[sample] + dual * (pushing @ (sizes * samples.lengths)))
    return rounding


def error_of_multipliers(rounding: Array, forcing: Forcing) -> Array:
    """The size (c,) below which multipliers are only errors: their ``rounding`` (c,) and the solver's own."""
    left = ACCURACY.undecided * forcing.hysteresis * np.abs(forcing.path.values).max(initial=0.0)
    error: Array = rounding + left + forcing.noise
    return error


def undecided(beta: Array, force: Array, error: Array, sample: Index, samples: Samples) -> Mask:
    """Where a multiplier (c,) and the force (c,) of the active side are both no larger than their error (c,).

    Only where the inactive side does not pull, as of a ReLU without a mirror of the sample (c,).
    """
    if samples.slope > 0.0:
        return np.zeros(beta.size, dtype=bool)
    zero: Mask = np.maximum(np.abs(beta), np.abs(force)) <= error
    return zero & ~np.isin(sample, samples.mirrored)


def let_go(
    status: Index, zero: Mask, crosses: Mask, speeds: tuple[Array, Array], rounding: Array
) -> tuple[Index, Mask]:
    """The new status (c,) of samples that ReLU neurons leave, and which (c,) of these are choices.

    status (c,): by the sign of multipliers. That says nothing where these, and the residuals that hold, are
    ``zero`` but for errors. If such a residual ``crosses`` zero, what pushes the neuron onto its kink died
    out before, and is yet the larger of the two in the end: the exact flow goes on with the sample on. It
    has no other way where ``speeds``, of z on the inactive and on the active side (c,), tell so by more than
    their ``rounding`` (c,). Descent at a rate that is not as small as these is a little beyond the kink and
    stays there: a choice where they do not. Where the residual has died out as well, nothing pushes the
    neuron, and it goes on off, as descent does. Neither is so where z were at once on its kink again:
    activations would change for ever.
    """
    held = zero & crosses
    on, off = held & (speeds[1] >= 0.0), zero & ~crosses & (speeds[0] <= 0.0)
    after = np.where(on, ON, np.where(off, OFF, status))
    chosen: Mask = held & np.where(after == ON, speeds[0] <= rounding, speeds[1] >= -rounding)
    return after, chosen


def release(neurons: Neurons, slot: Index, status: Index) -> tuple[Neurons, Bytes]:
    """Neurons leave the sample in ``slot`` (b,) for its new ``status`` (b,)."""
    kind = np.where(status == ON, Change.RELEASE_ON, Change.RELEASE_OFF).astype(np.int8)
    return detach(neurons, slot, status), kind
