"""The saddle at which a boundary between outcomes comes to rest.

On the boundary the neurons that decide (those on which both sides differ most) shrink to the origin for ever,
pulled straight back, while the others rest. The saddle is the network with the former at the origin. Its
certificate is that of ``reluflow.theory.escape``: what is left to fit, Gamma_all > 0, and that no live small
neuron of it can grow. Source: derived.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reluflow.flow.base import State
from reluflow.network import Array, activation, residuals, row_norms
from reluflow.problem import Problem
from reluflow.sweep.edges.following import Pair, separations
from reluflow.sweep.edges.outcomes import Endings
from reluflow.theory.alignment import basins
from reluflow.theory.decayed_rest import EQUAL
from reluflow.theory.escape import Bound, classify
from reluflow.theory.resting import is_large
from reluflow.theory.small_neurons import Index

#: Share of the largest separation from which on a neuron is one of those that decide.
DECIDES: Final = 0.1


@dataclass(frozen=True)
class Escape:
    """How a neuron that decides leaves the saddle on one side: its final growth.

    ``rate`` per unit of the problem's flow time and unit ``direction`` (d,); 0 and None where it does not
    grow.
    """

    neuron: int
    rate: float
    direction: Array | None


@dataclass(frozen=True)
class Saddle:
    """A rest between two outcomes.

    ``kind`` and ``reason``: its certificate; ``gamma_all``: bounds of the rate at which any neuron could
    grow but for weight decay, per unit of the problem's flow time. ``rate``: at which both sides depart from
    the boundary.
    ``deciding``: neurons on which they differ; ``shrinking``: those of them that are at the origin.
    ``escapes``: how the neurons that decide go on, on either side. ``weights`` (m, d), ``output_weights``
    (m,).
    """

    loss: float
    kind: str
    reason: str
    gamma_all: Bound
    rate: float
    deciding: tuple[int, ...]
    shrinking: tuple[int, ...]
    escapes: tuple[tuple[Escape, ...], tuple[Escape, ...]]
    weights: Array
    output_weights: Array


def resting_saddle(pair: Pair, problem: Problem, rate: float, endings: Endings) -> Saddle | None:
    """The saddle near two networks on both sides of a boundary; None while what they are near is no rest."""
    apart = separations(pair.one, pair.other)
    deciding = np.flatnonzero(apart >= DECIDES * np.max(apart))
    shrinking = _shrinking(deciding, pair.one, problem, pair.one)
    state = _without(shrinking, pair.one)
    if problem.weight_decay and shrinking.size:
        rest = endings.rest(replace(problem, weights=state.weights, output_weights=state.output_weights))
        if rest is None or not np.array_equal(_shrinking(deciding, pair.one, problem, rest), shrinking):
            return None
        state = rest
    verdict = classify(problem, state)
    if not verdict.stays:
        return None
    speed, gamma = problem.speed, verdict.gamma_all
    left = problem.left(state.weights, state.output_weights)
    escapes = [_escapes(deciding, each, problem, left) for each in (pair.one, pair.other)]
    residual = residuals(state.weights, state.output_weights, problem.inputs, problem.targets, problem.slope)
    return Saddle(
        problem.value(residual),
        verdict.kind,
        verdict.reason,
        Bound(speed * gamma.low, speed * gamma.high),
        rate,
        tuple(deciding.tolist()),
        tuple(shrinking.tolist()),
        (escapes[0], escapes[1]),
        state.weights,
        state.output_weights,
    )


def _shrinking(deciding: Index, state: State, problem: Problem, rest: State) -> Index:
    """Those among the neurons that are small and on which pulls back what the network ``rest`` leaves."""
    weights, outputs = state.weights, state.output_weights
    left = problem.left(rest.weights, rest.output_weights)
    growth = np.sign(outputs) * (activation(weights @ problem.inputs.T, problem.slope) @ left)
    norms = row_norms(weights)
    small = ~is_large(np.abs(outputs) * norms, problem)
    against = problem.samples * problem.decay * norms
    return deciding[(growth < against)[deciding] & small[deciding]]


def _without(neurons: Index, state: State) -> State:
    """The network with some neurons at the origin."""
    weights, outputs = state.weights.copy(), state.output_weights.copy()
    weights[neurons], outputs[neurons] = 0.0, 0.0
    return replace(state, weights=weights, output_weights=outputs)


def _escapes(deciding: Index, state: State, problem: Problem, left: Array) -> tuple[Escape, ...]:
    """The final growth of the neurons that decide under what is ``left`` to fit (n,) at the saddle."""
    decay = (1.0 + EQUAL) * problem.decay
    found = {
        int(deciding[place]): ((one.rate - problem.decay) * problem.speed, one.direction)
        for one in basins(
            state.weights[deciding], state.output_weights[deciding], problem.inputs, left, slope=problem.slope
        )
        for place in one.neurons
        if one.rate > decay
    }
    return tuple(Escape(j, *found.get(j, (0.0, None))) for j in deciding.tolist())
