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

    axis (k, b, p): unit vectors e; rapidity (k, b); grow, shrink: exp(+-rho) / 2; reach_plus, reach_minus:
    what the reach takes of u+ and u-, (exp(+-rho) - 1) / (+-2 rho), or 0 where rho = 0.
    """

    axis: Array
    rapidity: Array
    grow: Array
    shrink: Array
    reach_plus: Array
    reach_minus: Array


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
    half = 0.5 * per_rapidity
    return Boosts(
        axis=generators * per_rapidity[..., None],
        rapidity=rapidity,
        grow=0.5 * (grow_less_one + 1.0),
        shrink=0.5 * np.exp(-rapidity),
        reach_plus=grow_less_one * half,
        reach_minus=-shrink_less_one * half,
    )


def apply(boosts: Boosts, i: int, w: Array, a: Array, delta: Array) -> tuple[Array, Array, Array, Cone]:
    """Boost number i of the chain: w' (b, p), a' (b,), reach (b,), and the light-cone coordinates before.

    The reach is y = integral of a over the boost, so that w' = w + y V and z' = z + y <x, V> for the
    generator V. The large one of u+ and u- is sign(a) (|a| + |p|): u+ where a and p have the same sign.
    """
    axis = boosts.axis[i]
    p = np.einsum("bp,bp->b", w, axis)
    across = w - p[:, None] * axis
    product = np.einsum("bp,bp->b", across, across)
    product += delta
    same = np.copysign(p, a)
    large = a + same
    small = np.divide(product, large, out=np.zeros(large.size), where=large != 0.0)
    along = same == p
    plus = np.where(along, large, small)
    minus = np.where(along, small, large)
    reach = plus * boosts.reach_plus[i]
    reach += minus * boosts.reach_minus[i]
    up = plus * boosts.grow[i]
    down = minus * boosts.shrink[i]
    across += (up - down)[:, None] * axis
    return across, up + down, reach, Cone(plus, minus)


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
