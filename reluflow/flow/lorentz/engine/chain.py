"""Chains of boosts in sample space: they need no more than the products of the pulls and w."""

from dataclasses import dataclass

import numpy as np

from reluflow.flow.lorentz.boost import GENTLE, TINY, after, light_cone
from reluflow.flow.lorentz.engine.rows import Rows
from reluflow.flow.lorentz.neurons import Mask
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.samples import Index
from reluflow.network import Array


@dataclass(frozen=True)
class Straight:
    """Neurons straight through the nodes first, first + 1, .. of the path, as if no activation changed.

    integral (b, s', t): Y at the nodes; outputs (b, s'), z (b, s', h); gram (b, t, t), along (b, t): <D_i,
    D_j> and <w, D_i> at the start; rough (b,): whether a boost is too rapid for the plain formulas; delta
    (b,): a^2 - |w|^2, where it is needed.
    """

    first: int
    integral: Array
    outputs: Array
    z: Array
    gram: Array
    along: Array
    rough: Mask
    delta: Array

    def take(self, rows: Index | Mask) -> "Straight":
        """Those of some neurons."""
        return Straight(
            self.first,
            self.integral[rows],
            self.outputs[rows],
            self.z[rows],
            self.gram[rows],
            self.along[rows],
            self.rough[rows],
            self.delta[rows],
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


def straight(rows: Rows, path: Path) -> Straight:
    """Rows through all nodes that are left to them."""
    nodes, count = path.nodes, len(rows)
    first = int(rows.node.min())
    here = np.arange(count)
    whole = path.length * path.through
    per_node = len(whole) // nodes.size
    steps = nodes.size - first
    by_node = np.empty((count, steps, per_node, whole.shape[1]))
    by_node[:] = whole.reshape(nodes.size, per_node, -1)[first:]
    if steps > 1:
        by_node[np.arange(first, nodes.size) < rows.node[:, None]] = 0.0
    by_node[here, rows.node - first] = path.length * path.exponentials(rows.position, nodes[rows.node])
    weights = by_node.reshape(count, steps * per_node, -1)
    gram = np.matmul(rows.direction, rows.direction.transpose(0, 2, 1))
    along = np.matmul(rows.direction, rows.w[:, :, None])[:, :, 0]
    integral, outputs, rough = chain(weights, gram, along, rows.a)
    moved = (integral[:, :, None] * weights).reshape(count, steps, per_node, -1).sum(axis=2)
    if steps > 1:
        np.cumsum(moved, axis=1, out=moved)
    z = np.matmul(moved, rows.slope)
    z += rows.z[:, None]
    return Straight(
        first, moved, outputs[:, per_node - 1 :: per_node], z, gram, along, rough, np.zeros(count)
    )


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


def straight_frozen(rows: Rows, path: Path, delta: Array) -> Straight:
    """Rows to the end of a path that stands still, in one boost each; delta (b,): a^2 - |w|^2."""
    direction, count = rows.direction[:, 0], len(rows)
    span = path.length * (1.0 - rows.position)
    integral, outputs = after(light_cone(span[:, None] * direction, rows.w, rows.a, delta), np.ones(count))
    integral *= span
    z = rows.z + integral[:, None] * rows.slope[:, 0]
    none, products = np.zeros(count, dtype=bool), np.zeros((count, 1, 1))
    return Straight(
        0, integral[:, None, None], outputs[:, None], z[:, None], products, products[:, 0], none, delta
    )
