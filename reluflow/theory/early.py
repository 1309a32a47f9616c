"""Early alignment: what the small neurons of a start have done shortly before the first of them is seen.

Until then the residual is y (of labels minus the force at h = 0: y/2 for the logistic loss, y for the
exponential one), and every neuron is followed in closed form (``small_neurons``): those of sign s have
turned to local maxima of s G_y on the sphere (Maennel, Bousquet, Gelly 2018; Boursier and Flammarion 2024),
for orthogonal inputs to D+ and D- (Boursier, Pillaud-Vivien, Flammarion 2022), under one neuron as teacher to
gamma (Chistikov, Englert, Lazic 2023). An output weight changes its sign where a_0 < 0 < p_0 |D| grows past
it: with p = <w, D>/|D| at tanh(|D| t) = -a_0/p_0, which |a_0| < |w_0| allows [derived].
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.network import Array, outweighed, row_norms
from reluflow.observe.measured import Measured, state_at
from reluflow.problem import Problem
from reluflow.theory.effort import TooManyKinksError
from reluflow.theory.forecast import FirstGroup
from reluflow.theory.prediction import Prediction
from reluflow.theory.small_neurons import FinalGrowth, Index, Mask, final_growth_in


@dataclass(frozen=True)
class AlignmentRows:
    """When early alignment is looked at, and which neurons must have aligned by then."""

    #: share of its full mass that the first bundle has by then: the residual is y but for as much
    seed: float = 1e-2
    #: degrees within which a neuron has come to its direction, of which a residual that moved may take some
    aligned: float = 5.0
    #: degrees that a neuron which is due may still be away by the closed form: half of those
    due: float = 0.5 * aligned
    #: times 1 / rate since its last kink after which a neuron with |a| < |w| is due, whose angle is not in
    #: closed form here
    turns: float = 7.0
    #: share of the time after which changes of sign are not compared: not every state is recorded
    late: float = 0.8
    #: neurons that are followed, at most; of more, as many that are spread evenly over them
    followed: int = 5_000


EARLY: Final = AlignmentRows()


MAENNEL = "Maennel et al. 2018, Boursier and Flammarion 2024"


def early_rows(problem: Problem, first: FirstGroup | None, reason: str) -> list[Prediction]:
    """Rows for any small start, from the group that grows first or the ``reason`` why there is none."""
    try:
        early = _Early.of(problem, first) if first is not None else None
    except TooManyKinksError as error:
        early, reason = None, str(error)
    return [_aligned(problem, early, reason), _sign_changes(problem, early, reason)]


@dataclass(frozen=True)
class _Early:
    """The neurons ``which`` (k,) of a start at flow time ``t`` (the problem's): their ``ends``, and ``late``.

    ``below`` (k,): |a_j| < |w_j|; ``due`` (k,): those that must have come to their direction by ``t``.
    """

    which: Index
    t: float
    ends: FinalGrowth
    late: FinalGrowth
    below: Mask
    due: Mask

    @classmethod
    def of(cls, problem: Problem, first: FirstGroup) -> "_Early":
        t = first.time_alone - np.log(1.0 / EARLY.seed) / (2.0 * first.rate)
        until = t * problem.speed
        which = np.linspace(0, problem.width - 1, min(problem.width, EARLY.followed)).round().astype(np.intp)
        weights, outputs = problem.weights[which], problem.output_weights[which]
        known = first.ends if first.ends and len(first.ends.sign) == which.size == problem.width else None
        ends = final_growth_in(first.field, weights, outputs, until, known)
        below = outweighed(weights, outputs)
        late = ends
        if np.any(below):
            late = final_growth_in(first.field, weights, outputs, EARLY.late * until, known)
        return cls(which, t, ends, late, below, _due(ends, until, below))

    def among(self, width: int) -> str:
        """Which neurons are looked at, if not all."""
        return "" if self.which.size == width else f" Of {self.which.size} neurons, spread evenly over all."


def _due(ends: FinalGrowth, until: float, below: Mask) -> Mask:
    """Neurons that grow and are within ``EARLY.due`` degrees of their direction by then (half-mse flow time).

    Since the last kink tan(phi/2) of the angle phi to it has fallen by exp(-rate t), by more if |a| > |w|.
    """
    turn = ends.rate * (until - ends.settled)
    half_chord = 0.5 * row_norms(ends.last - ends.direction)
    start = np.arcsin(np.clip(half_chord, 0.0, 1.0))
    with np.errstate(over="ignore"):
        angle = 2.0 * np.degrees(np.arctan(np.tan(start) * np.exp(-turn)))
    due: Mask = (ends.rate > 0.0) & np.where(below, turn >= EARLY.turns, angle <= EARLY.due)
    return due


def _aligned(problem: Problem, early: _Early | None, reason: str) -> Prediction:
    count = places = 0
    if early is not None:
        count = int(np.count_nonzero(early.due))
        places = len(np.unique(np.round(early.ends.direction[early.due], 4), axis=0))
        if count == 0:
            early, reason = None, "the first escape comes before any neuron is due at its direction"
    return Prediction(
        "early/aligned",
        f"Neurons within {EARLY.aligned:g} degrees of where they grow fastest (for orthogonal inputs D+ or "
        f"D-), {places} direction(s) in all, shortly before the first escape."
        + (early.among(problem.width) if early is not None else ""),
        MAENNEL,
        early is not None,
        reason,
        float(count) if early is not None else None,
        (lambda run: None) if early is None else (lambda run: _come(run, early)),
        0.0,
        absolute=True,
        needs="a run that gets to its first escape",
    )


def _come(run: Measured, early: _Early) -> float | None:
    if run.snapshots.t[-1] < early.t:
        return None
    apart = row_norms(_directions_at(run, early.t)[early.which] - early.ends.direction)
    near = apart <= 2.0 * np.sin(0.5 * np.radians(EARLY.aligned))
    outputs = state_at(run.snapshots, early.t).output_weights[early.which]
    return float(np.count_nonzero(near & early.due & (np.sign(outputs) == early.ends.sign)))


def _directions_at(run: Measured, t: float) -> Array:
    """Unit directions (m, d) at flow time ``t``, linear between the recorded states before and after it."""
    states = run.snapshots
    i = int(np.searchsorted(states.t, t, side="right")) - 1
    j = min(i + 1, len(states.t) - 1)
    before, after = _unit(states.weights[i]), _unit(states.weights[j])
    share = (t - states.t[i]) / (states.t[j] - states.t[i]) if j > i else 0.0
    return _unit((1.0 - share) * before + share * after)


def _unit(rows: Array) -> Array:
    norms = row_norms(rows)
    unit: Array = rows / np.where(norms > 0.0, norms, 1.0)[:, None]
    return unit


def _sign_changes(problem: Problem, early: _Early | None, reason: str) -> Prediction:
    outputs = problem.output_weights if early is None else problem.output_weights[early.which]
    changed = np.zeros(0) if early is None else _changed(outputs, early.ends.sign)
    if early is not None:
        reason = f"|a_j| < |w_j| for {np.count_nonzero(early.below)} neuron(s)"
        if not np.any(early.below):
            early, reason = None, "|a_j| >= |w_j| for every neuron: none can change its sign"
        elif np.any(changed != _changed(outputs, early.late.sign)):
            early, reason = None, "some output weight changes its sign just before the first escape"
    return Prediction(
        "early/sign-changes",
        "Output weights that have another sign before the first escape than at the start: "
        "tanh(|D| t) = -a_0/p_0 between kinks." + (early.among(problem.width) if early is not None else ""),
        "derived",
        early is not None,
        reason,
        None if early is None else float(np.count_nonzero(changed)),
        (lambda run: None) if early is None else (lambda run: _seen_changed(run, early)),
        0.0,
        absolute=True,
        needs="a run that gets to its first escape",
    )


def _changed(outputs: Array, sign: Array) -> Mask:
    changed: Mask = sign * np.sign(outputs) < 0.0
    return changed


def _seen_changed(run: Measured, early: _Early) -> float | None:
    state = state_at(run.snapshots, early.t)
    if run.snapshots.t[-1] < early.t or state.t < EARLY.late * early.t:
        return None
    outputs = run.problem.output_weights[early.which]
    return float(np.count_nonzero(_changed(outputs, state.output_weights[early.which])))
