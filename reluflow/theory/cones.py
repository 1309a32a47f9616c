"""Activation cones of a set of inputs, and the exact maximum over the sphere of a sum of activations.

The hyperplanes <w, x_k> = 0 cut the space of hidden weights into cones on which the activation pattern is
constant: A_k = 1 where <w, x_k> > 0, and the slope of the activation sigma elsewhere. On each of them
g(w) = sum_k nu_k sigma(<w, x_k>) is linear, <c, w> with c = sum_k A_k nu_k x_k, so that its maximum over the
unit ball is the length of the projection of c onto the cone [derived: Moreau's decomposition].
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.errors import ProblemError
from reluflow.network import Array, activation, row_norms, shares


@dataclass(frozen=True)
class ConeLimits:
    """How many activation cones are visited, and what is rounding among them."""

    #: cones that are visited unless more are asked for: each may cost a small non-negative least-squares
    #: problem
    most: int = 20_000
    #: sine of the angle below which two hyperplanes are taken for one
    parallel: float = 1e-10
    #: share of sum |nu_k| |x_k| below which a maximum is rounding
    rounding: float = 1e-14
    #: steps that bound g on all cones before any is visited
    descent_steps: int = 12


CONES: Final = ConeLimits()


Pattern = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Peak:
    """A maximum of g over one cone: ``value`` = g(direction), ``direction`` (p,) of length 1.

    ``inside``: whether it is one of <c, w> on the whole sphere, too, so that no wall of the cone holds it.
    """

    value: float
    direction: Array
    inside: bool = True


def count_cones(samples: int, rank: int) -> int:
    """The most cones that ``samples`` hyperplanes through 0 make in ``rank`` dimensions (Schlaefli)."""
    return 2 * sum(math.comb(samples - 1, i) for i in range(min(rank, samples)))


def activation_patterns(inputs: Array, most: int = CONES.most) -> Pattern:
    """The activation patterns (c, n) of all open cones of ``inputs`` (n, p), n >= 1.

    Rows that are zero are never active. Raises ProblemError if there may be more than ``most`` cones.
    """
    lengths = row_norms(inputs)
    seen = np.flatnonzero(lengths > 0.0)
    patterns = np.zeros((1, len(inputs)), dtype=bool)
    if not seen.size:
        return patterns
    directions = inputs[seen] / lengths[seen][:, None]
    rank = int(np.linalg.matrix_rank(directions))
    if count_cones(seen.size, rank) > most:
        raise ProblemError(
            f"{seen.size} inputs in {rank} dimensions have up to {count_cones(seen.size, rank)} activation "
            f"patterns; expected at most {most} for an exact answer"
        )
    if rank == seen.size:  # independent inputs: every pattern occurs
        bits = (np.arange(2**rank)[:, None] >> np.arange(rank)) & 1
        found = bits.astype(bool)
    else:
        _, _, axes = np.linalg.svd(directions, full_matrices=False)
        coordinates = directions @ axes[:rank].T
        found = _interior_points(coordinates) @ coordinates.T > 0.0
    patterns = np.zeros((len(found), len(inputs)), dtype=bool)
    patterns[:, seen] = found
    return patterns


def _interior_points(normals: Array) -> Array:
    """One unit vector inside each cone of the hyperplanes orthogonal to unit ``normals`` (n, p).

    Hyperplanes are added one by one. The cones that a new one cuts in two are the cones of the earlier
    ones restricted to it, which a call in one dimension less finds.
    """
    rank = normals.shape[1]
    if rank == 1:
        return np.array([[1.0], [-1.0]])
    if rank == 2:
        return _between(normals)
    first = normals[0]
    points = np.stack([first, -first])
    for k in range(1, len(normals)):
        new, old = normals[k], normals[:k]
        within = _basis_orthogonal_to(new)
        flat = old @ within
        sizes = row_norms(flat)
        if np.any(sizes < CONES.parallel):
            continue
        on_it = _interior_points(flat / sizes[:, None]) @ within.T
        # step off the new hyperplane to both sides without meeting an older one
        room = np.min(np.abs(on_it @ old.T) / np.maximum(np.abs(old @ new), 1e-300), axis=1)
        offset = np.minimum(0.5 * room, 1.0)[:, None] * new
        both = np.concatenate([on_it + offset, on_it - offset])
        cut = {row.tobytes() for row in (on_it @ old.T > 0.0)}
        whole = np.array([row.tobytes() not in cut for row in (points @ old.T > 0.0)])
        points = np.concatenate([points[whole], both / row_norms(both)[:, None]])
    return points


def _between(normals: Array) -> Array:
    """The same in the plane: between each line and the next one around the circle."""
    lines = np.sort((np.arctan2(normals[:, 1], normals[:, 0]) + 0.5 * np.pi) % np.pi)
    steps = np.append(lines[1:], lines[0] + np.pi) - lines
    cut = steps >= CONES.parallel
    angles = (lines + 0.5 * steps)[cut]
    points = np.column_stack([np.cos(angles), np.sin(angles)])
    return np.concatenate([points, -points])


def _basis_orthogonal_to(unit: Array) -> Array:
    """An orthonormal basis (p, p - 1) of what is orthogonal to a unit vector (p,), by a reflection."""
    mirror = unit.copy()
    mirror[0] += math.copysign(1.0, unit[0])
    reflection: Array = np.eye(unit.size) - np.outer(mirror, mirror) * (2.0 / float(mirror @ mirror))
    return reflection[:, 1:]


class SphereOracle:
    """Maxima over the unit sphere of g(w) = sum_k nu_k sigma(<w, x_k>) for inputs (n, p) of rank p.

    Exact up to rounding: every activation cone is visited or ruled out by |c|, a bound on g there.
    Raises ProblemError if there may be more than ``most`` cones.
    """

    def __init__(self, inputs: Array, most: int = CONES.most, slope: float = 0.0) -> None:
        self.inputs = inputs
        self.slope = slope
        self.patterns = activation_patterns(inputs, most)
        self._sides = np.where(self.patterns, 1.0, -1.0)
        self._lengths = row_norms(inputs)

    def highest(self, nu: Array) -> Peak:
        """The maximum over the sphere; value 0 and direction 0 where g is nowhere positive."""
        best = self._met(nu)
        for peak in self._peaks(nu, best.value, rising=True):
            best = peak
        return best

    def _met(self, nu: Array) -> Peak:
        """The highest value that g has along the c of any cone: a start from which few cones are left."""
        pulls = (shares(self.patterns, self.slope) * nu) @ self.inputs
        lengths = row_norms(pulls)
        directions = pulls / np.where(lengths > 0.0, lengths, 1.0)[:, None]
        values = activation(directions @ self.inputs.T, self.slope) @ nu
        i = int(np.argmax(values))
        if values[i] <= self._rounding(nu):
            return Peak(0.0, np.zeros(self.inputs.shape[1]))
        return Peak(float(values[i]), directions[i])

    def peaks(self, nu: Array, floor: float) -> list[Peak]:
        """The maxima of g over single cones that exceed ``floor``, largest first.

        The first is the maximum over the sphere. A maximum on a wall belongs to several cones and is
        listed for each.
        """
        return sorted(self._peaks(nu, floor, rising=False), key=lambda peak: -peak.value)

    def value(self, nu: Array, direction: Array) -> float:
        """g(w) at one direction (p,)."""
        return float(nu @ activation(self.inputs @ direction, self.slope))

    def _peaks(self, nu: Array, floor: float, rising: bool) -> Iterator[Peak]:
        """Peaks above ``floor`` in decreasing order of their bounds; if ``rising``, only ever higher ones."""
        floor = max(floor, self._rounding(nu))
        for i, pull, bound in self._candidates(nu, floor):
            if bound <= floor:
                return
            nearest = _project(pull, self._sides[i][:, None] * self.inputs)
            value = float(np.linalg.norm(nearest))
            if value > floor:
                yield Peak(value, nearest / value, nearest is pull)
                floor = value if rising else floor

    def _rounding(self, nu: Array) -> float:
        return CONES.rounding * float(np.abs(nu) @ self._lengths)

    def _candidates(self, nu: Array, floor: float) -> list[tuple[int, Array, float]]:
        """Cones that may hold more than ``floor``: index, c, and a bound on g there, in order of bounds.

        The projection of c has the least length of c + sum_k mu_k s_k x_k over mu >= 0, s_k the side of
        the cone: every mu gives a bound. A few steps of coordinate descent, on all cones at once, rule
        most cones out.
        """
        unit = self.inputs / np.where(self._lengths > 0.0, self._lengths, 1.0)[:, None]
        left = np.arange(len(self.patterns))
        pulls = (shares(self.patterns, self.slope) * nu) @ self.inputs
        rest, pushes = pulls.copy(), np.zeros(self.patterns.shape)
        bounds = row_norms(rest)
        for _ in range(CONES.descent_steps):
            keep = bounds > floor
            left, rest, pushes = left[keep], rest[keep], pushes[keep]
            sides, rows = self._sides[left], np.arange(len(left))
            change = np.maximum(-sides * (rest @ unit.T), -pushes)
            k = np.argmax(np.abs(change), axis=1)
            pushes[rows, k] += change[rows, k]
            rest += (change[rows, k] * sides[rows, k])[:, None] * unit[k]
            bounds = row_norms(rest)
        order = np.argsort(-bounds)
        return [(int(left[i]), pulls[left[i]], float(bounds[i])) for i in order]


def _project(pull: Array, walls: Array) -> Array:
    """The point of the cone {w: walls w >= 0} nearest to ``pull``."""
    if np.all(walls @ pull >= 0.0):
        return pull
    from scipy.optimize import nnls

    # Moreau: pull plus the least combination of inward normals that brings it into the cone
    pushes, _ = nnls(walls.T, -pull)
    nearest: Array = pull + pushes @ walls
    return nearest
