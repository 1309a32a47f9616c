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
#: ... the last of which is smaller than this share of the step
FOUND = 1e-9


def margins_at(neurons: Neurons, sign: Array, pulled: Pull, drive: Drive, positions: Array) -> Array:
    """How far the c sliding pairs are from being released (c, n, 2), below 0 where they must be.

    At n positions (b, n) or (1, n) in the step, for output weights of a sign (b,). To off:
    sign(a) (beta - q + eps (r - q)), to on: sign(a) (r - beta + eps (r - q)), with q the force of the
    inactive side (0 unless the sample has a mirror): beta must lie between q and r. The small slack eps is
    hysteresis: when a pair is released its velocity really points away.
    """
    rows, slot, sample = neurons.sliders
    weights = drive.path.basis(positions)
    if len(weights) > 1:
        weights = weights[rows]
    terms = np.stack([pulled.multiplier[:, rows, slot], drive.force[:, sample], drive.idle[:, sample]])
    beta, force, idle = np.matmul(weights, terms.transpose(2, 1, 0)).transpose(2, 0, 1)
    tolerance = drive.slack * (force - idle)
    margins = np.stack([beta - idle + tolerance, force - beta + tolerance], axis=2)
    margins *= sign[rows, None, None]
    margins += drive.noise
    return margins


@dataclass(frozen=True)
class Releases:
    """The first release of every neuron: position (b,) (infinite: none), slot (b,), new status (b,)."""

    position: Array
    slot: Index
    status: Index


def first_release(
    neurons: Neurons, sign: Array, pulled: Pull, drive: Drive, begin: Array, end: Array
) -> Releases:
    """When sliding neurons are released: margins are first taken for quadratic in time."""
    position = np.full(len(neurons), np.inf)
    found = Releases(position, *np.zeros((2, position.size), np.intp))
    if neurons.sliders[0].size == 0:
        return found
    span = end - begin
    values = margins_at(neurons, sign, pulled, drive, begin[:, None] + _THREE * span[:, None])
    pair, on = np.nonzero((values[:, 0] < 0.0) | (values[:, 2] < 0.0))
    if pair.size == 0:
        return found
    row, slot = neurons.sliders[0][pair], neurons.sliders[1][pair]
    three = values[pair, :, on].T
    share = _first_root(*three)
    worst = np.where(share == 0.0, three[0], 0.0)
    order = np.lexsort((worst, share, row))
    best = order[np.unique(row[order], return_index=True)[1]]
    due = row[best]
    position[due] = begin[due] + share[best] * span[due]
    found.slot[due], found.status[due] = slot[best], np.where(on[best] == 1, ON, OFF)
    due = due[share[best] > 0.0]
    if due.size and not drive.path.still:
        exact = _refined(neurons.slots[due, found.slot[due]], sign[due], pulled, drive, found, due)
        position[due] = np.clip(exact, begin[due], end[due])
    return found


_THREE = np.array([0.0, 0.5, 1.0])


def _refined(sample: Index, sign: Array, pulled: Pull, drive: Drive, guess: Releases, due: Index) -> Array:
    """The positions (c,) of the releases of neurons ``due`` (c,) from ``sample`` (c,), by Newton steps."""
    beta = pulled.multiplier[:, due, guess.slot[due]]
    force, idle = drive.force[:, sample], drive.idle[:, sample]
    margin = sign * np.where(guess.status[due] == OFF, beta - idle, force - beta)
    margin = (margin + sign * drive.slack * (force - idle)).T
    position = guess.position[due]
    for _ in range(NEWTON):
        value = np.vecdot(drive.path.basis(position), margin) + drive.noise
        slope = np.vecdot(drive.path.slopes(position), margin)
        step = np.divide(value, slope, out=np.zeros_like(value), where=slope < 0.0)
        position = np.clip(position - step, 0.0, 1.0)
        if np.abs(step).max() < FOUND:
            break
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
