"""Small neurons under a residual that does not move, from one event of each to the next.

``small_neurons`` states the motion between events. Where kinks meet, at the start, at w = 0 and where a
changes its sign while w slides, neurons go on as the flow does, which is as plain descent does with its rate
going to 0: ``reluflow.flow.lorentz.limit_of_descent``. Residuals are y - h, times flow time of the half-mse
loss.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from reluflow.flow.lorentz.limit_of_descent import Verdict, arrived, start_on_kinks, turned_while_sliding
from reluflow.flow.lorentz.local_field import LocalField
from reluflow.flow.lorentz.neurons import OFF, ON, RESTING, SLIDING
from reluflow.flow.lorentz.samples import merge
from reluflow.network import ON_A_KINK, Array, row_norms
from reluflow.theory.passing import (
    Index,
    Mask,
    Rows,
    Status,
    Step,
    boosted,
    gain_at_origin,
    next_kink,
)
from reluflow.theory.rapidity import gain_at, gain_at_flip, light_cone

#: |D| below this share of sum |r_k| |x_k| / n is rounding: the neuron is at rest.
REST = 1e-13
#: Imbalance below this, relative to the size of the neuron, is the rounding of a balanced one.
BALANCED = 1e-12
#: |<w_j, x_k>| below this share of |w_j| |x_k| is the rounding of a neuron that a kink pushes back to it: one
#: that is only near, and not held by other samples, leaves it at once.
HELD = 1e-6
#: What moves of a neuron is counted in units of its size, unless it is below this share of all of it: there
#: the part that does not move would overflow.
LEAST_MOVING = 1e-300
#: A neuron that has met so many kinks a sample is followed no further.
MOST_EVENTS = 50


class Field:
    """What a constant ``residual`` y - h (n,) of the inputs ``samples`` (n, d) does to small neurons.

    Inputs on one line share one kink: there are h of them, with normals ``inputs`` (h, d), which pull with
    ``on`` (h,) where <w, x> > 0, with ``off`` (h,) where it is below zero, and with ``zero`` (h,) where it is
    zero exactly. ``slope``: that of the activation below zero.
    """

    def __init__(self, samples: Array, residual: Array, slope: float = 0.0) -> None:
        self.samples, self.residual = samples, residual
        merged = merge(samples, residual, slope)
        self.inputs, self.gram = merged.inputs, merged.gram
        left = merged.targets / merged.total
        self.on, self.off = merged.on_force(left), merged.off_force(left)
        self.zero = merged.kink_force(left)
        self.jump = self.on - self.off
        #: the share (h,) of a kink with which it pulls as it does exactly on it
        self._resting = np.divide(
            self.zero - self.off, self.jump, out=np.zeros(len(merged.inputs)), where=self.jump != 0.0
        )
        self.lengths = row_norms(self.inputs)
        self.rest = REST * float(np.abs(left) @ np.sqrt(merged.squares))
        self._merged = merged
        self._span = _basis(self.inputs)
        self._shares: dict[bytes, Array] = {}
        self._verdicts: dict[bytes, Verdict] = {}

    def by_sample(self, status: Status) -> Status:
        """Activations (k, n) of the samples from those (k, h) of the kinks."""
        merged = self._merged
        # what OFF, ON, SLIDING and RESTING are on either side
        before, behind = np.array([[OFF, ON, SLIDING, OFF], [ON, OFF, SLIDING, OFF]], dtype=np.int8)
        blind = np.full((len(status), 1), OFF, dtype=np.int8)
        mirrors = behind[status[:, merged.mirrored]]
        found: Status = np.hstack([before[status], mirrors, blind])[:, merged.group]
        return found

    def force(self, rows: Rows) -> Array:
        """What kinks pull with (k, h)."""
        force: Array = self.off + rows.share * self.jump
        return force

    def start(self, weights: Array, output_weights: Array) -> Rows:
        """Neurons (m, d), (m,) as they are; those that cannot move at all are left out."""
        m = len(weights)
        inner = self.inner(weights)
        norms = row_norms(inner)
        size = np.maximum(norms, np.abs(output_weights))
        size = np.maximum(size, LEAST_MOVING * row_norms(weights))
        unit = np.where(size > 0.0, size, 1.0)
        w, a = inner / unit[:, None], output_weights / unit
        length = norms / unit
        delta = (np.abs(a) - length) * (np.abs(a) + length)
        delta[np.abs(delta) < BALANCED] = 0.0
        z = w @ self.inputs.T
        held = np.sign(a)[:, None] * self.jump < 0.0
        on_kink = np.abs(z) <= np.where(held, HELD, ON_A_KINK) * np.outer(length, self.lengths)
        z[on_kink] = 0.0
        # what rounding has left across a kink would turn round a neuron that shrinks along it for long
        for k in np.flatnonzero(on_kink.any(axis=0)):
            x, flat = self.inputs[k], on_kink[:, k]
            w[flat] -= np.outer(w[flat] @ x / (x @ x), x)
        status = np.where(z > 0.0, ON, OFF).astype(np.int8)
        share = np.where(status == ON, 1.0, 0.0)
        first = np.where(on_kink, self.zero, self.off + share * self.jump) @ self.inputs
        towards = np.einsum("jd,jd->j", w, first)
        sign = np.where(a == 0.0, np.sign(towards), np.sign(a))
        none = np.zeros(m, dtype=np.intp)
        rows = Rows(
            np.arange(m), sign, w, (weights - inner) / unit[:, None], np.abs(a), delta, np.log(unit), z,
            status, share, np.zeros(m), none, none.copy(), none.copy(),
        )  # fmt: skip
        some = (size > 0.0) & (sign != 0.0) & (row_norms(first) > self.rest)
        rows, on_kink = rows.take(some), on_kink[some]
        for i in np.flatnonzero(on_kink.any(axis=1)):
            self._settle_start(rows, int(i), np.flatnonzero(on_kink[i]))
        return rows

    def inner(self, weights: Array) -> Array:
        """The part (m, d) of weights that lies in the span of the inputs, and that alone moves."""
        if self._span is None:
            return weights
        inner: Array = (weights @ self._span) @ self._span.T
        return inner

    def look(self, rows: Rows) -> Step:
        """The force on every neuron."""
        weight = rows.sign[:, None] * self.force(rows)
        generator = weight @ self.inputs
        rate = row_norms(generator)
        moving = rate > self.rest
        rate = np.where(moving, rate, 1.0)
        towards = generator / rate[:, None]
        speed = np.where(rows.status == SLIDING, 0.0, weight @ self.gram)
        plus, minus = light_cone(rows.w, rows.a, rows.delta, towards)
        return Step(rows, rate, moving, towards, speed, plus, minus)

    def advance(self, step: Step, until: float) -> tuple[Rows, Mask]:
        """Neurons that have a further event before the time ``until``, after it; and which (k,) have none."""
        rows = step.rows
        sample, reach = next_kink(rows.z, step.speed, rows.status)
        gain = gain_at(step.plus, step.minus, 2.0 * step.rate * reach)
        flip = gain_at_flip(step.plus, step.minus)
        origin = gain_at_origin(step)
        gain = np.where(np.isfinite(origin), origin, np.minimum(gain, flip))
        gain = np.where(step.moving, gain, np.inf)
        lapse = np.log1p(gain) / step.rate
        last = np.isinf(lapse) | (rows.t + lapse > until) | (rows.events > MOST_EVENTS * self.jump.size)
        go = ~last
        moved = boosted(step.take(go), gain[go])
        moved = replace(moved, t=moved.t + lapse[go], events=moved.events + 1)
        arrives = np.isfinite(origin)[go]
        flips = (flip <= gain)[go] & ~arrives
        for i in np.flatnonzero(arrives):
            self._arrive(moved, int(i))
        self._turn(moved, flips)
        self._touch(moved, sample[go], ~(flips | arrives))
        for i in np.flatnonzero((moved.status == RESTING).any(axis=1)):
            self._leave_by_descent(moved, int(i), np.flatnonzero(moved.status[i] >= SLIDING))
        return moved, last

    def _turn(self, rows: Rows, flips: Mask) -> None:
        """a_j has reached zero: the neuron goes on with the other sign, and leaves the kinks it slides on."""
        rows.a[flips] = 0.0
        rows.flips[flips] += 1
        for row in np.flatnonzero(flips & np.any(rows.status == SLIDING, axis=1)):
            i = int(row)
            slid = np.flatnonzero(rows.status[i] == SLIDING)
            local = self._local(rows, i, slid)
            verdict = self._verdict(rows, i, turned_while_sliding, local, rows.share[i, slid])
            self._go_on(rows, i, slid, verdict)
        rows.sign[flips] *= -1.0

    def _arrive(self, rows: Rows, i: int) -> None:
        """A neuron has come to w = 0, where all kinks meet, with a != 0."""
        meeting = np.arange(self.jump.size)
        local = self._local(rows, i, meeting)
        force, slid, shares = local.force(rows.status[i])
        speeds = local.speeds(force)
        speeds[slid] = 0.0
        verdict = self._verdict(rows, i, arrived, local, speeds, slid, np.clip(shares, 0.0, 1.0))
        rows.w[i], rows.z[i] = 0.0, 0.0
        self._go_on(rows, i, meeting, verdict)

    def _settle_start(self, rows: Rows, i: int, touched: Index) -> None:
        """A neuron that begins on kinks: descent's first step decides, where several solutions exist."""
        concave = rows.sign[i] * self.jump[touched] < 0.0
        if np.all(concave):  # Filippov's solution is the only one
            rows.status[i, touched] = SLIDING
            self._settle(rows, i)
            return
        self._leave_by_descent(rows, i, touched)

    def _leave_by_descent(self, rows: Rows, i: int, touched: Index) -> None:
        """A neuron exactly on kinks goes where descent's first step leads."""
        local = self._local(rows, i, touched)
        status = start_on_kinks(local, rows.status[i, touched] == SLIDING)
        self._go_on(rows, i, touched, Verdict(status, choice=False))

    def _local(self, rows: Rows, i: int, meeting: Index) -> LocalField:
        """The force on one neuron near a point where z vanishes on the samples ``meeting``."""
        counts = self.off + rows.share[i] * self.jump
        counts[meeting] = 0.0
        return LocalField(
            inputs=self.inputs[meeting],
            gram=self.gram[np.ix_(meeting, meeting)],
            base=counts @ self.inputs,
            on=self.on[meeting],
            off=self.off[meeting],
            zero=self.zero[meeting],
            sign=float(rows.sign[i]),
        )

    def _verdict(self, rows: Rows, i: int, judge: Callable[..., Verdict], *what: Any) -> Verdict:
        """What ``judge`` says of a point where kinks meet; the same pattern meets the same fate."""
        key = judge.__name__.encode() + bytes([int(rows.sign[i] > 0)]) + rows.status[i].tobytes()
        if key not in self._verdicts:
            self._verdicts[key] = judge(*what)
        return self._verdicts[key]

    def _go_on(self, rows: Rows, i: int, meeting: Index, verdict: Verdict) -> None:
        """Leave a point where kinks meet."""
        rows.choices[i] += verdict.choice
        status = np.where((verdict.status == RESTING) & (self._resting[meeting] == 0.0), OFF, verdict.status)
        rows.status[i, meeting] = status
        _, slid, shares = self._local(rows, i, meeting).force(status)
        share = np.where(status == ON, 1.0, np.where(status == RESTING, self._resting[meeting], 0.0))
        share[slid] = np.clip(shares, 0.0, 1.0)
        rows.share[i, meeting] = share

    def _touch(self, rows: Rows, sample: Index, touching: Mask) -> None:
        """A kink has been reached: cross it, or slide along it."""
        i = np.flatnonzero(touching)
        k = sample[i]
        rows.z[i, k] = 0.0
        own = rows.sign[i] * self.jump[k] * self.gram[k, k]
        busy = np.any(rows.status[i] == SLIDING, axis=1)
        was_on = rows.status[i, k] == ON
        speed_off = np.einsum("jk,kj->j", self.force(rows)[i], self.gram[:, k]) * rows.sign[i]
        speed_off -= np.where(was_on, own, 0.0)
        slides = (own < 0.0) & (speed_off > 0.0) & (speed_off + own < 0.0)
        rows.status[i, k] = np.where(slides, SLIDING, np.where(was_on, OFF, ON))
        between = np.divide(-speed_off, own, out=np.zeros_like(own), where=slides)
        rows.share[i, k] = np.where(slides, between, np.where(was_on, 0.0, 1.0))
        for row, column, concave in zip(i[busy], k[busy], (own < 0.0)[busy], strict=True):
            if concave:
                rows.status[row, column] = SLIDING
            self._settle(rows, int(row))

    def _settle(self, rows: Rows, i: int) -> None:
        """Shares of all kinks that one neuron is pushed back to from both sides, by pattern."""
        key = bytes([int(rows.sign[i] > 0)]) + rows.status[i].tobytes()
        if key not in self._shares:
            self._shares[key] = self._least_norm_shares(rows.status[i])
        share = self._shares[key]
        rows.share[i] = share
        settled = np.where(share >= 1.0, ON, np.where(share <= 0.0, OFF, SLIDING))
        rows.status[i] = np.where(rows.status[i] == RESTING, RESTING, settled)

    def _least_norm_shares(self, status: Status) -> Array:
        """Shares (h,) in [0, 1] with the smallest |D|, those of kinks not slid on being fixed."""
        from scipy.optimize import lsq_linear

        share: Array = np.where(status == ON, 1.0, np.where(status == RESTING, self._resting, 0.0))
        touched = np.flatnonzero(status == SLIDING)
        if touched.size == 0:
            return share
        columns = (self.jump[touched, None] * self.inputs[touched]).T
        given = (self.off + share * self.jump) @ self.inputs
        inner, *_ = np.linalg.lstsq(columns, -given, rcond=None)
        if np.any(inner <= 0.0) or np.any(inner >= 1.0):
            inner = lsq_linear(columns, -given, bounds=(0.0, 1.0), method="bvls", tol=1e-14).x
            inner = np.where(inner < 1e-10, 0.0, np.where(inner > 1.0 - 1e-10, 1.0, inner))
        share[touched] = inner
        return share


def _basis(inputs: Array) -> Array | None:
    """An orthonormal basis (d, p) of the span of the inputs; None if that is everything."""
    _, sizes, axes = np.linalg.svd(inputs, full_matrices=False)
    rank = int(np.count_nonzero(sizes > max(inputs.shape) * np.finfo(float).eps * sizes.max(initial=0.0)))
    return None if rank == inputs.shape[1] else axes[:rank].T
