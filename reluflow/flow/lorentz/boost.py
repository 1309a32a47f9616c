"""Lorentz boosts: the exact motion of a neuron while its pull D is constant.

With D constant, dw/dt = a D and da/dt = <w, D> generate a Lorentz boost of (w, a) in the direction
e = D / |D| with rapidity rho = |D| t; it leaves a^2 - |w|^2 = delta as it is. With p = <w, e>, in light-cone
coordinates,

    u+ = a + p,  u- = a - p,     u+' = exp(rho) u+,  u-' = exp(-rho) u-,
    a' = (u+' + u-') / 2,        w' = w_perp + e (u+' - u-') / 2,        w_perp = w - p e.

The small one of u+ and u- is never formed by subtraction but from u+ u- = |w_perp|^2 + delta, so the
sign of a survives however deep the neuron shrinks, and errors in delta do not add up.
"""

from dataclasses import dataclass

import numpy as np

from reluflow.flow.lorentz.samples import Index
from reluflow.network import Array


@dataclass(frozen=True)
class Boosts:
    """A chain of boosts, prepared for b neurons: everything that does not depend on where they are.

    axis (k, b, p): unit vectors e; rapidity (k, b); grow, shrink: exp(+-rho); grow_less_one,
    shrink_less_one: exp(+-rho) - 1; per_rapidity: 1/rho, or 0 where rho = 0.
    """

    axis: Array
    rapidity: Array
    per_rapidity: Array
    grow: Array
    shrink: Array
    grow_less_one: Array
    shrink_less_one: Array

    def take(self, rows: Index) -> "Boosts":
        """The same chain for some of the neurons."""
        return Boosts(
            self.axis[:, rows],
            self.rapidity[:, rows],
            self.per_rapidity[:, rows],
            self.grow[:, rows],
            self.shrink[:, rows],
            self.grow_less_one[:, rows],
            self.shrink_less_one[:, rows],
        )


@dataclass(frozen=True)
class Cone:
    """Light-cone coordinates at the start of one boost: u+ (b,) and u- (b,)."""

    plus: Array
    minus: Array

    def take(self, rows: Index) -> "Cone":
        """Those of some of the neurons."""
        return Cone(self.plus[rows], self.minus[rows])


def prepare(generators: Array) -> Boosts:
    """Boosts with the given generators (k, b, p): the integral of D over each."""
    rapidity = np.sqrt(np.einsum("kbp,kbp->kb", generators, generators))
    per_rapidity = np.divide(1.0, rapidity, out=np.zeros_like(rapidity), where=rapidity > 0.0)
    grow_less_one = np.expm1(rapidity)
    shrink_less_one = np.expm1(-rapidity)
    return Boosts(
        axis=generators * per_rapidity[..., None],
        rapidity=rapidity,
        per_rapidity=per_rapidity,
        grow=grow_less_one + 1.0,
        shrink=np.exp(-rapidity),
        grow_less_one=grow_less_one,
        shrink_less_one=shrink_less_one,
    )


def apply(boosts: Boosts, i: int, w: Array, a: Array, delta: Array) -> tuple[Array, Array, Array, Cone]:
    """Boost number i of the chain: w' (b, p), a' (b,), reach (b,), and the light-cone coordinates before.

    The reach is y = integral of a over the boost, so that w' = w + y V and z' = z + y <x, V> for the
    generator V.
    """
    axis = boosts.axis[i]
    p = np.einsum("bp,bp->b", w, axis)
    across = w - p[:, None] * axis
    product = np.einsum("bp,bp->b", across, across)
    product += delta
    along = a * p >= 0.0
    large = np.where(along, a + p, a - p)
    small = np.divide(product, large, out=np.zeros_like(large), where=large != 0.0)
    plus = np.where(along, large, small)
    minus = np.where(along, small, large)
    half_plus = 0.5 * plus
    half_minus = 0.5 * minus
    reach = half_plus * boosts.grow_less_one[i]
    reach -= half_minus * boosts.shrink_less_one[i]
    reach *= boosts.per_rapidity[i]
    half_plus *= boosts.grow[i]
    half_minus *= boosts.shrink[i]
    across += (half_plus - half_minus)[:, None] * axis
    return across, half_plus + half_minus, reach, Cone(plus, minus)


def time_to_reach(cone: Cone, rapidity: Array, reach: Array) -> Array:
    """The fraction of a boost (b,) after which the integral of a has the given value (b,).

    With x = exp(rho s) - 1 the reach is y = (u+ x + u- x / (1 + x)) / (2 rho), a quadratic in x. Both
    sides are taken with the sign of y, so that the root wanted is the smallest positive one.
    """
    sign = np.where(reach < 0.0, -1.0, 1.0)
    target = 2.0 * rapidity * np.abs(reach)
    plus = sign * cone.plus
    linear = sign * (cone.plus + cone.minus) - target
    root = np.sqrt(np.maximum(linear**2 + 4.0 * plus * target, 0.0))
    direct = linear >= 0.0
    top = np.where(direct, 2.0 * target, root - linear)
    bottom = np.where(direct, linear + root, 2.0 * plus)
    x = np.divide(top, bottom, out=np.full_like(top, np.inf), where=bottom > 0.0)
    x[target == 0.0] = 0.0
    fraction = np.divide(np.log1p(np.maximum(x, 0.0)), rapidity, out=np.zeros_like(x), where=rapidity > 0.0)
    return np.clip(fraction, 0.0, 1.0)


def time_to_flip(cone: Cone, rapidity: Array) -> Array:
    """The fraction of a boost (b,) after which a = 0, for neurons whose a changes sign in it.

    exp(2 rho s) = -u- / u+, which is tanh(rho s) = -a / p.
    """
    ratio = np.divide(-cone.minus, cone.plus, out=np.ones_like(cone.plus), where=cone.plus != 0.0)
    safe = np.log(np.where(ratio > 0.0, ratio, 1.0))
    fraction = np.divide(0.5 * safe, rapidity, out=np.zeros_like(safe), where=rapidity > 0.0)
    return np.clip(fraction, 0.0, 1.0)
