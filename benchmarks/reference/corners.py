"""Where more hyperplanes meet than are independent: the origin, and corners of structured data.

A neuron gets there by sliding. Where all the kinks attract, the element of least norm is still the flow.
Where one repels, descent lands within a step of the corner at a place that depends on its phase; from there
it goes its way, or comes back and lands again. If all phases come to the same end, that is the flow.
"""

from itertools import combinations

import numpy as np

from .kinks import Array, Indices, Kinks, Real, Sides, orthogonal, real

#: phases of descent that are tried, its steps away from the corner, its steps in all, and how far is away
PHASES, AWAY, STEPS, ESCAPED = 64, 200, 8000, 4.0
#: relative size below which a step of descent is rounding
STOPPED = 1e-12
#: a place on a ray counts as on a hyperplane below this share of the normal's length
ON_RAY = 1e-12


def closure(kinks: Kinks, zero: Indices) -> Indices:
    """All hyperplanes that hold every w which the given ones hold."""
    left = kinks.projected(zero)[0]
    return np.union1d(zero, np.flatnonzero(np.diagonal(left) == 0))


def is_corner(kinks: Kinks, zero: Indices) -> bool:
    """Whether the normals of these hyperplanes are dependent."""
    return bool(kinks.independent(zero).size < zero.size)


def rays(kinks: Kinks, corner: Indices) -> Array:
    """Places (k, H), <e, u_h>, of the extreme rays e at a corner.

    Every direction in which the hyperplanes of the corner open is a sum of rays of one cone, on which the
    rate of growth is linear: if no ray grows, nothing does. Places on the corner's hyperplanes are exactly
    0.
    """
    normals = kinks.normals[corner]
    basis = normals[np.isin(corner, kinks.independent(corner))]
    rank, found = len(basis), []
    for chosen in combinations(range(len(corner)), rank - 1):
        on = normals[list(chosen)]
        ray = orthogonal(basis, on)
        if ray is not None:
            found += [ray, -ray]
    places = np.unique(np.array(found, dtype=Real) @ kinks.normals.T, axis=0)
    size = np.sqrt(np.diagonal(kinks.gram))
    near = np.abs(places) <= ON_RAY * size
    return np.where(near & np.isin(np.arange(len(size)), corner), Real(0), places)


def growth(kinks: Kinks, sign: int, sides: Sides, corner: Indices, places: Array) -> Array:
    """Rows (k, n) that take residuals to the rate at which a neuron would grow along each ray."""
    lower, upper = kinks.forces
    rest = np.where((sides == 1)[:, None], upper, np.where((sides == -1)[:, None], lower, Real(0)))
    rows = []
    for place in places:
        forces = rest.copy()
        forces[corner] = np.where((place[corner] > 0)[:, None], upper[corner], lower[corner])
        rows.append(-sign * (place @ forces))
    return np.array(rows)


def descend(
    step: Array, lower: Array, upper: Array, gram: Array, sign: int, arrival: Array, slid: np.ndarray
) -> list[Array]:
    """Where descent of many phases that arrives at a corner stops or is away from it: places (|T|,).

    Those that come back to the corner until all steps are spent are left out.

    Per unit of the step, with the corner's hyperplanes T: ``step`` (|T|,) what all other forces do, forces
    below and above, their Gram matrix, ``arrival`` the velocity with which it slides there, ``slid`` on
    which of them.
    """
    rng = np.random.default_rng(0)
    step, lower, upper, gram, arrival = (v.astype(float) for v in (step, lower, upper, gram, arrival))
    jumps = np.where(slid, upper - lower, 0.0)
    away = AWAY * (1 + rng.random((PHASES, 1)))
    places = -away * arrival + (rng.uniform(-1, 1, (PHASES, len(step))) * jumps) @ gram
    far = ESCAPED * AWAY * np.max(np.abs(arrival))
    size = np.max(np.abs(step)) + np.max(np.abs(gram)) * np.max(np.abs(upper) + np.abs(lower))
    ended: list[Array] = []
    for _ in range(STEPS):
        moves = step - sign * (np.where(places > 0, upper, lower) @ gram)
        stops = np.max(np.abs(moves), axis=1) <= STOPPED * size
        gone = np.max(np.abs(places), axis=1) > far
        ended += list(real(places[gone | stops]))
        places = (places + moves)[~gone & ~stops]
        if not len(places):
            break
    return ended
