"""Which side of its hyperplanes a neuron takes, or whether it slides on them, at one moment.

The residual is frozen here. w then moves down a piecewise linear function, w' = -s sum_h f_h u_h / n times
|a|, with the force f_h of hyperplane h between those of its two sides where w slides. A kink with s (upper -
lower) > 0 attracts: there the function is convex, and its flow is the element of least norm among all forces
in between. The other kinks repel, and w passes them.
"""

from collections import Counter
from dataclasses import dataclass, replace
from dataclasses import field as field_of

import numpy as np

from .corners import closure, descend, is_corner
from .kinks import RESTS, Array, Indices, Kinks, Real, Sides

#: relative size under which a velocity or a force counts as zero
NOISE = 1e-14
#: rounds of a search that a finite method never needs
ROUNDS = 500


class UnsettledError(Exception):
    """No side was found: a defect or a tie beyond 80 bits."""


class CameBackError(Exception):
    """From where it landed, w comes back to the corner."""


@dataclass(frozen=True)
class Field:
    """The frozen forces on one neuron: sign of its output weight, forces (H,) below, above, on each kink.

    ``notes`` say what descent leaves open. ``landing``: w is followed on its way from a corner, and to come
    back to it is an error.
    """

    kinks: Kinks
    sign: int
    lower: Array
    upper: Array
    resting: Array
    notes: list[str] = field_of(default_factory=list)
    landing: bool = False

    def attracts(self, h: int) -> bool:
        return bool(self.sign * (self.upper[h] - self.lower[h]) > 0)

    def bound(self, h: int, side: int) -> np.longdouble:
        return self.upper[h] if side > 0 else self.lower[h]

    def held(self, sides: Sides) -> Array:
        """The forces (H,) on the sides taken, 0 where the neuron slides."""
        sided = np.where(sides == RESTS, self.resting, np.where(sides > 0, self.upper, self.lower))
        return np.where(sides == 0, Real(0), sided)

    def full(self, sides: Sides) -> Array:
        """The forces with those that keep the slid hyperplanes at rest."""
        forces = self.held(sides)
        slid = np.flatnonzero(sides == 0)
        if slid.size:
            forces[slid] = -self.kinks.projected(slid)[1] @ forces
        return forces

    def velocity(self, sides: Sides) -> Array:
        """Velocities (H,) of <w, u_h> per unit of |a| / n; rounding is exactly 0."""
        left = self.kinks.projected(np.flatnonzero(sides == 0))[0]
        held = self.held(sides)
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
            h = _most_inward(field, sides, free)
            if h is None:
                return _let_go(field, sides, free)
            forces[h] = field.bound(h, int(sides[h]))
            sides[h] = 0
    raise UnsettledError("no element of least norm")


def _let_go(field: Field, sides: Sides, free: Indices) -> Sides:
    """Below, where the force on a slid hyperplane is the one below it."""
    forces = field.full(sides)
    terms = NOISE * (np.max(np.abs(field.held(sides)), initial=Real(0)) + np.abs(field.lower))
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


def _most_inward(field: Field, sides: Sides, among: Indices) -> int | None:
    """The hyperplane that w sits on as if on a side from which its velocity leads it across."""
    velocity = field.velocity(sides)
    sided = [h for h in among if abs(sides[h]) == 1]
    inward = [(-velocity[h] * sides[h] / np.sqrt(field.kinks.gram[h, h]), h) for h in sided]
    worst = max(inward, default=(Real(0), -1))
    return int(worst[1]) if worst[0] > 0 else None


def meet(field: Field, sides: Sides, zero: Indices, arrived: Indices) -> Sides:
    """The sides after the hyperplanes ``arrived`` are reached; ``zero`` are all on which w lies.

    At a corner all of its hyperplanes slide together, as long as nothing grows there.
    """
    corner = zero[sides[zero] != RESTS]
    if is_corner(field.kinks, corner) and not all(field.attracts(h) for h in corner):
        return _land(field, sides, corner)
    sides = sides.copy()
    for h in arrived:
        if not field.attracts(h):
            sides[h] = -sides[h]
    for _ in range(ROUNDS):
        free = np.array([h for h in zero if field.attracts(h) and sides[h] != RESTS], dtype=np.intp)
        for h in zero:
            if sides[h] == 0 and not field.attracts(h):
                sides[h] = -1
        sides = least_norm(field, sides, free)
        velocity = field.velocity(sides)
        moved = [h for h in zero if sides[h] == RESTS and velocity[h] != 0]
        if moved:
            sides[moved] = np.sign(velocity[moved])
            continue
        h = _most_inward(field, sides, np.setdiff1d(zero, free))
        if h is None:
            return _tied(field, sides, zero)
        sides[h] = -sides[h]
    raise UnsettledError("sides change without end")


def _tied(field: Field, sides: Sides, zero: Indices) -> Sides:
    """Let what cannot leave its hyperplane, because w slides on others, slide as well."""
    slid = np.flatnonzero(sides == 0)
    bound = [h for h in np.setdiff1d(closure(field.kinks, slid), slid) if h in zero and sides[h] != RESTS]
    sides[bound] = 0
    return sides


def _land(field: Field, sides: Sides, corner: Indices) -> Sides:
    """The sides after w slides into a corner of which a kink repels.

    If the phases of descent come to different ends this is a choice: the far side of the line of arrival,
    or, if that leads back to the corner, the end of most phases.
    """
    if field.landing:
        raise CameBackError
    arrival = field.velocity(sides)[corner]
    slid = sides[corner] == 0
    if not slid.any():
        return follow(field, sides, _spread(arrival, corner, len(sides)), corner)[0]
    others = sides.copy()
    others[corner] = 0
    gram = field.kinks.gram
    step = -field.sign * (gram[corner] @ field.held(others))
    lower, upper = field.lower[corner], field.upper[corner]
    places = descend(step, lower, upper, gram[np.ix_(corner, corner)], field.sign, arrival, slid)
    ends = [_end(field, sides, place, corner) for place in places]
    counts = Counter(end.tobytes() for end in ends if end is not None)
    if not counts:
        return others
    if len(counts) > 1:
        field.notes.append(f"corner of {len(corner)} kinks, {len(counts)} ends")
        beyond = _end(field, sides, arrival, corner)
        if beyond is not None:
            return beyond
    return np.frombuffer(counts.most_common(1)[0][0], dtype=sides.dtype).copy()


def _end(field: Field, sides: Sides, place: Array, corner: Indices) -> Sides | None:
    """The sides to which w settles from a place (|T|,) near a corner, None if it comes back to it."""
    try:
        alone = replace(field, landing=True)
        return follow(alone, sides, _spread(place, corner, len(sides)), corner)[0]
    except CameBackError:
        return None


def _spread(place: Array, corner: Indices, count: int) -> Array:
    """Places of a corner's hyperplanes among those of all."""
    found = np.zeros(count, Real)
    found[corner] = place
    return found


def follow(field: Field, sides: Sides, place: Array, cone: Indices) -> tuple[Sides, Array]:
    """Sides, and the place, once w, a step away from the hyperplanes ``cone``, has settled.

    ``place`` (H,) is <w, u_h> for those of the cone, on whatever scale; the others are far and keep their
    sides. Where it is 0, sides of 0 slide and others rest on the kink.
    """
    place, sides = place.copy(), sides.copy()
    on = place[cone] == 0
    resting = np.where(sides[cone] == 0, 0, RESTS)
    sides[cone] = np.where(on, resting, np.where(place[cone] > 0, 1, -1))
    arrived = np.zeros(0, dtype=np.intp)
    for _ in range(ROUNDS):
        sides = meet(field, sides, cone[place[cone] == 0], arrived)
        velocity = field.velocity(sides)
        wait = [(-place[h] / velocity[h], h) for h in cone if place[h] * velocity[h] < 0]
        if not wait:
            return sides, place
        first = min(wait)[0]
        arrived = np.array([h for time, h in wait if time <= first * (1 + Real(NOISE))], dtype=np.intp)
        place[cone] += first * velocity[cone]
        place[arrived] = 0
        place[sides == 0] = 0
    raise UnsettledError("the local flow does not settle")
