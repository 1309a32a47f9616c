"""Changes of activation: when the next one happens, and which.

When z_jk reaches 0 its velocity v = a_j <x_k, D_j> is compared on both sides, v_on and v_off (k counted or
not, the neuron held on the samples it slides on):

    both >= 0: on        both <= 0: off        v_off > 0 > v_on: sliding

With d_k the part of x_k orthogonal to the sliding samples, v_on = v_off - (a_j / n) r_k |d_k|^2. Where
v_on > 0 > v_off the solution is not unique; a neuron that starts there at rest stays off, as the ReLU's
subgradient 0 at 0 says. A neuron whose velocities are rounding on both sides stays on the kink. Several
samples reached at the same instant are settled one after the other, by their numbers; where kinks attract
this ends in the one field of least norm, whatever the order. How a neuron leaves its sliding set is told in
``release``, how it goes on from where all kinks meet in ``local_field``.
"""

from dataclasses import dataclass, replace

import numpy as np

from reluflow.flow.events import Change
from reluflow.flow.lorentz.boost import (
    BoostChain,
    LightCone,
    boost_chain,
    light_cone,
    small_boost,
    time_to_flip,
    time_to_integral,
)
from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.kink_location import LOCATION, newton_step
from reluflow.flow.lorentz.neurons import OFF, ON, Bytes, Mask, Neurons, put
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.pull import Pull
from reluflow.flow.lorentz.samples import Index
from reluflow.flow.lorentz.sliding import attach, distances
from reluflow.network import Array, indices

#: a velocity below this (relative) counts as zero
REST = 1e-12
#: what can happen at a crossing
CHANGES = np.array([Change.ENTER, Change.EXIT, Change.SLIDE], dtype=np.int8)
#: halvings of a stretch until a neuron that leaves zero for its own side has left it
HALVINGS = 60


@dataclass(frozen=True)
class Move:
    """The motion of b neurons over stretches begin .. end (b,) of the step, as e boosts.

    z (b, e, h), and ``boosted``: what they are after each boost.
    """

    boosted: BoostChain
    z: Array
    begin: Array
    end: Array


def move(neurons: Neurons, pulled: Pull, path: Path, begin: Array, end: Array) -> Move:
    """Neurons along the path, each over its own stretch, with the activations they have."""
    weights = path.length * path.exponentials(begin, end)
    generators = np.matmul(weights, pulled.direction.transpose(1, 0, 2)).transpose(1, 0, 2)
    boosted = boost_chain(generators, neurons.weights, neurons.outputs, neurons.delta)
    return over(neurons, pulled, weights, boosted, begin, end)


def over(
    neurons: Neurons, pulled: Pull, weights: Array, boosted: BoostChain, begin: Array, end: Array
) -> Move:
    """The move that a chain of boosts is; weights (b, e, t): of its boosts on the terms of the path."""
    steps = np.matmul(weights * boosted.integral.T[:, :, None], pulled.slope.transpose(1, 0, 2))
    steps[:, 0] += neurons.z
    for i in range(1, steps.shape[1]):
        steps[:, i] += steps[:, i - 1]
    return Move(boosted, steps, begin, end)


def moved_to(neurons: Neurons, moved: Move) -> Neurons:
    """The neurons at the end of the move."""
    return neurons.moved(moved.boosted.weights[-1], moved.boosted.outputs[-1], moved.z[:, -1])


def crossed(side: Array, z: Array) -> Mask:
    """Pairs whose pre-activation is on the wrong side of zero (b, h)."""
    wrong: Mask = side * z < 0.0
    return wrong


def first_crossing(before: Neurons, moved: Move) -> tuple[Index, Array]:
    """The sample (b,) whose z reaches zero first, and the position in the step (b,), infinite if none does.

    Along a boost z moves on a straight line, z + y <x, V>, so the first crossing is the one with the
    smallest share of the integral y of a; no root finding is needed.
    """
    z = np.concatenate([before.z[:, None], moved.z], axis=1)
    wrong = before.side[:, None] * moved.z < 0.0
    boost = np.argmax(wrong, axis=1)
    rows, pairs = np.arange(len(before))[:, None], np.arange(z.shape[2])
    start, end = z[rows, boost, pairs], z[rows, boost + 1, pairs]
    share = np.divide(start, start - end, out=np.zeros_like(start), where=start != end)
    share = np.where(wrong[:, -1], boost + np.clip(share, 0.0, 1.0), np.inf)
    sample = np.argmin(share, axis=1)
    return sample, _position(before, moved, share[rows[:, 0], sample])


def first_on_ray(side: Array, z: Array, velocity: Array) -> tuple[Index, Array]:
    """The sample (b,) whose z is zero first under a constant force, and the integral (b,) of |a| until then.

    z (b, h), on the given side of zero (b, h), moves on the ray z + y velocity, velocity (b, h), as the
    integral y grows from zero without bound. It is infinite where no z ever comes to zero.
    """
    meets = side * velocity < 0.0
    integral = np.divide(-z, velocity, out=np.full_like(velocity, np.inf), where=meets)
    sample = np.argmin(integral, axis=1)
    return sample, np.maximum(integral[np.arange(len(integral)), sample], 0.0)


def _position(before: Neurons, moved: Move, share: Array) -> Array:
    """Position in the step of the given share: the number of a boost, and a part of its integral of a."""
    boosts = moved.z.shape[1]
    rows = np.arange(share.size)
    boost = np.minimum(np.where(np.isfinite(share), share, 0.0), boosts - 1).astype(np.intp)
    start = light_cones(before, moved, boost)
    fraction = time_to_integral(start, moved.boosted.integral[boost, rows] * (share - boost))
    return np.where(
        np.isfinite(share), moved.begin + (moved.end - moved.begin) * (boost + fraction) / boosts, np.inf
    )


def light_cones(before: Neurons, moved: Move, boost: Index) -> LightCone:
    """Light-cone coordinates of every neuron before its ``boost`` (b,) of the move."""
    rows = np.arange(boost.size)
    boosted = moved.boosted
    w = np.where((boost == 0)[:, None], before.weights, boosted.weights[0])
    a = np.where(boost == 0, before.outputs, boosted.outputs[0])
    return light_cone(boosted.generators[boost, rows], w, a, before.delta)


def flips(before: Neurons, moved: Move) -> Array:
    """The position (b,) at which the a of each neuron changes its sign on the move, or infinity."""
    turned = before.outputs * moved.boosted.outputs < 0.0
    position = np.full(len(before), np.inf)
    which = indices(turned.any(axis=0) & (before.delta < 0.0))
    if which.size:
        boost = np.argmax(turned, axis=0)
        share = boost + time_to_flip(light_cones(before, moved, boost))
        span = (moved.end - moved.begin) / len(turned)
        position[which] = (moved.begin + span * share)[which]
    return position


@dataclass(frozen=True)
class Stretch:
    """Some neurons before a stretch begin .. end (b,) of the step, and their pull."""

    before: Neurons
    pulled: Pull
    begin: Array
    end: Array

    def take(self, rows: Index) -> "Stretch":
        """Some of the neurons."""
        return Stretch(self.before.take(rows), self.pulled.take(rows), self.begin[rows], self.end[rows])


def leave(stretch: Stretch, path: Path) -> tuple[Neurons, Array]:
    """Neurons at a place of their stretch where all z are on their own sides, found by halving it."""
    before, begin, end = stretch.before, stretch.begin, stretch.end
    before = replace(before, z=np.where(crossed(before.side, before.z), 0.0, before.z))
    for _ in range(HALVINGS):
        end = 0.5 * (begin + end)
        there = moved_to(before, move(before, stretch.pulled, path, begin, end))
        wrong = np.any(crossed(before.side, there.z), axis=1)
        if not wrong.any():
            break
        end = np.where(wrong, end, 2.0 * end - begin)
    return there, end


def locate(
    stretch: Stretch, here: Neurons, path: Path, position: Array, sample: Index, located: Mask
) -> tuple[Neurons, Array, Index]:
    """Neurons at the moment of their first crossing, if they are near, or where they are, if not ``located``.

    The guess, where they are ``here`` at ``position`` (b,), is exact while r stands still.
    Otherwise Newton steps along the true motion follow, the last of them, of next to no length, by the
    series of the boost. If another sample turns out to be crossed first, it takes the place of ``sample``.
    Returns the neurons there, the positions (b,), the samples (b,).
    """
    pulled, side = stretch.pulled, stretch.before.side
    free = np.ones(len(here), dtype=bool)
    for _ in range(4):
        weights = path.basis(position)[:, None, :]
        slope = np.matmul(weights, pulled.slope.transpose(1, 0, 2))[:, 0]
        speed = path.length * here.outputs[:, None] * slope
        sample, late = newton_step(side, here.z, speed, sample, free, located)
        target = np.clip(position + late, stretch.begin, stretch.end)
        late = target - position
        if not late.any():
            break
        direction = np.matmul(weights, pulled.direction.transpose(1, 0, 2))[:, 0]
        turn = (path.length * late)[:, None] * direction
        if np.vecdot(turn, turn).max() < LOCATION.close**2:
            w, a, integral = small_boost(turn, here.weights, here.outputs)
            z = here.z + (path.length * late * integral)[:, None] * slope
            return here.moved(w, a, z), target, sample
        here = moved_to(here, move(here, pulled, path, position, target))
        position = target
    return here, position, sample


def rounding(neurons: Neurons, sample: Index, forcing: Forcing) -> Array:
    """The speed of z on ``sample`` (b,) that is made by the rounding of a residual alone (b,)."""
    samples = forcing.samples
    floor: Array = np.abs(neurons.outputs) * forcing.noise * samples.squares[sample] / samples.total
    return floor


def settle(
    neurons: Neurons, sample: Index, speed: Array, force: Array, forcing: Forcing
) -> tuple[Neurons, Bytes]:
    """Neurons whose z has just reached 0 on ``sample`` (b,) get their new activation there.

    speed (b,): of z with the activation so far; force (b,): r - q there. Returns the neurons, with z exactly
    zero, and what happened (b,) as ``Change``.
    """
    rows = np.arange(len(neurons))
    samples = forcing.samples
    was_on = neurons.status[rows, sample] == ON
    _, squares = distances(neurons, sample, samples)
    jump = neurons.outputs * force * squares / samples.total
    other = np.where(was_on, speed + jump, speed - jump)
    rest = REST * np.maximum(np.abs(speed), np.abs(jump))
    slides = np.where(was_on, other > rest, other < -rest)
    floor = rounding(neurons, sample, forcing)
    slides |= (squares > 0.0) & (np.abs(speed) <= floor) & (np.abs(jump) <= floor)
    z = neurons.z.copy()
    z[rows, sample] = 0.0
    status = neurons.status.copy()
    status[rows, sample] = np.where(was_on, OFF, ON)
    settled = neurons.moved(neurons.weights, neurons.outputs, z, status)
    if slides.any():
        which = indices(slides)
        settled = put(settled, which, attach(settled.some(which), sample[which], samples))
    return settled, CHANGES[np.where(slides, 2, was_on * 1)]
