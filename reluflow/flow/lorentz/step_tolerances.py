"""What a step by collocation is held to: tolerances, its error, and where it must end because of kinks."""

import numpy as np

from reluflow.flow.lorentz.context import StepContext
from reluflow.flow.lorentz.error_estimate import end_of_step, felt_share, rms
from reluflow.flow.lorentz.iterate import Limits
from reluflow.flow.lorentz.neurons import Neurons
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.samples import Samples
from reluflow.flow.lorentz.settings import ACCURACY, KINKS, NEWTON
from reluflow.flow.lorentz.sweep import SweepResult
from reluflow.flow.lorentz.trial_step import TrialStep
from reluflow.network import Array


class StepTolerances:
    """Those of steps for merged samples at a relative tolerance.

    rounding: what is left of a residual, rms, that is zero; scale: the residual, rms, below which errors
    count absolutely (both zero for labels that do not contradict each other, whose forces are exact however
    small they are); hysteresis: that of releases; allowed: the error of the path, relative to the residual,
    that a step may have.
    """

    def __init__(self, samples: Samples, rtol: float) -> None:
        self.samples = samples
        self.rtol = rtol
        self.rounding = ACCURACY.rounding * rms(samples.sizes)
        self.scale = min(ACCURACY.negligible * rms(samples.sizes), self.rounding / rtol)
        self.hysteresis = min(1e-3, ACCURACY.hysteresis * rtol)
        self.allowed = min(ACCURACY.allowed * rtol**1.25, ACCURACY.largest * rtol ** (5.0 / 6.0))
        if samples.labelled is not None:  # forces that cancel are known to the rounding of their terms only
            self.scale = max(self.scale, self.rounding / (ACCURACY.cancelled * self.allowed))

    def tolerance(self, force: Array) -> float:
        """Where Newton's method stops, as an error of the force, which of the square loss is the residual."""
        return NEWTON.tolerance * self.rtol * (rms(force) + 10.0 * self.scale)

    def felt(self, context: StepContext) -> float:
        """The same as an error of the predictions."""
        return self.tolerance(context.force) / context.sensitivity

    def limits(self, length: float, context: StepContext, neurons: Neurons) -> Limits:
        """What a step of this length is held to that moves these neurons at first."""
        force, tolerance = context.force, self.tolerance(context.force)
        largest = np.abs(force).max(initial=0.0) + np.abs(self.samples.sizes).max(initial=0.0)
        rounding = max(self.rounding, context.rounding)
        return Limits(
            wanted=length,
            tolerance=tolerance,
            enough=max(tolerance * self.cancelled(context, NEWTON.cancelled), min(tolerance, rounding)),
            bound=NEWTON.diverged * largest,
            allowed=self.allowed * (rms(force) + self.scale),
            felt=self.felt(context),
            cuttable=neurons.z.size <= KINKS.pairs and not self.samples.labelled,
        )

    def error(self, path: Path, context: StepContext) -> float:
        """The filtered defect of the path at the start of the step, in units of what is allowed.

        Where the residual dies out by more than the path's exponential does, it counts at the end, too.
        """
        modes, length = context.modes, path.length
        share = felt_share(length * modes.values, length * context.rate)
        felt = rms(modes.filtered(path.start - context.force, share))
        before, after = rms(context.force) + self.scale, rms(path.values[-1]) + self.scale
        allowed = self.allowed * min(before, after * float(np.exp(path.decay)))
        allowed *= self.cancelled(context, ACCURACY.cancelled)
        return felt / allowed if allowed > 0.0 else 0.0

    def cancelled(self, context: StepContext, least: float) -> float:
        """How small the largest pull is beside one that a residual of this size makes by chance.

        On a plateau that few neurons leave the residuals all but cancel in the pull on each: what is small
        beside the residual then is large beside the pull, and would shift the escape.
        """
        size = self.samples.spread * (rms(context.force) + self.scale)
        return min(1.0, max(least, context.rate * float(np.sqrt(self.samples.total)) / size))

    def ends(self, swept: SweepResult, path: Path, context: StepContext, cuts: int) -> tuple[float, float]:
        """The shares of a step after which it should end: short of a heavy kink, and so that it holds all."""
        if cuts >= KINKS.cuts or context.trace == 0.0:
            return 1.0, 1.0
        short = 1.0 if swept.whole else swept.ahead - KINKS.before / (path.length * context.trace)
        allowed = self.allowed * (rms(context.force) + self.scale) / context.sensitivity
        allowed *= self.cancelled(context, ACCURACY.cancelled)
        stiffness, rate = path.length * context.diagonal, path.length * context.rate
        least = context.kinks_divided(path.length, self.rtol)
        end = end_of_step(swept.kinks, allowed, stiffness, rate, cuts == 0, least)
        return short if short > 0.0 else 1.0, end

    def overshot(self, attempt: TrialStep, context: StepContext) -> bool:
        """Whether a step leads to a loss that is larger, or a residual much larger: the flow never does that.

        With a loose tolerance Newton's method may take the iterate beyond an escape for the path. Near a rest
        of labels that contradict each other forces cancel, and errors of the path, which count h K times,
        throw predictions off it that it would take many short steps to bring back. The forces may become
        larger by rounding there, which the loss does not feel.
        """
        samples, residual = self.samples, attempt.residual
        if samples.labelled is not None and not samples.weight_decay:
            return samples.loss(residual) > (1.0 + self.rtol) * samples.loss(context.residual)
        return rms(samples.force(residual)) > ACCURACY.rise * (rms(context.force) + self.scale)
