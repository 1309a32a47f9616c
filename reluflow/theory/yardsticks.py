"""Early alignment under one neuron as teacher: yardsticks gamma_I and the order of crossings, solved.

While every neuron is small, a neuron that is active on the samples I obeys

    dw/dt = a gamma_I,   da/dt = <w, gamma_I>,   gamma_I = (1/n) sum_{k in I} y_k x_k,

a hyperbolic rotation: artanh cos(angle between s w and gamma_I) advances by |gamma_I| t between crossings
(Chistikov, Englert, Lazic 2023). With all inputs less than 90 degrees apart and all y_k > 0 a
neuron with a > 0 only gains samples, until it sees all; one with a < 0 only loses them, and dies.

Times are flow time of the half-mse loss.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.flow.lorentz.boost import gain_to_integral, light_cone
from reluflow.flow.lorentz.event_location import first_on_ray
from reluflow.network import Array, imbalance, row_norms


@dataclass(frozen=True)
class CrossingRules:
    """What is rounding, and how many crossings are followed."""

    #: share of a^2 below which the imbalance a^2 - |w|^2 is rounding
    balanced: float = 1e-12
    #: crossings of one neuron with one sample that are followed; there is one where the formulas hold
    most: int = 4


CROSSINGS: Final = CrossingRules()


Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Crossing:
    """At ``time``, neuron ``neuron`` gains (``on``) or loses the sample ``sample``."""

    time: float
    neuron: int
    sample: int
    on: bool


@dataclass(frozen=True)
class Alignment:
    """Neurons after their last crossing.

    ``crossings`` in order of time; ``settled`` (m,): time of the last of each neuron, 0 for none; at it,
    ``active`` (m, n), ``weights`` (m, d) and ``output_weights`` (m,). ``slides``: whether some neuron is
    pushed back from both sides of a kink, which none is where the formulas hold.
    """

    crossings: tuple[Crossing, ...]
    settled: Array
    active: Mask
    weights: Array
    output_weights: Array
    slides: bool

    @property
    def bundle(self) -> Mask:
        """Neurons (m,) that see every sample and grow."""
        growing: Mask = np.all(self.active, axis=1) & (self.output_weights > 0.0)
        return growing

    @property
    def dead(self) -> Mask:
        """Neurons (m,) that see no sample any more."""
        dead: Mask = ~np.any(self.active, axis=1)
        return dead


def yardstick(inputs: Array, targets: Array, active: Mask | None = None) -> Array:
    """gamma_I = (1/n) sum_{k in I} y_k x_k; I all samples, or for each row of ``active`` (m, n) its own."""
    if active is None:
        return targets @ inputs / targets.size
    return (active * targets) @ inputs / targets.size


def advanced_cosine(cosine: Array, rate: Array, time: Array) -> Array:
    """cos of the angle between s w and gamma_I after a ``time`` without crossing; ``rate`` = s |gamma_I|."""
    grown = np.tanh(rate * time)
    moved: Array = (cosine + grown) / (1.0 + cosine * grown)
    return moved


def align(inputs: Array, targets: Array, weights: Array, output_weights: Array) -> Alignment:
    """Follow every neuron through all its crossings; rows (m, d), (m,), inputs (n, d), targets (n,) > 0.

    A crossing switches the sample: exact as long as no neuron is pushed back from both sides of a kink
    (``slides``), which takes two inputs more than 90 degrees apart. Needs |a_j| >= |w_j|: no sign changes.
    """
    paths = _Paths(inputs, targets, weights, output_weights)
    for _ in range(CROSSINGS.most * targets.size):
        if not paths.advance():
            break
    events = tuple(sorted(paths.events, key=lambda event: event.time))
    weights, outputs = paths.w * paths.unit, paths.sign * paths.a * paths.unit
    return Alignment(events, paths.time, paths.active, weights, outputs, paths.slides)


class _Paths:
    """Neurons under way, each at a time of its own; ``a`` >= 0 after reflection by ``sign``."""

    def __init__(self, inputs: Array, targets: Array, weights: Array, output_weights: Array) -> None:
        self.inputs, self.targets = inputs, targets
        # in units in which squares neither overflow nor underflow
        self.unit = float(np.max(np.abs(output_weights))) or 1.0
        self.sign = np.where(output_weights < 0.0, -1.0, 1.0)
        self.w, self.a = weights / self.unit, np.abs(output_weights) / self.unit
        delta = np.maximum(imbalance(self.w, self.a), 0.0)
        self.delta = np.where(delta < CROSSINGS.balanced * self.a**2, 0.0, delta)
        self.z = self.w @ inputs.T
        self.active: Mask = self.z > 0.0
        self.time = np.zeros(len(weights))
        self.events: list[Crossing] = []
        self.slides = False
        self._left = np.flatnonzero(self.a > 0.0)

    def advance(self) -> bool:
        """One crossing of every neuron that has a further one; whether there was any."""
        pull = self._pull(self._left)
        speed = pull @ self.inputs.T
        side = np.where(self.active[self._left], 1.0, -1.0)
        sample, integral = first_on_ray(side, self.z[self._left], speed)
        go = np.isfinite(integral)
        rows, pull, speed, sample, integral = self._left[go], pull[go], speed[go], sample[go], integral[go]
        rate = row_norms(pull)
        start = light_cone(pull, self.w[rows], self.a[rows], self.delta[rows])
        plus, minus = start.plus, start.minus
        gain = gain_to_integral(start, integral)
        go = np.isfinite(gain)  # a neuron on its way into the origin never arrives
        self._left = rows[go]
        self._move(integral[go], pull[go], speed[go])
        self._grow(gain[go], rate[go], plus[go], minus[go])
        self._cross(sample[go], speed[go])
        return bool(self._left.size)

    def _pull(self, rows: npt.NDArray[np.intp]) -> Array:
        """s_j gamma_I of each neuron."""
        return self.sign[rows, None] * yardstick(self.inputs, self.targets, self.active[rows])

    def _move(self, integral: Array, pull: Array, speed: Array) -> None:
        self.w[self._left] += integral[:, None] * pull
        self.z[self._left] += integral[:, None] * speed

    def _grow(self, gain: Array, rate: Array, plus: Array, minus: Array) -> None:
        self.a[self._left] = 0.5 * (plus * (1.0 + gain) + minus / (1.0 + gain))
        self.time[self._left] += np.log1p(gain) / rate

    def _cross(self, sample: npt.NDArray[np.intp], speed: Array) -> None:
        rows = self._left
        self.z[rows, sample] = 0.0
        self.active[rows, sample] ^= True
        before = speed[np.arange(len(rows)), sample]
        after = np.einsum("jd,jd->j", self._pull(rows), self.inputs[sample])
        self.slides |= bool(np.any(before * after < 0.0))
        self.events += [
            Crossing(float(self.time[j]), int(j), int(k), bool(self.active[j, k]))
            for j, k in zip(rows, sample, strict=True)
        ]
