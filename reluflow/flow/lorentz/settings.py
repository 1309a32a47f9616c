"""The settings of the ``lorentz`` solver, by what they govern, each with its unit and how it was chosen.

Where no other reason is given a value was chosen on the problems of ``benchmarks/solvers.py`` for speed, and
on those of ``benchmarks/flow.py`` for accuracy. rms(r) is the root mean square of the residual.
"""

from dataclasses import dataclass
from typing import Final

EPS: Final = 2.0**-52


@dataclass(frozen=True)
class NewtonSettings:
    """When Newton's method for the path of the residual ends, and what it may leave out."""

    #: iterations before a step is rejected
    iterations: int = 8
    #: the size of the last change at which it ends, in units of rtol rms(r)
    tolerance: float = 0.5
    #: the least share of that where residuals cancel in the pull on every neuron, as on a plateau that few
    #: neurons leave: what is small beside r is large beside the pull there, and would shift the escape
    cancelled: float = 0.01
    #: residuals on which neurons slide, and which relax by more than exp(-slaved) over a step, must have
    #: their signs: the last change is below ``signed`` of them, or below ``finest`` of the tolerance
    slaved: float = 1.0
    signed: float = 0.01
    finest: float = 3e-5
    #: the iteration from which on signs need not be known
    late: int = 5
    #: an iterate nearer than so many tolerances may be moved the rest of the way in first order ...
    nearly: float = 100.0
    #: ... if the margin of every pair that was released changes by so many times the change of the path: the
    #: pair would then be released on the other path, too
    sure: float = 100.0
    #: an iterate further than so many tolerances is corrected with K at both ends of the step
    far: float = 10.0
    #: K turns as the sum of a_j^2 grows, if that changes by more than this share; else linearly
    grown: float = 0.5
    #: the path that neurons are moved along may miss the iterate by this share of what ends Newton's method,
    #: if fewer terms do for that
    missed: float = 0.05
    #: an iterate so many times larger than residual and targets has diverged
    diverged: float = 1e4
    #: neurons that add no more than this share of the tolerance together are left out at first
    light: float = 0.01
    #: A residual that moves, times h |D|, by less than so many times what ends Newton's method stands still:
    #: neurons feel an eighth of that, if it is replaced by its mean.
    still: float = 2.0
    #: neurons are left out if there are at least so many pairs of them with a sample
    worth: int = 3000
    #: what a path without events says of the one with them is believed up to this share of rms(r)
    rough: float = 0.1


@dataclass(frozen=True)
class AccuracySettings:
    """What counts as an error of a step, and how much of it is allowed."""

    #: The order of the error estimate: it falls with h^order.
    order: int = 7
    #: The estimate is held to ``allowed`` rtol^(5/4), and to ``largest`` rtol^(5/6), for errors near rtol.
    allowed: float = 160.0
    largest: float = 0.65
    #: the least share of that where residuals cancel in all pulls
    cancelled: float = 0.1
    #: Errors are relative to rms(r), but never to less than this share of rms(y), or ``rounding`` / rtol of
    #: it where that is less: what is allowed is then a few roundings of y.
    negligible: float = 1e-5
    rounding: float = 4.0 * EPS
    #: largest error estimate of a step over the beginning of another one, for dense output
    beginning: float = 10.0
    #: Hysteresis of releases, in units of rtol: a sliding neuron is let go when its multiplier is beyond its
    #: bounds by this share of the force. Late releases err in second order, but an escape amplifies them.
    hysteresis: float = 0.03
    #: errors, in units of what is allowed, with which the first, second and later iterates are given up
    hopeless: tuple[float, float, float] = (1.5, 1.2, 1.02)
    #: ... and an iterate without events, which tells less: it knows no kinks
    hopeless_straight: float = 3.0
    #: A step after which rms(r) is so many times as large is rejected: the flow never does that.
    rise: float = 1.5
    #: A residual, or a multiplier, below this share of the target is rounding.
    fitted: float = 4.0 * EPS
    #: A multiplier below this share of the hysteresis times the largest residual is not told from zero.
    undecided: float = 0.01
    #: A residual that is zero but for errors crosses zero if it is so many errors large soon after.
    crosses: float = 10.0


@dataclass(frozen=True)
class KinkSettings:
    """How many kinks of the residual, where neurons change activations, a step may hold."""

    #: The error that k kinks add counts divided by the larger of this and sqrt(k). The estimate is what they
    #: do to the path extrapolated to the start of the step; neurons feel integrals of the path, to which most
    #: kinks do less than a tenth of that. And kinks err to both sides, like steps of a random walk.
    divided: float = 10.0
    #: The same where signs of residuals that are all but fitted count: while neurons slide on one that dies
    #: out within the step and is below ``delicate`` rms(r), and with tolerances below ``tight``.
    exact: float = 2.0
    delicate: float = 0.01
    tight: float = 1e-7
    #: A step cut at a kink holds those that follow while they add no more than this share of what is allowed,
    after: float = 0.3
    #: and goes on over them by these shares of its length: at a first guess, at most, at least.
    beyond: tuple[float, float, float] = (0.2, 3e-3, 1e-4)
    #: Up to so many pairs of a neuron and a sample, power series lead up to kinks of large neurons, ...
    pairs: int = 2000
    #: ... and collocation ends so far (in units of 1 / trace(K)) before them.
    before: float = 3.0
    #: how often a step is cut at a kink before it is rejected
    cuts: int = 6


@dataclass(frozen=True)
class LengthSettings:
    """Bounds on the length of a step, in half-mse flow time."""

    #: the share of its length at which a step that did not converge is tried again
    retry: float = 0.3
    #: An escape is led by the neurons whose |D| is at least this share of the largest.
    leading: float = 0.5
    #: A neuron grows for good if it does at this share of its |D| or more.
    grown: float = 0.9
    #: the most of the first step, in units of 1 / trace(K)
    first: float = 0.5
    #: the longest rapidity |D| h of a neuron: exp of it must not overflow when squared
    rapidity: float = 300.0
    #: the same of a neuron that shrinks: its pre-activations are differences, and lose as many digits
    shrinking: float = 12.0
    #: the longest step with weight decay lambda, in units of 1 / lambda: where decay and K hold the residual
    #: errors of the path count h K times in the neurons, and steps that only grow would leave a rest again
    decaying: float = 5.0
    #: where nothing moves steps grow up to this
    longest: float = 1e300
    #: A step below this share of the time, or of the first one, and below half of the first try, fails.
    smallest: float = 1e-13


@dataclass(frozen=True)
class ModeSettings:
    """Which modes of K are terms of the path of their own, as a polynomial does not hold them."""

    #: those that a polynomial misses by more than this share of the allowed error
    weak: float = 0.02
    #: at most so many
    most: int = 16
    #: They have lost in the last step at least this share of what their rates say, in logarithms.
    own: float = 0.9


@dataclass(frozen=True)
class SpectrumSettings:
    """When the modes of K are found in the span of a pivoted Cholesky factor: where its rank is low."""

    #: the fewest samples: of fewer, all modes are found soon enough without SciPy
    samples: int = 80
    #: the largest rank, as a share of the samples: measured, it takes half of the time at a quarter of them,
    #: and all of it at a half
    rank: float = 0.3


@dataclass(frozen=True)
class ControllerSettings:
    """The step-size controller."""

    #: the share of the step that the error estimate allows
    safety: float = 0.9
    #: how much shorter, and longer, the next step may be
    shrink: float = 0.3
    growth: float = 20.0
    #: When trace(K) has grown by g since the last step, whose error was at least ``seen``, the next step is
    #: shorter by g^(trend / order).
    seen: float = 0.02
    trend: float = 1.25
    #: how much longer a step may be because errors have shrunk for its length, both being at least ``faint``
    eased: float = 1.5
    faint: float = 1e-3
    #: While the residual dies out by no more than this over a step, it is taken for the foot of an escape.
    calm: float = 0.2
    #: After a step cut at a kink the next may be so many times as long, if that was wanted.
    again: float = 4.0


@dataclass(frozen=True)
class SeriesSettings:
    """Steps by power series; their unit of time is 1 / trace(K), or that of the series before."""

    #: errors at the end: of the residual, in units of rtol rms(r), and of neurons, in units of rtol
    error: float = 0.1
    own_error: float = 0.03
    #: powers with which an event is looked for at first: after a step by collocation, after an event that was
    #: no further than ``near`` units of time
    first_look: int = 8
    next_look: int = 6
    near: float = 1.0
    #: Held up by stiffness (the horizon times trace(K) is above ``slow``), or where nothing moves but what is
    #: small (it is below ``calm``), they yield to a step by collocation that is ``far`` times as long;
    slow: float = 4.0
    calm: float = 1e-4
    far: float = 1.5
    #: or, before they are computed, if it is so many times as long as the last series held
    farther: float = 2.0
    #: and after a step by collocation where such steps are long (h trace(K)) and no event is near, or where
    #: small neurons grow by this (h |D|),
    stiff: float = 30.0
    steep: float = 4.0
    #: or for more than so many pairs of a neuron and a sample, as they take long then, and much memory.
    most_pairs: int = 12_000
    #: Small neurons with events may add so many of Newton's tolerances altogether.
    altogether: float = 3.0
    #: Events between which the residual changes by no more than this share of Newton's tolerance are one.
    together: float = 0.5
    #: rates below which nothing moves: the unit of time would overflow in products
    slowest: float = 1e-150
    #: a horizon, in units of time, beyond which nothing moves and powers would overflow
    farthest: float = 1e12
    #: the most Taylor segments of a step
    most_segments: int = 16
    #: An event sooner than this share of the horizon is left to collocation.
    soon: float = 1e-9
    #: a velocity this small, relative to the largest, of a pre-activation at rest is rounding
    rounding: float = 1e-12


NEWTON: Final = NewtonSettings()
ACCURACY: Final = AccuracySettings()
KINKS: Final = KinkSettings()
LENGTHS: Final = LengthSettings()
MODES: Final = ModeSettings()
SPECTRUM: Final = SpectrumSettings()
CONTROLLER: Final = ControllerSettings()
SERIES: Final = SeriesSettings()
