"""Small neurons under a constant force, each at a time of its own, and the boost to its next event."""

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.flow.lorentz.boost import EXACT, LightCone, boost_chain
from reluflow.flow.lorentz.neurons import Mask, Neurons, put
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array


@dataclass(frozen=True)
class Limits:
    """What counts as zero, and what is too much, for neurons under a constant residual.

    Shares have no unit; ``rapidity`` and ``events`` are counts of e-folds and of events.
    """

    #: |D| below this share of sum |r_k| |x_k| / n is the rounding of a sum that cancels: nothing moves
    rest: float = 1e-13
    #: |a^2 - |w|^2| below this share of the squared size is the rounding of a balanced neuron
    balanced: float = 1e-12
    #: |<w, x_k>| below this share of |w| |x_k| is the rounding of a neuron that a kink attracts; a neuron
    #: that is only near the kink, and not held there by other samples, leaves it at once
    held: float = 1e-6
    #: rapidity of one boost at most: squares of a neuron that has grown by e^200 are still floats
    rapidity: float = 200.0
    #: events of one neuron, per kink, after which it is followed no further: no case is known that needs it
    events: int = 50


LIMITS: Final = Limits()


@dataclass(frozen=True)
class Tracked:
    """Some neurons, each at a time of its own.

    ``neurons``: as the solver has them, in coordinates of the span of the inputs; ``sign`` (k,): of a_j,
    also where a_j is zero; ``aside`` (k, d): the part of w_j orthogonal to all inputs, which stays, in units
    of 2^``unit`` (k,); ``time`` (k,); ``events``, ``flips`` (k,): how many, and how many of them were changes
    of sign; ``choices`` (k,): points at which descent leaves open how the neuron goes on.
    """

    neurons: Neurons
    sign: Array
    aside: Array
    unit: npt.NDArray[np.int64]
    time: Array
    events: Index
    flips: Index
    choices: Index

    def __len__(self) -> int:
        return len(self.neurons)

    def take(self, rows: Mask | Index) -> "Tracked":
        """Some of them."""
        rest = {part.name: getattr(self, part.name)[rows] for part in fields(self)[1:]}
        return Tracked(self.neurons.take(rows), **rest)

    def put(self, rows: Index, some: "Tracked") -> "Tracked":
        """The same neurons with those in ``rows`` replaced, where they are at the same time, by ``some``."""
        events, choices = self.events.copy(), self.choices.copy()
        events[rows], choices[rows] = some.events, some.choices
        neurons = put(self.neurons, rows, some.neurons)
        return replace(self, neurons=neurons, events=events, choices=choices)


@dataclass(frozen=True)
class Ahead:
    """Tracked neurons and the constant force on them until their next events.

    ``force`` (k, p): D, with what slides held; ``cone``: of the boost over a unit of time of neurons
    reflected so that a >= 0, its rapidity being |D|; ``towards`` (k, p): s D / |D|, s the sign of a;
    ``velocity`` (k, h): s <x_k, D>; ``moving`` (k,): whether |D| is more than rounding.
    """

    tracked: Tracked
    force: Array
    cone: LightCone
    towards: Array
    velocity: Array
    moving: Mask

    @property
    def rate(self) -> Array:
        """|D| (k,); 1 where that is rounding."""
        return np.where(self.moving, self.cone.rapidity, 1.0)

    def take(self, rows: Mask) -> "Ahead":
        """Some of the neurons."""
        if rows.all():
            return self
        which = np.flatnonzero(rows)
        some = LightCone(self.cone.plus[which], self.cone.minus[which], self.cone.rapidity[which])
        arrays = (self.towards[which], self.velocity[which], self.moving[which])
        return Ahead(self.tracked.take(which), self.force[which], some, *arrays)


def gain_to_origin(ahead: Ahead) -> Array:
    """exp(rapidity) - 1 (k,) at which w = 0, for neurons with |a| > |w| that are pulled straight back.

    There u+ = u- = a, and u+ u- = delta. The gain is infinite for all other neurons.
    """
    neurons, plus = ahead.tracked.neurons, ahead.cone.plus
    p = np.vecdot(neurons.weights, ahead.towards)
    across = neurons.weights - p[:, None] * ahead.towards
    size = np.abs(neurons.outputs) + np.abs(p)
    straight = np.vecdot(across, across) <= EXACT * size**2
    arrives = straight & (p < 0.0) & (neurons.delta > 0.0) & (plus > 0.0)
    top = np.sqrt(np.where(arrives, neurons.delta, 1.0))
    return np.where(arrives, top / np.where(arrives, plus, 1.0) - 1.0, np.inf)


def boosted(ahead: Ahead, rapidity: Array, samples: Samples) -> Tracked:
    """Neurons after boosts of so much ``rapidity`` (k,) each."""
    tracked, neurons = ahead.tracked, ahead.tracked.neurons
    lapse = rapidity / ahead.rate
    generator = (lapse * tracked.sign)[:, None] * ahead.force
    boosts = boost_chain(generator[None], neurons.weights, np.abs(neurons.outputs), neurons.delta)
    z = neurons.z + (boosts.integral[0] * lapse)[:, None] * ahead.velocity
    # a kink that lies behind stays behind, whatever the rounding
    z = np.where(neurons.side * z < 0.0, 0.0, z)
    outputs = tracked.sign * np.maximum(boosts.outputs[0], 0.0)
    moved = neurons.moved(boosts.weights[0], outputs, z).rescaled(samples)
    return replace(tracked, neurons=moved, time=tracked.time + lapse)


def along(weights: Array, force: Array) -> Array:
    """The part of forces (k, p) along weights (k, p), no other way being left; all where these are 0."""
    squares = np.vecdot(weights, weights)
    share = np.divide(np.vecdot(weights, force), squares, out=np.zeros_like(squares), where=squares > 0.0)
    return np.where((squares > 0.0)[:, None], share[:, None] * weights, force)
