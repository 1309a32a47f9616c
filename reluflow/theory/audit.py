"""What the flow conserves, audited on the states of a run.

a_j^2 - |w_j|^2 of every neuron (Boursier, Pillaud-Vivien, Flammarion 2022, lemma 1), and the pair law: two
neurons with one activation pattern feel the same D, dw = a D, da = <w, D>, whatever the residual does, so
that d(a_i a_j - <w_i, w_j>) = a_j <w_i, D> + a_i <w_j, D> - a_i <D, w_j> - a_j <w_i, D> = 0 [derived].
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from reluflow.network import ON_A_KINK, Array, imbalance, row_norms
from reluflow.observe.measured import Measured


@dataclass(frozen=True)
class AuditRules:
    """Which products of the pair law are resolved, and which neurons kept their pattern."""

    #: share of |a_i a_j| + |w_i||w_j| below which a product is rounding of the stored weights
    resolved: float = 1e-9
    #: share of the same that a change is held against where the product is smaller. That of two neurons at
    #: an angle phi is phi^2 / 4 of it: an error of the angle, which a solver makes like its tolerance,
    #: changes it by 2 / phi times as much
    smallest: float = 1e-6
    #: share of |a| below which w has no direction, and so no pattern
    at_origin: float = 1e-9
    #: distance from all kinks at which a neuron has kept its pattern, over the way that it moved
    away: float = 2.0
    #: change of the residual, over its size, within which neurons are taken to have gone straight
    steady: float = 0.3


AUDIT: Final = AuditRules()
_TINY: Final = np.finfo(float).tiny


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
    """Largest change of a_i a_j - <w_i, w_j> from one recorded state to the next, over its size.

    Of pairs that see the same samples all the while, between states recorded so closely that the residual
    hardly changes; j is the longest neuron of its kind. Where neurons are nearly parallel the size is the
    share ``AUDIT.smallest`` of |a_i a_j| + |w_i||w_j|. Left out are products that are lost in rounding, and
    neurons at the origin. None if there is no pair.
    """
    worst: float | None = None
    states = run.snapshots
    before: _Seen | None = None
    problem, left = run.problem, run.problem.pull_at_zero
    lengths = row_norms(problem.inputs)
    for weights, outputs in zip(states.weights, states.output_weights, strict=True):
        now = _seen(weights, outputs, problem.inputs, lengths)
        was, left = left, problem.left(weights, outputs)
        if before is not None and np.linalg.norm(left - was) <= AUDIT.steady * np.linalg.norm(was):
            change = _change(before, now)
            if change is not None:
                worst = change if worst is None else max(worst, change)
        before = now
    return worst


class _Seen(NamedTuple):
    """A state, with ``norms`` (m,) and directions ``units`` (m, d) of the hidden weights.

    ``cosines`` (m, n) are those of the angles between neurons and samples, 0 where one of them is zero.
    """

    weights: Array
    outputs: Array
    norms: Array
    units: Array
    cosines: Array


def _seen(weights: Array, outputs: Array, inputs: Array, lengths: Array) -> _Seen:
    """A state on ``inputs`` of these ``lengths`` (n,)."""
    norms = row_norms(weights)
    sizes = np.outer(norms, lengths)
    cosines = (weights @ inputs.T) / np.where(sizes > 0.0, sizes, 1.0)
    return _Seen(weights, outputs, norms, weights / np.maximum(norms, _TINY)[:, None], cosines)


def _kept(before: _Seen, now: _Seen) -> npt.NDArray[np.bool_]:
    """Neurons (m,) that saw some sample and kept their pattern from one state to the next.

    Between the two a neuron may touch a kink and come back from it. So it must be farther from every kink, at
    both times, than AUDIT.away times the way that its direction has moved.
    """
    moved = AUDIT.away * row_norms(now.units - before.units)
    distance = np.minimum(np.abs(before.cosines), np.abs(now.cosines))
    same = np.all(before.cosines * now.cosines > 0.0, axis=1)
    far = np.all(distance > (moved + 1e3 * ON_A_KINK)[:, None], axis=1)
    seen = np.any(now.cosines > 0.0, axis=1)
    for state in (before, now):
        seen &= state.norms > AUDIT.at_origin * np.abs(state.outputs)
    kept: npt.NDArray[np.bool_] = same & far & seen
    return kept


def _change(before: _Seen, now: _Seen) -> float | None:
    """The largest relative change within a set of neurons that kept one pattern; None if there is no pair."""
    members = np.flatnonzero(_kept(before, now))
    if members.size < 2:
        return None
    patterns = np.packbits(now.cosines[members] > 0.0, axis=1)
    # one item of several bytes each is sorted in a third of the time of rows
    _, kind = np.unique(patterns.view(f"V{patterns.shape[1]}")[:, 0], return_inverse=True)
    # the longest of each kind is its first
    order = np.lexsort((-now.norms[members], kind))
    others, kind = members[order], kind[order]
    leads = others[np.flatnonzero(np.diff(kind, prepend=-1))][kind]
    paired = others != leads
    others, leads = others[paired], leads[paired]
    # products of weights of 1e-300 are no floats
    unit = float(np.max(np.abs(before.outputs[members]))) or 1.0
    first, second = (
        conserved_products(state.weights / unit, state.outputs / unit, leads, others)
        for state in (before, now)
    )
    resolved = np.abs(first[0]) > AUDIT.resolved * first[1]
    resolved &= np.abs(second[0]) > AUDIT.resolved * second[1]
    if not np.any(resolved):
        return None
    size = np.maximum(np.abs(first[0]), AUDIT.smallest * first[1])
    return float(np.max((np.abs(second[0] - first[0]) / size)[resolved]))


def conserved_products(
    weights: Array, outputs: Array, leads: npt.NDArray[np.intp], others: npt.NDArray[np.intp]
) -> tuple[Array, Array]:
    """a_i a_j - <w_i, w_j> (k,) for i in ``others`` and j in ``leads``, both (k,), without cancellation.

    And |a_i a_j| + |w_i||w_j|. With e = |a| - |w| it is |w_i||w_j| |u_i - u_j|^2 / 2 + e_i |a_j| + |w_i| e_j
    for two of one sign.
    """
    norms = row_norms(weights)
    units = weights / np.where(norms > 0.0, norms, 1.0)[:, None]
    norm, one = norms[others], norms[leads]
    a, b = outputs[others], outputs[leads]
    same = np.sign(a) * np.sign(b)
    gaps = np.sum((units[others] - units[leads]) ** 2, axis=1)
    inner = norm * one * (1.0 - 0.5 * gaps)
    close = 0.5 * norm * one * gaps + (np.abs(a) - norm) * np.abs(b) + norm * (np.abs(b) - one)
    products: Array = np.where(same > 0.0, close, a * b - inner)
    return products, np.abs(a * b) + norm * one
