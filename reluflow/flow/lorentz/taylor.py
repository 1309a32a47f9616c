"""Network and residual as power series in time, as long as no activation changes.

Between two events the flow is polynomial. With c_jk = 1 where sample k pulls on neuron j, and P_j the
projection orthogonal to the samples on which it slides,

    u_jk' = a_j c_jk r_k,     w_j' = -(1/n) P_j sum_k u_jk' x_k,     z_jl = <x_l, w_j>,
    a_j' = -(1/n) sum_k c_jk r_k z_jk,     r_k = sum_j a_j c_jk z_jk - y_k,

so every coefficient of its Taylor series follows from those before it by Cauchy products (Hairer, Norsett &
Wanner, Solving Ordinary Differential Equations I, section I.8). u_jk is the impulse that a neuron gets from
a sample. Where inactive samples pull too, both sides of a hyperplane count, each with its own c and r.
"""

from typing import Final

import numpy as np

from reluflow.flow.lorentz.collocation import RADAU
from reluflow.flow.lorentz.neurons import Neurons
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array

#: the highest power there is
DEGREE: Final = 24
#: those of all powers
ORDERS: Final = np.arange(DEGREE + 1.0)


class TaylorSeries:
    """Series of b neurons in x = t / unit, from ``neurons`` and ``start`` = r (q,) at x = 0 on.

    ``degree``: the powers of x known so far; none until ``extend``. Coefficients, lowest first: residual
    (degree + 1, q); outputs (degree + 1, b), z and impulse (degree + 1, b, h) in stored numbers of neurons.
    """

    def __init__(self, neurons: Neurons, samples: Samples, start: Array, unit: float) -> None:
        self.neurons, self.samples, self.start, self.unit = neurons, samples, start, unit
        self.degree = 0
        b, h = neurons.z.shape
        self._sides = 2 if samples.pull_when_off else 1
        width = self._sides * h
        self._z, self._impulse = np.empty((2, DEGREE + 1, b, h))
        self._outputs = np.empty((DEGREE + 1, b))
        self._residual = np.empty((DEGREE + 1, start.size))
        self._counts = np.hstack([neurons.on, neurons.off]) if self._sides == 2 else neurons.on
        # what sums run over: pre-activations where they count, by order and by neuron; and, backwards,
        # output weights as they add to the residual, and what the residual pulls with
        self._active, self._by_neuron = np.empty((DEGREE + 1, b, width)), np.empty((b, DEGREE + 1, width))
        self._added, self._force = np.empty((DEGREE + 1, b)), np.empty((DEGREE + 1, width))
        self._pulled = np.empty((b, width))
        self._z[0], self._impulse[0] = neurons.z, 0.0
        self._outputs[0], self._residual[0] = neurons.outputs, start
        both = np.hstack([neurons.z, neurons.z]) if self._sides == 2 else neurons.z
        self._active[0] = self._by_neuron[:, 0] = self._counts * both
        self._added[DEGREE] = neurons.gain * neurons.outputs
        self._force[DEGREE] = samples.forces(start)
        self._predicted = np.empty((DEGREE + 1, start.size))
        self._predicted[0] = start + samples.targets
        if samples.weight_decay:
            #: the coefficients of exp(-2 lambda t), lowest first
            self._decay = np.cumprod(np.append(1.0, -2.0 * samples.weight_decay * unit / ORDERS[1:]))
        self._scale = -unit / samples.total
        self._gram = self._scale * samples.gram
        self._held = _held(neurons, samples, self._gram)

    @property
    def residual(self) -> Array:
        """r."""
        return self._residual[: self.degree + 1]

    @property
    def outputs(self) -> Array:
        """a_j."""
        return self._outputs[: self.degree + 1]

    @property
    def z(self) -> Array:
        """z_jk."""
        return self._z[: self.degree + 1]

    @property
    def impulse(self) -> Array:
        """u_jk, in this unit of time."""
        return self._impulse[: self.degree + 1]

    def extend(self, degree: int) -> None:
        """Compute coefficients up to this power.

        In a unit of time that is far too long they overflow: then ``horizon`` is 0, or no number.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            self._extend(degree)

    def _extend(self, degree: int) -> None:
        gain, counts, gram, both = self.neurons.gain, self._counts, self._gram, self._sides == 2
        active, by_neuron, pulled = self._active, self._by_neuron, self._pulled
        b, width = counts.shape
        # the sums of each order run over consecutive numbers
        every_active, every_neuron = active.reshape(-1, width), by_neuron.reshape(b, -1)
        added, force, outputs = self._added.ravel(), self._force.ravel(), self._outputs.T
        for k in range(self.degree, degree):
            first = DEGREE - k
            impulse, z, a = self._impulse[k + 1], self._z[k + 1], self._outputs[k + 1]
            np.dot(outputs[:, : k + 1], self._force[first:], out=pulled)
            pulled *= counts
            each = pulled[:, : width // 2] + pulled[:, width // 2 :] if both else pulled
            np.divide(each, k + 1, out=impulse)
            np.dot(impulse, gram, out=z)
            if self._held is not None:
                rows, matrices = self._held
                z[rows] = np.matmul(impulse[rows, None], matrices)[:, 0]
            np.multiply(counts, np.hstack([z, z]) if both else z, out=active[k + 1])
            by_neuron[:, k + 1] = active[k + 1]
            np.dot(every_neuron[:, : (k + 1) * width], force[first * width :], out=a)
            a *= self._scale / (k + 1)
            np.multiply(gain, a, out=self._added[first - 1])
            hidden = np.dot(added[(first - 1) * b :], every_active[: (k + 2) * b])
            self._predicted[k + 1] = predicted = self.samples.merged(hidden)
            residual = self._decayed(k + 1) if self.samples.weight_decay else predicted
            self._residual[k + 1] = residual
            self._force[first - 1] = self.samples.forces(residual)
        self.degree = degree

    def _decayed(self, k: int) -> Array:
        """The coefficient k of the residual with weight decay, from those of predictions without it."""
        decayed: Array = self._decay[k::-1] @ self._predicted[: k + 1]
        return decayed

    def horizon(self, tolerance: float, relative: float) -> float:
        """Up to which x the series hold: the residual to ``tolerance``, neurons to ``relative``."""
        neurons, last = self.neurons, slice(self.degree - 1, self.degree + 1)
        own = np.maximum(np.abs(self._outputs[last]), np.abs(self._z[last]).max(axis=2) / self.samples.spread)
        errors = np.abs(self._residual[last]).max(axis=1) / tolerance
        with np.errstate(divide="ignore"):
            # a neuron that is zero, and stays zero, has no error
            shares = np.divide(own, relative * neurons.sizes, out=np.zeros_like(own), where=own != 0.0)
            errors = np.maximum(errors, shares.max(axis=1, initial=0.0))
            return float((errors ** (-1.0 / ORDERS[last])).min())

    def powers(self, x: Array) -> Array:
        """1, x, x^2, .. for x (..): shape (.., degree + 1)."""
        values: Array = x[..., None] ** ORDERS[: self.degree + 1]
        return values

    def path(self, length: float) -> Path:
        """The residual over a step of this length."""
        return Path(self.powers(RADAU.nodes * (length / self.unit)) @ self.residual, length)

    def neurons_at(self, x: Array) -> Neurons:
        """All neurons at the first of x (k,), then at the second, and so on: k b of them."""
        neurons, samples, at = self.neurons, self.samples, self.powers(x)
        shape = (x.size, *neurons.z.shape)
        impulse = (at @ self.impulse.reshape(len(self.impulse), -1)).reshape(shape)
        change = impulse @ (self._scale * samples.inputs)
        if self._held is not None:
            beta = np.matmul(change.transpose(1, 0, 2), neurons.dual.transpose(0, 2, 1))
            change -= np.matmul(beta, samples.inputs[neurons.slots]).transpose(1, 0, 2)
        weights = (neurons.weights + change).reshape(-1, change.shape[2])
        z = (at @ self.z.reshape(len(self.z), -1)).reshape(-1, shape[2])
        everyone = neurons if x.size == 1 else neurons.take(np.tile(np.arange(len(neurons)), x.size))
        return everyone.moved(weights, (at @ self.outputs).ravel(), z)


def _held(neurons: Neurons, samples: Samples, gram: Array) -> tuple[Index, Array] | None:
    """Rows (s,) of neurons that slide, and what makes pre-activations of their impulses (s, h, h)."""
    rows, _, sample = neurons.sliders
    if rows.size == 0:
        return None
    some = neurons.sliding
    inner = np.matmul(samples.inputs, neurons.dual[some].transpose(0, 2, 1))
    matrices = gram - np.matmul(inner, gram[neurons.slots[some]])
    matrices[np.searchsorted(some, rows), :, sample] = 0.0
    return some, matrices
