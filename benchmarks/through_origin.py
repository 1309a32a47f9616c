"""How plain descent goes on from w = 0 with a != 0, for the event-driven reference.

Near the origin of one neuron its field depends on the direction of w alone, so that descent at step one from
far away shows the limit of descent at small rates. It is run from random phases of the incoming motion.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

#: phases, from how many steps away they come, and after how many they are looked at
PHASES, AWAY, LOOKED_AT = 64, 30.0, 20_000
#: steps over which the activations of an end are read off
LAST = 1_000
ON, OFF, SLIDES = 1, 0, 2


@dataclass(frozen=True)
class Departure:
    """A way out: its ``modes`` (n,), the unit vector (d,) along which w grows, and its share of phases."""

    modes: npt.NDArray[np.int8]
    direction: Array
    share: float


def departures(inputs: Array, forces: Array, slope: float, incoming: Array) -> list[Departure]:
    """Where descent leads a neuron that comes to the origin along ``incoming`` (d,); the commonest end first.

    ``forces`` (n,): sign of a times -dl_k/dh_k / n, so that w moves by sum_k share_k forces_k x_k. Ends at
    which descent is not on a ray, as it stays at the origin, have the direction zero.
    """
    rng = np.random.default_rng(0)
    pulls = forces[:, None] * inputs
    step = float(np.sum(np.linalg.norm(pulls, axis=1)))
    apart = rng.uniform(-1.0, 1.0, (PHASES, inputs.shape[1]))
    w = step * ((AWAY + rng.random((PHASES, 1))) * incoming / np.linalg.norm(incoming) + apart)
    seen = np.zeros((PHASES, len(inputs)))
    for number in range(LOOKED_AT):
        active = w @ inputs.T > 0.0
        if number >= LOOKED_AT - LAST:
            seen += active
        w += np.where(active, 1.0, slope) @ pulls
    ends = np.where(seen == LAST, ON, np.where(seen == 0, OFF, SLIDES)).astype(np.int8)
    kinds, counts = np.unique(ends, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [Departure(kinds[i], _ray(inputs, pulls, slope, kinds[i]), counts[i] / PHASES) for i in order]


def _ray(inputs: Array, pulls: Array, slope: float, modes: npt.NDArray[np.int8]) -> Array:
    """The direction of w with these modes; zero where it is not on the side of its kinks that they say."""
    pull = np.where(modes == ON, 1.0, slope) @ pulls
    held = inputs[modes == SLIDES]
    ray = pull - np.linalg.pinv(held) @ (held @ pull) if len(held) else pull
    length = float(np.linalg.norm(ray))
    if length <= 1e-12 * float(np.sum(np.linalg.norm(pulls, axis=1))):
        return np.zeros_like(ray)
    side = np.where(modes == ON, 1.0, -1.0) * (inputs @ ray)
    stays = np.all(side[modes != SLIDES] >= 0.0)
    return ray / length if stays else np.zeros_like(ray)
