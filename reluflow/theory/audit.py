"""What the flow conserves, audited on the states of a run.

a_j^2 - |w_j|^2 of every neuron (Boursier, Pillaud-Vivien, Flammarion 2022, lemma 1), and the pair law: two
neurons with one activation pattern feel the same D, dw = a D, da = <w, D>, whatever the residual does, so
that d(a_i a_j - <w_i, w_j>) = a_j <w_i, D> + a_i <w_j, D> - a_i <D, w_j> - a_j <w_i, D> = 0 [derived].
"""

import numpy as np

from reluflow.network import ON_A_KINK, Array, imbalance, row_norms
from reluflow.observe.measured import Measured

#: a product below this share of |a_i a_j| + |w_i||w_j| is rounding of the stored weights
RESOLVED = 1e-9


def imbalance_drift(run: Measured) -> float:
    """Largest change of delta_j in a run's snapshots, relative to the neuron's largest a_j^2 + |w_j|^2.

    A neuron that never exceeds 1e-6 of the largest one is compared with that instead: rounding of the
    stored weights is all that can be seen of it.
    """
    first = imbalance(run.problem.weights, run.problem.output_weights)
    worst, most = np.zeros(run.problem.width), np.zeros(run.problem.width)
    for weights, outputs in zip(run.snapshots.weights, run.snapshots.output_weights, strict=True):
        worst = np.maximum(worst, np.abs(imbalance(weights, outputs) - first))
        most = np.maximum(most, outputs**2 + row_norms(weights) ** 2)
    return float(np.max(worst / np.maximum(most, 1e-6 * np.max(most) + np.finfo(float).tiny)))


def pair_drift(run: Measured) -> float | None:
    """Largest relative change of a_i a_j - <w_i, w_j> from one recorded state to the next.

    Of pairs that see the same samples in both, none of them on a kink; j is the longest neuron of its kind.
    Products that are lost in rounding are left out. None if there is no pair.
    """
    worst: float | None = None
    states = run.snapshots
    before: tuple[Array, Array, Array] | None = None
    for weights, outputs in zip(states.weights, states.output_weights, strict=True):
        now = weights, outputs, _patterns(weights, run.problem.inputs)
        if before is not None:
            for change in _changes(before, now):
                worst = change if worst is None else max(worst, change)
        before = now
    return worst


def _patterns(weights: Array, inputs: Array) -> Array:
    """1 where a sample is seen, 0 where not, -1 on a kink (m, n)."""
    z = weights @ inputs.T
    clear = np.abs(z) > 1e3 * ON_A_KINK * np.outer(row_norms(weights), row_norms(inputs))
    return np.where(clear, np.where(z > 0.0, 1.0, 0.0), -1.0)


def _changes(before: tuple[Array, Array, Array], now: tuple[Array, Array, Array]) -> list[float]:
    """The largest relative change within each set of neurons that kept one pattern."""
    kept = np.all(before[2] == now[2], axis=1) & np.all(now[2] >= 0.0, axis=1) & np.any(now[2] > 0.0, axis=1)
    members = np.flatnonzero(kept)
    if members.size < 2:
        return []
    _, kind = np.unique(np.packbits(now[2][members] > 0.0, axis=1), axis=0, return_inverse=True)
    # products of weights of 1e-300 are no floats
    unit = float(np.max(np.abs(before[1][members]))) or 1.0
    scaled = [(state[0] / unit, state[1] / unit) for state in (before, now)]
    found = []
    for number in range(int(np.max(kind)) + 1):
        group = members[kind.reshape(-1) == number]
        if group.size < 2:
            continue
        lead = group[np.argmax(row_norms(now[0][group]))]
        others = group[group != lead]
        first, second = (_products(*state, int(lead), others) for state in scaled)
        resolved = np.abs(first[0]) > RESOLVED * first[1]
        resolved &= np.abs(second[0]) > RESOLVED * second[1]
        if np.any(resolved):
            change = np.abs(second[0] - first[0])[resolved] / np.abs(first[0])[resolved]
            found.append(float(np.max(change)))
    return found


def _products(weights: Array, outputs: Array, lead: int, others: Array) -> tuple[Array, Array]:
    """a_i a_j - <w_i, w_j> for j = ``lead``, without cancellation, and |a_i a_j| + |w_i||w_j|.

    With e = |a| - |w| it is |w_i||w_j| |u_i - u_j|^2 / 2 + e_i |a_j| + |w_i| e_j for two of one sign.
    """
    norms = row_norms(weights)
    norm, one = norms[others], norms[lead]
    a, b = outputs[others], outputs[lead]
    same = np.sign(a) * np.sign(b)
    unit = weights[others] / np.where(norm > 0.0, norm, 1.0)[:, None]
    gaps = np.sum((unit - weights[lead] / (one or 1.0)) ** 2, axis=1)
    inner = norm * one * (1.0 - 0.5 * gaps)
    close = 0.5 * norm * one * gaps + (np.abs(a) - norm) * abs(b) + norm * (abs(b) - one)
    products: Array = np.where(same > 0.0, close, a * b - inner)
    return products, np.abs(a * b) + norm * one
