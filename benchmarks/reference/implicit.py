"""Long steps where the residual's fast parts have died out: collocation at Radau's nodes.

On the tail of a fit the largest rate of the residual bounds the steps of a power series, however slowly the
loss falls. Collocation follows the slow parts alone. It is used where polynomials of its degree resolve the
path.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import comb

import numpy as np

from .bernstein import Basis
from .kinks import Array, Kinks, Real, real
from .neurons import Drive, Neurons
from .series import Segment

#: collocation nodes in (0, 1]
STAGES = 12
#: the highest Legendre coefficients of a resolved path, as a share of its size
RESOLVED = 1e-14
#: the share of the first residual that counts as its size at least: it is a difference of terms of size 1
SMALL = 1e-2
#: sweeps of Newton's method, the change at which they end, and what still counts as rounding
SWEEPS, DONE, ROUNDING = 25, 1e-18, 1e-15


@dataclass(frozen=True)
class Rule:
    """Nodes c (s,), integrals (s, s) from 0 to each of them of the polynomial through values at the nodes.

    ``basis`` belongs to values at 0 and the nodes, ``legendre`` (s + 1, s + 1) takes those to coefficients.
    """

    nodes: Array
    integrals: Array
    basis: Basis
    legendre: Array


def legendre(x: Array, count: int) -> Array:
    """P_0 .. P_{count - 1} at places x (k,), as (k, count)."""
    found = [np.ones_like(x), x]
    for k in range(1, count):
        found.append(((2 * k + 1) * x * found[k] - k * found[k - 1]) / (k + 1))
    return np.stack(found[:count], axis=-1)


def polished_inverse(matrix: Array) -> Array:
    """The inverse of a well-conditioned matrix."""
    found = real(np.linalg.inv(matrix.astype(float)))
    for _ in range(4):
        found = 2 * found - found @ (matrix @ found)
    return found


@lru_cache(maxsize=1)
def radau() -> Rule:
    """Radau's nodes: the zeros of P_{s-1} - P_s, the last one at the end of the interval."""
    s = STAGES
    guess = np.polynomial.legendre.legroots([0.0] * (s - 1) + [1.0, -1.0])
    x = np.sort(real(guess))
    x[-1] = 1
    for _ in range(4):
        p = legendre(x, s + 1)
        inner = 1 - x[:-1] ** 2
        before = (s - 1) * (p[:, s - 2] - x * p[:, s - 1])[:-1] / inner
        here = s * (p[:, s - 1] - x * p[:, s])[:-1] / inner
        x[:-1] -= (p[:, s - 1] - p[:, s])[:-1] / (before - here)
    values = legendre(x, s + 1)
    k = np.arange(1, s)
    areas = np.concatenate([(x + 1)[:, None], (values[:, 2:] - values[:, :-2]) / (2 * k + 1)], axis=1)
    integrals = areas @ polished_inverse(values[:, :s]) / 2
    nodes = np.concatenate([[Real(0)], (x + 1) / 2])
    whole = polished_inverse(legendre(2 * nodes - 1, s + 1))
    return Rule(nodes[1:], integrals, _lagrange(nodes), whole)


def _lagrange(nodes: Array) -> Basis:
    """Polynomials given by their values at nodes, the first of which is 0."""
    gaps = nodes[:, None] - nodes
    np.fill_diagonal(gaps, 1)
    weights = 1 / np.prod(gaps, axis=1)

    def at(x: np.longdouble) -> Array:
        away = x - nodes
        hit = np.flatnonzero(away == 0)
        if hit.size:
            return (np.arange(len(nodes)) == hit[0]).astype(Real)
        return np.prod(away) * weights / away

    return Basis(_exact_inverse(nodes), at, False)


def _exact_inverse(nodes: Array) -> Array:
    """The matrix from values at nodes to Bernstein coefficients, in fractions: it is badly conditioned."""
    x = [Fraction(*node.as_integer_ratio()) for node in nodes]
    s = len(x) - 1
    rows = [
        [comb(s, j) * t**j * (1 - t) ** (s - j) for j in range(s + 1)]
        + [Fraction(int(i == j)) for j in range(s + 1)]
        for i, t in enumerate(x)
    ]
    for i in range(s + 1):
        best = max(range(i, s + 1), key=lambda k: abs(rows[k][i]))
        rows[i], rows[best] = rows[best], rows[i]
        rows[i] = [v / rows[i][i] for v in rows[i]]
        for k in range(s + 1):
            if k != i and rows[k][i]:
                rows[k] = [v - rows[k][i] * u for v, u in zip(rows[k], rows[i], strict=True)]
    return np.array([[_rounded(v) for v in row[s + 1 :]] for row in rows])


def _rounded(value: Fraction) -> np.longdouble:
    """A fraction in 80-bit arithmetic."""
    high = float(value)
    return Real(high) + Real(float(value - Fraction(high)))


def collocate(
    neurons: Neurons, drive: Drive, kinks: Kinks, length: np.longdouble, first: np.longdouble
) -> tuple[Segment | None, float]:
    """(A step of a given length, the next length), or (None, a shorter length) where it is not resolved.

    ``first`` is the size of the first residual: what is far below it need not be resolved as well.
    """
    rule, n = radau(), kinks.samples
    q, y0 = length * rule.integrals, np.concatenate([neurons.z, neurons.w], axis=1)
    on0 = drive.derivatives * neurons.z
    r0 = neurons.a @ on0 + neurons.still
    solve = _newton(neurons, drive, kinks, float(length))
    r = np.tile(r0, (STAGES, 1))
    y, a, r_new = _sweep(r, np.tile(neurons.a, (STAGES, 1)), neurons, drive, q, y0, n)
    size = np.abs(neurons.a) + np.max(np.abs(neurons.w), axis=1)
    rest, before = np.max(np.abs(r0)) + SMALL * first, np.inf
    for sweep in range(SWEEPS):
        change_r = solve(r_new - r)
        r = r + change_r
        y_old, a_old = y, a
        y, a, r_new = _sweep(r, a, neurons, drive, q, y0, n)
        moved = np.max(np.abs(y - y_old)[:, :, n:], axis=(0, 2)) + np.max(np.abs(a - a_old), axis=0)
        change = float(max(np.max(moved / size), np.max(np.abs(change_r)) / rest))
        if change <= DONE or (change <= ROUNDING and change > before / 4):
            break
        if not change < 0.5 * before and sweep > 2:
            return None, float(length) / 4
        before = change
    else:
        return None, float(length) / 4
    y, a, r = (np.concatenate([v0[None], v]) for v0, v in ((y0, y), (neurons.a, a), (r0, r)))
    segment = Segment(rule.basis, length, y[:, :, :n], y[:, :, n:], a, r)
    return _judged(segment, rule, size, rest)


def _sweep(
    r: Array, a: Array, neurons: Neurons, drive: Drive, q: Array, y0: Array, n: int
) -> tuple[Array, Array, Array]:
    """(z and w, a, r) at the stages, from earlier r and a there."""
    pull = np.einsum("jlk,ik->ijl", drive.pulls, r)
    y = y0 + np.tensordot(q, a[:, :, None] * pull, 1)
    on = drive.derivatives * y[:, :, :n]
    a = neurons.a - q @ np.einsum("ik,ijk->ij", r, on) / n
    return y, a, np.einsum("ij,ijk->ik", a, on) + neurons.still


def _newton(neurons: Neurons, drive: Drive, kinks: Kinks, length: float) -> Callable[[Array], Array]:
    """What takes the defect (s, n) of r to its correction, with the kernel at the step's start."""
    n = kinks.samples
    a, g = neurons.a.astype(float), drive.derivatives.astype(float)
    on = g * neurons.z.astype(float)
    pulls = drive.pulls[:, :n].astype(float)
    kernel = on.T @ on / n - np.einsum("j,jk,jkl->kl", a * a, g, pulls)
    rates, modes = np.linalg.eigh((kernel + kernel.T) / 2)
    matrices = np.eye(STAGES) + length * rates[:, None, None] * radau().integrals.astype(float)
    inverses = np.linalg.inv(matrices)

    def solve(defect: Array) -> Array:
        scale = np.max(np.abs(defect)) or Real(1)
        turned = (defect / scale).astype(float) @ modes
        return scale * (np.einsum("kij,jk->ik", inverses, turned) @ modes.T)

    return solve


def _judged(segment: Segment, rule: Rule, size: Array, rest: np.longdouble) -> tuple[Segment | None, float]:
    """The segment if the highest coefficients of its path are small, and the next length."""
    ends = rule.legendre[-2:]
    w = np.max(np.abs(np.tensordot(ends, segment.w, 1)), axis=(0, 2)) / size
    a = np.max(np.abs(ends @ segment.a), axis=0) / size
    tail = float(max(np.max(w), np.max(a), np.max(np.abs(ends @ segment.r)) / rest))
    factor = 0.9 * (RESOLVED / max(tail, 1e-30)) ** (1 / (STAGES - 1))
    following = float(segment.length) * min(max(factor, 0.25), 3.0)
    return (segment if tail <= RESOLVED else None), following
