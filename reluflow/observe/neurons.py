"""Neurons one by one: sign, size, direction, and the samples on which they are active."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.flow.base import State
from reluflow.network import ON_A_KINK, Array, preactivations, row_norms, shares
from reluflow.problem import Problem

#: What a neuron can be: it sees samples; it does and slides along the kink of others; it sees none, so that
#: nothing moves it.
CONDITIONS: Final = ("live", "sliding", "dead")

#: what the angle is called that is measured from the pull of early alignment
TO_PULL: Final = "to D+ or D-"


@dataclass(frozen=True)
class NeuronTable:
    """One row a neuron.

    ``sign`` (m,) of a_j, ``log10_norm`` (m,) of |w_j| (-inf for a zero neuron), ``angle`` (m,) in degrees
    (NaN for a zero neuron), ``angle_meaning``: what the angle is measured from, ``active`` (m, n): whether
    <w_j, x_k> > 0 by more than rounding, so that a neuron that rests or slides on a kink does not flicker;
    ``on_kink`` (m, n): whether it is only rounding; ``sliding`` (m, n): whether the flow holds it there;
    ``growth`` (m,): s_j <u_j, D_j> - lambda with u_j = w_j / |w_j|, NaN for a zero neuron. Without a residual
    none is known to slide, and growth is NaN. ``slope``: by which inactive samples count; above zero no
    neuron is dead.
    """

    sign: npt.NDArray[np.int8]
    log10_norm: Array
    angle: Array
    angle_meaning: str
    active: npt.NDArray[np.bool_]
    on_kink: npt.NDArray[np.bool_]
    sliding: npt.NDArray[np.bool_]
    growth: Array
    slope: float = 0.0

    @property
    def condition(self) -> npt.NDArray[np.int8]:
        """(m,): places in ``CONDITIONS``."""
        seeing, sliding = self.active.any(axis=1) | (self.slope > 0.0), self.sliding.any(axis=1)
        return np.where(seeing, np.where(sliding, 1, 0), 2).astype(np.int8)


def describe(state: State, problem: Problem, residual: Array | None = None) -> NeuronTable:
    """The table of a state, or of some neurons of one with the ``residual`` (n,) r of the whole.

    With two input coordinates the angle is the direction's own, atan2(w_2, w_1). With more it is the
    angle to (1/n) sum over s_j y_k > 0 of |y_k| x_k, the direction in which early alignment pulls a
    neuron of sign s_j that sees every such sample (Boursier et al. 2022, section 3).
    """
    norms = row_norms(state.weights)
    sign = np.sign(state.output_weights).astype(np.int8)
    with np.errstate(divide="ignore"):
        log10_norm = np.log10(norms)
    if problem.dimension == 2:
        angle = np.degrees(np.arctan2(state.weights[:, 1], state.weights[:, 0]))
        angle[norms == 0.0] = np.nan
        meaning = "of the direction"
    else:
        angle = angles_to(state.weights, pulls_of(sign, problem))
        meaning = TO_PULL
    width = ON_A_KINK * np.outer(norms, row_norms(problem.inputs))
    z = preactivations(state.weights, problem.inputs)
    active, on_kink = z > width, (np.abs(z) <= width) & (width > 0.0)
    growth, sliding = np.full(sign.size, np.nan), np.zeros_like(active)
    if residual is not None:
        force = problem.force(residual)
        # <u_j, D_j> = -(c/n) sum_k A_jk r_k z_jk / |w_j|, also for a neuron that slides: there z_jk is zero
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            pull = (shares(active, problem.slope) * z) @ (-problem.speed / problem.samples * force)
            growth = sign * pull / norms - problem.weight_decay
        if on_kink.any():
            sliding = on_kink & _held(sign, active, problem, force)
    return NeuronTable(sign, log10_norm, angle, meaning, active, on_kink, sliding, growth, problem.slope)


def _held(
    sign: npt.NDArray[np.int8], active: npt.NDArray[np.bool_], problem: Problem, force: Array
) -> npt.NDArray[np.bool_]:
    """Whether the flow drives a neuron that is on a kink back to it from either side (m, n).

    With D_j from the samples that are active beyond doubt, and by the slope from the others, z_jk moves at
    v_off = a_j <x_k, D_j> below the kink and at v_on = v_off - a_j (c/n) (1 - slope) r_k |x_k|^2 above it; it
    is held if v_off > 0 > v_on (Filippov). Each kink is judged as if it were the neuron's only one. What is
    only rounding of zero holds nothing.
    """
    share = problem.speed / problem.samples
    lengths = row_norms(problem.inputs)
    pull = -share * ((shares(active, problem.slope) * force) @ problem.inputs)
    off = sign[:, None] * (pull @ problem.inputs.T)
    on = off - sign[:, None] * ((1.0 - problem.slope) * share * force * lengths**2)
    least = ON_A_KINK * np.outer(row_norms(pull), lengths)
    held: npt.NDArray[np.bool_] = (off > least) & (on < -least)
    return held


def unit_rows(rows: Array) -> Array:
    """Rows divided by their norms; zero rows stay zero."""
    norms = row_norms(rows)
    return rows / np.where(norms > 0.0, norms, 1.0)[:, None]


def angles_to(weights: Array, towards: Array) -> Array:
    """Angles in degrees (m,) of rows (m, d) to a vector (d,) or to rows (m, d); NaN where one is zero."""
    towards = unit_rows(np.atleast_2d(towards))
    # 2 asin(|u - v| / 2) keeps small angles that arccos loses
    chord = row_norms(unit_rows(weights) - towards)
    angle: Array = np.degrees(2.0 * np.arcsin(np.clip(0.5 * chord, 0.0, 1.0)))
    known = np.any(weights != 0.0, axis=1) & np.any(towards != 0.0, axis=1)
    return np.where(known, angle, np.nan)


def pulls_of(sign: npt.NDArray[np.int8], problem: Problem) -> Array:
    """D+ or D-, by the sign of a neuron (m,), but for a factor: sum over s_j y_k > 0 of |y_k| x_k, (m, d)."""
    pulls = np.stack([np.maximum(problem.targets, 0.0), np.maximum(-problem.targets, 0.0)]) @ problem.inputs
    chosen: Array = pulls[np.where(sign >= 0, 0, 1)]
    return chosen
