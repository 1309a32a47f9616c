"""Where more hyperplanes meet than are independent: the origin, and corners of structured data.

A neuron gets there by sliding. Where all the kinks attract, the element of least norm is still the flow.
Where one repels, descent lands within a step of the corner at a place that depends on its phase; from there
it goes its way, or comes back and lands again. If all phases come to the same end, that is the flow.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from .kinks import Array, Indices, Kinks, Real, Sides, orthogonal, real

Floats = npt.NDArray[np.float64]

#: phases of descent that are tried, and its steps in all
PHASES, STEPS = 64, 12000
#: steps away from the corner at which descent begins to arrive there, and at which it is held there
AWAY, HELD = 200.0, 3.0
#: lengths of the longest step within which descent has been at the corner, and beyond which it has left it
AT_CORNER, LEFT = 10.0, 40.0
#: relative size below which a step of descent is rounding
STOPPED = 1e-12
#: a place on a ray counts as on a hyperplane below this share of the normal's length
ON_RAY = 1e-12


def closure(kinks: Kinks, zero: Indices) -> Indices:
    """All hyperplanes that hold every w which the given ones hold."""
    left = kinks.projected(zero)[0]
    return np.union1d(zero, np.flatnonzero(np.diagonal(left) == 0))


def excess(kinks: Kinks, zero: Indices) -> int:
    """By how many these hyperplanes are more than independent ones; more than 0 at a corner."""
    return int(zero.size - kinks.independent(zero).size)


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


def growth(
    kinks: Kinks, sign: int, sides: Sides, corner: Indices, places: Array, forces: tuple[Array, Array]
) -> Array:
    """The rates (k, ...) at which a neuron would grow along each ray.

    ``forces`` below and above each kink are (H,), or the matrices (H, n) that make them from residuals.
    """
    lower, upper = forces
    shape = (len(sides), *[1] * (lower.ndim - 1))
    rest = np.where(sides.reshape(shape) == 1, upper, np.where(sides.reshape(shape) == -1, lower, Real(0)))
    rates = []
    for place in places:
        along = rest.copy()
        above = (place[corner] > 0).reshape((-1, *shape[1:]))
        along[corner] = np.where(above, upper[corner], lower[corner])
        rates.append(-sign * (place @ along))
    return np.array(rates)


@dataclass
class Descent:
    """Phases of descent at a corner with the hyperplanes T.

    Per unit of the step: ``step`` (|T|,) what all other forces do, forces below and above, their Gram matrix.
    ``places`` (k, |T|) are those of the phases that are on their way.
    """

    step: Floats
    lower: Floats
    upper: Floats
    gram: Floats
    sign: int
    places: Floats

    @classmethod
    def arriving(
        cls,
        forces: tuple[Array, Array, Array],
        gram: Array,
        sign: int,
        come: tuple[Array, Array],
        away: float,
    ) -> "Descent":
        """Phases that come with a velocity, sliding on some hyperplanes, ``away`` or more steps off."""
        step, lower, upper = (force.astype(float) for force in forces)
        arrival, slid = come[0].astype(float), come[1]
        rng = np.random.default_rng(0)
        jumps = np.where(slid, upper - lower, 0.0)
        plain = gram.astype(float)
        before = away * (1 + rng.random((PHASES, 1)))
        chatter = (rng.uniform(-1, 1, (PHASES, len(step))) * jumps) @ plain
        return cls(step, lower, upper, plain, sign, chatter - before * arrival)

    def ends(self) -> list[Array]:
        """Places of phases that stop for ever, or leave the corner after they have been there.

        Those that leave are taken out; whoever finds that one comes back puts it into ``places`` again.
        """
        longest = np.abs(self.step) + np.maximum(np.abs(self.lower), np.abs(self.upper)) @ np.abs(self.gram)
        been = np.zeros(len(self.places), dtype=bool)
        found: list[Array] = []
        for _ in range(STEPS):
            if not len(self.places):
                break
            moves = self.moves()
            away = np.max(np.abs(self.places) / longest, axis=1)
            been |= away <= AT_CORNER
            out = (been & (away > LEFT)) | np.all(np.abs(moves) <= STOPPED * longest, axis=1)
            found += list(real(self.places[out]))
            self.places, been = (self.places + moves)[~out], been[~out]
        return found

    def moves(self) -> Floats:
        """The next steps (k, |T|)."""
        return self.step - self.sign * (np.where(self.places > 0, self.upper, self.lower) @ self.gram)

    def go(self, steps: int) -> None:
        """Take some steps."""
        for _ in range(steps):
            self.places = self.places + self.moves()
