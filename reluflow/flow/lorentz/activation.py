"""Changes of activation: when the next one happens, and which.

When z_jk reaches 0 its velocity v = a_j <x_k, D_j> is compared on both sides, v_on and v_off (k counted or
not, the neuron held on the samples it slides on):

    both >= 0: on        both <= 0: off        v_off > 0 > v_on: sliding

With d_k the part of x_k orthogonal to the sliding samples, v_on = v_off - (a_j / n) r_k |d_k|^2. Where
v_on > 0 > v_off the solution is not unique; a neuron that starts there at rest stays off, as the ReLU's
subgradient 0 at 0 says. Several samples reached at the same instant are settled one after the other, by
their numbers; where kinks attract this ends in the one field of least norm, whatever the order. How a
neuron leaves its sliding set is told in ``release``.
"""

from dataclasses import dataclass, replace

import numpy as np

from reluflow.flow.events import Change
from reluflow.flow.lorentz.boost import Boosts, Cone, apply, prepare, time_to_reach
from reluflow.flow.lorentz.collocation import Path, basis, magnus_weights
from reluflow.flow.lorentz.neurons import OFF, ON, Bytes, Mask, Neurons, put
from reluflow.flow.lorentz.pull import Pull
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.flow.lorentz.sliding import attach, distances
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
    boosts = prepare(np.matmul(weights, pulled.direction.transpose(1, 0, 2)).transpose(1, 0, 2))
    w, middle, first, cone = apply(boosts, 0, neurons.weights, neurons.outputs, neurons.delta)
    w, a, second, other = apply(boosts, 1, w, middle, neurons.delta)
    slope = np.matmul(weights, pulled.slope.transpose(1, 0, 2))
    z_middle = neurons.z + first[:, None] * slope[:, 0]
    return Move(
        weights=w,
        outputs=a,
        z=z_middle + second[:, None] * slope[:, 1],
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


def land(
    before: Neurons, pulled: Pull, path: Path, begin: Array, end: Array, guess: Array, sample: Index
) -> tuple[Neurons, Array, Index]:
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
        slope = np.matmul(basis(position)[:, None, :], pulled.slope.transpose(1, 0, 2))[:, 0]
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


def settle(
    neurons: Neurons, sample: Index, slope: Array, residual: Array, samples: Samples
) -> tuple[Neurons, Bytes]:
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
