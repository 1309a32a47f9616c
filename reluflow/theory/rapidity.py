"""Hyperbolic rotations of a neuron in light-cone coordinates, without cancellation.

u+ = a + p and u- = a - p, p = <w, e>, e = D/|D|, become exp(tau) u+ and exp(-tau) u- after the rapidity
tau = |D| t; w moves by U D, U = integral of a. Results are given as x = exp(tau) - 1.
"""

import numpy as np

from reluflow.network import Array

#: u+ u- below this share of the squared size is the rounding of a neuron exactly along or against D.
EXACT = 1e-26
#: A neuron on its way straight into the origin, where all kinks meet, shrinks by this and is let go.
VANISHED = 1e10


def light_cone(w: Array, a: Array, delta: Array, towards: Array) -> tuple[Array, Array]:
    """u+ = a + p and u- = a - p (m,), p = <w, towards>; the small one from u+ u- = |w_perp|^2 + delta."""
    p = np.einsum("jd,jd->j", w, towards)
    across = w - p[:, None] * towards
    product = np.einsum("jd,jd->j", across, across) + delta
    larger = a + np.abs(p)
    product[np.abs(product) <= EXACT * larger**2] = 0.0
    smaller = product / np.where(larger > 0.0, larger, 1.0)
    return np.where(p >= 0.0, larger, smaller), np.where(p >= 0.0, smaller, larger)


def gain_at(plus: Array, minus: Array, reach: Array) -> Array:
    """x = exp(rapidity) - 1 (m,) at which the ray has come to 2 |D| U = ``reach``; inf if it never does."""
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        b = plus + minus - reach
        root = np.sqrt(b * b + 4.0 * plus * reach)
        early = 2.0 * reach / (b + root)
        late = np.where(plus > 0.0, (root - b) / (2.0 * plus), np.inf)
        gain: Array = np.where(b > 0.0, early, late)
    lost = np.isnan(gain) | ((plus <= 0.0) & (gain > VANISHED))
    return np.where(lost, np.inf, np.maximum(gain, 0.0))


def gain_at_flip(plus: Array, minus: Array) -> Array:
    """x at which a = 0, for neurons with u+ < 0 < u-; inf for all others (every delta >= 0 is among them)."""
    flips = (plus < 0.0) & (minus > 0.0)
    ratio = np.where(flips, -minus / np.where(flips, plus, 1.0), np.inf)
    return np.where(flips, np.sqrt(np.maximum(ratio, 1.0)) - 1.0, np.inf)
