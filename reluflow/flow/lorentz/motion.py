"""All neurons over one step, for a given path of the residual.

Most neurons change no activation in a step: they are moved through all stages at once. Those that do are
moved on their own, from event to event, all of them together in rounds; the step is never cut for them.
"""

from dataclasses import dataclass, replace

import numpy as np

from reluflow.flow.lorentz.activation import margins
from reluflow.flow.lorentz.boost import apply, prepare
from reluflow.flow.lorentz.collocation import RADAU, STAGE_WEIGHTS, Path, basis
from reluflow.flow.lorentz.log import Events, in_order
from reluflow.flow.lorentz.neurons import Mask, Neurons, hidden_values, join, put
from reluflow.flow.lorentz.pull import Pull, pull
from reluflow.flow.lorentz.rounds import Rounds
from reluflow.flow.lorentz.samples import Samples
from reluflow.network import Array

#: elements of the largest arrays of one block: a few of them must fit in the processor's cache
BLOCK = 1 << 16

_S = RADAU.stages
#: reaches of 2s boosts (2s,) @ this (2s, s * s) -> weights of the slopes at s nodes in z at s stages
_STAGE_SLOPES = np.stack(
    [np.where(np.arange(2 * _S)[:, None] < 2 * (i + 1), STAGE_WEIGHTS, 0.0) for i in range(_S)], axis=1
).reshape(2 * _S, _S * _S)


@dataclass(frozen=True)
class Swept:
    """A network moved over a step: predictions (s, q) at the nodes, the neurons at its end, events."""

    predictions: Array
    end: Neurons
    events: Events


def predictions(neurons: Neurons, samples: Samples) -> Array:
    """h(x_k) of all merged samples (q,)."""
    total = np.zeros(samples.size)
    for block in neurons.blocks(block_rows(samples)):
        total += (block.outputs * block.gain) @ hidden_values(block, block.z[:, None, :], samples)[:, 0]
    return total


def block_rows(samples: Samples) -> int:
    """How many neurons are worked on at once."""
    return max(64, BLOCK // max(1, samples.primaries))


def sweep(neurons: Neurons, samples: Samples, path: Path, slack: float) -> Swept:
    """Move all neurons over the step."""
    total = np.zeros((_S, samples.size))
    ends, events = [], []
    for block in neurons.blocks(block_rows(samples)):
        part, end, found = _sweep_block(block, samples, path, slack)
        total += part
        ends.append(end)
        events += found
    return Swept(total, join(ends), in_order(events))


def _sweep_block(
    block: Neurons, samples: Samples, path: Path, slack: float
) -> tuple[Array, Neurons, list[Events]]:
    pulled = pull(block, samples, path.values)
    count, h = len(block), samples.primaries
    generators = (path.length * STAGE_WEIGHTS) @ pulled.direction.reshape(_S, -1)
    boosts = prepare(generators.reshape(2 * _S, count, -1))
    w, a = block.weights, block.outputs
    reach = np.empty((2 * _S, count))
    outputs = np.empty((2 * _S, count))
    for i in range(2 * _S):
        w, a, reach[i], _ = apply(boosts, i, w, a, block.delta)
        outputs[i] = a
    slopes = (path.length * (reach.T @ _STAGE_SLOPES)).reshape(count, _S, _S)
    z = np.matmul(slopes, pulled.slope.transpose(1, 0, 2))
    z += block.z[:, None, :]
    eventful = np.min(block.side[:, None, :] * z, axis=(1, 2), initial=0.0) < 0.0
    eventful |= np.any(outputs * block.outputs < 0.0, axis=0)
    eventful |= _releasing(block, pulled, path, samples, slack)
    hidden = hidden_values(block, z, samples)
    weight = (outputs[1::2] * block.gain).T
    end = replace(block, weights=w, outputs=a, z=z[:, -1].reshape(count, h))
    events: list[Events] = []
    if np.any(eventful):
        rows = np.flatnonzero(eventful)
        rounds = Rounds(block.take(rows), samples, path, slack)
        rounds.run()
        hidden[rows] = rounds.hidden
        weight[rows] = rounds.outputs * block.gain[rows, None]
        end = put(end, rows, rounds.neurons)
        events = rounds.events
    return np.einsum("bs,bsq->sq", weight, hidden), end, events


def _releasing(block: Neurons, pulled: Pull, path: Path, samples: Samples, slack: float) -> Mask:
    """Neurons that slide and must be released at some node."""
    releasing = np.zeros(len(block), dtype=bool)
    rows = np.unique(block.sliders[0])
    if rows.size == 0:
        return releasing
    part = block.take(rows)
    sign = np.sign(part.outputs)
    for i in range(-1, _S):
        weights = basis(np.array([0.0]))[0] if i < 0 else np.eye(_S)[i]
        multiplier = np.einsum("s,sbt->bt", weights, pulled.multiplier[:, rows])
        residual = np.broadcast_to(weights @ path.values, (rows.size, samples.size))
        found = margins(part, sign, multiplier, residual, samples, slack)
        releasing[rows] |= np.any((found.off < 0.0) | (found.on < 0.0), axis=1)
    return releasing
