"""The Newton update: what the defect of an iterate makes of its path."""

from dataclasses import replace

import numpy as np

from reluflow.flow.lorentz.collocation import RADAU, Newton
from reluflow.flow.lorentz.context import StepContext, labelled_path
from reluflow.flow.lorentz.error_estimate import rms
from reluflow.flow.lorentz.iterate import Correction, Iterate, Limits
from reluflow.flow.lorentz.kernel import kernel
from reluflow.flow.lorentz.label_newton import LabelNewton
from reluflow.flow.lorentz.neurons import Neurons
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.path_basis import basis, integrals
from reluflow.flow.lorentz.settings import NEWTON
from reluflow.flow.lorentz.sweep import SweepResult, block_rows
from reluflow.network import Array


@np.errstate(over="ignore")
def corrected(
    iterate: Iterate, swept: SweepResult, defect: Array, limits: Limits, context: StepContext
) -> Correction:
    """Newton's method for the defect (s, q) of an iterate; with K at both ends where that is far off.

    A change that overflows has no finite size, and is given up.
    """
    path, newton = iterate.path, iterate.newton
    moved, change = _moved(path, newton, defect, context)
    size, turned = rms(change * path.levels[:, None]), path.length * context.rate
    far = size > NEWTON.far * limits.tolerance
    far = far and (iterate.eventful or 2.0 * turned * size > limits.tolerance)
    if newton is None and swept.whole and far:
        newton = _turning(iterate.neurons, swept, path, context)
        moved, change = _moved(path, newton, defect, context)
        size = rms(change * path.levels[:, None])
    return Correction(moved, change, size, turned, newton)


def signs_known(correction: Correction, tolerance: float, context: StepContext) -> bool:
    """Whether the change leaves the signs of small residuals alone where neurons slide on them.

    A residual that is all but fitted follows what little still drives it; it may be far below the tolerance,
    and yet its sign says to which side neurons leave the kink. The force of a label keeps its sign.
    """
    if context.samples.labelled is not None:
        return True
    path, sample = correction.path, context.slaved(correction.path.length)
    known = np.maximum(NEWTON.signed * np.abs(path.values[:, sample]), NEWTON.finest * tolerance)
    return bool((np.abs(correction.change[:, sample]) <= known).all())


def shortened(path: Path, share: float, context: StepContext) -> Path:
    """The same path up to a share of the step."""
    if path.predicted is None:
        return path.part(share)
    predicted = basis(share * RADAU.nodes, 0.0) @ path.predicted
    return labelled_path(context.samples, predicted, share * path.length, path.start)


def _moved(
    path: Path, newton: Newton | LabelNewton | None, defect: Array, context: StepContext
) -> tuple[Path, Array]:
    """The path that Newton's method makes of a defect (s, q), of residuals, and its change (s, q)."""
    if path.predicted is None:
        if isinstance(newton, Newton):
            change = newton.correction(defect)
        else:
            change = context.spectrum.newton(defect, path.length, integrals(path.decay))
        return replace(path, values=path.values + change), change
    curvature = context.samples.curvature(path.predicted)
    if not isinstance(newton, LabelNewton):
        newton = _labelled(None, path, context, curvature)
    predicted = path.predicted + newton.correction(defect, curvature)
    values = context.samples.force(predicted)
    return replace(path, values=values, predicted=predicted), values - path.values


def _turning(neurons: Neurons, swept: SweepResult, path: Path, context: StepContext) -> Newton | LabelNewton:
    """Newton's method with K that turns as far as these neurons turn it on their way."""
    samples, rows, end = context.samples, block_rows(context.samples), swept.end
    now = context.tangent if neurons is context.neurons else kernel(neurons, samples, rows)
    if path.predicted is not None:
        turn = kernel(end.decayed(samples.shrunk(path.length)), samples, rows) - now
        return _labelled(turn, path, context, samples.curvature(path.predicted))
    turn = kernel(end, samples, rows) - now
    before = float(neurons.gain @ neurons.outputs**2)
    course = _course(swept.growth - before, before)
    return Newton(context.kernel, turn, path.length, integrals(path.decay), course, context.low_rank)


def _course(grown: Array, before: float) -> Array:
    """By which shares K has turned at the nodes (s,): as the sum of a_j^2 has grown from ``before``, if much.

    K of neurons that grow without turning is proportional to that sum, so that it turns late in an escape.
    """
    if abs(grown[-1]) > NEWTON.grown * before:
        course: Array = grown / grown[-1]
        return course
    return RADAU.nodes


def _labelled(turn: Array | None, path: Path, context: StepContext, curvature: Array) -> LabelNewton:
    weights = integrals(path.decay)
    return LabelNewton(context.tangent, turn, path.length, weights, context.damping, curvature)
