"""The flow of one neuron close to a point where several kinks meet.

Close to a point where the pre-activations z_l of the samples l in T vanish, only these decide, and the force
on the neuron depends on their activations alone: z moves with a velocity that is constant on every cone,

    dz_l/dt = a <x_l, D>,   D = D_0 + sum_{k in T} c_k x_k,

with c_k = -r_k / n where k is active, and -q_k / n where it is not.

Where this equation has several solutions, the flow is the limit of plain descent, w += h a D with activation
z > 0, as its rate h goes to 0. The local field does not change when z is scaled, so descent at step one *is*
that limit: see ``limit_of_descent``.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from reluflow.flow.lorentz.neurons import OFF, ON, RESTING, SLIDING, Bytes, Mask
from reluflow.flow.lorentz.samples import Index
from reluflow.network import Array, indices

#: a velocity below this, relative to what it is the sum of, is rounding
ROUNDING: Final = 64 * np.finfo(float).eps
#: a sample whose distance from the span of others is below this (squared, relative) lies in it
DEPENDENT: Final = 1e-12
#: a point this near to the one where all kinks meet, relative to where it was, has arrived there
ARRIVED: Final = 1e-10
#: what is left of a force that shares should balance, relative to its parts: rounding, and so much that a
#: neuron does not come back where it has left
UNFELT, TIPPED = 1e-13, 1e-3
#: from so many samples on, and twice the number of dimensions, steps of descent go by way of the inputs
FACTORED: Final = 64
#: events after which a local flow is taken to stay where it is, in units of the number of its samples
PATIENCE: Final = 20


@dataclass(frozen=True)
class LocalField:
    """The force on one neuron near a point where its t pre-activations vanish.

    inputs (t, p); gram (t, t); base (p,): D_0; on, off, zero (t,): c_k of a sample that is active, inactive,
    or exactly on its kink, where the derivative of the activation function is that of its lower side; sign:
    of a; summed: the sum of the sizes of which D_0 is the sum. released: a sample on which a neuron held
    where all kinks meet can slide no longer, and what becomes of it.
    """

    inputs: Array
    gram: Array
    base: Array
    on: Array
    off: Array
    zero: Array
    sign: float
    summed: float = 0.0
    released: tuple[int, int] | None = None

    def speeds(self, force: Array) -> Array:
        """dz/dt (.., t) for |a| = 1 where samples pull with ``force`` (.., t)."""
        speeds: Array = self.sign * (self.inputs @ self.base + force @ self.gram)
        return speeds

    def turned(self) -> "LocalField":
        """The field for an output weight of the other sign."""
        return replace(self, sign=-self.sign)

    @cached_property
    def sizes(self) -> Array:
        """|x_l| (t,)."""
        return np.sqrt(np.diagonal(self.gram))

    @cached_property
    def longest(self) -> Array:
        """The most by which z (t,) changes in a step of length one."""
        forces = np.maximum(np.abs(self.on), np.abs(self.off))
        longest: Array = np.abs(self.inputs @ self.base) + forces @ np.abs(self.gram)
        return longest

    def rounding(self, force: Array) -> Array:
        """What is rounding in dz/dt (t,) where samples pull with ``force`` (t,)."""
        rounding: Array = ROUNDING * self.sizes * (np.abs(force) @ self.sizes + self.summed)
        return rounding

    def descend(self, z: Array, lengths: Array) -> Array:
        """Descent from z (f, t), f phases side by side, with steps of the given lengths (k,) or (k, f)."""
        given = self.sign * (self.inputs @ self.base)
        # of many samples in few dimensions the Gram matrix is slower than what it is the product of
        samples, p = self.inputs.shape
        factors = [self.inputs, self.inputs.T] if samples >= max(FACTORED, 2 * p) else [self.gram]
        for length in lengths:
            force = np.where(z > 0.0, self.on, np.where(z < 0.0, self.off, self.zero))
            for factor in factors:
                force = force @ factor
            z = z + np.reshape(length, (-1, 1)) * (given + self.sign * force)
        return z

    def follow(self, z: Array, slid: Index | None = None) -> Bytes:
        """The activations (t,) with which the local flow from z (t,), sliding on ``slid``, goes on for ever.

        Where it arrives at the point where all kinks meet it goes on to the far side of its line of motion;
        where that leads back there it stays, sliding.
        """
        status = _sides(z)
        if slid is not None:
            status[slid] = SLIDING
        z, start, arrivals = z.copy(), float(np.abs(z).max(initial=0.0)), 0
        for _ in range(PATIENCE * (z.size + 1)):
            status, speeds = self._released(status)
            moves = (status == RESTING) & (speeds != 0.0)
            if moves.any():
                status = np.where(moves, _sides(speeds), status)
                continue
            side = np.where(status == ON, 1.0, -1.0)
            meets = (status != SLIDING) & (side * speeds < 0.0)
            if not meets.any():
                return status
            delays = np.divide(-z, speeds, out=np.full_like(z, np.inf), where=meets)
            first = int(np.argmin(np.maximum(delays, 0.0)))
            z = z + max(delays[first], 0.0) * speeds
            z[first] = 0.0
            if np.abs(z).max() <= ARRIVED * start:
                arrivals += 1
                if arrivals > 1:
                    return self.held
                free = status != SLIDING
                z = start * speeds / np.abs(speeds).max()
                status = np.where(free, _sides(z), status)
                continue
            start = max(start, float(np.abs(z).max()))
            status = self._crossed(status, first)
        return status

    def force(self, status: Bytes) -> tuple[Array, Index, Array]:
        """What samples pull with (t,), those that slide (s,), and the shares of these that are active (s,).

        For the shares the velocity across the kinks that are slid on is zero.
        """
        force = np.choose(status, [self.off, self.on, np.zeros(status.size), self.zero])
        slid = indices(status == SLIDING)
        if slid.size == 0:
            return force, slid, np.zeros(0)
        across = self.inputs[slid] @ self.base + force @ self.gram[:, slid]
        force[slid] = np.linalg.lstsq(self.gram[np.ix_(slid, slid)], -across, rcond=1e-12)[0]
        jump = (self.on - self.off)[slid]
        shares = np.divide(force[slid] - self.off[slid], jump, out=np.zeros(slid.size), where=jump != 0.0)
        return force, slid, shares

    def _released(self, status: Bytes) -> tuple[Bytes, Array]:
        """Activations once all samples are let go whose shares are out of 0 .. 1, and the speeds (t,) then.

        A share of exactly zero lets go too: the sample stays off when its force changes its sign later.
        """
        while True:
            force, slid, shares = self.force(status)
            speeds = self.speeds(force)
            if slid.size == 0:
                break
            jump = np.abs(self.on - self.off)[slid] * self.sizes[slid] ** 2
            rounding = self.rounding(force)[slid] / np.where(jump > 0.0, jump, 1.0)
            over = np.maximum(rounding - shares, shares - 1.0 - rounding)
            worst = int(np.argmax(over))
            if over[worst] <= 0.0:
                break
            status = status.copy()
            status[slid[worst]] = ON if shares[worst] > 0.5 else OFF
        speeds[slid] = 0.0
        speeds[np.abs(speeds) <= self.rounding(force)] = 0.0
        return status, speeds

    def _crossed(self, status: Bytes, sample: int) -> Bytes:
        """Activations after z has become zero on a sample: it is crossed, or slid on."""
        was_on = status[sample] == ON
        status = status.copy()
        status[sample] = OFF if was_on else ON
        force, slid, _ = self.force(status)
        back = self.speeds(force)[sample]
        if slid.size:
            inner = np.linalg.lstsq(self.gram[np.ix_(slid, slid)], self.gram[slid, sample], rcond=1e-12)[0]
            if (
                self.gram[sample, sample] - inner @ self.gram[slid, sample]
                <= DEPENDENT * self.gram[sample, sample]
            ):
                return status
        rounding = self.rounding(force)[sample]
        if (back > rounding) if was_on else (back < -rounding):
            status[sample] = SLIDING
        return status

    def tipped(self) -> "LocalField":
        """The field with more of what is left of its force where no shares balance it.

        When a neuron can just be held no longer this is next to nothing, but grows, and its direction decides
        which way the neuron goes. A field that shares balance stays as it is.
        """
        from scipy.linalg import orth
        from scipy.optimize import lsq_linear

        attracts = self.sign * (self.on - self.off) < 0.0
        span = orth(self.inputs.T, 1e-9)
        columns = (span.T @ self.inputs.T) * (self.on - self.off)
        given = span.T @ (self.base + np.where(attracts, self.off, self.on) @ self.inputs)
        size = float(np.sqrt((columns**2).sum(axis=0)).sum()) or 1.0
        left = given
        if attracts.any():  # of nothing to be shared SciPy takes a norm that NumPy below 2.3 has no value for
            columns = columns[:, attracts]
            left = left + columns @ lsq_linear(columns / size, -left / size, (0.0, 1.0), method="bvls").x
        left = span @ left
        share = float(np.sqrt(left @ left)) / size
        if not UNFELT < share < TIPPED:
            return self
        return replace(self, base=self.base + TIPPED / share * left)

    @cached_property
    def held(self) -> Bytes:
        """Activations (t,) of a neuron that stays where all kinks meet, if the field allows it.

        It slides on as many of the samples that attract it as there are dimensions, so that forces cancel:
        a vertex of what is feasible for shares in 0 .. 1, that with the largest sum of shares, as descent is
        never exactly there and so never sees all of them off. Samples that repel it count as active.
        """
        attracts = self.sign * (self.on - self.off) < 0.0
        bounds = np.tile([0.0, 1.0], (attracts.size, 1))
        if self.released is not None:
            bounds[self.released[0]] = self.released[1] == ON
        status = np.where(attracts, OFF, ON).astype(np.int8)
        # a linear programme is solved to a tolerance: what is beyond its bounds by less is put on them
        for _ in range(np.count_nonzero(attracts) + 1):
            found = self._vertex(attracts, bounds)
            if found is None:
                break
            status = found
            _, slid, shares = self.force(status)
            beyond = np.maximum(-shares, shares - 1.0)
            if slid.size == 0 or beyond.max() <= ROUNDING:
                break
            worst = int(np.argmax(beyond))
            bounds[slid[worst]] = shares[worst] > 0.5
        return status

    def _vertex(self, attracts: Mask, bounds: Array) -> Bytes | None:
        """Activations for shares within bounds (t, 2) for which all forces cancel; None if there are none."""
        from scipy.optimize import linprog

        given = self.inputs @ self.base + self.gram @ np.where(attracts, self.off, self.on)
        columns = (self.gram * (self.on - self.off))[:, attracts]
        scale = float(np.abs(columns).max(initial=0.0)) or 1.0
        found = linprog(
            -np.ones(columns.shape[1]),
            A_eq=columns / scale,
            b_eq=-given / scale,
            bounds=bounds[attracts].tolist(),
            method="highs-ds",
        )
        if found.status != 0:
            return None
        shares = np.ones(attracts.size)
        shares[attracts] = found.x
        status = np.where(shares > 0.5, ON, OFF).astype(np.int8)
        if attracts.all() and not shares.any():
            return status
        inside = np.where(bounds[:, 0] < bounds[:, 1], np.minimum(shares, 1.0 - shares), -1.0)
        inside[~attracts] = -1.0
        order = np.argsort(-inside, kind="stable")[: np.count_nonzero(inside >= 0.0)]
        status[independent(order, self.inputs)] = SLIDING
        return status


def _sides(z: Array) -> Bytes:
    """Activations (t,) where pre-activations, or how fast they leave zero, are z (t,)."""
    return np.where(z > 0.0, ON, np.where(z < 0.0, OFF, RESTING)).astype(np.int8)


def independent(order: Index, inputs: Array) -> Index:
    """The first samples in this order that are linearly independent."""
    basis, kept = np.zeros((0, inputs.shape[1])), []
    for k in order:
        x = inputs[k] - (inputs[k] @ basis.T) @ basis
        x = x - (x @ basis.T) @ basis
        norm = float(np.sqrt(x @ x))
        if norm > 1e-9 * float(np.sqrt(inputs[k] @ inputs[k])):
            basis = np.vstack([basis, x / norm])
            kept.append(int(k))
    return np.array(kept, dtype=np.intp)
