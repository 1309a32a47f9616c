"""The neurons of a run, and what residuals do to them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .field import Field
from .kinks import Array, Kinks, Real, Sides

#: delta of a start counts as 0 below this share of a^2 + |w|^2: weights are given in float64
BALANCED = 4e-15
#: a start lies on a kink if z is below this share of sum |w_i x_i|
ON_KINK = 1e-18
#: where delta < 0, a is taken from w and delta while a^2 is at least this share of |delta|
SAFE = 0.1


@dataclass
class Neurons:
    """Pre-activations z (m, n), hidden weights w (m, d), output weights a (m,), sides (m, H).

    ``delta`` (m,) is a^2 - |w|^2, which the flow keeps; ``sign`` (m,) that of a. ``still`` (n,) is what adds
    to the neurons' outputs to make the residual: -y, as long as neurons that do not move put nothing out.
    ``outside`` (m, d) is the part of w orthogonal to all inputs, which never moves.
    """

    z: Array
    w: Array
    a: Array
    sides: Sides
    delta: Array
    sign: npt.NDArray[np.int8]
    still: Array
    outside: Array

    def rows(self, rows: npt.NDArray[np.intp]) -> "Neurons":
        """Some of the neurons."""
        return Neurons(
            self.z[rows],
            self.w[rows],
            self.a[rows],
            self.sides[rows],
            self.delta[rows],
            self.sign[rows],
            self.still,
            self.outside[rows],
        )

    def balance(self, rows: npt.NDArray[np.intp]) -> None:
        """Take a from w and delta where the two do not cancel."""
        square = np.sum(self.w[rows] * self.w[rows], axis=-1)
        kept = self.sign[rows] * np.sqrt(np.maximum(square + self.delta[rows], 0))
        sure = (self.delta[rows] >= 0) | (self.a[rows] ** 2 > -SAFE * self.delta[rows])
        self.a[rows] = np.where(sure, kept, self.a[rows])

    def residual(self, kinks: Kinks) -> Array:
        return self.a @ (kinks.derivatives(self.sides) * self.z) + self.still

    def field(self, j: int, r: Array, kinks: Kinks) -> Field:
        """The frozen forces on neuron j."""
        lower, upper = kinks.forces
        return Field(kinks, int(self.sign[j]), lower @ r, upper @ r, kinks.resting @ r)


@dataclass
class Drive:
    """What takes residuals to velocities: g (m, n), and [X; 1] D_j / r as matrices (m, n + d, n)."""

    derivatives: Array
    pulls: Array

    def rows(self, rows: npt.NDArray[np.intp]) -> "Drive":
        return Drive(self.derivatives[rows], self.pulls[rows])

    def renew(self, j: int, sides: Sides, kinks: Kinks) -> None:
        """Take up the sides (H,) of neuron j."""
        n, slid = kinks.samples, np.flatnonzero(sides == 0)
        g = kinks.derivatives(sides)
        forces = kinks.spread.T * g
        gram, balance = kinks.projected(slid)
        whole = forces.copy()
        whole[slid] -= balance @ forces
        self.derivatives[j] = g
        self.pulls[j, :n] = kinks.spread @ (gram @ forces) / -n
        self.pulls[j, n:] = kinks.normals.T @ whole / -n


def start(weights: npt.ArrayLike, output_weights: npt.ArrayLike, kinks: Kinks) -> tuple[Neurons, Drive]:
    """Neurons at their start, on the sides of their pre-activations; what lies on a kink is below it."""
    w, a = np.array(weights, dtype=Real), np.array(output_weights, dtype=Real)
    z = w @ kinks.normals.T
    z[np.abs(z) <= ON_KINK * (np.abs(w) @ np.abs(kinks.normals.T))] = 0
    square = np.sum(w * w, axis=1)
    delta = a * a - square
    delta[np.abs(delta) <= BALANCED * (a * a + square)] = 0
    sides = np.where(z > 0, 1, -1).astype(np.int8)
    outside = w - kinks.inside(w) if len(kinks.basis) < w.shape[1] else np.zeros_like(w)
    signs = np.sign(a).astype(np.int8)
    neurons = Neurons(z @ kinks.spread.T, w, a, sides, delta, signs, -kinks.targets, outside)
    neurons.balance(np.arange(len(a)))
    n, d = kinks.inputs.shape
    drive = Drive(np.zeros((len(a), n), Real), np.zeros((len(a), n + d, n), Real))
    return neurons, drive
