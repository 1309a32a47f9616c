"""Lorentz boosts: the exact motion of a neuron while its pull D is constant.

With D constant, dw/dt = a D and da/dt = <w, D> generate a Lorentz boost of (w, a) in the direction
e = D / |D| with rapidity rho = |D| t; it leaves a^2 - |w|^2 = delta as it is. With the generator V = D t,

    y = a sinh(rho)/rho + <w, V> (cosh(rho) - 1)/rho^2,     w' = w + y V,
    a' = a cosh(rho) + <w, V> sinh(rho)/rho,

where y is the integral of a over the boost, so that z' = z + y <x, V>. Where a neuron shrinks by
many powers of e, the sums cancel. There light-cone coordinates are used, with p = <w, e>:

    u+ = a + p,  u- = a - p,     u+' = exp(rho) u+,  u-' = exp(-rho) u-,
    a' = (u+' + u-') / 2,        w' = w_perp + e (u+' - u-') / 2,        w_perp = w - p e,

the small one of u+ and u- from u+ u- = |w_perp|^2 + delta, never by subtraction: so the sign of a survives
however deep the neuron shrinks.
"""

from dataclasses import dataclass

import numpy as np

from reluflow.network import Array

#: up to this rapidity of a single boost the plain formulas lose less than a digit
GENTLE = 1.0
#: u+ u- below this share of a^2 + p^2 is the rounding of a neuron exactly along or against D
EXACT = 1e-26
#: stands in for a rapidity of zero: sinh(x)/x is one here
TINY = 1e-100
#: a neuron that moves straight to the origin, where all kinks meet, and has shrunk by this never gets there
VANISHED = 1e10


@dataclass(frozen=True)
class BoostChain:
    """A chain of k boosts of b neurons. After each of them: weights (k, b, p); outputs (k, b).

    generators (k, b, p): the V of each; integral (k, b): the y of each.
    """

    generators: Array
    weights: Array
    outputs: Array
    integral: Array


@dataclass(frozen=True)
class LightCone:
    """Light-cone coordinates at the start of one boost, u+ (b,) and u- (b,), and its rapidity (b,)."""

    plus: Array
    minus: Array
    rapidity: Array


def boost_chain(generators: Array, w: Array, a: Array, delta: Array) -> BoostChain:
    """The chain of boosts with the given generators V (k, b, p), from w (b, p) and a (b,)."""
    squares = np.vecdot(generators, generators)
    rapidity = np.maximum(np.sqrt(squares), TINY)
    if rapidity.max(initial=0.0) > GENTLE:
        return _chain_by_light_cone(generators, rapidity, w, a, delta)
    first = np.sinh(rapidity) / rapidity
    half = np.sinh(0.5 * rapidity) / rapidity
    second = 2.0 * half * half
    cosh = 1.0 + squares * second
    weights = np.empty_like(generators)
    outputs, integral = np.empty((2, *rapidity.shape))
    for generator, sinh, versine, stretch, y, b, moved in zip(
        generators, first, second, cosh, integral, outputs, weights, strict=True
    ):
        along = np.vecdot(w, generator)
        np.multiply(sinh, a, out=y)
        y += versine * along
        np.multiply(stretch, a, out=b)
        b += sinh * along
        a = b
        np.multiply(y[:, None], generator, out=moved)
        moved += w
        w = moved
    return BoostChain(generators, weights, outputs, integral)


def small_boost(generator: Array, w: Array, a: Array) -> tuple[Array, Array, Array]:
    """One boost of a small rapidity rho: w' (b, p) and a' (b,) but for rho^3, y but for rho^2."""
    along = np.vecdot(w, generator)
    integral = a + 0.5 * along
    moved = a + along + 0.5 * np.vecdot(generator, generator) * a
    return w + integral[:, None] * generator, moved, integral


def _chain_by_light_cone(generators: Array, rapidity: Array, w: Array, a: Array, delta: Array) -> BoostChain:
    """The same in light-cone coordinates."""
    axis = generators / rapidity[..., None]
    grow_less_one, shrink_less_one = np.expm1(rapidity), np.expm1(-rapidity)
    grow, shrink = grow_less_one + 1.0, np.exp(-rapidity)
    weights = np.empty_like(generators)
    outputs, integral = np.empty((2, *rapidity.shape))
    for i in range(len(generators)):
        across, plus, minus = light_cone_parts(axis[i], w, a, delta)
        half_plus, half_minus = 0.5 * plus, 0.5 * minus
        integral[i] = (half_plus * grow_less_one[i] - half_minus * shrink_less_one[i]) / rapidity[i]
        half_plus *= grow[i]
        half_minus *= shrink[i]
        outputs[i] = a = half_plus + half_minus
        np.multiply((half_plus - half_minus)[:, None], axis[i], out=weights[i])
        weights[i] += across
        w = weights[i]
    return BoostChain(generators, weights, outputs, integral)


def light_cone_parts(axis: Array, w: Array, a: Array, delta: Array) -> tuple[Array, Array, Array]:
    """w_perp (b, p), u+ (b,) and u- (b,) of neurons w (b, p), a (b,) for the unit vectors ``axis`` (b, p).

    delta (b,): a^2 - |w|^2. The smaller of |u+| and |u-| is taken from u+ u- = |w_perp|^2 + delta.
    """
    p = np.vecdot(w, axis)
    across = w - p[:, None] * axis
    return across, *plus_minus(p, a, np.vecdot(across, across) + delta)


def plus_minus(p: Array, a: Array, product: Array) -> tuple[Array, Array]:
    """u+ and u- (b,) of p = <w, e> (b,), a (b,) and their product (b,), in which nothing cancels."""
    product = np.where(np.abs(product) <= EXACT * (a * a + p * p), 0.0, product)
    along = a * p >= 0.0
    large = np.where(along, a + p, a - p)
    small = np.divide(product, large, out=np.zeros_like(large), where=large != 0.0)
    return np.where(along, large, small), np.where(along, small, large)


def light_cone(generator: Array, w: Array, a: Array, delta: Array) -> LightCone:
    """Light-cone coordinates before the boost with the given generator (b, p)."""
    rapidity = np.sqrt(np.vecdot(generator, generator))
    axis = generator / np.maximum(rapidity, TINY)[:, None]
    _, plus, minus = light_cone_parts(axis, w, a, delta)
    return LightCone(plus, minus, rapidity)


def after(start: LightCone, share: Array) -> tuple[Array, Array]:
    """The integral y of a and the output weight (b,) after shares (b,) of a boost."""
    rapidity = np.maximum(start.rapidity, TINY)
    plus, minus = 0.5 * start.plus, 0.5 * start.minus
    grown, shrunk = np.expm1(rapidity * share), np.expm1(-rapidity * share)
    return (plus * grown - minus * shrunk) / rapidity, plus * (grown + 1.0) + minus * (shrunk + 1.0)


def time_to_integral(start: LightCone, integral: Array) -> Array:
    """The fraction of a boost (b,) after which the integral of a has the given value (b,).

    That value is known to be reached in the boost, so that rounding beyond its ends is cut off.
    """
    rapidity = start.rapidity
    plus, linear, target, square = _quadratic(start, integral)
    x = _least_root(plus, linear, target, np.maximum(square, 0.0))
    fraction = np.divide(np.log1p(np.maximum(x, 0.0)), rapidity, out=np.zeros_like(x), where=rapidity > 0.0)
    return np.clip(fraction, 0.0, 1.0)


def gain_to_integral(start: LightCone, integral: Array) -> Array:
    """exp(rapidity) - 1 (b,) of the boost after which the integral of a has the given value (b,).

    ``start`` is that of a boost over one unit of time, and the integral is over time. The gain is infinite
    where the value is infinite or never reached: a changes its sign before, or the neuron shrinks for ever.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        plus, linear, target, square = _quadratic(start, integral)
        x = _least_root(plus, linear, target, np.maximum(square, 0.0))
    lost = ~(square >= 0.0) | ((plus <= 0.0) & (x > VANISHED))
    return np.where(lost, np.inf, np.maximum(x, 0.0))


def _quadratic(start: LightCone, integral: Array) -> tuple[Array, Array, Array, Array]:
    """u+, the linear and minus the constant coefficient, and the discriminant (b,), of the equation of x.

    With x = exp(rho s) - 1 the integral is y = (u+ x + u- x / (1 + x)) / (2 rho), a quadratic in x. Both
    sides are taken with the sign of y, so that the root wanted is the smallest positive one.
    """
    sign = np.where(integral < 0.0, -1.0, 1.0)
    target = 2.0 * start.rapidity * np.abs(integral)
    plus = sign * start.plus
    linear = sign * (start.plus + start.minus) - target
    return plus, linear, target, linear**2 + 4.0 * plus * target


def _least_root(plus: Array, linear: Array, target: Array, square: Array) -> Array:
    """The smallest positive root x (b,) of plus x^2 + linear x = target; infinite where there is none.

    square (b,): the discriminant, not below zero. The form of the root is chosen so that nothing cancels.
    """
    root = np.sqrt(square)
    direct = linear >= 0.0
    top = np.where(direct, 2.0 * target, root - linear)
    bottom = np.where(direct, linear + root, 2.0 * plus)
    x = np.divide(top, bottom, out=np.full_like(top, np.inf), where=bottom > 0.0)
    x[target == 0.0] = 0.0
    return x


def time_to_flip(start: LightCone) -> Array:
    """The fraction of a boost (b,) after which a = 0, for neurons whose a changes sign in it."""
    safe = _rapidity_to_flip(start)
    fraction = np.divide(safe, start.rapidity, out=np.zeros_like(safe), where=start.rapidity > 0.0)
    return np.clip(fraction, 0.0, 1.0)


def gain_to_flip(start: LightCone) -> Array:
    """exp(rapidity) - 1 (b,) of the boost after which a = 0; infinite where a keeps its sign for ever.

    The boosts are those of neurons reflected so that a >= 0. a falls to zero where u+ < 0 < u-, which
    a^2 >= |w|^2 excludes.
    """
    flips = (start.plus < 0.0) & (start.minus > 0.0)
    return np.where(flips, np.expm1(np.maximum(_rapidity_to_flip(start), 0.0)), np.inf)


def _rapidity_to_flip(start: LightCone) -> Array:
    """exp(2 rho) = -u- / u+, which is tanh(rho) = -a / p; zero where there is no such rho."""
    ratio = np.divide(-start.minus, start.plus, out=np.ones_like(start.plus), where=start.plus != 0.0)
    rapidity: Array = 0.5 * np.log(np.where(ratio > 0.0, ratio, 1.0))
    return rapidity
