"""Residuals that weight decay and the kernel hold in balance, K r = -2 lambda (r + y).

Long after a fit r is of order lambda, and follows each change of activation within 1 / K. Of a step of many
such times with a kink inside, the path is right at the nodes alone, and the slope of its polynomial keeps r
out of balance by some percent even there. What is slow, the neurons but for that, is right all the same.
"""

from dataclasses import replace

import numpy as np

from reluflow.flow.lorentz.context import StepContext
from reluflow.flow.lorentz.error_estimate import rms
from reluflow.flow.lorentz.sweep import predictions, shifted
from reluflow.flow.lorentz.trial_step import TrialStep

#: modes whose value times the length of a step is above this are in balance at its end
STIFF = 30.0
#: share of the residual in balance by which one differs from it that decay and K hold
NEAR = 0.1


def held(context: StepContext, length: float) -> bool:
    """Whether decay and K hold the residual of a square loss at the start of a step, and on through it."""
    samples = context.samples
    if not samples.weight_decay or samples.labelled is not None or context.trace * length <= STIFF:
        return False
    return rms(context.residual - context.rest) <= NEAR * rms(context.rest)


def relaxed(step: TrialStep, start: StepContext) -> TrialStep:
    """The step with the residual of stiff modes in balance at its end, by small boosts of the neurons."""
    if step.end is None:
        return step
    there = start.after(step.end, step.residual)
    values, vectors = there.spectrum.values, there.spectrum.vectors
    missing = (step.residual - there.rest) @ vectors
    slopes = values - 2.0 * there.samples.weight_decay
    stiff = slopes * step.length > STIFF
    pulled = vectors @ np.divide(missing, slopes, out=np.zeros_like(missing), where=stiff)
    end = shifted(step.end, there.samples, pulled)
    if end is None:
        return step
    return replace(step, end=end, residual=predictions(end, there.samples) - there.samples.targets)
