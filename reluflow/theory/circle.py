"""The growth rate of small neurons over a circle of directions: its kinks, maxima and basins.

s G(u), G(u) = sum_k p_k sigma(<u, x_k>) for a direction u of the circle, inputs x_k (n, 2) in its plane and
the pull p_k of each sample, -(c/n) r_k with the residual r = h - y and c = 1, for mse 2. Where the data have
two coordinates a small neuron of sign s climbs s G along the circle (Maennel, Bousquet, Gelly 2018).
"""

from typing import Final

import numpy as np

from reluflow.network import Array, activation

#: radians within which a maximum is at a kink, and share of the steepest slope below which one is rounding
_SAME: Final = 1e-9


def growth(angles: Array, inputs: Array, pull: Array, slope: float = 0.0) -> Array:
    """G(u) (k,) at the angles (k,) of u, for inputs (n, 2) that pull by ``pull`` (n,)."""
    units = np.column_stack([np.cos(angles), np.sin(angles)])
    found: Array = activation(units @ inputs.T, slope) @ pull
    return found


def extremal(inputs: Array, pull: Array, sign: int, slope: float = 0.0) -> Array:
    """The angles (k,) at which sign G has a local maximum above 0, exact up to rounding."""
    found, steepest = _maxima(inputs, sign * pull, slope, flat=True)
    kept: Array = found[sign * growth(found, inputs, pull, slope) > _SAME * steepest]
    return kept


def basin_edges(inputs: Array, pull: Array, sign: int, slope: float = 0.0) -> Array:
    """The angles (k,) from which neurons of a sign on either side, or on one side, turn away.

    These are the local minima of sign G, and the ends of the arcs on which it is constant at a minimum.
    """
    return _maxima(inputs, -sign * pull, slope, flat=False)[0]


def kinks_of(inputs: Array) -> Array:
    """Angles (2 n,) in [-pi, pi) of the directions orthogonal to a sample, of samples that are not zero."""
    seen = inputs[np.hypot(*inputs.T) > 0.0]
    angles = np.arctan2(seen[:, 1], seen[:, 0])
    both = np.concatenate([angles + 0.5 * np.pi, angles - 0.5 * np.pi])
    return np.unique(np.mod(both + np.pi, 2.0 * np.pi) - np.pi)


def _maxima(inputs: Array, pull: Array, slope: float, flat: bool) -> tuple[Array, float]:
    """The angles (k,) of the local maxima of G, and its steepest slope.

    Between two kinks G is <u, b> with one vector b: its maximum is along b, if that lies between them, or
    else at a kink, where the slopes on its two sides tell. ``flat``: whether a kink counts at which both are
    zero.
    """
    kinks = np.sort(kinks_of(inputs))
    if not kinks.size:
        return kinks, 0.0
    ends = np.append(kinks[1:], kinks[0] + 2.0 * np.pi)
    middles = 0.5 * (kinks + ends)
    z = np.column_stack([np.cos(middles), np.sin(middles)]) @ inputs.T
    vectors = (np.where(z > 0.0, 1.0, slope) * pull) @ inputs
    sizes = np.hypot(*vectors.T)
    along = np.arctan2(vectors[:, 1], vectors[:, 0])
    along = kinks + np.mod(along - kinks, 2.0 * np.pi)
    inside = along[(along > kinks + _SAME) & (along < ends - _SAME) & (sizes > 0.0)]
    turned = np.column_stack([-np.sin(kinks), np.cos(kinks)])
    before = np.einsum("kd,kd->k", turned, np.roll(vectors, 1, axis=0))
    after = np.einsum("kd,kd->k", turned, vectors)
    steepest = float(np.max(sizes))
    small = _SAME * steepest
    at_kink = (before >= -small) & (after <= small)
    if not flat:
        at_kink &= (before > small) | (after < -small)
    found = np.concatenate([inside, kinks[at_kink]])
    return np.sort(np.mod(found + np.pi, 2.0 * np.pi) - np.pi), steepest
