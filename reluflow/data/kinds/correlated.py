"""One neuron as teacher and inputs around it (P2)."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from reluflow.data.datasets import Data, DataKind, taught
from reluflow.data.streams import normalised, stream
from reluflow.errors import ProblemError
from reluflow.network import Array

#: noise with which two samples around one centre are typically 45 degrees apart (P2, uncentred)
UNCENTRED_NOISE: Final = math.sqrt(math.sqrt(2.0) - 1.0)
#: how often correlated data are drawn again, and how many numbers all those draws may take together
MOST_DRAWS: Final = 10_000
MOST_NUMBERS: Final = 80_000_000


class Correlated(DataKind):
    """See ``correlated``."""

    def build(self, values: Mapping[str, Any], folder: Path) -> Data:
        return correlated(
            values["data.samples"],
            values["data.dimension"],
            values.get("data.seed", 0),
            values.get("data.centred", True),
            values.get("data.noise"),
            values.get("data.teachers", 1),
        )

    def further(self, values: Mapping[str, Any], dimension: int) -> Array:
        seed, count, teachers = (
            values.get("data.seed", 0),
            values["data.samples"],
            values.get("data.teachers", 1),
        )
        draws = stream(seed, "test").standard_normal((count * teachers, dimension))
        centre = centre_of(seed, dimension)
        noise = noise_of(values.get("data.noise"), values.get("data.centred", True))
        centres = np.repeat(np.array([centre, -centre])[:teachers], count, axis=0)
        points: Array = centres + noise * draws / math.sqrt(dimension)
        return points


def correlated(
    samples: int, dimension: int, seed: int, centred: bool, noise: float | None = None, teachers: int = 1
) -> Data:
    """One neuron as teacher and inputs around it (P2).

    mu is uniform on the sphere, x = mu + noise N(0, I)/sqrt(d). The teacher is v = mu when ``centred``
    and a further sample at length 1 when not. ``noise`` is 1 when centred, sqrt(sqrt 2 - 1) when not,
    unless given. With two teachers ``samples`` further inputs lie around -mu, the second teacher has
    norm 3, and y = relu(<v1, x>) - relu(<v2, x>).

    Inputs (and a teacher that is a sample) are drawn again, all of them, until no target is zero; mu
    stays. All at once, because that is the law of the paper: drawing single points again would change
    the law of the teacher. One draw succeeds with probability (1 - p)^n, p the chance that an input is at
    more than 90 degrees from the teacher, so this raises ProblemError where p n is far above 1.
    """
    noise = noise_of(noise, centred)
    centre = centre_of(seed, dimension)
    centres = [centre, -centre][:teachers]
    output = np.array([1.0, -1.0][:teachers])
    draws = max(1, min(MOST_DRAWS, MOST_NUMBERS // (samples * dimension * teachers)))
    for attempt in range(draws):
        inputs = np.concatenate(
            [around(mu, noise, samples, seed, f"inputs {i}", attempt) for i, mu in enumerate(centres)]
        )
        teacher = np.array(
            [
                size * (mu if centred else normalised(around(mu, noise, 1, seed, f"teacher {i}", attempt)[0]))
                for i, (mu, size) in enumerate(zip(centres, (1.0, 3.0), strict=False))
            ]
        )
        data = taught(inputs, teacher, output)
        if np.all(data.targets != 0.0):
            return data
    raise ProblemError(
        f"data.kind = 'correlated': found a zero target in each of {draws} draws of "
        f"{inputs.shape[0]} inputs; expected one draw without: lower data.noise or data.samples, or raise "
        "data.dimension"
    )


def around(centre: Array, noise: float, samples: int, seed: int, name: str, attempt: int) -> Array:
    """Points (n, d) around a ``centre`` (d,), from the stream ``name`` when it is drawn again so often."""
    draw = stream(seed, name, attempt).standard_normal((samples, centre.size))
    cloud: Array = centre + noise * draw / math.sqrt(centre.size)
    return cloud


def centre_of(seed: int, dimension: int) -> Array:
    """The centre (d,) of length 1, around which the inputs lie."""
    return normalised(stream(seed, "centre").standard_normal(dimension))


def noise_of(given: float | None, centred: bool) -> float:
    """The spread of the inputs around their centre: as ``given``, else the published one."""
    if given is not None:
        return given
    return 1.0 if centred else UNCENTRED_NOISE
