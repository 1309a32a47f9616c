"""Which sides of its hyperplanes a neuron takes, or on which it slides, when it meets or leaves some.

Where all of those that it meets attract, this is the element of least norm (``field.py``). At corners of
which a kink repels, phases of descent decide (``corners.py``).
"""

from collections import Counter
from dataclasses import replace

import numpy as np

from .corners import AWAY, HELD, Descent, closure, excess, growth, rays
from .field import NOISE, ROUNDS, Field, UnsettledError, least_norm, most_inward
from .kinks import RESTS, Array, Indices, Real, Sides, real

#: how many times phases of descent that come back to a corner are followed again
RETURNS = 5
#: phases still at a corner that are looked at, how often, and how many steps go between two looks
LOOKED_AT, LOOKS, BETWEEN = 8, 10, 37


class CameBackError(Exception):
    """From where it landed, w comes back to the corner."""


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
        h = most_inward(field, sides, np.setdiff1d(zero, free))
        if h is None:
            return _tied(field, _kept(field, sides, corner), zero)
        sides[h] = -sides[h]
    raise UnsettledError("sides change without end")


def _kept(field: Field, sides: Sides, corner: Indices) -> Sides:
    """The sides of a neuron that stays at a corner with all kinks off; it slides if it cannot be beyond them.

    With all of them off nothing moves it. But descent is never exactly at the corner, and where w cannot be
    on the far side of all kinks, some are always on.
    """
    if excess(field.kinks, corner) <= 0 or np.any(sides[corner] != -1):
        return sides
    places = rays(field.kinks, corner)[:, corner]
    beyond = places[np.all(places <= 0, axis=1)].sum(axis=0)
    if np.all(beyond < 0):
        return sides
    sides = sides.copy()
    sides[corner] = 0
    return sides


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
