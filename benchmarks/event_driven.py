"""A reference for any loss: DOP853 between changes of activation, which are located one by one.

Independent of reluflow but for the formulas of the losses. While the activation of every pair of neuron and
sample is fixed (on, off or sliding) the right-hand side is smooth. Steps are looked through in a few places
for pre-activations that leave their side of a kink, and for multipliers of sliding pairs that leave [0, 1];
the first one ends the step there, and integration begins anew. Balanced neurons are kept as w = exp(q) v and
|a| = |w|, so that neither balance nor scale costs digits; others as w and a. A neuron that comes to w = 0
with a != 0 goes on as plain descent at small rates does (``through_origin``).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.integrate import DOP853
from scipy.optimize import brentq
from through_origin import OFF, ON, SLIDES, departures

Array = npt.NDArray[np.float64]

#: places in which a step is looked at
LOOKS = np.linspace(0.0, 1.0, 9)[1:]
#: share of |w||x| below which a pre-activation that has just left a kink says nothing
NEAR = 1e-11
#: share of its terms below which a velocity is zero
ZERO = 1e-12
#: by how much a multiplier may be outside of [0, 1] after an event, and releases at one time
SLACK, AT_ONCE = 1e-9, 12
#: flow time that no run reaches, and steps that none is to need
FAR, STEPS = 1e30, 100_000
#: |w| / |a| at an event, below which w goes through the origin
ORIGIN = 1e-9


class GaveUpError(Exception):
    """The reference has no answer, with the reason."""


@dataclass
class Found:
    """Loss and objective at the ends of all steps, the number of events, and of pairs that began to slide.

    ``choices``: times at which plain descent leaves open how a neuron goes on from the origin.
    """

    t: Array
    loss: Array
    objective: Array
    events: int
    slid: int
    choices: list[float]


@dataclass
class Flow:
    """A network on its way. ``force``: predictions (n,) to dl_k/dh_k; ``loss``: predictions to the mean loss.

    ``modes`` (m, n): ON, OFF or SLIDES; ``fresh`` (m, n): pairs that have not yet left the kink at which they
    were switched; ``held``: by sliding neuron its samples, and the pseudo-inverse of their inputs.
    """

    inputs: Array
    slope: float
    decay: float
    force: Callable[[Array], Array]
    loss: Callable[[Array], float]
    signs: Array
    balanced: npt.NDArray[np.bool_]
    modes: npt.NDArray[np.int8]
    fresh: npt.NDArray[np.bool_]
    held: dict[int, tuple[npt.NDArray[np.intp], Array]] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.signs), self.inputs.shape[1]

    def network(self, y: Array) -> tuple[Array, Array, Array]:
        """v (m, d), w (m, d) and a (m,) of a vector."""
        m, d = self.shape
        v, last = y[: m * d].reshape(m, d), y[m * d :]
        size = np.exp(np.where(self.balanced, last, 0.0))
        w = size[:, None] * v
        return v, w, np.where(self.balanced, self.signs * size * np.linalg.norm(v, axis=1), last)

    def shares(self) -> Array:
        return np.where(self.modes == ON, 1.0, self.slope)

    def predictions(self, w: Array, a: Array) -> Array:
        seen = np.where(self.modes == SLIDES, 0.0, self.shares())
        return a @ (seen * (w @ self.inputs.T))

    def values(self, y: Array) -> tuple[float, float]:
        """Loss and objective."""
        _, w, a = self.network(y)
        loss = self.loss(self.predictions(w, a))
        return loss, loss + 0.5 * self.decay * float(np.sum(w**2) + a @ a)

    def pulls(self, w: Array, a: Array) -> tuple[Array, Array]:
        """-g / n (n,), and D_j (m, d) with sliding samples at the slope below zero."""
        pull = -self.force(self.predictions(w, a)) / len(self.inputs)
        return pull, (self.shares() * pull) @ self.inputs

    def rate(self, t: float, y: Array) -> Array:
        v, w, a = self.network(y)
        _, pulls = self.pulls(w, a)
        for j, (samples, inverse) in self.held.items():
            pulls[j] -= inverse @ (self.inputs[samples] @ pulls[j])
        lengths = np.linalg.norm(v, axis=1)
        turned = self.signs[:, None] * lengths[:, None] * pulls
        grown = self.signs * np.einsum("md,md->m", v, pulls) / np.where(lengths > 0.0, lengths, 1.0)
        by_v = np.where(
            self.balanced[:, None], turned - grown[:, None] * v, a[:, None] * pulls - self.decay * w
        )
        by_last = np.where(
            self.balanced, grown - self.decay, np.einsum("md,md->m", w, pulls) - self.decay * a
        )
        return np.concatenate([by_v.ravel(), by_last])

    def multipliers(self, j: int, pull: Array, pulls: Array) -> Array:
        """The shares alpha of the sliding samples of neuron ``j``, between 0 (off) and 1 (on)."""
        samples, inverse = self.held[j]
        wanted = -(inverse.T @ pulls[j])
        with np.errstate(divide="ignore", invalid="ignore"):
            shares: Array = wanted / ((1.0 - self.slope) * pull[samples])
        return np.where(wanted == 0.0, 0.0, shares)

    def gaps(self, y: Array) -> tuple[Array, dict[int, Array]]:
        """How far all pairs (m, n) are on their side, in units of |w||x|, and the multipliers."""
        _, w, a = self.network(y)
        z = w @ self.inputs.T
        scale = np.linalg.norm(w, axis=1)[:, None] * np.linalg.norm(self.inputs, axis=1)
        side = np.where(self.modes == ON, 1.0, -1.0) * z / np.where(scale > 0.0, scale, 1.0)
        side[(self.modes == SLIDES) | (scale == 0.0)] = 1.0
        pull, pulls = self.pulls(w, a)
        return side, {j: self.multipliers(j, pull, pulls) for j in self.held}

    def switch(self, j: int, k: int, mode: int) -> None:
        self.modes[j, k] = mode
        self.fresh[j, k] = mode != SLIDES
        self._hold(j)

    def _hold(self, j: int) -> None:
        """Keep neuron ``j`` on the kinks of its sliding samples."""
        samples = np.flatnonzero(self.modes[j] == SLIDES)
        self.held.pop(j, None)
        if samples.size:
            rows = self.inputs[samples]
            if np.linalg.matrix_rank(rows) < samples.size:
                raise GaveUpError("a neuron slides on samples that depend on each other")
            self.held[j] = samples, np.linalg.pinv(rows)

    def happen(self, y: Array, j: int, k: int) -> bool:
        """Switch pair (j, k), which stands on its kink, and release what that lets go.

        True if the neuron stands in the origin and descent leaves open how it goes on; ``y`` is moved there.
        """
        _, w, a = self.network(y)
        if not self.balanced[j] and np.linalg.norm(w[j]) <= ORIGIN * abs(a[j]):
            return self.leave_origin(y, j)
        self.cross(w, a, j, k)
        return False

    def leave_origin(self, y: Array, j: int) -> bool:
        """Set neuron ``j`` on the ray along which descent leaves the origin; True if there are several."""
        _, w, a = self.network(y)
        pull, pulls = self.pulls(w, a)
        came = pulls[j]
        if j in self.held:
            samples, inverse = self.held[j]
            came = came - inverse @ (self.inputs[samples] @ came)
        sign = np.sign(a[j])
        ends = departures(self.inputs, sign * pull, self.slope, -sign * came)
        if not np.any(ends[0].direction):
            raise GaveUpError("a neuron stays in the origin")
        self.modes[j], self.fresh[j] = ends[0].modes, False
        self._hold(j)
        d = self.shape[1]
        size = max(float(np.linalg.norm(w[j])), 1e-14 * abs(a[j]))
        y[j * d : (j + 1) * d] = size * ends[0].direction
        return len(ends) > 1

    def cross(self, w: Array, a: Array, j: int, k: int) -> None:
        """Switch pair (j, k) of a neuron that is not in the origin, and release what that lets go."""
        if self.modes[j, k] == SLIDES:
            pull, pulls = self.pulls(w, a)
            at = int(np.flatnonzero(self.held[j][0] == k)[0])
            self.switch(j, k, ON if self.multipliers(j, pull, pulls)[at] > 0.5 else OFF)
        else:
            self.switch(j, k, self.decided(w, a, j, k))
        for _ in range(AT_ONCE):
            if j not in self.held:
                return
            pull, pulls = self.pulls(w, a)
            shares = self.multipliers(j, pull, pulls)
            outside = np.maximum(-shares, shares - 1.0)
            if np.max(outside) <= SLACK:
                return
            worst = int(np.argmax(outside))
            self.switch(j, int(self.held[j][0][worst]), ON if shares[worst] > 0.5 else OFF)
        raise GaveUpError("a neuron finds no side of its kinks")

    def decided(self, w: Array, a: Array, j: int, k: int) -> int:
        """What pair (j, k) on its kink is from here on, by its velocities with the sample on and off."""
        pull, pulls = self.pulls(w, a)
        x = self.inputs[k]
        own = (1.0 - self.slope) * pull[k] * x
        off = pulls[j] - (own if self.modes[j, k] == ON else 0.0)
        velocities = []
        for force in (off, off + own):
            if j in self.held:
                samples, inverse = self.held[j]
                force = force - inverse @ (self.inputs[samples] @ force)
            velocities.append(float(a[j] * (x @ force)))
        size = (
            ZERO * abs(a[j]) * float(np.linalg.norm(x) * (np.abs(pull) @ np.linalg.norm(self.inputs, axis=1)))
        )
        without, with_it = velocities
        if self.modes[j, k] == OFF:
            return ON if with_it > 0.0 else SLIDES
        return OFF if without <= size else SLIDES


def start(
    inputs: Array, weights: Array, outputs: Array, slope: float, decay: float, force, loss
) -> tuple[Flow, Array]:
    """The flow at a start, and its vector."""
    lengths = np.linalg.norm(weights, axis=1)
    balanced = (lengths > 0.0) & (np.abs(lengths - np.abs(outputs)) <= 1e-13 * lengths)
    on = weights @ inputs.T > 0.0
    modes = np.where(on, ON, OFF).astype(np.int8)
    flow = Flow(
        inputs, slope, decay, force, loss, np.sign(outputs), balanced, modes, np.zeros(on.shape, dtype=bool)
    )
    v = np.where(balanced[:, None], weights / np.where(lengths > 0.0, lengths, 1.0)[:, None], weights)
    last = np.where(balanced, np.log(np.where(lengths > 0.0, lengths, 1.0)), outputs)
    return flow, np.concatenate([v.ravel(), last])


def integrate(
    flow: Flow, y: Array, rtol: float, until: Callable[[float, float], bool], times: Array | None = None
) -> Found:
    """Follow the flow until ``until(t, loss)``; GaveUpError where that cannot be done.

    What is found is at the ends of steps, or at ``times`` (k,) by dense output.
    """
    m, d = flow.shape
    sizes = np.abs(y[: m * d]).reshape(m, d).max(axis=1) + np.where(flow.balanced, 0.0, np.abs(y[m * d :]))
    floors = 1e-2 * rtol * np.concatenate([np.repeat(sizes, d), np.where(flow.balanced, 1.0, sizes)])
    events, slid, begun = 0, 0, {"rtol": rtol, "atol": floors}
    choices: list[float] = []
    rows = [] if times is not None else [(0.0, *flow.values(y))]
    solver = DOP853(flow.rate, 0.0, y, FAR, **begun)
    for _ in range(STEPS):
        message = solver.step()
        if solver.status == "failed":
            raise GaveUpError(message)
        dense, start, h = solver.dense_output(), solver.t_old, solver.t - solver.t_old
        event = _first_event(flow, dense, start, solver.t)
        t, y = (solver.t, solver.y) if event is None else (event[0], dense(event[0]))
        wanted = np.array([t]) if times is None else times[(times > start) & (times <= t)]
        rows += [(each, *flow.values(dense(each))) for each in wanted if each > start]
        if event is not None:
            before = len(flow.held)
            if flow.happen(y, *event[1:]):
                choices.append(t)
            events, slid = events + 1, slid + (len(flow.held) > before)
            solver = DOP853(flow.rate, t, y, FAR, first_step=min(h, 0.1 * h + 1e-3 * t), **begun)
        if until(t, flow.values(y)[0]):
            return Found(*np.array(rows).reshape(-1, 3).T, events, slid, choices)
    raise GaveUpError("too many steps")


def _first_event(flow: Flow, dense, start: float, end: float) -> tuple[float, int, int] | None:
    """Time, neuron and sample of the first pair that leaves its side or stops to slide; None if none does."""
    before = start
    for share in LOOKS:
        t = start + share * (end - start)
        side, multipliers = flow.gaps(dense(t))
        flow.fresh &= side < NEAR
        gone = [(int(j), int(k), -1) for j, k in np.argwhere((side < 0.0) & ~(flow.fresh & (side > -NEAR)))]
        for j, shares in multipliers.items():
            gone += [(j, int(flow.held[j][0][i]), int(i)) for i in np.flatnonzero(_margin(shares) < 0.0)]
        if gone:
            return min((_root(flow, dense, before, t, each), each[0], each[1]) for each in gone)
        before = t
    return None


def _margin(shares: Array) -> Array:
    margin: Array = np.minimum(shares, 1.0 - shares) + SLACK
    return margin


def _root(flow: Flow, dense, low: float, high: float, which: tuple[int, int, int]) -> float:
    j, k, at = which

    def gap(t: float) -> float:
        side, multipliers = flow.gaps(dense(t))
        return float(side[j, k] if at < 0 else _margin(multipliers[j])[at])

    if gap(low) <= 0.0:
        return low
    return float(brentq(gap, low, high, xtol=1e-15 * high, rtol=1e-14))
