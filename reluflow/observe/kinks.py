"""How much of a sample a neuron sees whose kink it slides along.

With r = y - h what is left to fit, a neuron of sign s on the kink <w, x_k> = 0 is pushed back from both
sides where s r_k < 0: it slides, and moves as if it saw the share alpha_k of that sample, between the slope
of the activation below zero (0 for ReLU) and 1. Of all those shares the flow takes the ones with which |D|,
D = (1/n) sum_k alpha_k r_k x_k, is least (Filippov's solution); alpha is 1 on active samples and the slope on
all others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.flow.base import State
from reluflow.network import ON_A_KINK, Array, activation, preactivations, row_norms, stacked
from reluflow.problem import Problem


@dataclass(frozen=True)
class ShareSearch:
    """How closely the shares of samples on whose kinks neurons are get worked out."""

    #: rounds over all samples in which shares are improved, at most
    rounds: int = 60
    #: change of a share that ends them for a neuron that is looked at
    settled: float = 1e-9
    #: the same for the norm of the gradient, which is recorded at every step
    rough: float = 1e-3


SHARES: Final = ShareSearch()


def kink_shares(
    weights: Array,
    output_weights: Array,
    inputs: Array,
    residual: Array,
    slope: float = 0.0,
    settled: float = SHARES.settled,
    z: Array | None = None,
) -> Array:
    """alpha (m, n) of neurons (m, d), (m,) on ``inputs`` (n, d) under ``residual`` y - h.

    ``residual``: (n,), or (m, n) where neurons are of different networks. ``z``: pre-activations, if known.
    """
    z = preactivations(weights, inputs) if z is None else z
    width = ON_A_KINK * np.outer(row_norms(weights), row_norms(inputs))
    found: Array = np.where(z > width, 1.0, slope)
    held = (np.abs(z) <= width) & (width > 0.0)
    rows = np.flatnonzero(np.any(held, axis=1))
    if rows.size:
        held &= output_weights[:, None] * residual < 0.0
        rows = np.flatnonzero(np.any(held, axis=1))
    if rows.size:
        felt = np.broadcast_to(residual, z.shape)[rows]
        found[rows] = _least(found[rows], held[rows], inputs, felt, slope, settled)
    return found


def _least(
    alpha: Array,
    held: npt.NDArray[np.bool_],
    inputs: Array,
    residual: Array,
    slope: float,
    settled: float,
) -> Array:
    """Shares with the least |D|: one after another each takes its best value while the others rest."""
    # sizes do not matter, but products of small ones would vanish
    inputs = inputs / np.max(row_norms(inputs))
    residual = residual / np.max(np.abs(residual), axis=1, keepdims=True)
    gram = inputs @ inputs.T
    along = (alpha * residual) @ gram  # n <D, x_l>, shape (rows, n)
    columns = [(int(k), np.flatnonzero(held[:, k])) for k in np.flatnonzero(np.any(held, axis=0))]
    for _ in range(SHARES.rounds):
        moved = 0.0
        for k, rows in columns:
            old = alpha[rows, k]
            felt = residual[rows, k]
            own = felt * gram[k, k]
            change = np.divide(along[rows, k], own, out=np.zeros_like(old), where=own != 0.0)
            best = np.clip(old - change, slope, 1.0)
            along[rows] += ((best - old) * felt)[:, None] * gram[k]
            alpha[rows, k] = best
            moved = max(moved, float(np.max(np.abs(best - old))))
        if moved <= settled:
            break
    return alpha


def gradient_norm(
    state: State, problem: Problem, settled: float = SHARES.rough, pause: Callable[[], None] = lambda: None
) -> float:
    """|gradient| of the problem's objective, with shares of neurons that slide: how fast the flow moves.

    ``pause``: called between passes over the weights, which take long if there are many; it may raise.
    """
    return float(gradient_norms([state], problem, settled, pause)[0])


@np.errstate(over="ignore")  # of a network that diverges it is infinite
def gradient_norms(
    states: Sequence[State],
    problem: Problem,
    settled: float = SHARES.rough,
    pause: Callable[[], None] = lambda: None,
) -> Array:
    """The same of several states (k,); settled: how well shares are known in the end."""
    inputs, slope = problem.inputs, problem.slope
    weights = stacked([state.weights for state in states]).reshape(-1, inputs.shape[1])
    outputs = np.concatenate([state.output_weights for state in states])
    z = preactivations(weights, inputs)
    pause()
    hidden = activation(z, slope)
    shape = (len(states), problem.width, problem.samples)
    predicted = np.einsum("km,kmn->kn", outputs.reshape(shape[:2]), hidden.reshape(shape))
    left = problem.targets - predicted
    if problem.of_labels:
        left = -problem.force(-left)
    residual = np.repeat(left, problem.width, axis=0)
    pull = (problem.speed / problem.samples) * residual
    seen = kink_shares(weights, outputs, inputs, residual, slope, settled, z)
    pause()
    by_weight = (seen * pull) @ inputs
    pause()
    by_weight *= outputs[:, None]
    by_output = np.einsum("bn,bn->b", hidden, pull)
    if problem.weight_decay:
        by_weight -= problem.weight_decay * weights
        by_output -= problem.weight_decay * outputs
    pause()
    squares = np.einsum("bd,bd->b", by_weight, by_weight) + by_output**2
    norms: Array = np.sqrt(squares.reshape(shape[:2]).sum(axis=1))
    return norms
