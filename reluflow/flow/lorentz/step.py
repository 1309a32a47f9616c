"""One step, tried: the path of the residual by Newton's method, and the network moved along it.

The path is found by Radau IIA collocation (``collocation``) for the neurons that matter to it; the others are
moved along it afterwards. A step that cannot hold the kinks of the residual is cut at one of them.
"""

from dataclasses import dataclass, replace

import numpy as np

from reluflow.flow.events import Events, in_order, no_events
from reluflow.flow.lorentz.collocation import RADAU, Mixing, Newton, Path
from reluflow.flow.lorentz.control import (
    ALLOWED,
    CUTS,
    DIVERGED,
    FEW,
    HOPELESS,
    ITERATIONS,
    LIGHT,
    NEGLIGIBLE,
    NEWTON,
    ROUGH,
    WORTH,
    Curve,
    end_of_step,
    felt_share,
    rms,
)
from reluflow.flow.lorentz.motion import predictions, sweep
from reluflow.flow.lorentz.neurons import Mask, Neurons, join
from reluflow.flow.lorentz.rounds import StallError
from reluflow.flow.lorentz.samples import Samples
from reluflow.network import Array, row_norms


@dataclass(frozen=True)
class Attempt:
    """A step that was tried, and where it leads; its path is shorter than ``wanted`` where it ends at a kink.

    end, events: the network there and what happened; residual (q,). ``end`` is None and the error infinite
    where Newton's method did not converge.
    """

    wanted: float
    path: Path
    end: Neurons | None
    events: Events
    residual: Array
    error: float


class Stepper:
    """Tries steps for merged samples at a relative tolerance.

    scale: the residual, rms, below which errors count absolutely; slack: hysteresis of releases; allowed: the
    error of the path, relative to the residual, that a step may have.
    """

    def __init__(self, samples: Samples, rtol: float) -> None:
        self.samples = samples
        self.rtol = rtol
        self.scale = NEGLIGIBLE * rms(samples.targets)
        self.slack = min(1e-3, 0.3 * np.sqrt(rtol))
        self.allowed = min(ALLOWED * rtol**1.25, rtol ** (5.0 / 6.0))

    def attempt(self, length: float, curve: Curve) -> Attempt:
        """A step of the given length, with the neurons that hardly matter left out of the iteration."""
        tolerance = self._tolerance(curve.residual)
        spread = float(np.sqrt(np.max(self.samples.squares)))
        enough = np.log(LIGHT * tolerance / (spread * len(curve.neurons)))
        with np.errstate(over="ignore"):
            coupled = 2.0 * (curve.log_sizes + curve.rates * length) > enough
        if np.any(coupled) and np.count_nonzero(~coupled) * self.samples.primaries < WORTH:
            coupled[:] = True
        while True:
            attempt, light = self._try(length, curve, coupled)
            if attempt.end is None or light is None:
                return attempt
            grown = np.abs(light.outputs) * row_norms(light.weights) * light.gain * spread
            if np.sum(grown) <= tolerance:
                return attempt
            heavy = grown > LIGHT * tolerance / len(curve.neurons)
            coupled[np.isin(curve.neurons.index, light.index[heavy])] = True

    def _try(self, length: float, curve: Curve, coupled: Mask) -> tuple[Attempt, Neurons | None]:
        """A step in which only the ``coupled`` neurons (b,) act on the path; and the others at its end."""
        if np.all(coupled):
            return self._collocate(length, curve, curve.neurons), None
        light = curve.neurons.take(~coupled)
        if np.any(coupled):
            attempt = self._collocate(length, curve, curve.neurons.take(coupled))
        else:
            path = Path(curve.residual[None], length)
            attempt = Attempt(length, path, light.take(slice(0, 0)), no_events(), curve.residual, 0.0)
        if attempt.end is None or attempt.error > 1.0:
            return attempt, None
        try:
            swept = sweep(light, self.samples, attempt.path, self.slack)
        except StallError:
            return replace(attempt, end=None, error=np.inf), None
        together = join([attempt.end, swept.end])
        before = predictions(light, self.samples)
        joined = replace(
            attempt,
            end=together.take(np.argsort(together.index)),
            events=in_order([attempt.events, swept.events]),
            residual=attempt.residual + swept.predictions[-1] - before,
        )
        return joined, swept.end

    def _collocate(self, length: float, curve: Curve, neurons: Neurons) -> Attempt:
        """A step found by Newton's method for these neurons; the others are taken to add what they do now.

        It is cut where it cannot hold the kinks of the residual, so that its path is smooth.
        """
        r, samples, wanted = curve.residual, self.samples, length
        base = r - predictions(neurons, samples)
        tolerance = self._tolerance(curve.residual)
        allowed = self.allowed * (rms(r) + self.scale)
        values = curve.spectrum.decay(r, RADAU.nodes * length)
        bound = DIVERGED * (np.max(np.abs(r), initial=0.0) + np.max(np.abs(samples.targets), initial=0.0))
        failed = Attempt(wanted, Path(values, length), None, no_events(), r, np.inf)
        mixing, newton, last, iteration, cuts = Mixing(), None, np.inf, 0, 0
        few, seen = samples.size <= FEW, False
        while iteration < ITERATIONS:
            path = Path(values, length)
            if not np.max(np.abs(values), initial=0.0) < bound:
                return failed
            try:
                swept = sweep(neurons, samples, path, self.slack, newton is None and few, straight=not seen)
            except StallError:
                return failed
            end = 1.0
            if cuts < CUTS:
                stiffness, rate = length * curve.diagonal, length * curve.rate
                end = end_of_step(swept.kinks, allowed, stiffness, rate, cuts == 0)
            if end < 1.0:
                cuts += 1
                length *= end
                again = iteration == 0
                values = curve.spectrum.decay(r, RADAU.nodes * length) if again else path.part(end).values
                mixing, newton, last = Mixing(), None, np.inf
                continue
            defect = base + swept.predictions - values
            if not np.max(np.abs(defect), initial=0.0) < bound:
                return failed
            if swept.kernels is not None:
                newton = Newton(swept.kernels, length)
            change = newton.correction(defect) if newton else curve.spectrum.newton(defect, length)
            size = rms(change)
            error = self._error(values + change, length, curve)
            if not swept.whole:
                seen = True
                if size < ROUGH * rms(r):
                    values = values + change
                continue
            if size <= tolerance or error > HOPELESS[min(iteration, 2)]:
                reached = base + swept.predictions[-1]
                return Attempt(wanted, path, swept.end, swept.events, reached, error)
            if size > 2.0 * last:
                return failed
            values = mixing.next(values, change, slow=size > 0.1 * last)
            last = size
            iteration += 1
        return failed

    def _tolerance(self, residual: Array) -> float:
        """Where Newton's method stops, as an error of the residual."""
        return NEWTON * self.rtol * (rms(residual) + 10.0 * self.scale)

    def _error(self, values: Array, length: float, curve: Curve) -> float:
        """The filtered defect of the path at the start of the step, in units of what is allowed."""
        spectrum = curve.spectrum
        defect = (RADAU.start @ values - curve.residual) @ spectrum.vectors
        felt = rms(defect * felt_share(length * spectrum.values, length * curve.rate))
        allowed = self.allowed * (rms(curve.residual) + self.scale)
        return felt / allowed if allowed > 0.0 else 0.0
