"""Neurons at many moments of a step, seen on one way through it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from reluflow.flow.lorentz.drive import Drive
from reluflow.flow.lorentz.motion import block_rows
from reluflow.flow.lorentz.neurons import Neurons
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.rounds import Rounds
from reluflow.flow.lorentz.samples import Samples
from reluflow.flow.lorentz.taylor import Taylor
from reluflow.network import Array

#: numbers kept at once: that many moments are looked at together
ROOM = 4_000_000


@dataclass(frozen=True)
class Passage:
    """b neurons at k moments: w_j (k, b, p) in moving coordinates, a_j (k, b)."""

    weights: Array
    outputs: Array


def passage(
    neurons: Neurons,
    samples: Samples,
    path: Path,
    slack: float,
    moments: Array,
    abandoned: Callable[[], bool] = lambda: False,
) -> Passage:
    """Neurons moved along a path, at moments (k,) of it in order.

    Raises StallError, and AbandonedError if ``abandoned`` says so before all are moved.

    On their way they stop at the nodes too, so that they are nowhere less exact than the step itself.
    """
    stops = np.union1d(moments, path.nodes[path.nodes < moments[-1]])
    where = np.searchsorted(stops, moments)
    drive = Drive(samples, replace(path, stops=stops), slack, abandoned)
    dimension = neurons.weights.shape[1]
    weights, outputs = [np.zeros((moments.size, 0, dimension))], [np.zeros((moments.size, 0))]
    for block in neurons.blocks(block_rows(samples)):
        if len(block) == 0:
            break
        rounds = Rounds(drive, passed=True)
        with np.errstate(over="ignore", invalid="ignore"):
            rounds.run(block)
        seen = _seen(rounds.passed_by, samples, stops.size)
        weights.append(seen.weights[where])
        outputs.append(seen.outputs[where])
    return Passage(np.concatenate(weights, axis=1), np.concatenate(outputs, axis=1))


def along(series: Taylor, x: Array) -> Passage:
    """Neurons moved by series, to x (k,)."""
    return _seen(series.neurons_at(x), series.samples, x.size)


def _seen(neurons: Neurons, samples: Samples, moments: int) -> Passage:
    """All neurons at the first of k moments, then at the second, and so on, as they are in the network."""
    there = neurons.rebalanced()
    weights = there.true_weights(samples).reshape(moments, -1, neurons.weights.shape[1])
    return Passage(weights, there.true_outputs().reshape(moments, -1))


def together(neurons: Neurons) -> int:
    """How many moments of these neurons to look at on one way."""
    return max(1, ROOM // max(1, neurons.weights.size + neurons.z.size))
