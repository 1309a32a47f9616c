"""All neurons over one step, for a given path of the residual.

Most neurons change no activation in a step: they are moved through all stages at once. Those that do are
moved on their own, from event to event, all of them together in rounds; the step is never cut for them.
"""

from dataclasses import dataclass, replace

import numpy as np

from reluflow.flow.events import Events, in_order
from reluflow.flow.lorentz.boost import apply, prepare
from reluflow.flow.lorentz.collocation import RADAU, STAGE_WEIGHTS, Path
from reluflow.flow.lorentz.neurons import Mask, Neurons, hidden_values, join, put
from reluflow.flow.lorentz.pull import pull
from reluflow.flow.lorentz.release import margins
from reluflow.flow.lorentz.rounds import Rounds
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array

#: elements of the largest arrays of one block: a few of them must fit in the processor's cache
BLOCK = 1 << 18

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


@dataclass(frozen=True)
class Straight:
    """A block of neurons moved through the whole step as if no activation changed.

    At the s nodes: weights, a list of (b, p); outputs (s, b); z (b, s, h). suspect (b, s): whether
    something happens before the node, which makes what is said of this node and later ones wrong.
    """

    weights: list[Array]
    outputs: Array
    z: Array
    suspect: Mask


def _straight(block: Neurons, samples: Samples, path: Path, slack: float) -> Straight:
    pulled = pull(block, samples, path.values)
    count = len(block)
    generators = (path.length * STAGE_WEIGHTS) @ pulled.direction.reshape(_S, -1)
    boosts = prepare(generators.reshape(2 * _S, count, -1))
    w, a = block.weights, block.outputs
    reach, outputs = np.empty((2, 2 * _S, count))
    weights = []
    for i in range(2 * _S):
        w, a, reach[i], _ = apply(boosts, i, w, a, block.delta)
        outputs[i] = a
        weights.append(w)
    slopes = (path.length * (reach.T @ _STAGE_SLOPES)).reshape(count, _S, _S)
    z = np.matmul(slopes, pulled.slope.transpose(1, 0, 2))
    z += block.z[:, None, :]
    suspect = np.min(block.side[:, None, :] * z, axis=2, initial=0.0) < 0.0
    suspect |= np.min((outputs * block.outputs).reshape(_S, 2, count), axis=1).T < 0.0
    rows = np.unique(block.sliders[0])
    if rows.size:
        suspect[rows] |= _released(block.take(rows), pulled.multiplier[:, rows], path, samples, slack)
    return Straight(weights[1::2], outputs[1::2], z, suspect)


def _released(sliding: Neurons, multiplier: Array, path: Path, samples: Samples, slack: float) -> Mask:
    """Whether a sliding neuron must be released at a node (b, s); what is so at the start counts at all."""
    weights = np.vstack([RADAU.start, np.eye(_S)])
    residual = weights @ path.values
    multiplier = np.tensordot(weights, multiplier, axes=1)
    idle = samples.off_force(residual)[:, sliding.slots]
    sign = np.sign(sliding.outputs)
    found = margins(sliding.slots, sign, multiplier, residual[:, sliding.slots], idle, slack)
    due = np.any((found.off < 0.0) | (found.on < 0.0), axis=2).T
    released: Mask = due[:, :1] | due[:, 1:]
    return released


def _sweep_block(
    block: Neurons, samples: Samples, path: Path, slack: float
) -> tuple[Array, Neurons, list[Events]]:
    straight = _straight(block, samples, path, slack)
    hidden = hidden_values(block, straight.z, samples)
    weight = (straight.outputs * block.gain).T
    end = replace(
        block, weights=straight.weights[-1], outputs=straight.outputs[-1], z=straight.z[:, -1].copy()
    )
    rows = np.flatnonzero(np.any(straight.suspect, axis=1))
    if rows.size == 0:
        return np.einsum("bs,bsq->sq", weight, hidden), end, []
    stage = np.argmax(straight.suspect[rows], axis=1)
    rounds = Rounds(_at_stage(block, straight, rows, stage), stage, samples, path, slack)
    rounds.run()
    later = np.arange(_S) >= stage[:, None]
    hidden[rows] = np.where(later[:, :, None], rounds.hidden, hidden[rows])
    weight[rows] = np.where(later, rounds.outputs * block.gain[rows, None], weight[rows])
    return np.einsum("bs,bsq->sq", weight, hidden), put(end, rows, rounds.neurons), rounds.events


def _at_stage(block: Neurons, straight: Straight, rows: Index, stage: Index) -> Neurons:
    """Neurons where they are before they go to their ``stage`` (b,)."""
    before = block.take(rows)
    for i in range(1, _S):
        there = np.flatnonzero(stage == i)
        if there.size:
            from_rows = rows[there]
            before.weights[there] = straight.weights[i - 1][from_rows]
            before.outputs[there] = straight.outputs[i - 1][from_rows]
            before.z[there] = straight.z[from_rows, i - 1]
    return before
