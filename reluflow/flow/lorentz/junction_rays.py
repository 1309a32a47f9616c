"""Junctions, points at which more kinks meet than are independent, and the ways out of them.

A neuron that is held at a junction does not move within the span of the inputs x_k, k in T, of its kinks. It
would grow along a unit vector e of that span at the rate

    g(e) = sign(a) <e, D(e)>,     D(e) = D_0 + sum_{k in T} c_k(sign <x_k, e>) x_k     (see ``local_field``).

The local flow is the ascent of |v| g(v / |v|), which is linear on each of the cones into which the kinks
divide the span. So nothing grows as long as g is not positive on the extreme rays of these cones, which are
the directions that lie on all but one of as many independent kinks as the span has dimensions. On each ray, g
is a linear function of the residual: when it becomes positive is found like a release.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb
from typing import Final

import numpy as np

from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.neurons import RESTING, Mask, Neurons
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array, indices

#: a neuron is not watched so where more sets of kinks may be extreme rays: ``release`` says when it leaves
MOST: Final = 2000
#: an input whose distance from the span of others is below this (relative) lies in it; a ray is on a kink
#: below this share of the length of its input
DEPENDENT, ON_KINK = 1e-9, 1e-12


@dataclass(frozen=True)
class Held:
    """A neuron (row) held at a junction.

    rays (e,): those along which it may begin to grow; rates (s, e): how fast it would grow along each, for
    all terms of a path, in units of the residual.
    """

    row: int
    rays: Index
    rates: Array


def held_neurons(neurons: Neurons, sign: Array, forcing: Forcing, bounded: bool = True) -> list[Held]:
    """Neurons held at junctions, but those with too many rays; sign (b,): of output weights.

    bounded: rays along which no neuron grows on the path of the forcing are left out.
    """
    found: list[Held] = []
    if neurons.slots.shape[1] < 2:
        return found
    known: dict[bytes, tuple[Index, Array]] = {}
    slides = (neurons.slots >= 0).sum(axis=1) > 1
    for row in indices(slides & neurons.touching.any(axis=1)):
        one = neurons.take(slice(row, row + 1))
        kinks = junction_kinks(one, forcing.samples)
        if kinks.size == 0:
            continue
        status = one.status[0].copy()
        status[kinks] = RESTING
        key = status.tobytes() + sign[row].tobytes()
        if key not in known:
            rates = sign[row] * _growth(one, kinks, forcing)
            if not rates.size:
                continue
            fastest = forcing.path.bounds(rates)[1] if bounded else np.full(rates.shape[1], np.inf)
            known[key] = indices(fastest > 0.0), rates[:, fastest > 0.0]
        found.append(Held(int(row), *known[key]))
    return found


def junction_kinks(one: Neurons, samples: Samples) -> Index:
    """The samples whose kinks a neuron cannot leave by one of them alone; none if it is not at a junction."""
    slots, none = one.slots[0], np.zeros(0, dtype=np.intp)
    if (one.status == RESTING).any():
        return none
    rests = indices(one.touching[0])
    inputs = samples.inputs[rests]
    across = inputs - (inputs @ one.dual[0].T) @ samples.padded[slots]
    tied = rests[np.vecdot(across, across) <= DEPENDENT**2 * samples.squares[rests]]
    return np.union1d(slots[slots >= 0], tied) if tied.size else none


def kinks_of_held(neurons: Neurons, samples: Samples) -> Mask:
    """The same (c, h) of each of c neurons that are held at junctions."""
    kinks = np.zeros((len(neurons), samples.primaries), dtype=bool)
    for row in range(len(neurons)):
        kinks[row, junction_kinks(neurons.take(slice(row, row + 1)), samples)] = True
    return kinks


def junction_rays(kinks: Index, samples: Samples) -> Array:
    """<x_k, e> (e, t) of the extreme rays of a junction of these kinks (t,); exactly 0 on kinks."""
    inputs = samples.inputs[kinks]
    places = extreme_rays(inputs) @ inputs.T
    return np.where(np.abs(places) <= ON_KINK * samples.lengths[kinks], 0.0, places)


def _growth(one: Neurons, kinks: Index, forcing: Forcing) -> Array:
    """How fast a neuron at a junction with a > 0 would grow along each ray (s, e)."""
    samples = forcing.samples
    places = extreme_rays(samples.inputs[kinks]) @ samples.inputs.T
    on, off = one.on * places, one.off * places
    there = junction_rays(kinks, samples)
    on[:, kinks], off[:, kinks] = np.maximum(there, 0.0), np.minimum(there, 0.0)
    size = np.abs(places).sum(axis=1)
    rates: Array = -(forcing.on_force @ on.T + forcing.off_force @ off.T) / np.where(size > 0.0, size, 1.0)
    return rates


def extreme_rays(inputs: Array) -> Array:
    """Unit vectors (e, p) of the span of inputs (t, p) on which all but one of a basis of them vanish.

    These are the extreme rays of the cones into which the kinks of the inputs divide their span; none if
    there are too many sets of inputs to look at.
    """
    return _extreme_rays(np.ascontiguousarray(inputs).tobytes(), inputs.shape)


@lru_cache(64)
def _extreme_rays(inputs: bytes, shape: tuple[int, int]) -> Array:
    unit = np.frombuffer(inputs).reshape(shape)
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    _, sizes, axes = np.linalg.svd(unit, full_matrices=False)
    rank = int(np.count_nonzero(sizes > DEPENDENT * sizes[0]))
    if comb(len(unit), rank - 1) > MOST:
        return np.zeros((0, shape[1]))
    basis = axes[:rank]
    chosen = np.array(list(combinations(range(len(unit)), rank - 1)), dtype=np.intp)
    _, sizes, vectors = np.linalg.svd((unit @ basis.T)[chosen])
    lines = vectors[sizes[:, -1] > DEPENDENT, -1] @ basis
    return np.concatenate([lines, -lines])
