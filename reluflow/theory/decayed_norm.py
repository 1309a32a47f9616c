"""The least loss with weight decay over networks of any width, with a certificate.

Primal: least (1/2n) |f - y|^2 + lambda V(f), f_k = sum_j a_j sigma(<w_j, x_k>) and V = sum_j |a_j| |w_j|,
which is the objective of a balanced network. Dual: greatest nu'y - (n/2) |nu|^2 such that
|sum_k nu_k sigma(<w, x_k>)| <= lambda for all |w| <= 1. Any such nu gives a lower bound, any network an upper
one.

Over finitely many directions w (the cuts) the dual is the projection of y/n onto a polytope, a least-distance
programme (Lawson and Hanson 1974, chapter 23), whose multipliers are the masses of a network. The exact
maxima of the constraint over all activation cones become new cuts. Neurons of one sign and activation cone
are merged, which keeps what the network computes and can only lower V.
Source: Boursier, Bowditch, Englert, Lazic 2025 for the pair of problems.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.network import Array, activation, row_norms
from reluflow.theory.cones import SphereOracle
from reluflow.theory.cutting_planes import merged


@dataclass(frozen=True)
class SearchRules:
    """When the search ends."""

    #: gap, as a share of the value, at which it ends
    good_gap: float = 1e-11
    #: rounds, at most
    rounds: int = 200
    #: rounds without a smaller gap after which it is rounding that is left
    patience: int = 12
    #: new cuts a round, for each sign
    cuts: int = 24
    #: chord between two cuts up to which they are one
    same: float = 1e-11
    #: share of the largest mass below which a neuron is none
    mass: float = 1e-13


SEARCH: Final = SearchRules()


class DecayedSearch:
    """The search on inputs (n, p) of rank p and targets (n,), both of size about 1.

    After ``run``: ``directions`` (k, p) and signed ``masses`` (k,) of a network with the objective ``upper``;
    ``nu`` (n,), whose constraint reaches ``kappa`` <= lambda, and the ``lower`` bound that it proves.
    """

    def __init__(self, inputs: Array, targets: Array, decay: float, slope: float = 0.0) -> None:
        self.inputs, self.targets, self.decay, self.slope = inputs, targets, decay, slope
        self.oracle = SphereOracle(inputs, slope=slope)
        self._n = len(targets)
        self.directions, self.masses = np.zeros((0, inputs.shape[1])), np.zeros(0)
        self.nu, self.kappa, self.lower = np.zeros(self._n), 0.0, 0.0
        self.upper = float(targets @ targets) / (2.0 * self._n)
        self._cuts = np.zeros((0, inputs.shape[1]))

    def run(self) -> None:
        """Narrow the gap until it is ``SEARCH.good_gap`` of the value or no longer gets smaller."""
        self._look(self.targets / self._n)
        gap, waited = np.inf, 0
        for _ in range(SEARCH.rounds):
            if not len(self._cuts):  # even the targets themselves pull less than the decay
                return
            masses, nu = self._solve()
            self._improve(masses)
            self._look(nu)
            left = (self.upper - self.lower) / self.upper
            waited = 0 if left < 0.9 * gap else waited + 1
            gap = min(gap, left)
            if gap <= SEARCH.good_gap or waited >= SEARCH.patience:
                return

    def _solve(self) -> tuple[Array, Array]:
        """The signed masses of the cuts that are best among them, and nu of that network."""
        from scipy.optimize import nnls

        hidden = activation(self._cuts @ self.inputs.T, self.slope)
        walls = np.vstack([-hidden, hidden])
        level = walls @ (self.targets / self._n) + self.decay
        # |u| least such that walls u >= -level, for nu = y/n + u
        found, _ = nnls(
            np.vstack([walls.T, -level]), np.append(np.zeros(self._n), 1.0), maxiter=50 * len(walls)
        )
        rest = 1.0 - float(-level @ found)
        halves = self._n * found / rest
        masses = halves[: len(hidden)] - halves[len(hidden) :]
        return self._refined(hidden, masses)

    def _refined(self, hidden: Array, masses: Array) -> tuple[Array, Array]:
        """The masses to rounding, where the cuts that are used stay the same; and nu of that network.

        On these, with B their rows of hidden values and s their signs, B nu = lambda s: nu is the least
        solution of that and the part of y/n that no mass can reach. Both are held to rounding of themselves,
        also where lambda is tiny.
        """
        used = np.flatnonzero(np.abs(masses) > SEARCH.mass * np.max(np.abs(masses), initial=0.0))
        rows, signs = hidden[used], np.sign(masses[used])
        inverse = np.linalg.pinv(rows, rcond=1e-13)
        forced = self.decay * (inverse @ signs)
        exact = inverse.T @ (self.targets - self._n * forced)
        nu = forced + (self.targets - rows.T @ (inverse.T @ self.targets)) / self._n
        fits = np.allclose(rows @ nu, self.decay * signs, rtol=1e-6, atol=0.0)
        if used.size and fits and np.all(exact * signs > 0.0):
            masses = np.zeros(len(masses))
            masses[used] = exact
            return masses, nu
        return masses, (self.targets - hidden.T @ masses) / self._n

    def _look(self, nu: Array) -> None:
        """A lower bound from the maxima of the constraint, which become cuts where they exceed lambda."""
        sides = [self.oracle.peaks(side, self.decay) for side in (nu, -nu)]
        kappa = max((side[0].value for side in sides if side), default=0.0)
        if not kappa:
            kappa = max(self.oracle.highest(side).value for side in (nu, -nu))
        square, along = self._n * float(nu @ nu), float(nu @ self.targets)
        if square > 0.0:
            share = min(along / square, self.decay / kappa if kappa > 0.0 else np.inf)
            bound = share * along - 0.5 * share**2 * square
            if bound > self.lower:
                self.nu, self.kappa, self.lower = share * nu, share * kappa, bound
        for side in sides:
            self._add([peak.direction for peak in side], SEARCH.cuts)

    def _improve(self, masses: Array) -> None:
        """Merge neurons of a sign and cone; the merged directions are cuts, and the best network is kept."""
        used = np.flatnonzero(masses)
        neurons, signs = merged(
            self.inputs, self._cuts[used] * np.abs(masses[used])[:, None], np.sign(masses[used])
        )
        sizes = row_norms(neurons)
        directions = neurons / sizes[:, None]
        self._add(list(directions))
        miss = (signs * sizes) @ activation(directions @ self.inputs.T, self.slope) - self.targets
        value = float(miss @ miss) / (2.0 * self._n) + self.decay * float(np.sum(sizes))
        if value < self.upper:
            self.directions, self.masses, self.upper = directions, signs * sizes, value

    def _add(self, directions: list[Array], most: float = np.inf) -> None:
        added = 0
        for direction in directions:
            near = row_norms(self._cuts - direction)
            if not near.size or np.min(near) > SEARCH.same:
                self._cuts = np.vstack([self._cuts, direction])
                added += 1
            if added >= most:
                return
