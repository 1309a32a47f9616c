"""One step by collocation: predict, sweep, correct, estimate, accept or reject.

The path of the residual is predicted as if K stood still. A sweep moves every neuron along the path; the
residual of the moved network, less that of the path, is the defect, of which Newton's method makes the next
path. The first sweeps leave neurons out that hardly matter, and events: these come into play once the path is
nearly right. A step that cannot hold the kinks of the residual is cut at one of them, so that its path is
smooth. The filtered defect at the start of the step is its error estimate.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from reluflow.flow.lorentz.collocation import RADAU
from reluflow.flow.lorentz.context import StepContext
from reluflow.flow.lorentz.error_estimate import kinked, rms
from reluflow.flow.lorentz.iterate import Correction, Iterate, Limits
from reluflow.flow.lorentz.neuron_events import StallError
from reluflow.flow.lorentz.neurons import Mask, Neurons
from reluflow.flow.lorentz.newton_update import corrected, shortened, signs_known
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.path_basis import integrals
from reluflow.flow.lorentz.samples import Samples
from reluflow.flow.lorentz.settings import ACCURACY, KINKS, NEWTON
from reluflow.flow.lorentz.step_tolerances import StepTolerances
from reluflow.flow.lorentz.sweep import SweepResult, predictions, shifted, sweep
from reluflow.flow.lorentz.trial_step import TrialStep
from reluflow.network import Array, indices, row_norms


class CollocationStepper:
    """Tries steps for merged samples, to their ``tolerances``; abandoned: see ``FlowSolver``."""

    def __init__(self, samples: Samples, rtol: float) -> None:
        self.samples = samples
        self.tolerances = StepTolerances(samples, rtol)
        self.abandoned: Callable[[], bool] = lambda: False

    def attempt(self, length: float, context: StepContext) -> TrialStep:
        """A step of the given length, with the neurons that hardly matter left out of the first iterate."""
        tolerance, spread = self.tolerances.felt(context), self.samples.spread
        light = NEWTON.light * tolerance / len(context.neurons)
        with np.errstate(over="ignore"):
            coupled = 2.0 * (context.log_sizes + context.rates * length) > np.log(light / spread)
        if not coupled.any():
            trial = self._along(Path(context.force[None], length), context)
            if trial.end is None:
                return trial
            end = trial.end
            grown = np.abs(end.outputs) * row_norms(end.weights) * end.gain * spread
            if np.sum(grown) <= tolerance:
                return trial
            coupled = grown > light
        if np.count_nonzero(~coupled) * self.samples.primaries < NEWTON.worth:
            coupled[:] = True
        return self._collocate(length, context, coupled)

    def beginning(self, length: float, context: StepContext) -> TrialStep | None:
        """A step over the beginning of one that was accepted, not cut at kinks; None if none is found.

        Its error may be larger than that of a step that others are built on.
        """
        everyone = np.ones(len(context.neurons), dtype=bool)
        trial = self._collocate(length, context, everyone, cuts=KINKS.cuts)
        return trial if trial.end is not None and trial.error <= ACCURACY.beginning else None

    def _along(self, path: Path, context: StepContext) -> TrialStep:
        """A step along a path that the network does not act on."""
        neurons, r = context.neurons, context.residual
        try:
            swept = sweep(neurons, self.samples, path, self.tolerances.hysteresis, abandoned=self.abandoned)
        except StallError:
            return TrialStep.rejected(path.length, path, r)
        others = r - predictions(neurons, self.samples)
        reached = self.samples.residual(others, swept.predictions[-1], path.length)
        return self._trial(path.length, path, swept.end, swept, reached, 0.0, keep=True)

    def _collocate(self, length: float, context: StepContext, coupled: Mask, cuts: int = 0) -> TrialStep:
        """A step found by Newton's method; in the first iterate others than the ``coupled`` stand still.

        cuts: how often it counts as cut at a kink before it begins.
        """
        rows = indices(coupled)
        r, neurons = context.residual, context.neurons.some(rows)
        limits = self.tolerances.limits(length, context, neurons)
        path, base = context.predicted(length, limits.allowed), r - predictions(neurons, self.samples)
        iterate = Iterate(path, neurons, rows, base, cuts=cuts)
        rejected = TrialStep.rejected(length, iterate.path, r)
        while iterate.number < NEWTON.iterations:
            try:
                found = self._iterated(iterate, limits, context)
            except StallError:
                found = None
            if found is None:
                return rejected
            if isinstance(found, TrialStep):
                return found
            iterate = found
        return rejected

    def _iterated(self, iterate: Iterate, limits: Limits, context: StepContext) -> Iterate | TrialStep | None:
        """The next iterate, or the step once it is found; None where the step is to be rejected."""
        if not np.abs(iterate.path.values).max(initial=0.0) < limits.bound:
            return None
        path = replace(iterate.path, doubt=rms(iterate.path.start - context.force))
        iterate = replace(iterate, path=path)
        straight = None if iterate.eventful else limits.felt / self.samples.spread
        swept = self._swept(iterate.neurons, path, limits, straight)
        short, end = self.tolerances.ends(swept, path, context, iterate.cuts)
        if limits.cuttable and short < 1.0:
            return iterate.cut(context.predicted(path.length * short, limits.allowed))
        if swept.whole and end < 1.0:
            return iterate.cut(shortened(path, end, context))
        found = self._corrected(iterate, swept, limits, context)
        left_out = swept.whole and len(iterate.neurons) < len(context.neurons)
        if left_out and found is not None and found[1].size <= limits.enough:
            iterate, swept = self.completed(iterate, swept, limits, context)
            found = self._corrected(iterate, swept, limits, context)
        if found is None:
            return None
        defect, correction = found
        iterate = replace(iterate, newton=correction.newton)
        error = self._estimated(iterate, swept, correction, context)
        if swept.whole:
            return self._judged(iterate, swept, defect, correction, error, limits, context)
        if error > ACCURACY.hopeless_straight:
            return self._trial(limits.wanted, path, swept.end, swept, context.residual, error)
        believed = correction.path if correction.size < NEWTON.rough * rms(context.force) else path
        still = self._still(believed, limits, context)
        if still is not None:
            return still
        if believed is not path and self._rough(iterate, correction, limits):
            return replace(iterate, path=believed, last=correction.size, number=iterate.number + 1)
        iterate = replace(iterate, path=believed, eventful=True, smooth=error, last=np.inf, number=0)
        return iterate.cut(shortened(believed, end, context)) if end < 1.0 else iterate

    def _rough(self, iterate: Iterate, correction: Correction, limits: Limits) -> bool:
        """Whether a path without events is worth finding before neurons are let go by it.

        Where labels contradict each other forces cancel, and their signs say to which side neurons leave the
        kinks on which they slide: those of a rough path let go neurons that stay, and no path is found then.
        """
        if self.samples.labelled is None or self.tolerances.scale == 0.0:
            return False
        nearer = limits.tolerance < correction.size < 0.5 * iterate.last
        return nearer and iterate.number < NEWTON.late

    def _swept(
        self, neurons: Neurons, path: Path, limits: Limits, straight: float | None = None
    ) -> SweepResult:
        """Neurons moved along the path, which may be made of fewer terms for that."""
        fewer = path.reduced(NEWTON.missed * limits.enough)
        return sweep(neurons, self.samples, fewer, self.tolerances.hysteresis, straight, self.abandoned)

    def _corrected(
        self, iterate: Iterate, swept: SweepResult, limits: Limits, context: StepContext
    ) -> tuple[Array, Correction] | None:
        """The defect (s, q) of the forces along the path, and the Newton correction; None if it diverges."""
        path = iterate.path
        there = self.samples.residual(iterate.base, swept.predictions, path.length * RADAU.nodes)
        defect = self.samples.force(there) - path.values
        if not np.abs(defect).max(initial=0.0) < limits.bound:
            return None
        missed = defect if path.predicted is None else there - path.predicted
        correction = corrected(iterate, swept, missed, limits, context)
        return (defect, correction) if np.isfinite(correction.size) else None

    def completed(
        self, iterate: Iterate, swept: SweepResult, limits: Limits, context: StepContext
    ) -> tuple[Iterate, SweepResult]:
        """The iterate with all neurons, and their motion, that of those who were left out included."""
        everyone = np.arange(len(context.neurons))
        others = np.delete(everyone, iterate.rows)
        moved = self._swept(context.neurons.take(others), iterate.path, limits)
        base = context.residual - predictions(context.neurons, self.samples)
        whole = replace(iterate, neurons=context.neurons, rows=everyone, base=base)
        return whole, swept.joined(iterate.rows, moved, others)

    def _still(self, path: Path, limits: Limits, context: StepContext) -> TrialStep | None:
        """The step along the mean of a path that hardly moves; None if it moves too much for that.

        What the force differs from its mean turns neurons at most by h |D| of it, and is not felt otherwise.
        """
        felt = NEWTON.still * limits.enough / max(1.0, path.length * context.rate)
        if path.modes is not None or rms(path.values[-1] - context.force) > felt:
            return None
        mean = (integrals(path.decay)[-1] @ path.values)[None]
        trial = self._along(Path(mean, path.length), context)
        moved = rms(self.samples.force(trial.residual) - context.force)
        return trial if trial.end is not None and moved <= felt else None

    def _estimated(
        self, iterate: Iterate, swept: SweepResult, correction: Correction, context: StepContext
    ) -> float:
        """The error of the corrected path, in units of what is allowed."""
        error = self.tolerances.error(correction.path, context)
        if iterate.eventful:
            least = context.kinks_divided(correction.path.length, self.tolerances.rtol)
            error = max(min(iterate.smooth, error), float(error / kinked(swept.kinks.shape[1], least)))
        return error

    def _judged(
        self,
        iterate: Iterate,
        swept: SweepResult,
        defect: Array,
        correction: Correction,
        error: float,
        limits: Limits,
        context: StepContext,
    ) -> Iterate | TrialStep | None:
        """The step if Newton's method has converged or there is no hope; else the next iterate."""
        path, size, tolerance = iterate.path, correction.size, limits.tolerance
        everyone = len(iterate.neurons) == len(context.neurons)
        resolved = iterate.number >= NEWTON.late
        resolved = resolved or signs_known(correction, tolerance, context)
        converged = size <= limits.enough and everyone and resolved
        if converged or error > ACCURACY.hopeless[min(iterate.number, 2)]:
            # errors of the path add up, and a stiff residual makes large errors of the network of them
            sure = size <= limits.enough and (tolerance < rms(defect) or swept.least > NEWTON.sure * size)
            moved = self._shifted(swept, iterate.base, limits.wanted, correction, error) if sure else None
            if moved is not None:
                return replace(moved, record=swept.record)
            reached = self.samples.residual(iterate.base, swept.predictions[-1], path.length)
            return self._trial(limits.wanted, path, swept.end, swept, reached, error, keep=True)
        if size > 2.0 * iterate.last:
            return None
        left = size * max(
            correction.turned, size / iterate.last if iterate.number else 2.0 * correction.turned
        )
        near = size <= NEWTON.nearly * tolerance and left <= limits.enough and everyone and resolved
        if near and swept.least > NEWTON.sure * size:
            moved = self._shifted(swept, iterate.base, limits.wanted, correction, error)
            if moved is not None:
                return moved
        after = replace(iterate, path=correction.path, last=size, number=iterate.number + 1)
        if everyone:
            return after
        base = context.residual - predictions(context.neurons, self.samples)
        rows = np.arange(len(context.neurons))
        whole = replace(after, neurons=context.neurons, rows=rows, base=base, last=np.inf)
        return replace(whole, eventful=True, smooth=error)

    def _shifted(
        self, swept: SweepResult, base: Array, wanted: float, correction: Correction, error: float
    ) -> TrialStep | None:
        """The step along the corrected path, which is little else than that swept; None over a kink."""
        path = correction.path
        moved = path.length * (integrals(path.decay)[-1] @ correction.change)
        there = shifted(swept.end, self.samples, moved)
        if there is None:
            return None
        reached = self.samples.residual(base, predictions(there, self.samples), path.length)
        return self._trial(wanted, path, there, swept, reached, error)

    def _trial(
        self,
        wanted: float,
        path: Path,
        end: Neurons,
        swept: SweepResult,
        reached: Array,
        error: float,
        keep: bool = False,
    ) -> TrialStep:
        """The step along a path to ``end``, where neurons are but for their decay."""
        left = self.samples.shrunk(path.length)
        record = swept.record if keep else None
        return TrialStep(wanted, path, end.decayed(left), swept.events, reached, error, (), record)
