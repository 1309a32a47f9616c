"""All about one neuron: where it stands, how it moves, and how it came there.

In flow time of the stated loss (c = 1 for half-mse, 2 for mse), with A_jk = 1 where <w_j, x_k> > 0, the
slope of the activation (0 for ReLU) elsewhere, and between them where the neuron slides along a kink,

    dw_j/dt = a_j D_j,   da_j/dt = <w_j, D_j>,   D_j = -(c/n) sum_k A_jk r_k x_k,

so that with u_j = w_j / |w_j| the norm grows by d ln|w_j|/dt = (a_j / |w_j|) <u_j, D_j>, which is
s_j <u_j, D_j> for a balanced neuron of sign s_j (Boursier et al. 2022, section 3).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reluflow.flow.base import State
from reluflow.network import Array, imbalance, residuals, row_norms
from reluflow.observe.history import History
from reluflow.observe.kinks import kink_shares
from reluflow.observe.neurons import describe, unit_rows
from reluflow.problem import Problem

#: of more recorded states than this, evenly spaced ones are looked at
_MOST_STATES = 1_000
#: what has no number among floats becomes NaN or infinity, and is shown as such
_QUIET = np.errstate(over="ignore", invalid="ignore", under="ignore")


@dataclass(frozen=True)
class Inspection:
    """One neuron of a state.

    ``sign`` of a_j; ``log10_norm`` of |w_j|; ``angle`` in degrees, from what ``angle_meaning`` says;
    ``imbalance``: a_j^2 - |w_j|^2; ``preactivations`` (n,), ``cosine`` (n,) of the angle to each input (NaN
    for a zero one), ``residual`` (n,); ``force`` (n,) of a loss of labels, else None; ``active``, ``on_kink``
    (n,), the latter where the pre-activation is rounding, ``sliding`` (n,) where the flow holds it there;
    ``share`` (n,): how much of each sample counts, between ``slope``, that of the activation below zero, and
    1 where it slides (see ``kinks``); ``pull``: |D_j| with these shares; ``decay``: lambda of weight decay;
    ``growth``: s_j <u_j, D_j> - lambda; ``norm_rate``: d ln|w_j|/dt; ``rotation``: |du_j/dt|, radians a unit
    of time. Rates are NaN for a neuron without hidden weights.
    """

    number: int
    sign: int
    output_weight: float
    log10_norm: float
    angle: float
    angle_meaning: str
    imbalance: float
    preactivations: Array
    cosine: Array
    residual: Array
    force: Array | None
    active: npt.NDArray[np.bool_]
    share: Array
    on_kink: npt.NDArray[np.bool_]
    sliding: npt.NDArray[np.bool_]
    slope: float
    pull: float
    decay: float
    growth: float
    norm_rate: float
    rotation: float

    @property
    def condition(self) -> str:
        """In a word: dead (it sees no sample, so nothing moves it), sliding, or live.

        With a slope below zero no neuron is dead: one that is active nowhere still moves.
        """
        if not self.active.any() and self.slope == 0.0:
            return "dead"
        return "sliding" if self.sliding.any() else "live"


@dataclass(frozen=True)
class NeuronRecord:
    """One neuron over time: ``t``, ``log10_norm``, ``angle`` (k,) in degrees, ``active`` (k, n).

    The angle of a direction is unwrapped, so that it does not jump by a full turn.
    """

    t: Array
    log10_norm: Array
    angle: Array
    active: npt.NDArray[np.bool_]

    def next_change(self, t: float) -> tuple[float, int, bool] | None:
        """(time by which, sample, whether switched on) of the first change of activation after ``t``.

        Changes are seen between recorded states, so the time is that of the first state after it.
        """
        now = max(int(np.searchsorted(self.t, t, side="right")) - 1, 0)
        changed = np.argwhere(self.active[now + 1 :] != self.active[now])
        if changed.size == 0:
            return None
        row, sample = (int(i) for i in changed[0])
        return float(self.t[now + 1 + row]), sample, bool(self.active[now + 1 + row, sample])


@_QUIET
def inspect(state: State, problem: Problem, neuron: int) -> Inspection:
    """Everything about neuron ``neuron`` of a state."""
    weights, outputs = state.weights[[neuron]], state.output_weights[[neuron]]
    slope = problem.slope
    residual = residuals(state.weights, state.output_weights, problem.inputs, problem.targets, slope)
    force = problem.force(residual)
    table = describe(State(state.t, weights, outputs), problem, residual)
    z = problem.inputs @ weights[0]
    on = table.active[0]
    share = kink_shares(weights, outputs, problem.inputs, -force, slope)[0]
    pull = -problem.speed / problem.samples * ((share * force) @ problem.inputs)
    unit, norm, a = unit_rows(weights)[0], float(row_norms(weights)[0]), float(outputs[0])
    along = float(unit @ pull)
    ratio = a / norm if norm > 0.0 else np.nan
    return Inspection(
        number=neuron,
        sign=int(np.sign(a)),
        output_weight=a,
        log10_norm=float(table.log10_norm[0]),
        angle=float(table.angle[0]) if norm > 0.0 else np.nan,
        angle_meaning=table.angle_meaning,
        imbalance=float(imbalance(weights, outputs)[0]),
        preactivations=z,
        cosine=_cosines(unit, problem.inputs),
        residual=residual,
        force=force if problem.of_labels else None,
        active=on,
        share=share,
        on_kink=table.on_kink[0],
        sliding=table.sliding[0],
        slope=slope,
        pull=float(row_norms(pull[None, :])[0]),
        decay=problem.weight_decay,
        growth=np.sign(a) * along - problem.weight_decay if norm > 0.0 else np.nan,
        norm_rate=ratio * along - problem.weight_decay,
        rotation=abs(ratio) * float(row_norms((pull - along * unit)[None, :])[0]),
    )


@_QUIET
def drift_of(history: History, t: float, neuron: int, decay: float = 0.0) -> float:
    """By how much a_j^2 - |w_j|^2 has changed between t = 0 and the last recorded state at or before ``t``.

    The flow conserves it but for weight ``decay``, by which it falls like exp(-2 decay t). So what is left is
    an error of the solver; descent in steps does not conserve it.
    """
    then, now = (
        imbalance(state.weights[[neuron]], state.output_weights[[neuron]])[0]
        for state in (history.states[0], history.recorded_at(t))
    )
    return float(now - then * np.exp(-2.0 * decay * history.recorded_at(t).t))


def _cosines(unit: Array, inputs: Array) -> Array:
    cosines: Array = unit_rows(inputs) @ unit
    known = np.any(unit != 0.0) & np.any(inputs != 0.0, axis=1)
    return np.where(known, cosines, np.nan)


@_QUIET
def record_of(history: History, problem: Problem, neuron: int) -> NeuronRecord:
    """The neuron in all recorded states (evenly spaced ones of very many), the last among them."""
    count = len(history.states)
    chosen = np.unique(np.linspace(0, count - 1, min(count, _MOST_STATES)).astype(np.intp))
    states = [history.states[i] for i in chosen]
    weights = np.stack([state.weights[neuron] for state in states])
    outputs = np.array([state.output_weights[neuron] for state in states])
    table = describe(State(0.0, weights, outputs), problem)
    # a neuron without hidden weights has no direction
    known = np.isfinite(table.angle) & np.isfinite(table.log10_norm)
    angle = np.where(known, table.angle, np.nan)
    angle[known] = np.unwrap(angle[known], period=360.0)
    return NeuronRecord(np.array([state.t for state in states]), table.log10_norm, angle, table.active)
