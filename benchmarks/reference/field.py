"""The forces on one neuron at one moment, and their element of least norm.

The residual is frozen here. w then moves down a piecewise linear function, w' = -s sum_h f_h u_h / n times
|a|, with the force f_h of hyperplane h between those of its two sides where w slides. A kink with s (upper -
lower) > 0 attracts: there the function is convex, and its flow is the element of least norm among all forces
in between. The other kinks repel, and w passes them.
"""

from dataclasses import dataclass
from dataclasses import field as field_of

import numpy as np

from .kinks import RESTS, Array, Indices, Kinks, Real, Sides

#: relative size under which a velocity or a force counts as zero
NOISE = 1e-14
#: rounds of a search that a finite method never needs
ROUNDS = 500


class UnsettledError(Exception):
    """No side was found: a defect or a tie beyond 80 bits."""


@dataclass(frozen=True)
class Field:
    """The frozen forces on one neuron: sign of its output weight, forces (H,) below, above, on each kink.

    ``notes`` say what descent leaves open; ``held`` with which velocity, sliding on which of its
    hyperplanes, w arrived at a corner that does not let it go. ``landing``: w is followed on its way from a
    corner, and to come back to it is an error.
    """

    kinks: Kinks
    sign: int
    lower: Array
    upper: Array
    resting: Array
    notes: list[str] = field_of(default_factory=list)
    held: list[tuple[Array, Array]] = field_of(default_factory=list)
    landing: frozenset[bytes] = frozenset()

    def attracts(self, h: int) -> bool:
        return bool(self.sign * (self.upper[h] - self.lower[h]) > 0)

    def bound(self, h: int, side: int) -> np.longdouble:
        return self.upper[h] if side > 0 else self.lower[h]

    def held_forces(self, sides: Sides) -> Array:
        """The forces (H,) on the sides taken, 0 where the neuron slides."""
        sided = np.where(sides == RESTS, self.resting, np.where(sides > 0, self.upper, self.lower))
        return np.where(sides == 0, Real(0), sided)

    def full(self, sides: Sides) -> Array:
        """The forces with those that keep the slid hyperplanes at rest."""
        forces = self.held_forces(sides)
        slid = np.flatnonzero(sides == 0)
        if slid.size:
            forces[slid] = -self.kinks.projected(slid)[1] @ forces
        return forces

    def velocity(self, sides: Sides) -> Array:
        """Velocities (H,) of <w, u_h> per unit of |a| / n; rounding is exactly 0."""
        left = self.kinks.projected(np.flatnonzero(sides == 0))[0]
        held = self.held_forces(sides)
        found = -self.sign * (left @ held)
        found[np.abs(found) <= NOISE * (np.abs(self.kinks.gram) @ np.abs(held))] = 0
        return found


def least_norm(field: Field, sides: Sides, free: Indices) -> Sides:
    """The sides after w meets the attracting hyperplanes ``free``, the others being as given.

    An active-set method for least squares with bounds: the forces of the free ones lie between their two
    sides such that the whole force has the least norm. It starts from the sides given and ends after
    finitely many rounds, for the norm falls in each of them. A slid one whose force is that below it does
    not slide: nothing pushes it back.
    """
    sides = sides.copy()
    forces = field.full(sides)
    for h in free:
        if sides[h] == 0:
            low, high = sorted((field.lower[h], field.upper[h]))
            forces[h] = min(max(forces[h], low), high)
    for _ in range(ROUNDS):
        if not _to_the_bounds(field, sides, forces, free):
            h = most_inward(field, sides, free)
            if h is None:
                return _let_go(field, sides, free)
            forces[h] = field.bound(h, int(sides[h]))
            sides[h] = 0
    raise UnsettledError("no element of least norm")


def _let_go(field: Field, sides: Sides, free: Indices) -> Sides:
    """Below, where the force on a slid hyperplane is the one below it."""
    forces = field.full(sides)
    terms = NOISE * (np.max(np.abs(field.held_forces(sides)), initial=Real(0)) + np.abs(field.lower))
    idle = [h for h in free if sides[h] == 0 and abs(forces[h] - field.lower[h]) <= terms[h]]
    sides[idle] = -1
    return sides


def _to_the_bounds(field: Field, sides: Sides, forces: Array, free: Indices) -> bool:
    """Move the slid forces to where they balance, at most as far as one of them reaches a side."""
    slid = np.array([h for h in free if sides[h] == 0], dtype=np.intp)
    if not slid.size:
        return False
    wanted = field.full(sides)[slid]
    share, first, side = Real(1), -1, 0
    for i, h in enumerate(slid):
        gap = wanted[i] - forces[h]
        for way in (-1, 1):
            bound = field.bound(h, way)
            outside = (wanted[i] - bound) * field.sign * way > NOISE * abs(field.upper[h] - field.lower[h])
            if outside and gap != 0 and (bound - forces[h]) / gap < share:
                share, first, side = max((bound - forces[h]) / gap, Real(0)), h, way
    forces[slid] += share * (wanted - forces[slid])
    if first >= 0:
        sides[first] = side
        forces[first] = field.bound(first, side)
    return first >= 0


def most_inward(field: Field, sides: Sides, among: Indices) -> int | None:
    """The hyperplane that w sits on as if on a side from which its velocity leads it across."""
    velocity = field.velocity(sides)
    sided = [h for h in among if abs(sides[h]) == 1]
    inward = [(-velocity[h] * sides[h] / np.sqrt(field.kinks.gram[h, h]), h) for h in sided]
    worst = max(inward, default=(Real(0), -1))
    return int(worst[1]) if worst[0] > 0 else None
