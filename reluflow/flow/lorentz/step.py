"""One step, tried: the path of the residual by Newton's method, and the network moved along it.

The path is found by Radau IIA collocation (``collocation``), at first for the neurons that matter to it, then
with all of them. A step that cannot hold the kinks of the residual is cut at one of them.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from reluflow.flow.events import no_events
from reluflow.flow.lorentz.attempt import Attempt
from reluflow.flow.lorentz.collocation import RADAU, Newton
from reluflow.flow.lorentz.control import (
    ALLOWED,
    BEFORE,
    CANCELLED,
    CUTS,
    DIVERGED,
    FAR,
    FINEST,
    HOPELESS,
    ITERATIONS,
    LARGEST,
    LATE,
    LIGHT,
    MEETABLE,
    MOST,
    NEARLY,
    NEGLIGIBLE,
    NEWTON,
    RISE,
    ROUGH,
    ROUNDING,
    SIGNED,
    SLACK,
    SLAVED,
    SURE,
    WEAK,
    WORTH,
    Curve,
    end_of_step,
    felt_share,
    kinked,
    rms,
)
from reluflow.flow.lorentz.kernel import kernel
from reluflow.flow.lorentz.modes import Modes
from reluflow.flow.lorentz.motion import Swept, block_rows, nudged_by, predictions, sweep
from reluflow.flow.lorentz.neurons import Mask, Neurons
from reluflow.flow.lorentz.path import GENTLE, STEEPEST, Path, integrals
from reluflow.flow.lorentz.rounds import StallError
from reluflow.flow.lorentz.samples import Samples
from reluflow.network import Array, row_norms


class Stepper:
    """Tries steps for merged samples at a relative tolerance.

    scale: the residual, rms, below which errors count absolutely; slack: hysteresis of releases; allowed: the
    error of the path, relative to the residual, that a step may have; abandoned: see ``FlowSolver``.
    """

    def __init__(self, samples: Samples, rtol: float) -> None:
        self.samples = samples
        self.rtol = rtol
        self.abandoned: Callable[[], bool] = lambda: False
        self.scale = min(NEGLIGIBLE, ROUNDING / rtol) * rms(samples.targets)
        self.slack = min(1e-3, SLACK * rtol)
        self.allowed = min(ALLOWED * rtol**1.25, LARGEST * rtol ** (5.0 / 6.0))

    def attempt(self, length: float, curve: Curve) -> Attempt:
        """A step of the given length, with the neurons that hardly matter left out of the first iterate."""
        tolerance, spread = self.tolerance(curve.residual), self.samples.spread
        light = LIGHT * tolerance / len(curve.neurons)
        with np.errstate(over="ignore"):
            coupled = 2.0 * (curve.log_sizes + curve.rates * length) > np.log(light / spread)
        if not coupled.any():
            attempt = self._along(Path(curve.residual[None], length), curve)
            if attempt.end is None:
                return attempt
            end = attempt.end
            grown = np.abs(end.outputs) * row_norms(end.weights) * end.gain * spread
            if np.sum(grown) <= tolerance:
                return attempt
            coupled = grown > light
        if np.count_nonzero(~coupled) * self.samples.primaries < WORTH:
            coupled[:] = True
        return self._collocate(length, curve, coupled)

    def _along(self, path: Path, curve: Curve) -> Attempt:
        """A step along a path that the network does not act on."""
        neurons, r = curve.neurons, curve.residual
        try:
            swept = sweep(neurons, self.samples, path, self.slack, abandoned=self.abandoned)
        except StallError:
            return Attempt(path.length, path, None, no_events(), r, np.inf)
        reached = r + swept.predictions[-1] - predictions(neurons, self.samples)
        return Attempt(path.length, path, swept.end, swept.events, reached, 0.0, (), swept.kept)

    def _collocate(self, length: float, curve: Curve, coupled: Mask) -> Attempt:
        """A step found by Newton's method; in the first iterate others than the ``coupled`` stand still.

        It is cut where it cannot hold the kinks of the residual, so that its path is smooth.
        """
        r, samples, wanted = curve.residual, self.samples, length
        neurons = curve.neurons.some(np.flatnonzero(coupled))
        base = r - predictions(neurons, samples)
        tolerance = self.tolerance(curve.residual)
        allowed = self.allowed * (rms(r) + self.scale)
        path = _guess(length, curve, allowed)
        enough = tolerance * self._cancelled(curve, CANCELLED[0])
        bound = DIVERGED * (np.abs(r).max(initial=0.0) + np.abs(samples.targets).max(initial=0.0))
        failed = Attempt(wanted, path, None, no_events(), r, np.inf)
        newton, last, iteration, cuts = None, np.inf, 0, 0
        seen, smooth = False, np.inf
        stops = neurons.z.size <= MEETABLE
        while iteration < ITERATIONS:
            if not np.abs(path.values).max(initial=0.0) < bound:
                return failed
            try:
                path = replace(path, doubt=rms(path.start - r))
                straight = None if seen else tolerance / samples.spread
                swept = sweep(neurons, samples, path, self.slack, straight, self.abandoned)
            except StallError:
                return failed
            short, end = self._ends(swept, path, curve, cuts)
            if stops and short < 1.0:
                path, cuts = _guess(path.length * short, curve, allowed), cuts + 1
                newton, last = None, np.inf
                continue
            if swept.whole and end < 1.0:
                path, cuts, newton, last = path.part(end), cuts + 1, None, np.inf
                continue
            defect = base + swept.predictions - path.values
            if not np.abs(defect).max(initial=0.0) < bound:
                return failed
            if newton:
                change = newton.correction(defect)
            else:
                change = curve.spectrum.newton(defect, path.length, integrals(path.decay))
            size, turned = rms(change * path.levels[:, None]), path.length * curve.rate
            far = size > FAR * tolerance and (seen or 2.0 * turned * size > tolerance)
            if newton is None and swept.whole and far:
                newton = self._turning(neurons, swept.end, path, curve)
                change = newton.correction(defect)
                size = rms(change * path.levels[:, None])
            moved = replace(path, values=path.values + change)
            error = self.error(moved, curve)
            if seen:
                error = max(min(smooth, error), float(error / kinked(swept.kinks.shape[1])))
            if not swept.whole:
                seen, smooth = True, error
                if size < ROUGH * rms(r):
                    path = moved
                if end < 1.0:
                    path, cuts, newton, last = path.part(end), cuts + 1, None, np.inf
                continue
            everyone = len(neurons) == len(curve.neurons)
            resolved = iteration >= LATE or self._resolved(moved, change, tolerance, curve)
            if (size <= enough and everyone and resolved) or error > HOPELESS[min(iteration, 2)]:
                # errors of the path add up, and a stiff residual makes large errors of the network of them
                sure = size <= enough and (tolerance < rms(defect) or swept.least > SURE * size)
                nudged = self._nudged(swept, base, wanted, moved, change, error) if sure else None
                if nudged is not None:
                    return replace(nudged, kept=swept.kept)
                reached = base + swept.predictions[-1]
                return Attempt(wanted, path, swept.end, swept.events, reached, error, (), swept.kept)
            if size > 2.0 * last:
                return failed
            left = size * max(turned, size / last if iteration else 2.0 * turned)
            near = size <= NEARLY * tolerance and left <= enough and everyone and resolved
            if near and swept.least > SURE * size:
                nudged = self._nudged(swept, base, wanted, moved, change, error)
                if nudged is not None:
                    return nudged
            path, last, iteration = moved, size, iteration + 1
            if not everyone:
                neurons, last, seen, smooth = curve.neurons, np.inf, True, error
                base = r - predictions(neurons, samples)
        return failed

    def _cancelled(self, curve: Curve, least: float) -> float:
        """How small the largest pull is beside one that a residual of this size makes by chance.

        On a plateau that few neurons leave the residuals all but cancel in the pull on each: what is small
        beside the residual then is large beside the pull, and would shift the escape.
        """
        size = self.samples.spread * (rms(curve.residual) + self.scale)
        return min(1.0, max(least, curve.rate * float(np.sqrt(self.samples.total)) / size))

    def _resolved(self, path: Path, change: Array, tolerance: float, curve: Curve) -> bool:
        """Whether ``change`` leaves the signs of small residuals alone where neurons slide on them.

        A residual that is all but fitted follows what little still drives it; it may be far below the
        tolerance, and yet its sign says to which side neurons leave the kink.
        """
        slid = curve.neurons.sliders[2]
        if slid.size == 0:
            return True
        sample = np.unique(slid)
        sample = sample[path.length * curve.diagonal[sample] > SLAVED]
        known = np.maximum(SIGNED * np.abs(path.values[:, sample]), FINEST * tolerance)
        return bool((np.abs(change[:, sample]) <= known).all())

    def _nudged(
        self, swept: Swept, base: Array, wanted: float, path: Path, change: Array, error: float
    ) -> Attempt | None:
        """The step along ``path``, which differs by ``change`` from the one swept; None over a kink."""
        there = nudged_by(swept.end, self.samples, path.length * (integrals(path.decay)[-1] @ change))
        if there is None:
            return None
        reached = base + predictions(there, self.samples)
        return Attempt(wanted, path, there, swept.events, reached, error)

    def _ends(self, swept: Swept, path: Path, curve: Curve, cuts: int) -> tuple[float, float]:
        """The shares of a step after which it should end: short of a heavy kink, and so that it holds all."""
        if cuts >= CUTS or curve.trace == 0.0:
            return 1.0, 1.0
        short = 1.0 if swept.whole else swept.ahead - BEFORE / (path.length * curve.trace)
        allowed = self.allowed * (rms(curve.residual) + self.scale)
        stiffness, rate = path.length * curve.diagonal, path.length * curve.rate
        end = end_of_step(swept.kinks, allowed, stiffness, rate, cuts == 0)
        return short if short > 0.0 else 1.0, end

    def _turning(self, neurons: Neurons, end: Neurons, path: Path, curve: Curve) -> Newton:
        """Newton's method with K that turns as far as these neurons turn it on their way to ``end``."""
        samples, rows = self.samples, block_rows(self.samples)
        now = curve.kernel if neurons is curve.neurons else kernel(neurons, samples, rows)
        turn = kernel(end, samples, rows) - now
        return Newton(curve.kernel, turn, path.length, integrals(path.decay))

    def overshot(self, attempt: Attempt, curve: Curve) -> bool:
        """Whether a step leads to a residual that is much larger, which the flow never does.

        With a loose tolerance Newton's method may take the iterate beyond an escape for the path.
        """
        return rms(attempt.residual) > RISE * (rms(curve.residual) + self.scale)

    def tolerance(self, residual: Array) -> float:
        """Where Newton's method stops, as an error of the residual."""
        return NEWTON * self.rtol * (rms(residual) + 10.0 * self.scale)

    def error(self, path: Path, curve: Curve) -> float:
        """The filtered defect of the path at the start of the step, in units of what is allowed.

        Where the residual dies out by more than the path's exponential does, it counts at the end, too.
        """
        spectrum, length = curve.spectrum, path.length
        defect = (path.start - curve.residual) @ spectrum.vectors
        felt = rms(defect * felt_share(length * spectrum.values, length * curve.rate))
        before, after = rms(curve.residual) + self.scale, rms(path.values[-1]) + self.scale
        allowed = self.allowed * min(before, after * float(np.exp(path.decay)))
        allowed *= self._cancelled(curve, CANCELLED[1])
        return felt / allowed if allowed > 0.0 else 0.0


def _guess(length: float, curve: Curve, allowed: float) -> Path:
    """The path if K stays as it is. Modes that a polynomial does not hold well are terms of their own."""
    spectrum = curve.spectrum
    values = spectrum.decay(curve.residual, RADAU.nodes * length)
    rates, sizes = length * spectrum.values, curve.residual @ spectrum.vectors
    before, after = rms(curve.residual), rms(values[-1])
    decay = min(STEEPEST, float(np.log(before / after))) if before > after > 0.0 else 0.0
    decay = decay if decay > GENTLE else 0.0
    missed = np.abs(sizes * (RADAU.start @ np.exp(np.outer(RADAU.nodes, decay - rates)) - 1.0))
    own = missed * felt_share(rates, length * curve.rate) > WEAK * allowed * np.sqrt(rates.size)
    own &= curve.free
    if not own.any():
        return Path(values, length, decay)
    if np.count_nonzero(own) > MOST:
        own &= missed >= np.partition(missed, -MOST)[-MOST]
    vectors = np.ascontiguousarray(sizes[own, None] * spectrum.vectors[:, own].T)
    return Path(values, length, decay, Modes(rates[own], vectors))
