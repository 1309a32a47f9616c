"""What happens first to neurons that move by power series.

All that can happen is told by polynomials that stay above zero until then: the pre-activations z_jk with
the sign that they have, and for every pair that slides the two margins of a release (see ``release``).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.flow.events import Events
from reluflow.flow.lorentz.activation import settle
from reluflow.flow.lorentz.bernstein import bernstein, first_negative
from reluflow.flow.lorentz.drive import Drive
from reluflow.flow.lorentz.junctions import changes, rested
from reluflow.flow.lorentz.neurons import OFF, ON, RESTING, SLIDING, Neurons
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.pull import pull
from reluflow.flow.lorentz.release import release
from reluflow.flow.lorentz.samples import Index
from reluflow.flow.lorentz.taylor import ORDERS, Taylor
from reluflow.network import Array

#: steps of Newton's method, kept within a bracket, and how small (of the way) the last one is
NEWTON, FOUND = 12, 1e-9
#: events of one neuron that are no further apart than this share of the way happen at once
AT_ONCE: Final = 1e-6


@dataclass(frozen=True)
class Happening:
    """At ``x``, to the neuron in row ``row``, with the polynomial ``which``."""

    x: float
    row: int
    which: int


class Watch:
    """The polynomials of a series: those of all pairs with a primary, then margins to OFF, then to ON."""

    def __init__(self, series: Taylor, slack: float) -> None:
        self.series, self.slack = series, slack
        neurons, z = series.neurons, series.z
        self._polynomials = (z * neurons.side).reshape(len(z), -1)
        self._pairs = self._polynomials.shape[1]
        self._rows, slots, self._slid = neurons.sliders
        if self._rows.size:
            some = np.unique(self._rows)
            drive = Drive(series.samples, Path(series.residual, 0.0), slack)
            place = np.searchsorted(some, self._rows)
            beta = pull(neurons.take(some), drive).multiplier[:, place, slots]
            force, idle = drive.force[:, self._slid], drive.idle[:, self._slid]
            sign = np.sign(neurons.outputs[self._rows])
            margins = np.hstack([sign * (beta - idle), sign * (force - beta)])
            margins += slack * np.tile(sign * (force - idle), 2)
            margins[0] += drive.noise
            self._polynomials = np.hstack([self._polynomials, margins])

    def crossings(self, reach: float) -> tuple[Array, Array]:
        """Brackets (c,), (c,) of where polynomials first become negative up to ``reach``; or infinity."""
        coefficients = bernstein(self._polynomials, reach)
        # what is below zero by rounding at the start, and rises, is not due
        np.maximum(coefficients[0], 0.0, out=coefficients[0])
        low, high = first_negative(coefficients)
        return reach * low, reach * high

    def rows(self, which: Index) -> Index:
        """The rows of the neurons to which polynomials belong."""
        rows = which // self.series.samples.primaries
        later = which >= self._pairs
        if later.any():
            rows[later] = self._rows[(which[later] - self._pairs) % self._rows.size]
        return rows

    def first(
        self, reach: float, brackets: tuple[Array, Array], due: Index, tolerance: float
    ) -> tuple[Happening, Index] | None:
        """The first that becomes negative on the way to ``reach``, of those ``due``, within their brackets.

        Others may follow it so closely that the residual has not changed by ``tolerance`` in between, as
        those of aligned neurons do: then it is the last of them, and the rows of the neurons of the others.
        None where two things happen to one neuron at once, as when its weights go through zero.
        """
        low, high = brackets
        which = due[low[due] <= high[due].min() + AT_ONCE * reach]
        low, high = low[which], high[which]
        some = self._polynomials[:, which].T.copy()
        slopes = some[:, 1:] * ORDERS[1 : some.shape[1]]
        before, after = np.vecdot(self.series.powers(low), some), np.vecdot(self.series.powers(high), some)
        before = np.maximum(before, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            x = low + (high - low) * before / (before - after)
            for _ in range(NEWTON):
                at = self.series.powers(x)
                value, slope = np.vecdot(at, some), np.vecdot(at[:, :-1], slopes)
                below = value < 0.0
                low, high = np.where(below, low, x), np.where(below, x, high)
                better = x - value / slope
                better = np.where((better >= low) & (better <= high), better, 0.5 * (low + high))
                moved, x = np.abs(better - x).max(), better
                if moved <= FOUND * reach:
                    break
        order = np.argsort(x)
        x, which, rows = x[order], which[order], self.rows(which[order])
        if x.size == 1:
            return Happening(float(x[0]), int(rows[0]), int(which[0])), rows[:0]
        last = self._last_of_first(x, rows, tolerance)
        at_once = rows[x <= x[last] + AT_ONCE * reach]
        if at_once.size > np.unique(at_once).size:
            return None
        return Happening(float(x[last]), int(rows[last]), int(which[last])), rows[:last]

    def _last_of_first(self, x: Array, rows: Index, tolerance: float) -> int:
        """Which of the events at x (c,), in order, is the last that is next to simultaneous with the first.

        An event changes the slope of the residual by no more than the speed of a_j z_jk.
        """
        outputs, z = self.series.outputs[:, rows], self.series.z[:, rows]
        powers = self.series.powers(x)
        orders = ORDERS[1 : len(z), None]
        speed = np.einsum("ci,ic->c", powers[:, :-1], orders * np.abs(z[1:]).max(axis=2))
        size = self.series.neurons.gain[rows] * np.abs(np.einsum("ci,ic->c", powers, outputs))
        changes = np.cumsum(size * speed) * x - np.cumsum(size * speed * x)
        far = changes > tolerance
        again = np.ones(x.size, dtype=bool)
        again[np.unique(rows, return_index=True)[1]] = False
        far |= again
        return int(np.argmax(far)) - 1 if far.any() else x.size - 1

    def after(self, there: Neurons, happening: Happening) -> tuple[Neurons, Events] | None:
        """The neuron, as one of ``there``, after what happens to it, and the event, at the end of its way.

        None where it does not cross, as its velocity points back, where all its kinks meet, and where it
        rests on one.
        """
        one, samples = there.take(slice(happening.row, happening.row + 1)).narrowed(), self.series.samples
        if (one.status == RESTING).any():
            return None
        if happening.which >= self._pairs:
            place = happening.which - self._pairs
            sample = self._slid[[place % self._rows.size]]
            slot = np.flatnonzero(one.slots[0] == sample)
            status = np.array([OFF if place < self._rows.size else ON])
            if ((one.z == 0.0) & (one.status != SLIDING) & (self.series.z[1, happening.row] == 0.0)).any():
                return None  # several kinks that it cannot leave by themselves
            after, _ = release(one, slot, status)
        else:
            sample = np.array([happening.which % samples.primaries])
            at = self.series.powers(np.array([happening.x]))
            drive = Drive(samples, Path(at @ self.series.residual, 0.0), self.slack)
            # exactly what the residual there makes of it: where nothing else pulls it is all of the jump
            speed = one.outputs * _slope(one, sample, drive)
            if one.side[0, sample[0]] * speed[0] > 0.0 or one.lined[0]:
                return None
            after, _ = settle(one, sample, speed, drive.force[0, sample] - drive.idle[0, sample], drive)
        after, _, _ = rested(after, samples)
        return after, changes(one, after, samples, 1.0)


def _slope(one: Neurons, sample: Index, drive: Drive) -> Array:
    """<x_k, D> of one neuron at one sample (1,), on a path of one term (1,)."""
    if one.slots.shape[1]:
        held: Array = pull(one, drive).slope[0, 0, sample]
        return held
    pulling = one.on * drive.force + one.off * drive.idle
    free: Array = pulling[0] @ drive.samples.gram[:, sample] / -drive.samples.total
    return free
