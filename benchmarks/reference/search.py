"""The next event of a step: a crossing, a release, or a change of an output weight's sign."""

from dataclasses import dataclass

import numpy as np

from .bernstein import Basis
from .kinks import Array, Kinks, Real
from .neurons import Neurons
from .series import Segment

#: share of a velocity's terms below which it is rounding, and of its way in a step for a place
STILL, AT_KINK = 1e-13, 1e-15
#: a margin's violation at the start that it is about to mend counts as none below this share of its terms
MENDED = 1e-9


@dataclass(frozen=True)
class Event:
    """When (share of a step), what, the neuron's row, the hyperplane (-1: none), the side it leaves to."""

    when: np.longdouble
    kind: str
    row: int
    kink: int = -1
    way: int = 0


@dataclass
class Watched:
    """Polynomials (k, N + 1) that are positive until an event, and what their roots are."""

    coefficients: list[Array]
    events: list[Event]

    def add(self, coefficients: Array, kind: str, row: int, kink: int = -1, way: int = 0) -> None:
        if np.any(coefficients):
            self.coefficients.append(coefficients)
            self.events.append(Event(Real(0), kind, row, kink, way))


def next_event(neurons: Neurons, segment: Segment, kinks: Kinks, corners: dict[int, Array]) -> Event | None:
    """The first event of a segment.

    ``corners``: for neurons (rows) that slide in a corner the matrices (k, n) that take residuals to the
    rates of growth in the directions in which they could leave.
    """
    watched = Watched([], [])
    _crossings(watched, neurons, segment, kinks)
    for j in np.flatnonzero(neurons.delta < 0):
        output = segment.a[:, j] * neurons.sign[j]
        watched.add(_fresh(output, Real(0)) if segment.basis.series else output, "flip", int(j))
    for j in np.flatnonzero(np.any(neurons.sides == 0, axis=1)):
        if j in corners:
            _wakes(watched, segment, int(j), corners[int(j)])
        else:
            _margins(watched, neurons, segment, kinks, int(j))
    return _first(watched, segment.basis) if watched.events else None


def _wakes(watched: Watched, segment: Segment, j: int, growth: Array) -> None:
    """The rates at which a neuron would shrink along the rays of its corner."""
    terms = np.abs(growth) @ np.abs(segment.r[0])
    for i, row in enumerate(growth):
        watched.add(_steady(-(segment.r @ row), terms[i], segment.basis), "wake", j, i)


def _crossings(watched: Watched, neurons: Neurons, segment: Segment, kinks: Kinks) -> None:
    z = np.moveaxis(segment.z[:, :, kinks.sample], 0, -1) * neurons.sides[:, :, None]
    forces = np.abs(kinks.spread.T) @ np.abs(segment.r[0])
    way = np.outer(np.abs(neurons.a), np.abs(kinks.gram) @ forces) * segment.length / kinks.samples
    plain = (neurons.sides != 0) & ((z[:, :, 0] > AT_KINK * way) | (not segment.basis.series))
    doubtful = np.argwhere(plain)[~segment.basis.positive(z[plain])] if np.any(plain) else []
    for j, h in doubtful:
        watched.add(z[j, h], "cross", int(j), int(h))
    for j, h in np.argwhere((neurons.sides != 0) & ~plain):
        watched.add(_fresh(z[j, h], way[j, h]), "cross", int(j), int(h))


def _fresh(coefficients: Array, way: np.longdouble) -> Array:
    """The polynomial without the zero at its start of a pair that just switched, or that rounding made.

    A start at zero, or on the wrong side with a velocity that mends it, is divided out, and so is a velocity
    of the size of rounding (of a pair just released). The degree is kept.
    """
    c = coefficients
    if c[0] > AT_KINK * way or c[1] < -STILL * way:
        return c
    kept = 1 if c[1] > STILL * way else 2
    return np.concatenate([c[kept:], np.zeros(kept, Real)])


def _margins(watched: Watched, neurons: Neurons, segment: Segment, kinks: Kinks, j: int) -> None:
    """What keeps the forces on slid hyperplanes away from those of both sides."""
    slid = np.flatnonzero(neurons.sides[j] == 0)
    held = kinks.spread.T * kinks.derivatives(neurons.sides[j])
    balance = -kinks.projected(slid)[1] @ held
    lower, upper = (force[slid] for force in kinks.forces)
    size = np.abs(segment.r[0])
    for i, h in enumerate(slid):
        for way, row in ((-1, balance[i] - lower[i]), (1, upper[i] - balance[i])):
            margin = neurons.sign[j] * (segment.r @ row)
            terms = size @ (np.abs(balance[i]) + np.abs(upper[i]))
            watched.add(_steady(margin, terms, segment.basis), "release", j, int(h), way)


def _steady(margin: Array, size: np.longdouble, basis: Basis) -> Array:
    """A margin without the violation at its start that it is about to mend, or that rounding made."""
    if basis.series and margin[0] <= size * STILL and margin[0] > -size * MENDED and margin[1] > 0:
        return np.concatenate([margin[1:], np.zeros(1, Real)])
    return margin


def _first(watched: Watched, basis: Basis) -> Event | None:
    """The first root of all. Polynomials that are negative early are looked at first."""
    coefficients = np.array(watched.coefficients)
    left = np.flatnonzero(~basis.positive(coefficients))
    if not left.size:
        return None
    x = np.linspace(0, 1, 33)[1:]
    looks = coefficients[left] @ np.stack([basis.at(Real(place)) for place in x], axis=1)
    early = np.where(np.any(looks < 0, axis=1), np.argmax(looks < 0, axis=1), len(x))
    found: Event | None = None
    upto = Real(1)
    for i in left[np.argsort(early, kind="stable")]:
        root = basis.first_root(coefficients[i], upto)
        if root is not None and (found is None or root < upto):
            event, upto = watched.events[i], root
            found = Event(root, event.kind, event.row, event.kink, event.way)
    return found
