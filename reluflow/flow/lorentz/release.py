"""Releases: when a neuron stops sliding on a sample.

A neuron slides on sample k as long as its multiplier beta_k = alpha_k r_k (see ``sliding``) has alpha_k in
[0, 1]. Below 0 the neuron is drawn to the inactive side of k, above 1 to the active one. On a given path of
the residual, with given activations, beta_k and r_k are sums of the same functions of time.
"""

from dataclasses import dataclass

import numpy as np

from reluflow.flow.events import Change
from reluflow.flow.lorentz.drive import Drive
from reluflow.flow.lorentz.neurons import OFF, ON, Bytes, Neurons
from reluflow.flow.lorentz.pull import Pull
from reluflow.flow.lorentz.samples import Index
from reluflow.flow.lorentz.sliding import detach
from reluflow.network import Array

#: Newton steps for the moment of a release, from that of a quadratic
NEWTON = 4


@dataclass(frozen=True)
class Margins:
    """How far sliding pairs are from being released (.., b, t), below 0 where they must be.

    off: sign(a) (beta - q + eps (r - q)), on: sign(a) (r - beta + eps (r - q)), with q the force of the
    inactive side (0 unless the sample has a mirror): beta must lie between q and r. The small slack eps is
    hysteresis: when a pair is released its velocity really points away.
    """

    off: Array
    on: Array


def margins_at(neurons: Neurons, sign: Array, pulled: Pull, drive: Drive, positions: Array) -> Margins:
    """Margins (b, n, t) at n positions (b, n) or (1, n) in the step, for output weights of a sign (b,)."""
    slots = neurons.slots
    weights = drive.path.basis(positions)
    multiplier = np.matmul(weights, pulled.multiplier.transpose(1, 0, 2))
    force, idle = (
        np.matmul(weights, values[:, slots].transpose(1, 0, 2)) for values in (drive.force, drive.idle)
    )
    direction = np.where(slots >= 0, sign[:, None], 0.0)[:, None, :]
    tolerance = drive.slack * (force - idle)
    return Margins(
        direction * (multiplier - idle + tolerance) + drive.noise,
        direction * (force - multiplier + tolerance) + drive.noise,
    )


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
    neurons: Neurons, sign: Array, pulled: Pull, drive: Drive, begin: Array, end: Array
) -> Releases:
    """When sliding neurons are released: margins are first taken for quadratic in time."""
    count = len(neurons)
    if neurons.sliders[0].size == 0:
        return Releases(np.full(count, np.inf), np.zeros(count, np.intp), np.zeros(count, np.intp))
    positions = begin[:, None] + _THREE * (end - begin)[:, None]
    margin = margins_at(neurons, sign, pulled, drive, positions)
    values = np.stack([margin.off, margin.on], axis=3).transpose(1, 0, 2, 3)
    share = _first_root(*values).reshape(count, -1)
    worst = np.where(share == 0.0, values[0].reshape(count, -1), 0.0)
    best = np.lexsort((worst, share), axis=1)[:, 0]
    share = share[np.arange(count), best]
    # a stretch may have no length, and infinity times that is no number
    position = np.where(np.isfinite(share), begin + np.minimum(share, 1.0) * (end - begin), np.inf)
    found = Releases(position, best // 2, np.where(best % 2 == 0, OFF, ON))
    due = np.flatnonzero(np.isfinite(position) & (position > begin))
    if due.size and not drive.path.still:
        exact = _refined(neurons.slots[due], sign[due], pulled.take(due), drive, found.take(due))
        position[due] = np.clip(exact, begin[due], end[due])
    return found


_THREE = np.array([0.0, 0.5, 1.0])


def _refined(slots: Index, sign: Array, pulled: Pull, drive: Drive, guess: Releases) -> Array:
    """The positions (b,) of releases, by Newton steps from the guess."""
    rows = np.arange(sign.size)
    sample = slots[rows, guess.slot]
    beta = pulled.multiplier[:, rows, guess.slot]
    force, idle = drive.force[:, sample], drive.idle[:, sample]
    tolerance = drive.slack * (force - idle)
    margin = sign * np.where(guess.status == OFF, beta - idle + tolerance, force - beta + tolerance)
    position = guess.position
    for _ in range(NEWTON):
        value = np.einsum("bs,sb->b", drive.path.basis(position), margin) + drive.noise
        slope = np.einsum("bs,sb->b", drive.path.slopes(position), margin)
        step = np.divide(value, slope, out=np.zeros_like(value), where=slope < 0.0)
        position = np.clip(position - step, 0.0, 1.0)
    return position


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
