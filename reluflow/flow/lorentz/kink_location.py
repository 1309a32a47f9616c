"""How a kink is located: the moment at which a pre-activation reaches zero, by Newton's method.

Whoever moves neurons says where they are and how fast their pre-activations change. Which kink is due next,
how far it is, and when it is reached, is decided here, for neurons along paths (``event_location``,
``engine``) and along power series (``series_events``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.flow.lorentz.neurons import Bytes, Mask
from reluflow.flow.lorentz.samples import Index
from reluflow.network import Array


@dataclass(frozen=True)
class LocationSettings:
    """When Newton's method has located a kink."""

    #: share of the neuron's largest pre-activation, at which one has reached zero
    at_zero: float = 1e-11
    #: rapidity of the last Newton step, at most, which is taken by the series of the boost
    close: float = 1e-6
    #: steps within a bracket, along a polynomial, and size of the last of them, as a share of the way
    bracketed: int = 12
    found: float = 1e-9


LOCATION: Final = LocationSettings()


def _reference(z: Array) -> Array:
    """How large z (b, h) are, per neuron (b,), that have reached zero."""
    reference: Array = LOCATION.at_zero * np.abs(z).max(axis=1, initial=0.0)
    return reference


def beyond(side: Bytes | Array, z: Array) -> Mask:
    """Pairs (b, h) whose z is beyond zero, seen from the given side, by more than where it is reached."""
    wrong: Mask = side * z < -_reference(z)[:, None]
    return wrong


def newton_step(
    side: Bytes | Array, z: Array, speed: Array, sample: Index, free: Mask, located: Mask
) -> tuple[Index, Array]:
    """The samples (b,) of the kinks that are due first, and by how much later (b,) they are.

    side, z, speed (b, h): the sides on which pre-activations have been, where they are, how fast they change.
    sample (b,): those that were thought to be due so far; free (b,): whether another may take their place;
    located (b,): whether a kink is looked for at all, else it is not later.
    """
    rows = np.arange(len(z))
    candidates = beyond(side, z)
    candidates[rows, sample] = True
    candidates &= speed != 0.0
    delay = np.divide(-z, speed, out=np.full_like(speed, np.inf), where=candidates)
    sample = np.where(free & candidates.any(axis=1), np.argmin(delay, axis=1), sample)
    late = delay[rows, sample]
    late[~located | (np.abs(z[rows, sample]) <= _reference(z)) | np.isinf(late)] = 0.0
    return sample, late


def roots_between(
    polynomials: Array, slopes: Array, powers: Callable[[Array], Array], low: Array, high: Array, way: float
) -> Array:
    """Where polynomials (c, t) become negative between ``low`` and ``high`` (c,), by Newton in the bracket.

    slopes (c, t - 1): their derivatives; powers: 1, x, x^2, .. (c, t) of x (c,). ``way``: the length of which
    the last step is a small share.
    """
    before = np.maximum(np.vecdot(powers(low), polynomials), 0.0)
    after = np.vecdot(powers(high), polynomials)
    with np.errstate(divide="ignore", invalid="ignore"):
        x: Array = low + (high - low) * before / (before - after)
        for _ in range(LOCATION.bracketed):
            at = powers(x)
            value, slope = np.vecdot(at, polynomials), np.vecdot(at[:, :-1], slopes)
            below = value < 0.0
            low, high = np.where(below, low, x), np.where(below, x, high)
            better = x - value / slope
            better = np.where((better >= low) & (better <= high), better, 0.5 * (low + high))
            moved, x = np.abs(better - x).max(), better
            if moved <= LOCATION.found * way:
                break
    return x
