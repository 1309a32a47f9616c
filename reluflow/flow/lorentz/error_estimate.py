"""The error estimate of a path of collocation, and where a step must end because of its kinks."""

from typing import Final

import numpy as np

from reluflow.flow.lorentz.collocation import RADAU
from reluflow.flow.lorentz.settings import KINKS
from reluflow.network import Array, indices


def rms(values: Array) -> float:
    """Root mean square."""
    flat = values.ravel()
    return float(np.sqrt(flat @ flat / max(1, flat.size)))


def end_of_step(
    kinks: Array, allowed: float, stiffness: Array, rate: float, first_guess: bool, least: float
) -> float:
    """The share of a step after which it should end because of its kinks; 1 if it can hold them all.

    kinks (4, k): positions in order, samples, jumps of the path's first or second derivative (for a step of
    length one), and which of them it is. stiffness (q,) and rate: h K_kk and h |D|, by which errors are felt.
    least: by what their error is divided at least.
    The step ends right after the kink with which it would have too much until the next one.
    """
    position, sample, jump, order = kinks
    if position.size == 0:
        return 1.0
    weighted = jump * kink_weight(position, order)
    if weighted.sum() <= allowed * kinked(position.size, least):
        return 1.0
    which, place = np.unique(sample.astype(np.intp), return_inverse=True)
    errors = np.zeros((position.size, which.size))
    errors[np.arange(position.size), place] = weighted
    until = np.append(position[1:], 1.0)[:, None]
    felt = felt_share(until * stiffness[which], until * rate)
    with np.errstate(over="ignore"):  # errors whose squares overflow are too large in any case
        errors = np.linalg.norm(np.cumsum(errors, axis=0) * felt, axis=1)
    over = indices(errors > allowed * kinked(1.0 + np.arange(position.size), least))
    if over.size == 0:
        return 1.0
    first = over[0]
    steep = LAST * float(jump[first]) * position[first] * felt[first, place[first]]
    room = KINKS.after * allowed * kinked(1.0 + first, least) / (steep + 1e-300)
    last = np.searchsorted(position, position[first] * (1.0 + room), side="right") - 1
    on = KINKS.beyond[0] if first_guess else min(KINKS.beyond[1], max(KINKS.beyond[2], room))
    return min(1.0, float(position[last]) * (1.0 + on))


def kinked(count: Array | float, least: float) -> Array:
    """By what the error estimate is divided that so many kinks of a step have made; ``least``: at least."""
    share: Array = np.maximum(least, np.sqrt(count))
    return share


def felt_share(stiffness: Array, rate: Array | float) -> Array:
    """What an error r of the path does to the network, relative to r: (1 + g h K)^-3 min(1, h (K + rate)).

    It changes the predictions by h K r, and the logarithms of neurons by h rate (their largest |D|) relative
    to r. In stiff modes it is gone at once. stiffness, rate: h K and h rate.
    """
    damped = 1.0 + RADAU.damping * stiffness
    return np.minimum(1.0, stiffness + rate) / (damped * damped * damped)


#: what a unit slope from the last node backwards adds to the error estimate
LAST: Final = float(abs(RADAU.start[-1]))


def kink_weight(position: Array, order: Array) -> Array:
    """What a unit jump of a derivative at a position (k,) adds to the path's value at the start (k,).

    That is the error estimate: (t - position)_+^order / order! taken at the nodes and extrapolated to 0.
    """
    after = np.maximum(RADAU.nodes[:, None] - position, 0.0)
    return np.abs(RADAU.start @ np.where(order == 1.0, after, 0.5 * after * after))
