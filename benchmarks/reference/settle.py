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

from .corners import AWAY, HELD, Descent, closure, excess, growth, rays
from .kinks import RESTS, Array, Indices, Kinks, Real, Sides, real

#: relative size under which a velocity or a force counts as zero
NOISE = 1e-14
#: how many times phases of descent that come back to a corner are followed again
RETURNS = 5
#: phases still at a corner that are looked at, how often, and how many steps go between two looks
LOOKED_AT, LOOKS, BETWEEN = 8, 10, 37
#: rounds of a search that a finite method never needs
ROUNDS = 500


class UnsettledError(Exception):
    """No side was found: a defect or a tie beyond 80 bits."""


class CameBackError(Exception):
    """From where it landed, w comes back to the corner."""


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
            h = _most_inward(field, sides, free)
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
    before = excess(field.kinks, zero[sides[zero] == 0])
    if excess(field.kinks, corner) > before and not all(field.attracts(h) for h in corner):
        return _land(field, sides, corner)
    if before:
        return _carry(field, sides, arrived)
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


def _carry(field: Field, sides: Sides, arrived: Indices) -> Sides:
    """The sides of a neuron that slides in a corner when it reaches further hyperplanes.

    It takes the corner along, unless a direction in which the corner can be left grows there.
    """
    sides = sides.copy()
    for h in arrived:
        inward = sides[h]
        if field.attracts(h):
            other = sides.copy()
            other[h] = -inward
            sides[h] = -inward if field.velocity(other)[h] * inward <= 0 else 0
        else:
            sides[h] = -inward
    corner = np.flatnonzero(sides == 0)
    places = rays(field.kinks, corner)
    rates = growth(field.kinks, field.sign, sides, corner, places, (field.lower, field.upper))
    if not np.any(rates > 0):
        return sides
    ways = [
        _end(field, sides, place[corner], corner) for place in places[np.argsort(-rates)][: sum(rates > 0)]
    ]
    ends = [way for way in ways if way is not None]
    if not ends:
        return sides
    if any(not np.array_equal(end, ends[0]) for end in ends):
        field.notes.append(f"out of a corner of {len(corner)} kinks")
    return ends[0]


def _land(field: Field, sides: Sides, corner: Indices) -> Sides:
    """The sides after w slides into a corner of which a kink repels.

    If the phases of descent come to different ends this is a choice: the far side of the line of arrival,
    or, if that leads back to the corner, the end of most phases. If none comes to an end it stays.
    """
    if corner.tobytes() in field.landing:
        raise CameBackError
    arrival, slid = field.velocity(sides)[corner], sides[corner] == 0
    if not slid.any():
        return follow(field, sides, _spread(arrival, corner, len(sides)), corner)[0]
    held = sides.copy()
    held[corner] = 0
    counts = _ends(field, held, corner, (arrival, slid), AWAY)
    if not counts:
        field.held.append((arrival, slid))
        return held
    if len(counts) > 1:
        field.notes.append(f"corner of {len(corner)} kinks, {len(counts)} ends")
        beyond = _end(field, sides, arrival, corner)
        if beyond is not None:
            return beyond
    return _most(counts)


def wake(field: Field, later: Field, held: Sides, come: tuple[Array, Array] | None, ray: Array) -> Sides:
    """The sides of a neuron held at a corner when it begins to grow along a ray.

    Where no phase of descent, which chatters there as it came, finds the ray in the field of a while
    ``later``, descent stays longer than the equation lets it: a choice.
    """
    corner = np.flatnonzero(held == 0)
    found = follow(field, held, ray, corner)[0]
    if come is not None and not np.array_equal(found, held):
        counts = _ends(later, held, corner, come, HELD)
        if len(counts) != 1:
            field.notes.append(f"out of a corner of {len(corner)} kinks, {len(counts)} ends")
    return found


def _ends(
    field: Field, held: Sides, corner: Indices, come: tuple[Array, Array], away: float
) -> Counter[bytes]:
    """The sides to which phases of descent come at a corner, and how many; none if all stay for ever."""
    gram = field.kinks.gram
    step = -field.sign * (gram[corner] @ field.held_forces(held))
    forces = step, field.lower[corner], field.upper[corner]
    phases = Descent.arriving(forces, gram[np.ix_(corner, corner)], field.sign, come, away)
    counts: Counter[bytes] = Counter()
    for _ in range(RETURNS):
        back = []
        for place in phases.ends():
            end = _end(field, held, place, corner)
            if end is None:
                back.append(place.astype(float))
            else:
                counts[end.tobytes()] += 1
        if counts or not back:
            break
        phases.places = np.array(back)
    return counts or _captured(field, held, corner, phases)


def _captured(field: Field, held: Sides, corner: Indices, phases: Descent) -> Counter[bytes]:
    """The ends of phases that are still at the corner but leave it slowly, on one way at all looks."""
    phases.places = phases.places[:LOOKED_AT]
    seen: list[set[bytes]] = [set() for _ in phases.places]
    for _ in range(LOOKS):
        phases.go(BETWEEN)
        for ways, place in zip(seen, phases.places, strict=True):
            end = _end(field, held, real(place), corner)
            ways.add(b"" if end is None else end.tobytes())
    return Counter(way for ways in seen if len(ways) == 1 for way in ways if way)


def _most(counts: Counter[bytes]) -> Sides:
    return np.frombuffer(counts.most_common(1)[0][0], dtype=np.int8).copy()


def _end(field: Field, sides: Sides, place: Array, corner: Indices) -> Sides | None:
    """The sides to which w settles from a place (|T|,) near a corner, None if it comes back to it."""
    try:
        alone = replace(field, landing=field.landing | {corner.tobytes()})
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
        place[cone] += first * velocity[cone]
        there = [h for time, h in wait if time <= first * (1 + Real(NOISE))]
        zero = closure(field.kinks, np.union1d(there, cone[(place[cone] == 0) | (sides[cone] == 0)]))
        arrived = np.array([h for h in zero if place[h] != 0 or h in there], dtype=np.intp)
        place[zero] = 0
    raise UnsettledError("the local flow does not settle")
