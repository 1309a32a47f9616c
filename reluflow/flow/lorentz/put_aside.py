"""Neurons that never move again, but for weight decay: they are put aside and cost nothing."""

from dataclasses import dataclass

import numpy as np

from reluflow.flow.base import State
from reluflow.flow.lorentz.clusters import Clusters
from reluflow.flow.lorentz.neurons import Neurons
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array, row_norms
from reluflow.problem import Problem

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

    def states(
        self, problem: Problem, who: tuple[Index, Clusters], moved: tuple[Array, Array], times: Array
    ) -> list[State]:
        """The states at flow times (k,) with the neurons ``who`` (b,) where they have moved.

        who: their numbers, with the clusters that they stand for; moved: their weights (k, b, p) and output
        weights (k, b). What is put aside later than a time must be among them.
        """
        index, clusters = who
        weights, outputs = self._at(times, problem.weight_decay)
        weights[:, index], outputs[:, index] = moved
        clusters.restored(weights, outputs)
        left = problem.shrunk(times)[:, None, None] if problem.weight_decay else 1.0
        each = zip(times.tolist(), problem.span.lift(weights, left), outputs, strict=True)
        # a state that is kept must not keep all others
        return [State(t, *((w, a) if times.size == 1 else (w.copy(), a.copy()))) for t, w, a in each]

    def _at(self, times: Array, decay: float) -> tuple[Array, Array]:
        """Weights (k, m, p) and output weights (k, m) at flow times (k,), to write to; ``decay``: lambda."""
        left = np.ones((times.size, 1))
        if decay:
            left = np.exp(-decay * np.maximum(times[:, None] - self.since, 0.0))
        return left[:, :, None] * self.weights, left * self.outputs
