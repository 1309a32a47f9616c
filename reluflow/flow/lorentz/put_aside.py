"""Neurons that never move again, but for weight decay: they are put aside and cost nothing."""

from dataclasses import dataclass

import numpy as np

from reluflow.flow.lorentz.neurons import Neurons
from reluflow.flow.lorentz.samples import Samples
from reluflow.network import Array, row_norms

#: hidden weights of such a neuron this small next to its output weight are the rounding of zero
NOTHING = 1e-13


@dataclass(frozen=True)
class PutAside:
    """Weights (m, p) and output weights (m,) of all neurons of the network, and the flow times (m,) of these.

    Only the rows of neurons that were put aside are looked at.
    """

    weights: Array
    outputs: Array
    since: Array

    def adding(self, dead: Neurons, samples: Samples, t: float) -> "PutAside":
        """The same with some neurons as they are at flow time ``t``."""
        weights, outputs, since = self.weights.copy(), self.outputs.copy(), self.since.copy()
        there = dead.true_weights(samples)
        there[row_norms(dead.weights) <= NOTHING * np.abs(dead.outputs)] = 0.0
        weights[dead.index], outputs[dead.index], since[dead.index] = there, dead.true_outputs(), t
        return PutAside(weights, outputs, since)

    def at(self, t: float, decay: float) -> tuple[Array, Array]:
        """Weights and output weights at flow time ``t``, to write to; ``decay``: lambda of weight decay.

        Rows of neurons that are put aside later than ``t`` are as they were then: they are written over.
        """
        if not decay:
            return self.weights.copy(), self.outputs.copy()
        left = np.exp(-decay * np.maximum(t - self.since, 0.0))
        return left[:, None] * self.weights, left * self.outputs
