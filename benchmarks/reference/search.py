"""The next event of a step: a crossing, a release, a way out of a corner, or a change of sign.

Every event is the first root of a polynomial that is positive before. All of them are certified in float64;
those that are not are looked at in 80 bits, the ones that are negative earliest first, for the others need a
certificate only up to the first root.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .bernstein import Basis
from .kinks import Array, Indices, Kinks, Real
from .neurons import Neurons
from .series import Segment

#: share of a velocity's terms below which it is rounding, and of its way in a step for a place
STILL, AT_KINK = 1e-13, 1e-15
#: a margin's violation at the start that it is about to mend counts as none below this share of its terms
MENDED = 1e-9
#: the share of the largest residual that counts as the size of any of them where rounding is judged
SMALL = 1e-3


@dataclass(frozen=True)
class Event:
    """When (share of a step), what, the neuron, the hyperplane or ray (-1: none), the side it leaves to."""

    when: np.longdouble
    kind: str
    row: int
    kink: int = -1
    way: int = 0


@dataclass(frozen=True)
class Margins:
    """What is linear in the residual and positive while neurons slide: rows (k, n), and whose they are.

    ``neurons`` (k,), ``kinks`` (k,) hyperplanes or rays, ``ways`` (k,): the side to which a neuron leaves a
    hyperplane, 0 for a ray of a corner.
    """

    rows: Array
    neurons: Indices
    kinks: Indices
    ways: npt.NDArray[np.int_]


def no_margins(samples: int) -> Margins:
    """Those of neurons that do not slide."""
    nothing = np.zeros(0, dtype=np.intp)
    return Margins(np.zeros((0, samples), Real), nothing, nothing, nothing)


def joined(parts: list[Margins], samples: int) -> Margins:
    """The margins of several neurons."""
    parts = parts or [no_margins(samples)]
    return Margins(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.neurons for part in parts]),
        np.concatenate([part.kinks for part in parts]),
        np.concatenate([part.ways for part in parts]),
    )


def sliding_margins(j: int, sign: int, sides: npt.NDArray[np.int8], kinks: Kinks) -> Margins:
    """How far the forces on the slid hyperplanes of neuron j are from those of both sides."""
    slid = np.flatnonzero(sides == 0)
    held = kinks.spread.T * kinks.derivatives(sides)
    balance = -kinks.projected(slid)[1] @ held
    lower, upper = (force[slid] for force in kinks.forces)
    rows = sign * np.concatenate([balance - lower, upper - balance])
    ways = np.repeat([-1, 1], slid.size)
    return Margins(rows, np.full(2 * slid.size, j), np.tile(slid, 2), ways)


def next_event(neurons: Neurons, margins: Margins, segment: Segment, kinks: Kinks) -> Event | None:
    """The first event of a segment; ``margins`` count neurons by their rows here."""
    z, pairs = _crossings(neurons, segment, kinks)
    flips = np.flatnonzero(neurons.delta < 0)
    outputs = _outputs(segment, neurons, flips)
    linear = _linear(margins, segment)
    watched = np.concatenate([z, outputs, linear])
    found = first(watched, segment.basis)
    if found is None:
        return None
    i, when = found
    if i < len(z):
        return Event(when, "cross", int(pairs[i, 0]), int(pairs[i, 1]))
    i -= len(z)
    if i < len(flips):
        return Event(when, "flip", int(flips[i]))
    i -= len(flips)
    way = int(margins.ways[i])
    return Event(when, "release" if way else "wake", int(margins.neurons[i]), int(margins.kinks[i]), way)


def _crossings(neurons: Neurons, segment: Segment, kinks: Kinks) -> tuple[Array, Indices]:
    """Pre-activations (k, N + 1) times their sides, and whose they are: (neuron, hyperplane) (k, 2)."""
    basis = segment.basis
    pairs = np.argwhere(neurons.sides != 0)
    side = neurons.sides[neurons.sides != 0]
    z = segment.z[:, :, kinks.sample][:, neurons.sides != 0].T * side[:, None]
    forces = (kinks.derivatives(neurons.sides) * np.abs(segment.r[0])) @ np.abs(kinks.spread)
    way = np.abs(neurons.a)[:, None] * (forces @ np.abs(kinks.gram)) * segment.length / kinks.samples
    way = way[neurons.sides != 0]
    moves = np.any(z != 0, axis=1)
    for i in np.flatnonzero(moves & (z[:, 0] <= AT_KINK * way)):
        z[i] = _fresh(z[i], way[i], basis)
    return z[moves], pairs[moves]


def _fresh(coefficients: Array, way: np.longdouble, basis: Basis) -> Array:
    """A pre-activation that starts on its kink: positive until it leaves to the wrong side.

    A pair that just switched starts at zero, which is divided out. Where its velocity is of the size of
    rounding (it was just released, or the neuron is at rest) only a way beyond rounding counts.
    """
    c = coefficients
    if basis.series and c[1] > STILL * way:
        return np.concatenate([c[1:], np.zeros(1, Real)])
    if basis.series and c[1] < -STILL * way:
        return c
    return c + STILL * way * basis.one


def _outputs(segment: Segment, neurons: Neurons, flips: Indices) -> Array:
    """Output weights that can change their sign, without the zero at the start of one that just did."""
    found = segment.a[:, flips].T * neurons.sign[flips][:, None]
    if segment.basis.series:
        for i in np.flatnonzero(found[:, 0] == 0):
            found[i] = np.concatenate([found[i, 1:], np.zeros(1, Real)])
    return found


def _linear(margins: Margins, segment: Segment) -> Array:
    """Margins without a violation at their start that they are about to mend, and beyond rounding."""
    found = margins.rows @ segment.r.T
    size = np.abs(segment.r[0]) + SMALL * np.max(np.abs(segment.r[0]))
    terms = np.abs(margins.rows) @ size
    mends = segment.basis.series & (found[:, 0] <= terms * STILL) & (found[:, 0] > -terms * MENDED)
    mends &= found[:, 1] > terms * STILL
    later = np.concatenate([found[:, 1:], np.zeros((len(found), 1), Real)], axis=1)
    return np.where(mends[:, None], later, found + np.outer(STILL * terms, segment.basis.one))


def first(coefficients: Array, basis: Basis) -> tuple[int, np.longdouble] | None:
    """The row with the first root of all, and where."""
    left = np.flatnonzero(~basis.positive(coefficients))
    if not left.size:
        return None
    looks = basis.looks(coefficients[left]) < 0
    early = np.where(np.any(looks, axis=1), np.argmax(looks, axis=1), looks.shape[1])
    left = left[np.argsort(early, kind="stable")]
    found: int | None = None
    upto = Real(1)
    while left.size:
        i, left = left[0], left[1:]
        root = basis.first_root(coefficients[i], upto)
        if root is None or (found is not None and root >= upto):
            continue
        found, upto = int(i), root
        left = left[~basis.positive(coefficients[left], float(upto))]
    return None if found is None else (found, upto)
