"""Hidden neurons as arrays: weights, pre-activations as variables of their own, discrete activations.

Neuron j is stored as (w_j, a_j) = 2^exponent_j * (weights_j, outputs_j), with the stored numbers near one, so
that scales from 1e-300 to 10 neither overflow nor underflow, and nothing is rounded when they are rescaled.
A pre-activation z_jk is integrated on its own: once a neuron has grown by many orders of magnitude,
<w_j, x_k> no longer knows the sign of a tiny coordinate that never moved.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array, indices, row_norms

Bytes = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]

#: the activation of a pair (neuron, sample) is a state, never the sign of a rounded number
#: of which RESTING is exactly on the kink, where neither of two opposite samples counts: relu'(0) = 0
OFF, ON, SLIDING, RESTING = 0, 1, 2, 3
#: stored sizes are kept within 2^-SHRUNK .. 2^DRIFT: a neuron that has grown and shrinks in the same units
#: loses as many digits of its pre-activations before these are taken from the weights again
SHRUNK, DRIFT = 3, 6
#: a pre-activation is known from the weights if it is not smaller than this share of |w| |x|
KNOWN = 1e-3
#: a neuron is not further from the kinks it slides on than this (relative)
ASTRAY = 1e-6
#: what is added (relative to |w| |x|) so that rounding cannot turn the sign of a pre-activation
SIGN = 16 * np.finfo(float).eps

#: the sign that z must have with each status
SIDE = np.array([-1.0, 1.0, 0.0, 0.0])


@dataclass(frozen=True)
class Neurons:
    """Some neurons, b of them. No array is ever written to once it is in here, so copies can share them.

    index (b,): their numbers in the network. weights (b, p), outputs (b,), z (b, h): see the module; delta
    (b,): a^2 - |w|^2, in the same units as outputs^2. status (b, h): see above. slots (b, s): the samples
    each neuron slides on, -1 where there is none; dual (b, s, p): the vectors dual to them (see ``sliding``).
    """

    index: Index
    weights: Array
    outputs: Array
    exponent: npt.NDArray[np.int64]
    delta: Array
    z: Array
    status: Bytes
    slots: Index
    dual: Array

    def __len__(self) -> int:
        return int(self.outputs.shape[0])

    @cached_property
    def on(self) -> Array:
        """1 where active, else 0 (b, h)."""
        return np.asarray(self.status == ON, dtype=np.float64)

    @cached_property
    def off(self) -> Array:
        """1 where inactive, else 0; a pair that slides or rests is neither on nor off (b, h)."""
        return np.asarray(self.status == OFF, dtype=np.float64)

    @cached_property
    def side(self) -> Array:
        """The sign that z must have: 1 for ON, -1 for OFF, 0 else (b, h)."""
        side: Array = SIDE[self.status]
        return side

    @cached_property
    def sliders(self) -> tuple[Index, Index, Index]:
        """Every sliding pair: neuron (row), its slot, the sample."""
        rows, slot = np.nonzero(self.slots >= 0)
        return rows, slot, self.slots[rows, slot]

    @cached_property
    def sliding(self) -> Index:
        """Those (rows) that slide on some sample."""
        return indices((self.slots >= 0).any(axis=1))

    @cached_property
    def touching(self) -> Mask:
        """Pairs (b, h) on their kinks that do not slide: just arrived, or dependent on those that do."""
        return np.asarray((self.z == 0.0) & (self.status != SLIDING))

    @cached_property
    def gain(self) -> Array:
        """2^(2 exponent): what a_j z_jk of stored numbers must be multiplied with (b,)."""
        return np.ldexp(1.0, 2 * self.exponent)

    @cached_property
    def root(self) -> Array:
        """2^exponent (b,)."""
        return np.ldexp(1.0, self.exponent)

    def take(self, rows: Index | Mask | slice) -> "Neurons":
        """Some of these neurons."""
        return Neurons(
            self.index[rows],
            self.weights[rows],
            self.outputs[rows],
            self.exponent[rows],
            self.delta[rows],
            self.z[rows],
            self.status[rows],
            self.slots[rows],
            self.dual[rows],
        )

    def some(self, rows: Index) -> "Neurons":
        """The same; as they are if all of them are meant, with ``rows`` in order."""
        return self if rows.size == len(self) else self.take(rows)

    def moved(self, weights: Array, outputs: Array, z: Array, status: Bytes | None = None) -> "Neurons":
        """The same neurons elsewhere, with another activation if it is given."""
        now = self.status if status is None else status
        there = Neurons(
            self.index, weights, outputs, self.exponent, self.delta, z, now, self.slots, self.dual
        )
        if status is None:  # what is known of activations and sizes holds there, too
            known = vars(self)
            vars(there).update({name: known[name] for name in KEPT if name in known})
        return there

    def blocks(self, size: int) -> Iterator["Neurons"]:
        """Consecutive blocks of at most ``size`` neurons, small enough for the processor's cache."""
        if len(self) <= size:
            yield self
        else:
            yield from (self.take(slice(start, start + size)) for start in range(0, len(self), size))

    def live(self, samples: Samples) -> Mask:
        """Whether a neuron can still move: a ReLU that is off (not sliding) everywhere never moves again."""
        if samples.slope > 0.0:
            return np.ones(len(self), dtype=bool)
        alive: Mask = np.any((self.status == ON) | (self.status == SLIDING), axis=1)
        if samples.mirrored.size:
            alive |= np.any(self.status[:, samples.mirrored] == OFF, axis=1)
        return alive

    def decayed(self, left: Array) -> "Neurons":
        """The same neurons with all weights times ``left``, () or (b,)."""
        if (left == 1.0).all():
            return self
        each = np.broadcast_to(left, self.outputs.shape)
        moved = self.moved(each[:, None] * self.weights, each * self.outputs, each[:, None] * self.z)
        return replace(moved, delta=each * each * self.delta)

    def rebalanced(self) -> "Neurons":
        """The same neurons with rounding mended by a^2 - |w|^2 = delta, in the larger of the two."""
        squares = np.vecdot(self.weights, self.weights)
        size = np.sqrt(np.maximum(squares + self.delta, 0.0))
        outputs = np.where(self.delta >= 0.0, np.copysign(size, self.outputs), self.outputs)
        if self.delta.min(initial=0.0) >= 0.0:
            return self.moved(self.weights, outputs, self.z)
        ratio = (self.outputs**2 - self.delta) / np.where(squares > 0.0, squares, 1.0)
        factor = np.where((self.delta < 0.0) & (squares > 0.0), np.sqrt(np.abs(ratio)), 1.0)[:, None]
        return replace(self, weights=factor * self.weights, outputs=outputs, z=factor * self.z)

    @cached_property
    def sizes(self) -> Array:
        """The larger of |a_j| and |w_j|, in stored numbers (b,)."""
        sizes: Array = np.maximum(np.abs(self.outputs), np.sqrt(np.vecdot(self.weights, self.weights)))
        return sizes

    @cached_property
    def lined(self) -> Mask:
        """Neurons (b,) that slide on so many samples that a single line is left to them."""
        dimension = self.weights.shape[1]
        free = dimension - (self.slots >= 0).sum(axis=1)
        return np.asarray((free == 1) & (dimension > 1))

    def narrowed(self) -> "Neurons":
        """The same neurons with no more slots than the one that slides on the most samples needs."""
        taken = self.slots >= 0
        needed = int(taken.sum(axis=1).max(initial=0)) if taken.size else 0
        if needed == self.slots.shape[1]:
            return self
        order = np.argsort(~taken, axis=1, kind="stable")[:, :needed]
        rows = np.arange(len(self))[:, None]
        return replace(self, slots=self.slots[rows, order], dual=self.dual[rows, order])

    def on_kinks(self, samples: Samples) -> "Neurons":
        """The same neurons without what rounding has left of their weights across the kinks they slide on.

        Nothing would take it away: the pull has no part across. It would come to light when they leave.
        """
        if self.slots.shape[1] == 0:
            return self
        parts = np.matmul(self.dual, self.weights[:, :, None])[:, :, 0]
        across = np.matmul(parts[:, None, :], samples.padded[self.slots])[:, 0]
        near = row_norms(across) <= ASTRAY * self.sizes
        return replace(self, weights=np.where(near[:, None], self.weights - across, self.weights))

    def rescaled(self, samples: Samples) -> "Neurons":
        """The same neurons with stored sizes near one, wherever they have drifted too far away.

        The pre-activations of a neuron that has shrunk are small differences of large numbers; those that
        its weights know better are taken from there.
        """
        if self.sizes.min(initial=1.0) >= 2.0 ** -(SHRUNK + 1) and self.sizes.max(initial=1.0) < 2.0**DRIFT:
            return self
        shift = np.where(self.sizes > 0.0, np.frexp(self.sizes)[1], 0).astype(np.int64)
        shift[(shift >= -SHRUNK) & (shift <= DRIFT)] = 0
        if not shift.any():
            return self
        z = self.z.copy()
        shrunk = indices(shift < 0)
        z[shrunk] = self.take(shrunk)._synchronised(samples)
        return replace(
            self,
            weights=np.ldexp(self.weights, -shift[:, None]),
            outputs=np.ldexp(self.outputs, -shift),
            z=np.ldexp(z, -shift[:, None]),
            delta=np.ldexp(self.delta, -2 * shift),
            exponent=self.exponent + shift,
        )

    def _synchronised(self, samples: Samples) -> Array:
        """z (b, h) taken from the weights where these know it to three digits at least, on the right side."""
        z = self.weights @ samples.inputs.T
        bound = np.outer(row_norms(self.weights), np.sqrt(samples.squares[: samples.primaries]))
        known = np.abs(z) > KNOWN * bound
        kept = np.where(np.abs(self.z) <= bound, self.z, 0.0)
        return np.where(known, np.where(self.side * z > 0.0, z, 0.0), kept)

    def true_weights(self, samples: Samples) -> Array:
        """w_j in moving coordinates (b, p), of which <w_j, x_k> has the sign that the activation says.

        A pre-activation that is zero, or far below |w_j| |x_k|, is only known to rounding from the weights.
        """
        margin = SIGN * np.outer(row_norms(self.weights), np.sqrt(samples.squares[: samples.primaries]))
        seen = self.weights @ samples.inputs.T
        wrong = (self.side * seen < margin) & (self.side != 0.0)
        weights = self.weights
        if wrong.any():
            shift = np.where(wrong, self.side * margin - seen, 0.0)
            weights = weights + (shift / samples.squares[: samples.primaries]) @ samples.inputs
        return np.ldexp(weights, self.exponent[:, None])

    def true_outputs(self) -> Array:
        """a_j (b,)."""
        return np.ldexp(self.outputs, self.exponent)


#: what depends on neither weights nor pre-activations
KEPT: Final = ("on", "off", "side", "sliders", "sliding", "gain", "root", "lined")
NAMES = tuple(field.name for field in fields(Neurons))


def join(parts: list[Neurons]) -> Neurons:
    """Blocks put together again; slot arrays are widened to the widest of them."""
    if len(parts) == 1:
        return parts[0]
    width = max(part.slots.shape[1] for part in parts)
    wide = [widened(part, width) for part in parts]
    return Neurons(*(np.concatenate([getattr(part, name) for part in wide]) for name in NAMES))


def widened(neurons: Neurons, width: int) -> Neurons:
    """The same neurons with at least ``width`` slots for sliding samples."""
    missing = width - neurons.slots.shape[1]
    if missing <= 0:
        return neurons
    return replace(
        neurons,
        slots=np.pad(neurons.slots, ((0, 0), (0, missing)), constant_values=-1),
        dual=np.pad(neurons.dual, ((0, 0), (0, missing), (0, 0))),
    )


def put(neurons: Neurons, rows: Index, part: Neurons) -> Neurons:
    """The same neurons with those in ``rows``, in order, replaced by ``part``."""
    if rows.size == len(neurons):
        return part
    width = max(neurons.slots.shape[1], part.slots.shape[1])
    whole, part = widened(neurons, width), widened(part, width)
    arrays = [getattr(whole, name).copy() for name in NAMES]
    for name, array in zip(NAMES, arrays, strict=True):
        array[rows] = getattr(part, name)
    return Neurons(*arrays)


def hidden_values(neurons: Neurons, z: Array, samples: Samples) -> Array:
    """The activation function of <w_j, x_k> for all merged samples (b, s, q), from z (b, s, h) and status."""
    active = neurons.on[:, None, :] * z
    if not samples.pull_when_off:
        return active
    inactive = neurons.off[:, None, :] * z
    mirrors = -samples.mirror_ratio * (samples.slope * active + inactive)[:, :, samples.mirrored]
    return np.concatenate([active + samples.slope * inactive, mirrors], axis=2)
