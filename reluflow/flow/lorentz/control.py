"""Control of steps: how long one can be at most, where it must end, and how its error is judged.

What follows from the steps before is in ``pace``. Names in capitals are the settings of the solver, with
their reasons.
"""

from functools import cached_property
from typing import Final

import numpy as np

from reluflow.flow.lorentz.collocation import RADAU, Spectrum, spectrum
from reluflow.flow.lorentz.kernel import kernel
from reluflow.flow.lorentz.neurons import Mask, Neurons
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.pull import directions
from reluflow.flow.lorentz.samples import Samples
from reluflow.network import Array

#: Newton's method: iterations, and where it stops, in units of rtol rms(r)
ITERATIONS: Final = 8
NEWTON: Final = 0.5
#: where the residuals cancel in all pulls, as on a plateau that few neurons leave, less is allowed, down to
#: these shares: of Newton's tolerance, and of the error of the path
CANCELLED: Final = (0.01, 0.1)
#: residuals of samples on which neurons slide, and which relax by more than exp(-SLAVED) over a step, are
#: known when the last change is below this share of them, or of Newton's tolerance; after so many
#: iterations they need not be
SLAVED, SIGNED, FINEST, LATE = 1.0, 0.01, 3e-5, 5
#: when it has not, but is nearer than so many times that, the network may be nudged the rest of the way
NEARLY: Final = 100.0
#: ... if the margin of every pair that was released changes by so many times the change of the path, so that
#: the pair would be released on the other path, too
SURE: Final = 100.0
#: when it is further than so many times that, K is taken to turn from what it is at the start of the step to
#: what it is at its end
FAR: Final = 10.0
#: errors are relative to rms(r), but never to less than this share of rms(y), or ROUNDING / rtol of it where
#: that is less: then what is allowed is a few roundings of y
NEGLIGIBLE: Final = 1e-5
ROUNDING: Final = 4.0 * float(np.finfo(float).eps)
#: the error estimate falls with h^5, the error of the result with h^4: for an error near rtol the estimate is
#: held to this times rtol^(5/4), and to LARGEST rtol^(5/6)
ORDER: Final = 7
ALLOWED, LARGEST = 160.0, 0.65
#: hysteresis of releases, in units of rtol: a neuron that slides is let go when its multiplier is beyond its
#: bounds by this share of the force. Late releases change it in second order, but an escape makes much of it
SLACK: Final = 0.03
#: what k kinks add to the error estimate counts only as much of it as 1 / ``kinked(k)``: the estimate is for
#: smooth paths and adds up sizes, but with kinks a path errs to one side here and to the other there, so that
#: many add up like steps of a random walk
KINKED: Final = 2.0
#: after a step that did not converge one of this share of its length is tried
RETRY: Final = 0.3
#: an escape is led by the neurons whose |D| is at least this share of the largest
LEADING: Final = 0.5
#: errors (in units of what is allowed) above which a step is given up at the first, second, later iterates
HOPELESS: Final = (1.5, 1.2, 1.02)
#: the first step is no longer than this over trace(K)
FIRST: Final = 0.5
#: an iterate this much larger than residual and targets has diverged
DIVERGED: Final = 1e4
#: a step after which the residual, rms, is so many times as large is given up
RISE: Final = 1.5
#: the longest rapidity of a neuron in one step (exp of it must not overflow when squared)
RAPIDITY: Final = 300.0
#: the same for a neuron that shrinks: its pre-activations are differences, and lose as many digits
SHRINKING: Final = 12.0
#: a step that must end at a kink goes on over those that follow as long as they add no more than this share
#: of the allowed error, and by these shares of its length, as the kink's moment is a guess: where activations
#: were taken to stay, so that others may follow too; later at most and at least
AFTER, BEYOND = 0.3, (0.2, 3e-3, 1e-4)
#: power series lead up to the kinks of large neurons for so few pairs of a neuron and a sample: more have too
#: many kinks; a step by collocation that would meet such a kink ends this (over trace(K)) before it
MEETABLE, BEFORE = 2000, 3.0
#: what a path without events says of the one with them is believed if it is this near to the prediction
ROUGH: Final = 0.1
#: modes of K that a polynomial misses by more than this share of the allowed error are terms of the path of
#: their own, at most so many
WEAK, MOST = 0.02, 16
#: ... if they have lost, in the last step, this share of what their rates say (in logarithms)
OWN: Final = 0.9
#: how often a step is cut at a kink before it is given up
CUTS: Final = 6
#: neurons that add no more than this share of Newton's tolerance all together are left out of the iteration
LIGHT: Final = 0.01
#: ... if there are at least so many pairs of them with a sample
WORTH: Final = 3000
#: neurons below 2^VANISHED, which no float can tell from zero, are put aside as dead
VANISHED: Final = -4000
#: hidden weights of a dead neuron this small next to its output weight are the rounding of zero
NOTHING: Final = 1e-13
#: steps grow no further where nothing moves
LONGEST: Final = 1e300
#: a step below this share of the time, or of the first step, and below half of the first try, is a failure
SMALLEST: Final = 1e-13


class Curve:
    """What is known at the start of a step, each computed when it is first needed.

    escaping, after ``ceiling``: whether one of the neurons that grow fastest is large enough to be felt.
    last: the path of the step before.
    """

    def __init__(
        self, neurons: Neurons, samples: Samples, residual: Array, last: Path | None, rows: int
    ) -> None:
        self.neurons, self.samples, self.residual, self.last = neurons, samples, residual, last
        self._rows = rows
        self.escaping = False

    @cached_property
    def kernel(self) -> Array:
        """K (q, q)."""
        return kernel(self.neurons, self.samples, self._rows)

    @cached_property
    def diagonal(self) -> Array:
        """That of K (q,)."""
        return np.diagonal(self.kernel)

    @cached_property
    def trace(self) -> float:
        """That of K."""
        return float(self.diagonal.sum())

    @cached_property
    def pulls(self) -> Array:
        """D_j (b, p)."""
        return directions(self.neurons, self.samples, self.residual)

    @cached_property
    def rates(self) -> Array:
        """|D_j| (b,)."""
        rates: Array = np.sqrt(np.vecdot(self.pulls, self.pulls))
        return rates

    @cached_property
    def rate(self) -> float:
        """The largest |D_j|."""
        return float(self.rates.max(initial=0.0))

    @cached_property
    def log_sizes(self) -> Array:
        """ln |neuron| (b,)."""
        n = self.neurons
        with np.errstate(divide="ignore"):
            log_sizes: Array = np.log(n.sizes) + n.exponent * np.log(2.0)
        return log_sizes

    @cached_property
    def spectrum(self) -> Spectrum:
        """K = V diag(values) V'."""
        return spectrum(self.kernel)

    @property
    def fading(self) -> float:
        """-d ln |r| / dt, at which the residual dies out as a whole."""
        total = float(self.residual @ self.residual)
        return float(self.residual @ self.kernel @ self.residual) / total if total > 0.0 else 0.0

    @property
    def free(self) -> Mask:
        """Which modes of K (q,) have died out at their own rate in the last step, or nearly.

        The others are kept up by the motion of K, and follow the slow ones.
        """
        if self.last is None:
            return np.ones(self.residual.size, dtype=bool)
        before, now = (np.abs(r @ self.spectrum.vectors) for r in (self.last.start, self.residual))
        free: Mask = now <= before * np.exp(-OWN * self.last.length * self.spectrum.values)
        return free

    def ceiling(self, weight: float, change: float) -> float:
        """The longest step worth trying: no overflow, and no further than the foot of the next escape.

        A small neuron grows at most like exp(|D_j| t). Until its share of h trace(K), about a^2 h |x|^2 / n,
        gets near the relative ``change`` that the error estimate can see, nothing happens to the residual.
        ``weight``: the largest |x|^2 / n.
        """
        rate, fastest = self.rates, self.rate
        if fastest == 0.0:
            return LONGEST
        n = self.neurons
        length = RAPIDITY / fastest
        shrinking = n.outputs * np.vecdot(n.weights, self.pulls) < 0.0
        length = min(length, SHRINKING / float(rate[shrinking].max(initial=1e-300)))
        log_size = self.log_sizes
        change = change / len(n)
        for _ in range(2):
            room = 0.5 * np.log(change / (weight * length)) - log_size
            small = (room > 1.0) & (rate > 0.0)
            self.escaping = bool(np.any(~small & (rate > LEADING * fastest)))
            if not small.any():
                break
            length = min(length, float(np.min(room[small] / rate[small])))
        return length


def rms(values: Array) -> float:
    """Root mean square."""
    flat = values.ravel()
    return float(np.sqrt(flat @ flat / max(1, flat.size)))


def end_of_step(kinks: Array, allowed: float, stiffness: Array, rate: float, first_guess: bool) -> float:
    """The share of a step after which it should end because of its kinks; 1 if it can hold them all.

    kinks (4, k): positions in order, samples, jumps of the path's first or second derivative (for a step of
    length one), and which of them it is. stiffness (q,) and rate: h K_kk and h |D|, by which errors are felt.
    The step ends right after the kink with which it would have too much until the next one.
    """
    position, sample, jump, order = kinks
    if position.size == 0:
        return 1.0
    weighted = jump * kink_weight(position, order)
    if weighted.sum() <= allowed * kinked(position.size):
        return 1.0
    which, place = np.unique(sample.astype(np.intp), return_inverse=True)
    errors = np.zeros((position.size, which.size))
    errors[np.arange(position.size), place] = weighted
    until = np.append(position[1:], 1.0)[:, None]
    felt = felt_share(until * stiffness[which], until * rate)
    with np.errstate(over="ignore"):  # errors whose squares overflow are too large in any case
        errors = np.linalg.norm(np.cumsum(errors, axis=0) * felt, axis=1)
    over = np.flatnonzero(errors > allowed * kinked(1.0 + np.arange(position.size)))
    if over.size == 0:
        return 1.0
    first = over[0]
    steep = LAST * float(jump[first]) * position[first] * felt[first, place[first]]
    room = AFTER * allowed * kinked(1.0 + first) / (steep + 1e-300)
    last = np.searchsorted(position, position[first] * (1.0 + room), side="right") - 1
    on = BEYOND[0] if first_guess else min(BEYOND[1], max(BEYOND[2], room))
    return min(1.0, float(position[last]) * (1.0 + on))


def kinked(count: Array | float) -> Array:
    """By what the error estimate is divided that so many kinks of a step have made."""
    divided: Array = np.maximum(KINKED, np.sqrt(count))
    return divided


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
