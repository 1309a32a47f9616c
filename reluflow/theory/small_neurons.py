"""Small neurons under a residual that does not move: their whole course in closed form.

Sign convention of the theory: the residual here is what is left to fit, r_k = y_k - h(x_k). A neuron too
small to be seen in h obeys, as long as it sees the same samples A,

    dw/dt = a D,   da/dt = <w, D>,   D = (1/n) sum_{k in A} r_k x_k,

a hyperbolic rotation of (w, a) with rapidity |D| t: w moves on the straight ray w + U D, U = integral of a.
In terms of u+ = a + p, u- = a - p, p = <w, D>/|D| (after reflecting a neuron with a < 0), u+ grows as
exp(|D| t), u- decays, u+ u- is constant, and the ray reaches U when x = exp(|D| t) - 1 solves

    u+ x^2 + (u+ + u- - 2 |D| U) x - 2 |D| U = 0.

With a slope of the activation below zero every sample counts: those that are not seen with that slope as
their share in D. A kink z_k = <w, x_k> = 0 that pushes back from both sides is slid along: D is then the
element of least norm among all D with slope <= (share of sample k) <= 1, for all kinks touched at once
(Filippov's solution). Shares depend on the pattern only, so each pattern is solved for once.

Times are flow time of the half-mse loss: for "mse" divide them, and multiply rates, by ``problem.speed``.
Source: Boursier, Pillaud-Vivien, Flammarion 2022, appendix; sliding derived.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from reluflow.network import ON_A_KINK, Array, row_norms
from reluflow.theory.rapidity import gain_at, gain_at_flip, light_cone

Index = npt.NDArray[np.intp]
Status = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]

ON, SLIDING, OFF = 1, 0, -1
#: |D| below this share of sum |r_k| |x_k| / n is rounding: the neuron is at rest.
REST = 1e-13
#: Cosines below this are the rounding of an orthogonal pair.
ORTHOGONAL = 64 * np.finfo(float).eps
#: Imbalance below this, relative to the size of the neuron, is the rounding of a balanced one.
BALANCED = 1e-12
#: A neuron that has met so many kinks a sample is followed no further.
MOST_EVENTS = 50


@dataclass(frozen=True)
class Drift:
    """Where small neurons end, row by row, under a constant residual.

    ``sign`` (m,) of a_j; ``rate`` (m,): |a_j| and |w_j| grow as exp(log_size + rate t) in the end, t being
    counted from the start (rate 0 and log_size -inf for a neuron that comes to rest); ``direction`` (m, d):
    unit, zero at rest; ``status`` (m, n): ON, SLIDING or OFF; ``settled`` (m,): time of the last change of
    status; ``flips`` (m,): how often a_j changed its sign; ``last`` (m, d): the unit direction of w_j at that
    last change; ``decay`` (m,): rate at which a neuron that is pulled straight back shrinks for ever.
    """

    sign: Array
    rate: Array
    log_size: Array
    direction: Array
    status: Status
    settled: Array
    flips: Index
    last: Array
    decay: Array


@dataclass
class _Rows:
    """Neurons under way. ``a`` >= 0 after reflection by ``sign``; all in units of exp(``log``)."""

    index: Index
    sign: Array
    w: Array
    a: Array
    delta: Array
    log: Array
    z: Array
    status: Status
    share: Array
    t: Array
    events: Index

    def take(self, rows: Mask | Index) -> "_Rows":
        return _Rows(**{name: value[rows] for name, value in vars(self).items()})


def drift(
    weights: Array,
    output_weights: Array,
    inputs: Array,
    residual: Array,
    until: float = np.inf,
    slope: float = 0.0,
) -> Drift:
    """Follow neurons (m, d), (m,) under the constant ``residual`` y - h (n,) of ``inputs`` (n, d).

    Changes of status after the time ``until`` (half-mse flow time from now) are left out: the last row of
    each neuron is then the growth that it has at that time. Neurons of any size: they do not interact here.
    ``slope``: that of the activation below zero.
    """
    field = _Field(inputs, residual, slope)
    rows, done = field.start(weights, output_weights)
    while rows.index.size:
        rows = field.advance(rows, done, until)
    return done


def pulls(weights: Array, output_weights: Array, inputs: Array, residual: Array, slope: float = 0.0) -> Array:
    """D_j (m, d) of each neuron under ``residual`` y - h (n,); on a kink, the one of Filippov's solution."""
    field = _Field(inputs, residual, slope)
    rows, _ = field.start(weights, output_weights)
    found = np.zeros_like(weights)
    found[rows.index] = (rows.share * field.pull) @ inputs
    return found


class _Field:
    """What the residual does to any pattern of activation."""

    def __init__(self, inputs: Array, residual: Array, slope: float) -> None:
        n = residual.size
        self.inputs, self.slope = inputs, slope
        self.pull = residual / n
        self.gram = clean_gram(inputs)
        self.lengths = row_norms(inputs)
        self.rest = REST * float(np.abs(self.pull) @ self.lengths)
        self._shares: dict[bytes, Array] = {}

    def start(self, weights: Array, output_weights: Array) -> tuple[_Rows, Drift]:
        m = len(weights)
        norms = row_norms(weights)
        size = np.maximum(norms, np.abs(output_weights))
        unit = np.where(size > 0.0, size, 1.0)
        w, a = weights / unit[:, None], output_weights / unit
        length = norms / unit
        delta = (np.abs(a) - length) * (np.abs(a) + length)
        delta[np.abs(delta) < BALANCED] = 0.0
        z = w @ self.inputs.T
        on_kink = (np.abs(z) <= ON_A_KINK * np.outer(length, self.lengths)) & (self.lengths > 0.0)
        z[on_kink] = 0.0
        # what rounding has left across a kink would turn round a neuron that shrinks along it for long
        for k in np.flatnonzero(on_kink.any(axis=0)):
            x, held = self.inputs[k], on_kink[:, k]
            w[held] -= np.outer(w[held] @ x / (x @ x), x)
        status = np.where(z > 0.0, ON, OFF).astype(np.int8)
        share = np.where(status == ON, 1.0, self.slope)
        towards = np.einsum("jd,jd->j", w, (share * self.pull) @ self.inputs)
        sign = np.where(a == 0.0, np.sign(towards), np.sign(a))
        rows = _Rows(
            np.arange(m), sign, w, np.abs(a), delta, np.log(unit), z, status, share, np.zeros(m),
            np.zeros(m, dtype=np.intp),
        )  # fmt: skip
        done = Drift(
            sign.copy(), np.zeros(m), np.full(m, -np.inf), np.zeros_like(w), status.copy(), np.zeros(m),
            np.zeros(m, dtype=np.intp), _unit(w), np.zeros(m),
        )  # fmt: skip
        rows = rows.take((size > 0.0) & (sign != 0.0))
        touching = (rows.z == 0.0) & (rows.sign[:, None] * self.pull < 0.0)
        rows.status[touching] = SLIDING
        for i in np.flatnonzero(np.any(touching, axis=1)):
            self._settle(rows, int(i))
        return rows, done

    def advance(self, rows: _Rows, done: Drift, until: float) -> _Rows:
        """One event of every neuron; those without a further one are written to ``done`` and left out."""
        weight = rows.sign[:, None] * rows.share * self.pull
        generator = weight @ self.inputs
        rate = row_norms(generator)
        moving = rate > self.rest
        towards = generator / np.where(moving, rate, 1.0)[:, None]
        speed = np.where(rows.status == SLIDING, 0.0, weight @ self.gram)
        plus, minus = light_cone(rows.w, rows.a, rows.delta, towards)
        sample, reach = _next_kink(rows.z, speed, rows.status)
        gain = gain_at(plus, minus, 2.0 * np.where(moving, rate, 1.0) * reach)
        flip = gain_at_flip(plus, minus)
        gain = np.where(moving, np.minimum(gain, flip), np.inf)
        lapse = np.log1p(gain) / np.where(moving, rate, 1.0)
        last = np.isinf(lapse) | (rows.t + lapse > until) | (rows.events > MOST_EVENTS * self.pull.size)
        ended = rows.take(last)
        grows = moving[last] & (plus[last] > 0.0)
        into = ended.index
        done.sign[into], done.status[into], done.settled[into] = ended.sign, ended.status, ended.t
        done.rate[into] = np.where(grows, rate[last], 0.0)
        done.direction[into] = np.where(grows[:, None], towards[last], 0.0)
        done.last[into] = _unit(ended.w)
        done.decay[into] = np.where(moving[last] & ~grows, rate[last], 0.0)
        with np.errstate(divide="ignore"):
            size = np.log(np.where(grows, 0.5 * plus[last], 0.0))
        done.log_size[into] = np.where(grows, ended.log + size - rate[last] * ended.t, -np.inf)
        go = ~last
        flips = (flip <= gain)[go]
        moved = _boosted(rows.take(go), gain[go], plus[go], minus[go], towards[go], rate[go], speed[go])
        moved = replace(moved, t=moved.t + lapse[go], events=moved.events + 1)
        self._turn(moved, flips, done)
        self._touch(moved, sample[go], ~flips)
        return moved

    def _turn(self, rows: _Rows, flips: Mask, done: Drift) -> None:
        """a_j has reached zero: the neuron goes on with the other sign."""
        rows.a[flips] = 0.0
        rows.sign[flips] *= -1.0
        done.flips[rows.index[flips]] += 1
        for i in np.flatnonzero(flips & np.any(rows.status == SLIDING, axis=1)):
            self._settle(rows, int(i))

    def _touch(self, rows: _Rows, sample: Index, touching: Mask) -> None:
        """A kink has been reached: cross it, or slide along it."""
        i = np.flatnonzero(touching)
        k = sample[i]
        rows.z[i, k] = 0.0
        own = (1.0 - self.slope) * rows.sign[i] * self.pull[k] * self.gram[k, k]
        busy = np.any(rows.status[i] == SLIDING, axis=1)
        was_on = rows.status[i, k] == ON
        speed_off = np.einsum("jk,kj->j", rows.share[i] * self.pull, self.gram[:, k]) * rows.sign[i]
        speed_off -= np.where(was_on, own, 0.0)
        slides = (own < 0.0) & (speed_off > 0.0) & (speed_off + own < 0.0)
        rows.status[i, k] = np.where(slides, SLIDING, np.where(was_on, OFF, ON))
        between = self.slope - (1.0 - self.slope) * speed_off / np.where(own == 0.0, 1.0, own)
        rows.share[i, k] = np.where(slides, between, np.where(was_on, self.slope, 1.0))
        for row, column, concave in zip(i[busy], k[busy], (own < 0.0)[busy], strict=True):
            if concave:
                rows.status[row, column] = SLIDING
            self._settle(rows, int(row))

    def _settle(self, rows: _Rows, i: int) -> None:
        """Shares of all kinks that one neuron touches, by pattern."""
        key = bytes([int(rows.sign[i] > 0)]) + rows.status[i].tobytes()
        if key not in self._shares:
            self._shares[key] = self._least_norm_shares(rows.sign[i], rows.status[i])
        share = self._shares[key]
        rows.share[i] = share
        rows.status[i] = np.where(share >= 1.0, ON, np.where(share <= self.slope, OFF, SLIDING))

    def _least_norm_shares(self, sign: float, status: Status) -> Array:
        """Shares (n,) in [slope, 1] with the smallest |D|, those of samples not touched being fixed."""
        from scipy.optimize import lsq_linear

        low = self.slope
        share: Array = np.where(status == ON, 1.0, np.where(status == OFF, low, 0.0))
        touched = np.flatnonzero(status == SLIDING)
        convex = sign * self.pull[touched] >= 0.0  # after a flip: such a kink lets go to its inner side
        share[touched[convex]] = 1.0
        touched = touched[~convex]
        if touched.size == 0:
            return share
        columns = (self.pull[touched, None] * self.inputs[touched]).T
        given = (share * self.pull) @ self.inputs
        inner, *_ = np.linalg.lstsq(columns, -given, rcond=None)
        if np.any(inner <= low) or np.any(inner >= 1.0):
            inner = lsq_linear(columns, -given, bounds=(low, 1.0), method="bvls", tol=1e-14).x
            inner = np.where(inner < low + 1e-10, low, np.where(inner > 1.0 - 1e-10, 1.0, inner))
        share[touched] = inner
        return share


def _unit(rows: Array) -> Array:
    norms = row_norms(rows)
    unit: Array = rows / np.where(norms > 0.0, norms, 1.0)[:, None]
    return unit


def clean_gram(inputs: Array) -> Array:
    """<x_k, x_l> (n, n), with entries that are only the rounding of orthogonality made exactly zero."""
    gram: Array = inputs @ inputs.T
    lengths = row_norms(inputs)
    gram[np.abs(gram) < ORTHOGONAL * np.outer(lengths, lengths)] = 0.0
    return gram


def _next_kink(z: Array, speed: Array, status: Status) -> tuple[Index, Array]:
    """The first sample (m,) whose kink the ray meets, and U there (inf for none)."""
    meets = ((status == ON) & (speed < 0.0)) | ((status == OFF) & (speed > 0.0))
    reach = np.where(meets, -z / np.where(meets, speed, 1.0), np.inf)
    sample = np.argmin(reach, axis=1)
    return sample, np.maximum(reach[np.arange(len(z)), sample], 0.0)


def _boosted(
    rows: _Rows, gain: Array, plus: Array, minus: Array, towards: Array, rate: Array, speed: Array
) -> _Rows:
    """Neurons after the rapidity ln(1 + gain), in units of their new size."""
    after_plus, after_minus = plus * (1.0 + gain), minus / (1.0 + gain)
    reach = 0.5 * (plus * gain + minus * gain / (1.0 + gain))
    w = rows.w + reach[:, None] * towards
    z = rows.z + (reach / rate)[:, None] * speed
    # a kink that lies behind stays behind, whatever the rounding
    z = np.where(rows.status == ON, np.maximum(z, 0.0), np.where(rows.status == OFF, np.minimum(z, 0.0), 0.0))
    a = np.maximum(0.5 * (after_plus + after_minus), 0.0)
    size = np.maximum(row_norms(w), a)
    size = np.where(size > 0.0, size, 1.0)
    return replace(
        rows,
        w=w / size[:, None],
        a=a / size,
        delta=rows.delta / size**2,
        z=z / size[:, None],
        log=rows.log + np.log(size),
    )
