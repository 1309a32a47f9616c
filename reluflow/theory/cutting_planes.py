"""Cutting planes for the least variation norm: a linear programme over directions found one after another.

Dual: greatest <nu, y> such that |sum_k nu_k sigma(<w, x_k>)| <= 1 for all |w| <= 1. It is solved over
finitely many directions w (the cuts); the exact maxima of the constraint over all activation cones become
new cuts.
The multipliers of the cuts are the masses of an interpolating network. Neurons that share a sign and an
activation cone are merged, which keeps what the network computes and can only lower its norm [derived].
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from reluflow.errors import ProblemError
from reluflow.network import Array, activation, row_norms
from reluflow.theory.cones import SphereOracle


@dataclass(frozen=True)
class CutRules:
    """When the search by cutting planes ends, and how fast it goes."""

    #: relative gap at which the search ends
    good_gap: float = 1e-11
    #: linear programmes that are solved, at most
    rounds: int = 200
    #: rounds without a smaller gap after which it is rounding that is left
    patience: int = 15
    #: new cuts a round, for each sign
    cuts: int = 24
    #: bound on the dual variables at first, in units of 1/|x_k|
    first_bound: float = 1e3


CUTS: Final = CutRules()


PRECISE: Final[Any] = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


class CuttingPlanes:
    """The search on unit inputs (n, p) of rank p, all of different directions, and targets (n,) of size 1.

    ``slope``: of the activation sigma below zero.

    After ``run``: ``directions`` (k, p) and signed ``masses`` (k,) of an interpolating network of norm
    ``upper``; ``nu`` (n,) whose constraint reaches ``kappa``, and the ``lower`` bound <nu, y> / kappa.
    """

    def __init__(self, inputs: Array, targets: Array, slope: float = 0.0) -> None:
        self.inputs, self.targets, self.slope = inputs, targets, slope
        self.oracle = SphereOracle(inputs, slope=slope)
        self._blind = self._blind_directions()
        self.nu = np.zeros(len(targets))
        self.kappa, self.lower, self.upper = 0.0, 0.0, np.inf
        self.directions, self.masses = np.zeros((0, inputs.shape[1])), np.zeros(0)
        self._bound = CUTS.first_bound
        self._cuts = np.zeros((0, inputs.shape[1]))
        self._add(inputs)

    def run(self) -> None:
        """Narrow the gap until it is ``CUTS.good_gap`` of the value or no longer gets smaller.

        Raises ProblemError if rounding hides every interpolating network.
        """
        gap, waited = np.inf, 0
        for _ in range(CUTS.rounds):
            solution = self._solve()
            if solution is None:
                break
            nu, masses, inside = solution
            self._look_below(nu)
            if inside and self.kappa > 0.0:
                self._look_below(0.5 * (nu + self.nu / self.kappa))
            if inside:
                self._look_above(masses)
            else:
                self._bound *= 10.0
            left = (self.upper - self.lower) / self.upper if np.isfinite(self.upper) else np.inf
            waited = 0 if left < 0.99 * gap or not inside else waited + 1
            gap = min(gap, left)
            if gap <= CUTS.good_gap or waited >= CUTS.patience:
                break
        if not np.isfinite(self.upper):
            raise ProblemError(
                "no interpolating network was found to working accuracy; expected inputs whose directions "
                "differ by more than about 1e-8"
            )

    def _blind_directions(self) -> Array:
        """Orthonormal rows (q, n): combinations of samples that sum_k nu_k sigma(<w, x_k>) = 0 for every w.

        The span of all vectors (relu(<w, x_k>))_k is the range of sum over cones of (A_k A_l) <x_k, x_l>. The
        combinations are the same for every slope below one: the odd and the even part of the sum,
        sum_k nu_k <w, x_k> and sum_k nu_k |<w, x_k>|, both vanish.
        Raises ProblemError unless the targets are in it.
        """
        active = self.oracle.patterns.astype(float)
        kernel = (active.T @ active) * (self.inputs @ self.inputs.T)
        sizes, axes = np.linalg.eigh(kernel)
        blind: Array = axes[:, sizes <= 1e-13 * sizes[-1]].T
        if float(np.linalg.norm(blind @ self.targets)) > 1e-6 * float(np.linalg.norm(self.targets)):
            raise ProblemError(
                "the targets break a linear relation that every neuron obeys on these inputs; "
                "expected data that some network fits"
            )
        return blind

    def _add(self, directions: Iterable[Array], most: float = np.inf) -> None:
        """Make cuts of the first ``most`` of the directions that are not cuts yet."""
        added = 0
        for direction in directions:
            near = row_norms(self._cuts - direction)
            if not near.size or np.min(near) > 1e-11:
                self._cuts = np.vstack([self._cuts, direction])
                added += 1
            if added >= most:
                return

    def _solve(self) -> tuple[Array, Array, bool] | None:
        """Dual variables, signed masses of the cuts, and whether the dual's bounds were out of the way.

        None if the linear programme is too badly scaled to be solved.
        """
        from scipy.optimize import linprog

        hidden = activation(self._cuts @ self.inputs.T, self.slope)
        walls, ones = np.vstack([hidden, -hidden]), np.ones(2 * len(hidden))
        box = (-self._bound, self._bound)
        zeros = np.zeros(len(self._blind))
        found = linprog(
            -self.targets, walls, ones, self._blind, zeros, box, method="highs-ds", options=PRECISE
        )
        if found.x is None:  # simplex lost itself in rounding
            found = linprog(-self.targets, walls, ones, self._blind, zeros, box, method="highs-ipm")
        if found.x is None:
            return None
        multipliers = -np.asarray(found.ineqlin.marginals)
        masses = multipliers[: len(hidden)] - multipliers[len(hidden) :]
        inside = bool(np.all(np.abs(found.x) < 0.999 * self._bound))
        return np.asarray(found.x), masses, inside

    def _look_below(self, nu: Array) -> None:
        """A lower bound from the maxima of the constraint, which become cuts where they exceed 1."""
        sides = [self.oracle.peaks(side, 1.0) for side in (nu, -nu)]
        kappa = max((side[0].value for side in sides if side), default=0.0)
        if not kappa:  # a feasible point: its maximum gives the better bound
            kappa = max(self.oracle.highest(side).value for side in (nu, -nu))
        bound = float(nu @ self.targets) / max(kappa, np.finfo(float).tiny)
        if bound > self.lower:
            self.nu, self.kappa, self.lower = nu, kappa, bound
        for side in sides:
            self._add((peak.direction for peak in side), CUTS.cuts)

    def _look_above(self, masses: Array) -> None:
        """An interpolating network from the multipliers; neurons of one pattern and sign are merged."""
        used = np.flatnonzero(np.abs(masses) > 1e-12)
        hidden = activation(self._cuts[used] @ self.inputs.T, self.slope)
        # the programme is solved to 1e-10 only; the same neurons fit the targets to rounding
        exact = np.linalg.lstsq(hidden.T, self.targets, rcond=None)[0]
        neurons, signs = merged(self.inputs, self._cuts[used] * np.abs(exact)[:, None], np.sign(exact))
        sizes = row_norms(neurons)
        directions = neurons / sizes[:, None]
        self._add(directions)
        norm = float(np.sum(sizes))
        miss = (signs * sizes) @ activation(directions @ self.inputs.T, self.slope) - self.targets
        if float(np.max(np.abs(miss))) <= 1e-12 * max(1.0, norm) and norm < self.upper:
            self.directions, self.masses, self.upper = directions, signs * sizes, norm


def merged(inputs: Array, neurons: Array, signs: Array) -> tuple[Array, Array]:
    """Sums of neurons (k, p) that share a sign and a closed cone of ``inputs`` (n, p), and their signs."""
    sums: list[Array] = []
    owners: list[float] = []
    for i in np.argsort(-row_norms(neurons)):
        if signs[i] == 0.0:
            continue
        for j, total in enumerate(sums):
            if owners[j] == signs[i] and _share_cone(inputs, total, neurons[i]):
                sums[j] = total + neurons[i]
                break
        else:
            sums.append(neurons[i])
            owners.append(float(signs[i]))
    return np.array(sums).reshape(-1, neurons.shape[1]), np.array(owners)


def _share_cone(inputs: Array, one: Array, other: Array) -> bool:
    rounding = 1e-13 * float(np.linalg.norm(one) + np.linalg.norm(other))
    z, zz = inputs @ one, inputs @ other
    opposed = (np.minimum(z, zz) < -rounding) & (np.maximum(z, zz) > rounding)
    return not bool(np.any(opposed))
