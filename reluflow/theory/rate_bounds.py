"""Bounds of the fastest growth of a neuron, by branch and bound over the samples that pull it.

With relu(z) = max(0, z) a sum g(w) = sum_k nu_k relu(<w, x_k>) is, over |w| <= 1, the largest over all
subsets P of the samples with nu_k > 0 of

    max_w sum_{k in P} nu_k <w, x_k> - sum_{nu_k < 0} |nu_k| relu(<w, x_k>),

which is concave. Its dual is the least length of c_P - sum_k mu_k |nu_k| x_k over 0 <= mu_k <= 1, c_P the
sum of nu_k x_k over P: every mu gives a bound from above, and the direction of what is left a value of g, a
bound from below [derived]. A slope of the activation below zero adds a linear term to g. So no more than
2^(positive samples) problems are to be solved, whatever the dimension. A node of the tree has some of these
samples in P and some not, and the others half in it, beside which they add at most ``_Tree._tail``.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.network import Array, row_norms


@dataclass(frozen=True)
class BranchRules:
    """How far the tree is searched."""

    #: share of the value up to which bounds are narrowed: roundings aside it is then known
    gap: float = 1e-12
    #: passes of coordinate descent over mu at every level, and at the last one
    passes: int = 3
    last_passes: int = 20
    #: multiplications after which the search gives up, about a second, and what a call counts beside its own
    work: float = 2e8
    call: float = 3e3
    #: passes by which directions climb to local maxima before the search, and from how many samples
    climbs: int = 30
    climbers: int = 40
    #: samples up to which all pairs of them are looked at for ``_tail``
    pairs: int = 300


BRANCH: Final = BranchRules()


def one_sign_bounds(inputs: Array, nu: Array, slope: float = 0.0) -> tuple[float, float]:
    """Bounds from below and above of max over |w| = 1 of sum_k nu_k sigma(<w, x_k>), or of 0.

    They differ by ``BRANCH.gap`` of the value at most unless the search takes too long. ``slope``: that of
    the activation sigma below zero.
    """
    pulls = nu[:, None] * inputs
    sizes = row_norms(pulls)
    unit = float(np.max(sizes, initial=0.0))
    if unit == 0.0:
        return 0.0, 0.0
    some = sizes > 0.0
    low, high = _Tree(pulls[some] / unit, nu[some] > 0.0, slope).bounds()
    return low * unit, high * unit


class _Tree:
    """The search for pulls nu_k x_k (n, d) of samples that are ``positive`` (n,) or negative."""

    def __init__(self, pulls: Array, positive: npt.NDArray[np.bool_], slope: float) -> None:
        if pulls.shape[1] > len(pulls):  # coordinates of their span
            pulls = np.linalg.qr(pulls.T).R.T
        self._pulls, self._signs, self._slope = pulls, np.where(positive, 1.0, -1.0), slope
        branches = (1.0 - slope) * pulls[positive]
        self._branches = branches[np.argsort(-row_norms(branches))]
        self._against = (1.0 - slope) * pulls[~positive]
        self._base = slope * np.sum(pulls, axis=0)
        self._low, self._pruned, self._work = 0.0, 0.0, BRANCH.work

    def bounds(self) -> tuple[float, float]:
        self._climb()
        depth = len(self._branches)
        centres = (self._base + 0.5 * np.sum(self._branches, axis=0))[None, :]
        shares = np.full((1, len(self._against)), 0.5)
        for level in range(depth + 1):
            if level:
                half = 0.5 * self._branches[level - 1]
                centres = np.concatenate([centres + half, centres - half])
                shares = np.concatenate([shares, shares])
            last = level == depth
            rest = self._descend(centres, shares, BRANCH.last_passes if last else BRANCH.passes)
            highs = row_norms(rest) + self._tail(level)
            self._look(rest)
            keep = self._above(highs)
            if not np.any(keep):
                return self._low, max(self._low, self._pruned)
            centres, shares, highs = centres[keep], shares[keep], highs[keep]
            if self._work < 0.0 and not last:
                return self._low, max(float(np.max(highs)), self._pruned)
        return self._finish(centres, highs)

    def _finish(self, centres: Array, highs: Array) -> tuple[float, float]:
        """The concave problems that are left, exactly, those with the highest bounds first."""
        from scipy.optimize import lsq_linear

        for i in np.argsort(-highs):
            if not self._above(highs[i : i + 1])[0]:
                continue
            if self._work < 0.0:
                self._pruned = max(self._pruned, float(highs[i]))
                break
            rest = centres[i]
            if len(self._against):
                rest = lsq_linear(self._against.T, -rest, (0.0, 1.0), "bvls", tol=1e-14).fun
            self._work -= 50.0 * self._against.size * len(self._against)
            self._look(rest[None, :])
            self._above(np.array([np.linalg.norm(rest)]), reached=True)
        return self._low, max(self._low, self._pruned)

    def _above(self, highs: Array, reached: bool = False) -> npt.NDArray[np.bool_]:
        """Which bounds (f,) leave something to be found; the others are remembered."""
        keep = highs > (1.0 + BRANCH.gap) * self._low
        gone = highs if reached else highs[~keep]
        self._pruned = max(self._pruned, float(np.max(gone, initial=0.0)))
        return keep

    def _descend(self, centres: Array, shares: Array, passes: int) -> Array:
        """What is left (f, p) of the centres; ``shares`` (f, q) of the negative samples, which are moved."""
        squares = np.sum(self._against**2, axis=1)
        # nodes of the tree are along the last axis: there are far more of them than samples or dimensions
        rest, by_sample = (centres + shares @ self._against).T.copy(), shares.T.copy()
        for _ in range(passes):
            for pull, square, share in zip(self._against, squares, by_sample, strict=True):
                moved = share - pull @ rest / square
                np.minimum(np.maximum(moved, 0.0, out=moved), 1.0, out=moved)
                moved -= share
                share += moved
                rest += pull[:, None] * moved
        shares[:] = by_sample.T
        self._work -= passes * (2.0 * len(centres) * self._against.size + BRANCH.call * len(self._against))
        return rest.T.copy()

    def _look(self, directions: Array) -> None:
        """A bound from below from the values of g in ``directions`` (f, p)."""
        lengths = row_norms(directions)
        some = lengths > 0.0
        if np.any(some):
            self._work -= 2.0 * len(directions) * self._pulls.size
            z = (directions[some] / lengths[some][:, None]) @ (self._signs[:, None] * self._pulls).T
            np.maximum(z, self._slope * z if self._slope else 0.0, out=z)
            self._low = max(self._low, float(np.max(z @ self._signs)))

    def _climb(self) -> None:
        """Local maxima from the samples that pull most: P of a direction, its concave problem, and again."""
        largest = np.argsort(-row_norms(self._pulls))[: BRANCH.climbers]
        ways = np.concatenate([self._pulls[largest], -self._pulls[largest]])
        shares = np.full((len(ways), len(self._against)), 0.5)
        for _ in range(BRANCH.climbs):
            ways = self._base + (ways @ self._branches.T > 0.0) @ self._branches
            ways = self._descend(ways, shares, 1)
            before = self._low
            self._look(ways)
            if self._low == before or self._work < 0.5 * BRANCH.work:
                return

    def _tail(self, level: int) -> float:
        """A bound of |sum_k e_k b_k| / 2 over -1 <= e_k <= 1, b_k the branches from this one on."""
        left = self._branches[level:]
        if not len(left):
            return 0.0
        self._work -= 2.0 * left.size * min(left.shape) + BRANCH.call
        sizes = row_norms(left)
        even = np.sqrt(len(left)) * np.linalg.norm(left, 2)
        spread = np.sqrt(np.sum(sizes)) * np.linalg.norm(left / np.sqrt(sizes)[:, None], 2)
        pairs = np.sqrt(np.sum(np.abs(left @ left.T))) if len(left) <= BRANCH.pairs else np.inf
        return 0.5 * float(min(even, spread, pairs))
