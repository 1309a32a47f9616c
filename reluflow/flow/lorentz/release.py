"""Releases: when a neuron stops sliding on a sample.

A neuron slides on sample k as long as its multiplier beta_k = alpha_k r_k (see ``sliding``) has alpha_k in
[0, 1]. Below 0 the neuron is drawn to the inactive side of k, above 1 to the active one. On a given path of
the residual, with given activations, beta_k and r_k are polynomials in time.
"""

from dataclasses import dataclass

import numpy as np

from reluflow.flow.events import Change
from reluflow.flow.lorentz.collocation import Path, basis
from reluflow.flow.lorentz.neurons import OFF, ON, Bytes, Neurons
from reluflow.flow.lorentz.pull import Pull
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.flow.lorentz.sliding import detach
from reluflow.network import Array

#: the bracket around a release is cut into so many parts, so many times
PARTS, CUTS = 64, 6


@dataclass(frozen=True)
class Margins:
    """How far sliding pairs are from being released (.., b, t), below 0 where they must be.

    off: sign(a) (beta - q + eps (r - q)), on: sign(a) (r - beta + eps (r - q)), with q the force of the
    inactive side (0 unless the sample has a mirror): beta must lie between q and r. The small slack eps is
    hysteresis: when a pair is released its velocity really points away.
    """

    off: Array
    on: Array


def margins(slots: Index, sign: Array, multiplier: Array, force: Array, idle: Array, slack: float) -> Margins:
    """Margins of slots (b, t) for output weights of the given sign (b,).

    multiplier, force (r of the slot's sample) and idle (q of it): (.., b, t).
    """
    direction = np.where(slots >= 0, sign[:, None], 0.0)
    tolerance = slack * (force - idle)
    return Margins(direction * (multiplier - idle + tolerance), direction * (force - multiplier + tolerance))


@dataclass(frozen=True)
class Releases:
    """The first release of every neuron: position (b,) (infinite: none), slot (b,), new status (b,)."""

    position: Array
    slot: Index
    status: Index

    def take(self, rows: Index) -> "Releases":
        """Those of some of the neurons."""
        return Releases(self.position[rows], self.slot[rows], self.status[rows])


def first_release(
    neurons: Neurons,
    sign: Array,
    pulled: Pull,
    path: Path,
    begin: Array,
    end: Array,
    samples: Samples,
    slack: float,
) -> Releases:
    """When sliding neurons are released: margins are polynomials in time, first taken for quadratic."""
    count = len(neurons)
    found = Releases(np.full(count, np.inf), np.zeros(count, np.intp), np.zeros(count, np.intp))
    if neurons.slots.shape[1] == 0:
        return found
    ends = _margins_at(np.stack([begin, end]), neurons.slots, sign, pulled.multiplier, path, samples, slack)
    some = np.flatnonzero(np.any(ends < 0.0, axis=(0, 2, 3)))
    if some.size == 0:
        return found
    slots, pulled, sign, begin, end = (
        neurons.slots[some],
        pulled.take(some),
        sign[some],
        begin[some],
        end[some],
    )
    middle = _margins_at(0.5 * (begin + end)[None], slots, sign, pulled.multiplier, path, samples, slack)
    share = _first_root(ends[0, some], middle[0], ends[1, some]).reshape(some.size, -1)
    worst = np.where(share == 0.0, ends[0, some].reshape(some.size, -1), 0.0)
    best = np.lexsort((worst, share), axis=1)[:, 0]
    first = Releases(
        begin + share[np.arange(some.size), best] * (end - begin), best // 2, np.where(best % 2 == 0, OFF, ON)
    )
    due = np.flatnonzero(np.isfinite(first.position) & (first.position > begin))
    if due.size:
        first.position[due] = _refined(
            slots[due],
            sign[due],
            pulled.take(due),
            path,
            begin[due],
            end[due],
            first.take(due),
            samples,
            slack,
        )
    found.position[some], found.slot[some], found.status[some] = first.position, first.slot, first.status
    return found


def _margins_at(
    positions: Array, slots: Index, sign: Array, multiplier: Array, path: Path, samples: Samples, slack: float
) -> Array:
    """Margins off and on (g, b, t, 2) of slots (b, t) at positions (g, b), for multipliers (s, b, t)."""
    weights = basis(positions)
    beta = np.matmul(weights.transpose(1, 0, 2), multiplier.transpose(1, 0, 2)).transpose(1, 0, 2)
    residual = weights @ path.values
    rows = np.arange(len(slots))[:, None]
    idle = samples.off_force(residual)[:, rows, slots]
    found = margins(slots, sign, beta, residual[:, rows, slots], idle, slack)
    return np.stack([found.off, found.on], axis=3)


def _refined(
    slots: Index,
    sign: Array,
    pulled: Pull,
    path: Path,
    begin: Array,
    end: Array,
    guess: Releases,
    samples: Samples,
    slack: float,
) -> Array:
    """The positions (b,) of releases, by cutting the bracket into parts; the margin is not positive there."""
    rows = np.arange(len(slots))
    sample = slots[rows, guess.slot]
    beta = pulled.multiplier[:, rows, guess.slot]
    force = path.values[:, sample]
    idle = samples.off_force(path.values)[:, sample]
    tolerance = slack * (force - idle)
    margin = sign * np.where(guess.status == OFF, beta - idle + tolerance, force - beta + tolerance)
    low, high = begin, end
    shares = np.arange(1, PARTS) / PARTS
    for _ in range(CUTS):
        points = low[:, None] + (high - low)[:, None] * shares
        value = np.matmul(basis(points), margin.T[:, :, None])[:, :, 0]
        points = np.column_stack([low, points, high])
        past = np.argmax(np.column_stack([value <= 0.0, np.ones(rows.size, np.bool_)]), axis=1)
        low, high = points[rows, past], points[rows, past + 1]
    return high


def _first_root(begin: Array, middle: Array, end: Array) -> Array:
    """Where in 0 .. 1 the quadratic through three values becomes negative; infinite if it does not.

    Only a change of sign between the two ends is looked for.
    """
    curve = 2.0 * (begin - 2.0 * middle + end)
    linear = end - begin - curve
    root = np.sqrt(np.maximum(linear**2 - 4.0 * curve * begin, 0.0))
    steep = np.where(linear > 0.0, -linear - root, -linear + root)
    with np.errstate(divide="ignore", invalid="ignore"):
        candidates = np.stack([2.0 * begin / steep, steep / (2.0 * curve)])
    candidates = np.where((candidates >= 0.0) & (candidates <= 1.0), candidates, np.inf)
    share = np.min(np.nan_to_num(candidates, nan=np.inf), axis=0)
    share = np.where(np.isfinite(share), share, 1.0)
    return np.where(begin < 0.0, 0.0, np.where(end < 0.0, share, np.inf))


def release(neurons: Neurons, slot: Index, status: Index) -> tuple[Neurons, Bytes]:
    """Neurons leave the sample in ``slot`` (b,) for its new ``status`` (b,)."""
    kind = np.where(status == ON, Change.RELEASE_ON, Change.RELEASE_OFF).astype(np.int8)
    return detach(neurons, slot, status), kind
