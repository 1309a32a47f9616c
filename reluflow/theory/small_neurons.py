"""Small neurons under a residual that does not move: their flow in closed form, from one event to the next.

Sign convention of the theory: the residual here is what is left to fit, r_k = y_k - h(x_k). A neuron too
small to be seen in h obeys, as long as it sees the same samples A,

    dw/dt = a D,   da/dt = <w, D>,   D = (1/n) sum_{k in A} r_k x_k,

a Lorentz boost of (w, a) of the rapidity |D| t (``reluflow.flow.lorentz.boost``). For a neuron with a > 0,
u+ = a + p grows as exp(|D| t) and u- = a - p decays, p = <w, D>/|D|, while w moves on the straight ray
w + y D, y the integral of a.

With a slope of the activation below zero every sample counts: those that are not seen with that slope as
their share in D. A kink z_k = <w, x_k> = 0 that attracts the neuron from both sides is slid along: D is then
the element of least norm among all D with slope <= (share of sample k) <= 1, for all kinks touched at once
(Filippov's solution). Where that leaves several ways open neurons go on as in the solver (``frozen_field``).

Times are flow time of the half-mse loss: for "mse" divide them, and multiply rates, by ``problem.speed``.
Source: Boursier, Pillaud-Vivien, Flammarion 2022, appendix; sliding derived.
"""

from dataclasses import dataclass, fields

import numpy as np

from reluflow.flow.lorentz.neurons import OFF, ON, SLIDING, Bytes, Mask
from reluflow.flow.lorentz.samples import Index
from reluflow.network import Array, row_norms
from reluflow.theory.frozen_field import Field
from reluflow.theory.tracked import LIMITS, Ahead, Tracked, boosted

__all__ = [
    "OFF",
    "ON",
    "SLIDING",
    "Bytes",
    "Field",
    "FinalGrowth",
    "Index",
    "Mask",
    "ScaledNeurons",
    "final_growth",
    "final_growth_in",
    "flowed",
    "pulls",
]  # fmt: skip


@dataclass(frozen=True)
class FinalGrowth:
    """Where small neurons end, row by row, under a constant residual.

    ``sign`` (m,) of a_j; ``rate`` (m,): |a_j| and |w_j| grow as exp(log_size + rate t) in the end, t being
    counted from the start (rate 0 and log_size -inf for a neuron that comes to rest); ``direction`` (m, d):
    unit, zero at rest; ``status`` (m, n): ON, SLIDING or OFF; ``settled`` (m,): time of the last change of
    status; ``flips`` (m,): how often a_j changed its sign; ``last_weights`` (m, d), ``last_outputs`` (m,): a
    neuron at that last change, in units of its size; ``decay`` (m,): rate at which a neuron that is pulled
    straight back shrinks for ever.
    """

    sign: Array
    rate: Array
    log_size: Array
    direction: Array
    status: Bytes
    settled: Array
    flips: Index
    last_weights: Array
    last_outputs: Array
    decay: Array

    @property
    def last(self) -> Array:
        """Unit directions (m, d) of w_j at the last change."""
        return _unit(self.last_weights)

    @classmethod
    def at_rest(cls, weights: Array, output_weights: Array, inputs: Array) -> "FinalGrowth":
        """Neurons that do not move."""
        m = len(weights)
        status = np.where(weights @ inputs.T > 0.0, ON, OFF).astype(np.int8)
        size = np.maximum(row_norms(weights), np.abs(output_weights))
        unit = np.where(size > 0.0, size, 1.0)
        return cls(
            np.sign(output_weights), np.zeros(m), np.full(m, -np.inf), np.zeros_like(weights), status,
            np.zeros(m), np.zeros(m, dtype=np.intp), weights / unit[:, None], output_weights / unit,
            np.zeros(m),
        )  # fmt: skip

    def take(self, rows: Index) -> "FinalGrowth":
        """Some of the neurons."""
        return FinalGrowth(*(getattr(self, part.name)[rows] for part in fields(self)))

    def put(self, rows: Index, some: "FinalGrowth") -> "FinalGrowth":
        """The same neurons with ``some`` in ``rows``."""
        found = FinalGrowth(*(getattr(self, part.name).copy() for part in fields(self)))
        for part in fields(self):
            getattr(found, part.name)[rows] = getattr(some, part.name)
        return found

    def end(self, ahead: Ahead, field: Field) -> None:
        """Write down neurons that have no further event."""
        tracked, neurons, rate = ahead.tracked, ahead.tracked.neurons, ahead.rate
        into, plus = neurons.index, ahead.cone.plus
        grows = ahead.moving & (plus > 0.0)
        size = neurons.sizes
        unit = np.where(size > 0.0, size, 1.0)
        self.sign[into], self.settled[into], self.flips[into] = tracked.sign, tracked.time, tracked.flips
        self.status[into] = field.by_sample(neurons.status)
        self.rate[into] = np.where(grows, rate, 0.0)
        self.direction[into] = np.where(grows[:, None], field.lifted(ahead.towards), 0.0)
        self.last_weights[into] = field.weights(tracked) / unit[:, None]
        self.last_outputs[into] = neurons.outputs / unit
        self.decay[into] = np.where(ahead.moving & ~grows, rate, 0.0)
        log = _log_unit(tracked) + np.log(np.where(grows, 0.5 * plus, 1.0)) - rate * tracked.time
        self.log_size[into] = np.where(grows, log, -np.inf)


@dataclass(frozen=True)
class ScaledNeurons:
    """Neurons at one time: ``weights`` (m, d) and ``output_weights`` (m,), both times exp(``log``) (m,).

    ``choices``: how many of them have met a point at which descent leaves open how they go on.
    """

    weights: Array
    output_weights: Array
    log: Array
    choices: int


def final_growth(
    weights: Array,
    output_weights: Array,
    inputs: Array,
    residual: Array,
    until: float = np.inf,
    slope: float = 0.0,
) -> FinalGrowth:
    """Follow neurons (m, d), (m,) under the constant ``residual`` y - h (n,) of ``inputs`` (n, d).

    Changes of status after the time ``until`` (half-mse flow time from now) are left out: the last row of
    each neuron is then the growth that it has at that time. Neurons of any size: they do not interact here.
    ``slope``: that of the activation below zero.
    """
    return final_growth_in(Field(inputs, residual, slope), weights, output_weights, until)


def final_growth_in(
    field: Field,
    weights: Array,
    output_weights: Array,
    until: float = np.inf,
    known: FinalGrowth | None = None,
) -> FinalGrowth:
    """The same in a ``field`` that may have met other neurons: what it has worked out serves all of them.

    ``known``: what it is for ever; neurons that are settled by the time ``until`` are not followed again.
    """
    if known is not None:
        late = np.flatnonzero(known.settled > until)
        return known.put(late, final_growth_in(field, weights[late], output_weights[late], until))
    tracked = field.start(weights, output_weights)
    done = FinalGrowth.at_rest(weights, output_weights, field.inputs)
    while len(tracked):
        ahead = field.ahead(tracked)
        tracked, last = field.advance(ahead, until)
        done.end(ahead.take(last), field)
    return done


def flowed(weights: Array, output_weights: Array, field: Field, time: float) -> ScaledNeurons:
    """Neurons (m, d), (m,) in a ``field`` after so much half-mse flow time."""
    tracked = field.start(weights, output_weights)
    size = np.maximum(row_norms(weights), np.abs(output_weights))
    unit = np.where(size > 0.0, size, 1.0)
    w, a, log, choices = weights / unit[:, None], output_weights / unit, np.log(unit), 0
    while len(tracked):
        ahead = field.ahead(tracked)
        tracked, last = field.advance(ahead, time)
        end = _flowed_on(field, ahead.tracked.take(last), time)
        into, size = end.neurons.index, np.where(end.neurons.sizes > 0.0, end.neurons.sizes, 1.0)
        w[into], a[into] = field.weights(end) / size[:, None], end.neurons.outputs / size
        log[into] = _log_unit(end) + np.log(size)
        choices += int(np.count_nonzero(end.choices))
    return ScaledNeurons(w, a, log, choices)


def _flowed_on(field: Field, tracked: Tracked, time: float) -> Tracked:
    """Neurons without a further event before ``time``, then."""
    while len(tracked):
        ahead = field.ahead(tracked)
        rapidity = np.where(ahead.moving, np.maximum(ahead.rate * (time - tracked.time), 0.0), 0.0)
        if not np.any(rapidity > 0.0):
            break
        tracked = boosted(ahead, np.minimum(rapidity, LIMITS.rapidity), field.samples)
        if np.all(rapidity <= LIMITS.rapidity):
            break
    return tracked


def _log_unit(tracked: Tracked) -> Array:
    """ln of the unit in which neurons are given (k,)."""
    log: Array = np.log(2.0) * tracked.neurons.exponent
    return log


def pulls(weights: Array, output_weights: Array, inputs: Array, residual: Array, slope: float = 0.0) -> Array:
    """D_j (m, d) of each neuron under ``residual`` y - h (n,); on a kink, that of the way on from there."""
    field = Field(inputs, residual, slope)
    ahead = field.ahead(field.start(weights, output_weights))
    found = np.zeros_like(weights)
    found[ahead.tracked.neurons.index] = field.lifted(ahead.force)
    return found


def _unit(rows: Array) -> Array:
    norms = row_norms(rows)
    unit: Array = rows / np.where(norms > 0.0, norms, 1.0)[:, None]
    return unit
