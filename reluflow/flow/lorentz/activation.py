"""Changes of activation: when the next one happens, and which.

When z_jk reaches 0 its velocity v = a_j <x_k, D_j> is compared on both sides, v_on and v_off (k counted or not,
the neuron held on the samples it slides on):

    both >= 0: on        both <= 0: off        v_off > 0 > v_on: sliding

With d_k the part of x_k orthogonal to the sliding samples, v_on = v_off - (a_j / n) r_k |d_k|^2. Where v_on > 0 > v_off the
solution is not unique; a neuron that starts there at rest stays off, the ReLU's subgradient 0 at 0.
A neuron leaves sample k of its sliding set when its weight alpha_k leaves [0, 1] (see ``sliding``).
"""

from dataclasses import dataclass, replace

import numpy as np

from reluflow.flow.lorentz.boost import Boosts, Cone, apply, prepare, time_to_reach
from reluflow.flow.lorentz.collocation import Path, basis, magnus_weights
from reluflow.flow.lorentz.log import Change
from reluflow.flow.lorentz.neurons import OFF, ON, Bytes, Mask, Neurons, put
from reluflow.flow.lorentz.pull import Pull
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.flow.lorentz.sliding import attach, detach, distances
from reluflow.network import Array

#: a velocity below this (relative) counts as zero
REST = 1e-12


@dataclass(frozen=True)
class Move:
    """The motion of b neurons over stretches begin .. end (b,) of the step, as two boosts.

    weights (b, p), outputs (b,), z (b, h) at the end; z_middle (b, h), output_middle (b,) between the
    boosts; reach (2, b), cones and boosts as in ``boost``.
    """

    weights: Array
    outputs: Array
    z: Array
    z_middle: Array
    output_middle: Array
    reach: Array
    cones: tuple[Cone, Cone]
    boosts: Boosts
    begin: Array
    end: Array

    def take(self, rows: Index) -> "Move":
        """Some of the neurons."""
        return Move(
            self.weights[rows],
            self.outputs[rows],
            self.z[rows],
            self.z_middle[rows],
            self.output_middle[rows],
            self.reach[:, rows],
            (self.cones[0].take(rows), self.cones[1].take(rows)),
            self.boosts.take(rows),
            self.begin[rows],
            self.end[rows],
        )


def move(neurons: Neurons, pulled: Pull, path: Path, begin: Array, end: Array) -> Move:
    """Neurons along the path, each over its own stretch, with the activations they have."""
    weights = path.length * magnus_weights(begin, end)
    boosts = prepare(np.einsum("bks,sbp->kbp", weights, pulled.direction))
    w, middle, first, cone = apply(boosts, 0, neurons.weights, neurons.outputs, neurons.delta)
    w, a, second, other = apply(boosts, 1, w, middle, neurons.delta)
    slope = np.einsum("bks,sbh->kbh", weights, pulled.slope)
    z_middle = neurons.z + first[:, None] * slope[0]
    return Move(
        weights=w,
        outputs=a,
        z=z_middle + second[:, None] * slope[1],
        z_middle=z_middle,
        output_middle=middle,
        reach=np.stack([first, second]),
        cones=(cone, other),
        boosts=boosts,
        begin=begin,
        end=end,
    )


def crossed(side: Array, z: Array) -> Mask:
    """Pairs whose pre-activation is on the wrong side of zero (b, h)."""
    wrong: Mask = side * z < 0.0
    return wrong


def first_crossing(before: Neurons, moved: Move) -> tuple[Index, Array]:
    """The sample (b,) whose z reaches zero first, and the position in the step (b,) where it does.

    Along a boost z moves on a straight line, z + y <x, V>, so the first crossing is the one with the
    smallest share of the reach y; no root finding is needed.
    """
    end = crossed(before.side, moved.z)
    middle = crossed(before.side, moved.z_middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(
            middle,
            before.z / (before.z - moved.z_middle),
            1.0 + moved.z_middle / (moved.z_middle - moved.z),
        )
    share = np.where(end, np.nan_to_num(share, nan=0.0, posinf=2.0, neginf=0.0), np.inf)
    sample = np.argmin(share, axis=1)
    where = np.clip(share[np.arange(len(share)), sample], 0.0, 2.0)
    return sample, _position(moved, where)


def _position(moved: Move, share: Array) -> Array:
    """Position in the step at which the given share (0 .. 1: first boost, 1 .. 2: second) is reached."""
    second = share > 1.0
    pick = second.astype(np.intp)
    rows = np.arange(share.size)
    cone = Cone(
        np.where(second, moved.cones[1].plus, moved.cones[0].plus),
        np.where(second, moved.cones[1].minus, moved.cones[0].minus),
    )
    reach = moved.reach[pick, rows] * (share - pick)
    fraction = time_to_reach(cone, moved.boosts.rapidity[pick, rows], reach)
    position: Array = moved.begin + (moved.end - moved.begin) * 0.5 * (pick + fraction)
    return position


def land(before: Neurons, pulled: Pull, path: Path, begin: Array, end: Array, guess: Array, sample: Index) -> tuple[Neurons, Array, Index]:
    """Neurons at the moment of their first crossing: the guess is exact while r stands still.

    Otherwise Newton steps along the true motion follow. If another sample turns out to be crossed
    first, it takes the place of ``sample``. Returns the neurons there, the positions (b,), the samples (b,).
    """
    moved = move(before, pulled, path, begin, guess)
    here = replace(before, weights=moved.weights, outputs=moved.outputs, z=moved.z)
    position = guess.copy()
    rows = np.arange(len(before))
    for _ in range(4):
        reference = 1e-13 * np.max(np.abs(here.z), axis=1, initial=0.0)
        slope = np.einsum("bs,sbh->bh", basis(position), pulled.slope)
        speed = path.length * here.outputs[:, None] * slope
        candidates = crossed(before.side, here.z) & (np.abs(here.z) > reference[:, None])
        candidates[rows, sample] = True
        with np.errstate(divide="ignore", invalid="ignore"):
            delay = np.where(candidates & (speed != 0.0), -here.z / speed, np.inf)
        sample = np.where(np.isfinite(delay).any(axis=1), np.argmin(delay, axis=1), sample)
        off = np.abs(here.z[rows, sample]) > reference
        late = np.where(off & np.isfinite(delay[rows, sample]), delay[rows, sample], 0.0)
        target = np.clip(position + late, begin, end)
        if np.array_equal(target, position):
            break
        moved = move(here, pulled, path, position, target)
        here = replace(here, weights=moved.weights, outputs=moved.outputs, z=moved.z)
        position = target
    return here, position, sample


def settle(neurons: Neurons, sample: Index, slope: Array, residual: Array, samples: Samples) -> tuple[Neurons, Bytes]:
    """Neurons whose z has just reached 0 on ``sample`` (b,) get their new activation there.

    slope (b,): <x_k, D_j> with the activation so far; residual (b, q). Returns the neurons, with z exactly
    zero, and what happened (b,) as ``Change``.
    """
    rows = np.arange(len(neurons))
    was_on = neurons.status[rows, sample] == ON
    force = (residual[:, : samples.primaries] - samples.off_force(residual))[rows, sample]
    _, squares = distances(neurons, sample, samples)
    speed = neurons.outputs * slope
    jump = neurons.outputs * force * squares / samples.total
    other = np.where(was_on, speed + jump, speed - jump)
    rest = REST * np.maximum(np.abs(speed), np.abs(jump))
    slides = np.where(was_on, other > rest, other < -rest)
    z = neurons.z.copy()
    z[rows, sample] = 0.0
    status = neurons.status.copy()
    status[rows, sample] = np.where(was_on, OFF, ON)
    settled = replace(neurons, z=z, status=status)
    if np.any(slides):
        settled = put(settled, np.flatnonzero(slides), attach(settled.take(slides), sample[slides], samples))
    kind = np.where(slides, Change.SLIDE, np.where(was_on, Change.EXIT, Change.ENTER)).astype(np.int8)
    return settled, kind


@dataclass(frozen=True)
class Margins:
    """How far sliding pairs are from being released (b, t), below 0 where they must be.

    off: sign(a) (beta - q) + eps |r - q|, on: sign(a) (r - beta) + eps |r - q|, with q the force of the
    inactive side (0 unless the sample has a mirror): beta must lie between q and r. The small slack eps is
    hysteresis: when a pair is released its velocity really points away.
    """

    off: Array
    on: Array


def margins(neurons: Neurons, sign: Array, multiplier: Array, residual: Array, samples: Samples, slack: float) -> Margins:
    """Margins at multipliers (b, t) and residuals (b, q), for output weights of the given sign (b,)."""
    if samples.primaries == 0:
        return Margins(np.zeros_like(multiplier), np.zeros_like(multiplier))
    rows = np.arange(len(neurons))[:, None]
    r = residual[:, : samples.primaries][rows, neurons.slots]
    q = samples.off_force(residual)[rows, neurons.slots] if samples.mirrored.size else np.zeros_like(r)
    used = neurons.slots >= 0
    direction = sign[:, None]
    tolerance = slack * direction * (r - q)
    off = np.where(used, direction * (multiplier - q) + tolerance, 0.0)
    on = np.where(used, direction * (r - multiplier) + tolerance, 0.0)
    return Margins(off, on)


@dataclass(frozen=True)
class Releases:
    """The first release of every neuron: position (b,) (infinite: none), slot (b,), new status (b,)."""

    position: Array
    slot: Index
    status: Index

    def take(self, rows: Index) -> "Releases":
        """Those of some of the neurons."""
        return Releases(self.position[rows], self.slot[rows], self.status[rows])


def first_release(neurons: Neurons, sign: Array, pulled: Pull, path: Path, begin: Array, end: Array, samples: Samples, slack: float) -> Releases:
    """When sliding neurons are released: margins are quadratic in time, so this is in closed form."""
    count = len(neurons)
    if neurons.sliders[0].size == 0:
        return Releases(np.full(count, np.inf), np.zeros(count, np.intp), np.zeros(count, np.intp))
    values = []
    for share in (0.0, 0.5, 1.0):
        weights = basis(begin + share * (end - begin))
        multiplier = np.einsum("bs,sbt->bt", weights, pulled.multiplier)
        found = margins(neurons, sign, multiplier, weights @ path.values, samples, slack)
        values.append(np.stack([found.off, found.on], axis=2))
    share = _first_root(*values).reshape(count, -1)
    worst = np.where(share == 0.0, values[0].reshape(count, -1), 0.0)
    best = np.lexsort((worst, share), axis=1)[:, 0]
    rows = np.arange(count)
    position = begin + share[rows, best] * (end - begin)
    return Releases(position, best // 2, np.where(best % 2 == 0, OFF, ON))


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
