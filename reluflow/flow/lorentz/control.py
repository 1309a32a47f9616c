"""Control of steps: how long the next one is, and how its error is judged.

Names in capitals are the settings of the solver, with their reasons.
"""

from typing import Final

import numpy as np

from reluflow.flow.lorentz.collocation import Spectrum, spectrum
from reluflow.flow.lorentz.kernel import kernel
from reluflow.flow.lorentz.neurons import Neurons
from reluflow.flow.lorentz.pull import pull
from reluflow.flow.lorentz.samples import Samples
from reluflow.network import Array

#: Newton's method: iterations, and where it stops, in units of rtol rms(r)
ITERATIONS: Final = 8
NEWTON: Final = 0.1
#: errors are relative to rms(r), but never to less than this share of rms(y)
NEGLIGIBLE: Final = 1e-5
#: the error estimate is one of order h^5, for a result of higher order: it is held to rtol^(5/6)
ORDER: Final = 5
SAFETY, SHRINK, GROWTH, RETRY = 0.9, 0.3, 8.0, 0.3
#: an error (in units of what is allowed) seen in the first iterate, above which a step is given up at once
HOPELESS: Final = 4.0
#: an iterate this much larger than residual and targets has diverged
DIVERGED: Final = 1e4
#: the longest rapidity of a neuron in one step (exp of it must not overflow when squared)
RAPIDITY: Final = 200.0
#: a kink of the residual between these shares of a step is worth ending the step there
KINKS: Final = (1e-4, 0.9)
#: ... if the neurons that make it have this share of h trace(K), about a^2 h |x|^2 / n
HEAVY: Final = 0.5
#: neurons whose events are no further apart than this share of the step make one kink
BUNDLE: Final = 1e-3
#: the same for a neuron that shrinks: its pre-activations are differences, and lose as many digits
SHRINKING: Final = 12.0
#: neurons below 2^VANISHED, which no float can tell from zero, are put aside as dead
VANISHED: Final = -4000
#: steps grow no further where nothing moves
LONGEST: Final = 1e300
#: a step below this share of the time (and of the first step) is a failure
SMALLEST: Final = 1e-13


class Curve:
    """What is known at the start of a step: K, its trace, the largest |D_j| (``rate``).

    The eigendecomposition of K is computed when it is first needed.
    """

    def __init__(self, neurons: Neurons, samples: Samples, residual: Array, rows: int) -> None:
        self.neurons, self.samples, self.residual = neurons, samples, residual
        self.kernel = kernel(neurons, samples, rows)
        self.trace = float(np.trace(self.kernel))
        self.rate = 0.0
        self._spectrum: Spectrum | None = None

    @property
    def spectrum(self) -> Spectrum:
        """K = V diag(values) V'."""
        if self._spectrum is None:
            self._spectrum = spectrum(self.kernel)
        return self._spectrum

    def ceiling(self, weight: float, change: float) -> float:
        """The longest step worth trying: no overflow, and no further than the foot of the next escape.

        A small neuron grows at most like exp(|D_j| t). Until its share of h trace(K), about a^2 h |x|^2 / n,
        gets near the relative ``change`` that the error estimate can see, nothing happens to the residual.
        ``weight``: the largest |x|^2 / n. Sets ``rate``.
        """
        direction = pull(self.neurons, self.samples, self.residual[None]).direction[0]
        rate = np.sqrt(np.einsum("bp,bp->b", direction, direction))
        fastest = self.rate = float(np.max(rate, initial=0.0))
        if fastest == 0.0:
            return LONGEST
        n = self.neurons
        length = RAPIDITY / fastest
        shrinking = n.outputs * np.einsum("bp,bp->b", n.weights, direction) < 0.0
        length = min(length, SHRINKING / float(np.max(rate[shrinking], initial=1e-300)))
        size = np.maximum(np.abs(n.outputs), np.sqrt(np.einsum("bp,bp->b", n.weights, n.weights)))
        with np.errstate(divide="ignore"):
            log_size = np.log(size) + n.exponent * np.log(2.0)
        change = change / len(n)
        for _ in range(2):
            room = 0.5 * np.log(change / (weight * length)) - log_size
            small = (room > 1.0) & (rate > 0.0)
            if not np.any(small):
                break
            length = min(length, float(np.min(room[small] / rate[small])))
        return length


def rms(values: Array) -> float:
    """Root mean square."""
    flat = values.ravel()
    return float(np.sqrt(flat @ flat / max(1, flat.size)))


def factor(error: float) -> float:
    """By how much the next step may differ from one with this error."""
    if error == 0.0:
        return GROWTH
    return float(np.clip(SAFETY * error ** (-1.0 / ORDER), SHRINK, GROWTH))


def first_kink(t: Array, share: Array) -> float | None:
    """Where in a step it should end because heavy neurons change their activations there, or None.

    t (k,): positions of events in order; share (k,): a^2 h |x|^2 / n of their neurons.
    """
    inside = (t > KINKS[0]) & (t < KINKS[1])
    t, sums = t[inside], np.append(0.0, np.cumsum(share[inside]))
    ends = np.searchsorted(t, t + BUNDLE, side="right")
    heavy = np.flatnonzero(sums[ends] - sums[:-1] > HEAVY)
    return float(t[ends[heavy[0]] - 1]) * (1.0 + BUNDLE) if heavy.size else None
