"""Chains of boosts in sample space: they need no more than the products of the pulls and w."""

from dataclasses import dataclass

import numpy as np

from reluflow.flow.lorentz.boost import GENTLE, TINY, LightCone, after, plus_minus
from reluflow.flow.lorentz.engine.rows import Rows
from reluflow.flow.lorentz.neurons import Mask
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.samples import Index
from reluflow.network import Array


@dataclass(frozen=True)
class Straight:
    """b neurons straight through nodes of the path, as if no activation changed.

    first (b,): the number of the first of their s' nodes; ends, (s',) or (b, s'): where these are. integral
    (b, s', t): Y at the nodes; outputs (b, s'), z (b, s', h); rough (b,): whether a boost is too rapid for
    the plain formulas.
    """

    first: Index
    ends: Array
    integral: Array
    outputs: Array
    z: Array
    rough: Mask

    @property
    def near(self) -> bool:
        """Whether each goes to its next node only."""
        return self.ends.ndim == 2

    def take(self, rows: Index | Mask) -> "Straight":
        """Those of some neurons."""
        return Straight(
            self.first[rows],
            self.ends[rows] if self.near else self.ends,
            self.integral[rows],
            self.outputs[rows],
            self.z[rows],
            self.rough[rows],
        )


@dataclass(frozen=True)
class Start:
    """Where b neurons begin an interval.

    position (b,), Y (b, t), a (b,); <D_i, D_j> (b, t, t), and <w, D_i> (b, t) where Y is zero.
    """

    position: Array
    integral: Array
    outputs: Array
    gram: Array
    along: Array

    def at(self, path: Path, position: Array) -> tuple[Array, Array]:
        """Y (b, t) and a (b,) at positions (b,) of the interval."""
        weights = path.length * path.exponentials(self.position, position)
        along = self.along + np.matmul(self.gram, self.integral[:, :, None])[:, :, 0]
        y, outputs, _ = chain(weights, self.gram, along, self.outputs)
        return self.integral + np.matmul(y[:, None], weights)[:, 0], outputs[:, -1]


def straight(rows: Rows, path: Path, near: bool) -> Straight:
    """Rows through all nodes that are left to them; ``near``: each to its next node only."""
    nodes, count = path.nodes, len(rows)
    by_node = path.length * path.exponentials(rows.position, nodes[rows.node])[:, None]
    first, ends = rows.node, nodes[rows.node][:, None]
    if not near:
        by_node, first, ends = _all_left(by_node, rows.node, path)
    steps, per_node = by_node.shape[1:3]
    weights = by_node.reshape(count, steps * per_node, -1)
    integral, outputs, rough = chain(weights, rows.gram, rows.along, rows.a)
    moved = (integral[:, :, None] * weights).reshape(count, steps, per_node, -1).sum(axis=2)
    if steps > 1:
        np.cumsum(moved, axis=1, out=moved)
    z = np.matmul(moved, rows.slope)
    z += rows.z[:, None]
    return Straight(first, ends, moved, outputs[:, per_node - 1 :: per_node], z, rough)


def _all_left(to_next: Array, node: Index, path: Path) -> tuple[Array, Index, Array]:
    """Weights (b, s', e, t) of the boosts to all nodes that are left, the first of these (b,), and all (s',).

    to_next (b, 1, e, t): to the next ``node`` (b,) of each row. Nodes before it have none.
    """
    first, whole = int(node.min()), path.length * path.through
    weights = np.empty((len(node), path.nodes.size - first, *to_next.shape[2:]))
    weights[:] = whole.reshape(path.nodes.size, *to_next.shape[2:])[first:]
    if weights.shape[1] > 1:
        weights[np.arange(first, path.nodes.size) < node[:, None]] = 0.0
    weights[np.arange(len(node)), node - first] = to_next[:, 0]
    return weights, np.full(len(node), first), path.nodes[first:]


def chain(weights: Array, gram: Array, along: Array, a: Array) -> tuple[Array, Array, Mask]:
    """Boosts with V_e = sum_i weights_ei D_i: integrals y of a and a (b, e), and whether one is rapid (b,).

    gram (b, t, t), along (b, t): <D_i, D_j>, <w, D_i>.
    """
    mixed = np.matmul(weights, gram)
    products = np.matmul(mixed, weights.transpose(0, 2, 1))
    pulls = np.matmul(weights, along[:, :, None])[:, :, 0]
    squares = np.maximum(np.diagonal(products, axis1=1, axis2=2), 0.0)
    rapidity = np.maximum(np.sqrt(squares), TINY)
    rough = rapidity.max(axis=1) > GENTLE
    if rough.any():
        rapidity, squares = np.minimum(rapidity, GENTLE), np.minimum(squares, GENTLE)
    first = np.sinh(rapidity) / rapidity
    half = np.sinh(0.5 * rapidity) / rapidity
    second = 2.0 * half * half
    cosh = 1.0 + squares * second
    integral, outputs = np.empty((2, *rapidity.shape))
    for e in range(rapidity.shape[1]):
        pull = pulls[:, e]
        if e:
            pull = pull + np.vecdot(products[:, e, :e], integral[:, :e])
        integral[:, e] = first[:, e] * a + second[:, e] * pull
        a = cosh[:, e] * a + first[:, e] * pull
        outputs[:, e] = a
    return integral, outputs, rough


def cone(rows: Rows, path: Path) -> LightCone:
    """Light-cone coordinates of rows before the boost to the end of a path that stands still."""
    size = np.sqrt(np.maximum(rows.gram[:, 0, 0], 0.0))
    p = rows.along[:, 0] / np.maximum(size, TINY)
    return LightCone(*plus_minus(p, rows.a, rows.across), path.length * (1.0 - rows.position) * size)


def straight_frozen(rows: Rows, path: Path) -> Straight:
    """Rows to the end of a path that stands still, in one boost each."""
    count = len(rows)
    integral, outputs = after(cone(rows, path), np.ones(count))
    integral *= path.length * (1.0 - rows.position)
    z = rows.z + integral[:, None] * rows.slope[:, 0]
    first, smooth = np.zeros(count, dtype=np.intp), np.zeros(count, dtype=bool)
    return Straight(first, path.nodes, integral[:, None, None], outputs[:, None], z[:, None], smooth)
