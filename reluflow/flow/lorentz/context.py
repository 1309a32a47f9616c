"""What is known at the start of a step, and how long it can be at most."""

from functools import cached_property
from typing import Final

import numpy as np

from reluflow.flow.lorentz.collocation import RADAU, Spectrum, spectrum
from reluflow.flow.lorentz.error_estimate import felt_share, rms
from reluflow.flow.lorentz.kernel import kernel
from reluflow.flow.lorentz.label_newton import CurvedSpectrum
from reluflow.flow.lorentz.modes import Modes
from reluflow.flow.lorentz.neurons import Mask, Neurons
from reluflow.flow.lorentz.path import GENTLE, STEEPEST, Path
from reluflow.flow.lorentz.pull import directions
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.flow.lorentz.settings import ACCURACY, KINKS, LENGTHS, MODES, NEWTON, SPECTRUM
from reluflow.network import Array, indices

#: Rounding of an eigenvalue of K (q, q), over q times the largest.
_ROUNDING: Final = 8.0 * float(np.finfo(float).eps)


class StepContext:
    """What is known at the start of a step; each part is computed when it is first needed.

    escaping, after ``ceiling``: whether one of the neurons that grow fastest is large enough to be felt.
    last: the path of the step before. force (q,): what neurons are pulled with; the residual, if the loss is
    the square.
    """

    def __init__(
        self, neurons: Neurons, samples: Samples, residual: Array, last: Path | None, rows: int
    ) -> None:
        self.neurons, self.samples, self.residual, self.last = neurons, samples, residual, last
        self.force = samples.force(residual)
        self._rows = rows
        self.escaping = False

    def after(self, neurons: Neurons, residual: Array) -> "StepContext":
        """The same with other neurons, at which the residual is (q,)."""
        return StepContext(neurons, self.samples, residual, None, self._rows)

    @cached_property
    def tangent(self) -> Array:
        """K (q, q)."""
        return kernel(self.neurons, self.samples, self._rows)

    @property
    def kernel(self) -> Array:
        """K, and twice the weight decay on its diagonal: what damps the residual (q, q)."""
        decay = self.samples.weight_decay
        return self.tangent + 2.0 * decay * np.eye(len(self.tangent)) if decay else self.tangent

    @cached_property
    def rest(self) -> Array:
        """The residual (q,) at which decay and K, if it stood still, hold each other; zero without decay."""
        if not self.samples.weight_decay:
            return np.zeros_like(self.residual)
        values = self.spectrum.values
        # of a mode whose value may be rounding alone nothing is known, and within a step it stays as it is
        known = values > _ROUNDING * values.size * values.max()
        along = self.samples.targets @ self.spectrum.vectors
        pulled = np.divide(along, values, out=np.zeros_like(values), where=known)
        resting: Array = -2.0 * self.samples.weight_decay * (self.spectrum.vectors @ pulled)
        return resting

    @cached_property
    def curvature(self) -> Array:
        """C (q,): how the force on each sample changes with its residual; 1 for the square loss."""
        return self.samples.curvature(self.residual)

    @cached_property
    def stiffest(self) -> float:
        """The largest of C."""
        return 1.0 if self.samples.labelled is None else float(self.curvature.max(initial=0.0))

    @cached_property
    def sensitivity(self) -> float:
        """An error of the force, rms, that one of 1 of the predictions makes at most.

        That of a label changes by no more than itself: as h moves the curvature grows at most like the force.
        Where labels contradict each other forces cancel, and the curvature is left.
        """
        if self.samples.labelled is None:
            return 1.0
        return max(float(np.abs(self.force).max(initial=0.0)), self.stiffest) or 1.0

    @property
    def rounding(self) -> float:
        """What of the forces of labels, rms, is rounding: they know h to its own, as a share of them."""
        if self.samples.labelled is None:
            return 0.0
        return ACCURACY.rounding * rms(self.force * (1.0 + np.abs(self.residual)))

    @cached_property
    def diagonal(self) -> Array:
        """That of C K (q,)."""
        if self.samples.labelled is None:
            return np.diagonal(self.kernel)
        return np.diagonal(self.tangent) * self.curvature + self.damping

    def slaved(self, length: float) -> Index:
        """The samples on which neurons slide and whose residuals die out within a step of this length."""
        slid = indices(np.bincount(self.neurons.sliders[2]))
        return slid[length * self.diagonal[slid] > NEWTON.slaved]

    def kinks_divided(self, length: float, rtol: float) -> float:
        """By what the error that kinks make in a step of this length is divided at least (``KINKS``)."""
        small = np.abs(self.force[self.slaved(length)]) <= KINKS.delicate * rms(self.force)
        return KINKS.exact if rtol < KINKS.tight or small.any() else KINKS.divided

    @cached_property
    def trace(self) -> float:
        """That of K."""
        return float(self.diagonal.sum())

    @cached_property
    def pulls(self) -> Array:
        """D_j (b, p)."""
        return directions(self.neurons, self.samples, self.force)

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
        """K = V diag(values) V'; of the square loss."""
        return spectrum(self.kernel, self.low_rank)

    @property
    def low_rank(self) -> bool:
        """Whether K may be of low rank: neurons with the same activations add p at most."""
        size, dimension = self.residual.size, self.neurons.weights.shape[1]
        if size < SPECTRUM.samples or self.samples.weight_decay:
            return False
        return bool(len(set(map(bytes, self.neurons.status))) * dimension < size)

    @property
    def damping(self) -> float:
        """What weight decay adds to K C in the way errors of the predictions die out.

        A neuron that is changed along itself goes on at twice |D_j| - lambda; at rest that is zero.
        """
        return 2.0 * max(self.samples.weight_decay - self.rate, 0.0)

    @cached_property
    def curved(self) -> CurvedSpectrum:
        """The modes of K C; of losses of labels."""
        return CurvedSpectrum.of(self.tangent, self.curvature, self.damping)

    @property
    def modes(self) -> Spectrum | CurvedSpectrum:
        """The modes in which errors of the force die out."""
        return self.spectrum if self.samples.labelled is None else self.curved

    @property
    def fading(self) -> float:
        """-d ln |g| / dt, at which the force dies out as a whole."""
        force, total = self.force, float(self.force @ self.force)
        if total == 0.0:
            return 0.0
        if self.samples.labelled is None:
            return float(force @ self.kernel @ force) / total
        return -float(force @ (self.curvature * self._rate_of_predictions)) / total

    @property
    def _rate_of_predictions(self) -> Array:
        """dh/dt (q,)."""
        rate: Array = -self.tangent @ self.force - 2.0 * self.samples.weight_decay * self.residual
        return rate

    @property
    def free(self) -> Mask:
        """Which modes of K (q,) have died out at their own rate in the last step, or nearly.

        The others are kept up by the motion of K, and follow the slow ones.
        """
        if self.last is None:
            return np.ones(self.residual.size, dtype=bool)
        ends = (self.last.start - self.rest, self.residual - self.rest)
        before, now = (np.abs(r @ self.spectrum.vectors) for r in ends)
        free: Mask = now <= before * np.exp(-MODES.own * self.last.length * self.spectrum.values)
        return free

    def ceiling(self, weight: float, change: float, led: bool = True) -> float:
        """The longest step worth trying: no overflow, and no further than the foot of the next escape.

        A small neuron grows at most like exp(|D_j| t). Until its share of h trace(K), about a^2 h |x|^2 / n,
        gets near the relative ``change`` that the error estimate can see, nothing happens to the residual.
        Where one neuron is that large already, only those count that would overtake it; not so after a step
        whose error is not known (``led`` is false), which tells nothing of that neuron. ``weight``: the
        largest |x|^2 / n.
        """
        weight *= self.stiffest
        rate, fastest = self.rates, self.rate
        if fastest == 0.0:
            return LENGTHS.longest
        n = self.neurons
        length = LENGTHS.rapidity / fastest
        shrinking = n.outputs * np.vecdot(n.weights, self.pulls) < 0.0
        length = min(length, LENGTHS.shrinking / float(rate[shrinking].max(initial=1e-300)))
        log_size = self.log_sizes
        change = change / len(n)
        for _ in range(2):
            seen = weight * length  # zero where all labels are fitted beyond what numbers hold
            room = (0.5 * np.log(change / seen) if seen > 0.0 else np.inf) - log_size
            small = (room > 1.0) & (rate > 0.0)
            self.escaping = bool(np.any(~small & (rate > LENGTHS.leading * fastest)))
            if not small.any():
                break
            limits = room[small] / rate[small]
            if led:
                limits = np.maximum(limits, self.overtaking(small))
            length = min(length, float(np.min(limits)))
        return length

    def overtaking(self, small: Mask) -> Array:
        """When each ``small`` neuron is larger than the fastest of the others that grow; 0 if none does."""
        n, rate, log_size = self.neurons, self.rates, self.log_sizes
        growing = 2.0 * n.outputs * np.vecdot(n.weights, self.pulls)
        leads = ~small & (growing > LENGTHS.grown * rate * n.sizes**2)
        if not leads.any():
            return np.zeros(np.count_nonzero(small))
        leader = int(np.argmax(np.where(leads, rate, -1.0)))
        gained, behind = rate[small] - rate[leader], log_size[leader] - log_size[small]
        overtaken = np.full(gained.size, np.inf)
        np.divide(behind, gained, out=overtaken, where=gained > 0.0)
        return overtaken

    def predicted(self, length: float, allowed: float) -> Path:
        """The path of the force over a step of this length if K stays as it is.

        Modes that a polynomial does not hold to the ``allowed`` error are terms of their own, if the loss is
        the square.
        """
        if self.samples.labelled is not None:
            there = self.residual + self.curved.moved(self._rate_of_predictions, RADAU.nodes * length)
            return labelled_path(self.samples, there, length, self.force)
        spectrum = self.spectrum
        above = self.residual - self.rest
        values = spectrum.decay(above, RADAU.nodes * length) + self.rest
        rates, sizes = length * spectrum.values, above @ spectrum.vectors
        before, after = rms(self.residual), rms(values[-1])
        decay = min(STEEPEST, float(np.log(before / after))) if before > after > 0.0 else 0.0
        decay = decay if decay > GENTLE else 0.0
        missed = np.abs(sizes * (RADAU.start @ np.exp(np.outer(RADAU.nodes, decay - rates)) - 1.0))
        own = missed * felt_share(rates, length * self.rate) > MODES.weak * allowed * np.sqrt(rates.size)
        own &= self.free
        if not own.any():
            return Path(values, length, decay)
        if np.count_nonzero(own) > MODES.most:
            own &= missed >= np.partition(missed, -MODES.most)[-MODES.most]
        vectors = np.ascontiguousarray(sizes[own, None] * spectrum.vectors[:, own].T)
        return Path(values, length, decay, Modes(rates[own], vectors))


def labelled_path(samples: Samples, predicted: Array, length: float, force: Array) -> Path:
    """The path of the forces on predictions (s, q) at the nodes of a step, from a force (q,) on."""
    values = samples.force(predicted)
    before, after = rms(force), rms(values[-1])
    decay = min(STEEPEST, float(np.log(before / after))) if before > after > 0.0 else 0.0
    return Path(values, length, decay if decay > GENTLE else 0.0, predicted=predicted)
