"""What happens first to neurons that move by power series.

All that can happen is told by polynomials that stay above zero until then: the pre-activations z_jk with
the sign that they have, and for every pair that slides the two margins of a release (see ``release``).
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reluflow.flow.events import Events, in_order
from reluflow.flow.lorentz.bernstein import bernstein, first_negative
from reluflow.flow.lorentz.event_location import settle
from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.junctions import changes, choices, rested
from reluflow.flow.lorentz.kink_location import roots_between
from reluflow.flow.lorentz.neurons import OFF, ON, RESTING, Neurons
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.pull import pull
from reluflow.flow.lorentz.release import (
    Margins,
    error_of_multipliers,
    let_go,
    margins,
    release,
    rounding_of_multipliers,
    undecided,
)
from reluflow.flow.lorentz.samples import Index
from reluflow.flow.lorentz.settings import ACCURACY
from reluflow.flow.lorentz.taylor import ORDERS, TaylorSeries
from reluflow.network import Array, indices, row_norms

#: events of one neuron that are no further apart than this share of the way happen at once
AT_ONCE: Final = 1e-6


@dataclass(frozen=True)
class NextEvent:
    """At ``x``, to the neuron in row ``row``, with the polynomial ``which``."""

    x: float
    row: int
    which: int


class SeriesEvents:
    """The polynomials of a series: those of all pairs with a primary, then the margins of releases."""

    def __init__(self, series: TaylorSeries, hysteresis: float) -> None:
        self.series, self.hysteresis = series, hysteresis
        neurons, z = series.neurons, series.z
        self._polynomials = (z * neurons.side).reshape(len(z), -1)
        self._pairs = self._polynomials.shape[1]
        some = neurons.sliding
        self._margins: Margins | None = None
        if some.size:
            forcing = Forcing(series.samples, Path(series.residual, 0.0), hysteresis)
            sliding = neurons.take(some)
            found = margins(sliding, np.sign(sliding.outputs), pull(sliding, forcing), forcing, False)
            self._margins = replace(found, row=some[found.row])
            polynomials = found.terms.copy()
            polynomials[0] += found.noise
            self._polynomials = np.hstack([self._polynomials, polynomials])

    def crossings(self, horizon: float) -> tuple[Array, Array]:
        """Brackets (c,), (c,) of where polynomials first become negative up to ``horizon``; or infinity."""
        coefficients = bernstein(self._polynomials, horizon)
        # what is below zero by rounding at the start, and rises, is not due
        np.maximum(coefficients[0], 0.0, out=coefficients[0])
        low, high = first_negative(coefficients)
        return horizon * low, horizon * high

    def rows(self, which: Index) -> Index:
        """The rows of the neurons to which polynomials belong."""
        rows = which // self.series.samples.primaries
        later = which >= self._pairs
        if self._margins is not None:
            rows[later] = self._margins.row[which[later] - self._pairs]
        return rows

    def first(
        self, horizon: float, brackets: tuple[Array, Array], due: Index, tolerance: float
    ) -> tuple[NextEvent, Index] | None:
        """The first that becomes negative on the way to ``horizon``, of those ``due``, within their brackets.

        Others may follow it so closely that the residual has not changed by ``tolerance`` in between, as
        those of aligned neurons do: then it is the last of them, and the rows of the neurons of the others.
        None where two things happen to one neuron at once, as when its weights go through zero.
        """
        low, high = brackets
        which = due[low[due] <= high[due].min() + AT_ONCE * horizon]
        low, high = low[which], high[which]
        some = self._polynomials[:, which].T.copy()
        slopes = some[:, 1:] * ORDERS[1 : some.shape[1]]
        x = roots_between(some, slopes, self.series.powers, low, high, horizon)
        order = np.argsort(x)
        x, which, rows = x[order], which[order], self.rows(which[order])
        if x.size == 1:
            return NextEvent(float(x[0]), int(rows[0]), int(which[0])), rows[:0]
        last = self._last_of_first(x, rows, tolerance)
        at_once = rows[x <= x[last] + AT_ONCE * horizon]
        if at_once.size > np.unique(at_once).size:
            return None
        return NextEvent(float(x[last]), int(rows[last]), int(which[last])), rows[:last]

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
        # a neuron to which something has happened before
        far |= (rows[:, None] == rows).argmax(axis=1) < np.arange(x.size)
        return int(np.argmax(far)) - 1 if far.any() else x.size - 1

    def after(self, there: Neurons, next_event: NextEvent) -> tuple[Neurons, Events] | None:
        """The neuron, as one of ``there``, after what happens to it, and the event, at the end of its way.

        None where it does not cross, as its velocity points back, where all its kinks meet, and where it
        rests on one.
        """
        one, samples = there.take(slice(next_event.row, next_event.row + 1)).narrowed(), self.series.samples
        if (one.status == RESTING).any():
            return None
        at = self.series.powers(np.array([next_event.x]))
        forcing = Forcing(samples, Path(at @ self.series.residual, 0.0), self.hysteresis)
        chosen = False
        if self._margins is not None and next_event.which >= self._pairs:
            due = self._margins.take(np.array([next_event.which - self._pairs]))
            if due.leaves[0] or (one.touching & (self.series.z[1, next_event.row] == 0.0)).any():
                return None  # several kinks that it cannot leave by themselves
            sample = self.series.neurons.slots[due.row, due.slot]
            slot = indices(one.slots[0] == sample)
            status = np.where(due.on, ON, OFF)
            beta = pull(one, forcing).multiplier[0, 0, slot]
            status, chosen = self._left_for(one, next_event.x, slot, beta, status, forcing)
            after, _ = release(one, slot, status)
        else:
            sample = np.array([next_event.which % samples.primaries])
            # exactly what the residual there makes of it: where nothing else pulls it is all of the jump
            speed = one.outputs * _slope(one, sample, forcing)
            if one.side[0, sample[0]] * speed[0] > 0.0 or one.lined[0]:
                return None
            after, _ = settle(
                one, sample, speed, forcing.on_force[0, sample] - forcing.off_force[0, sample], forcing
            )
        after, _, _ = rested(after, samples)
        told = changes(one, after, samples, 1.0)
        return after, in_order([choices(one, np.ones(1)), told]) if chosen else told

    def _left_for(
        self, one: Neurons, x: float, slot: Index, beta: Array, status: Index, forcing: Forcing
    ) -> tuple[Index, bool]:
        """What the sample in a slot (1,) becomes of which one neuron lets go, and whether that is a choice.

        beta, status (1,): the multiplier, and what its sign says.
        """
        sample = one.slots[0, slot]
        rounding = rounding_of_multipliers(row_norms(one.dual[0, slot]), one.status, sample, forcing.samples)
        error = error_of_multipliers(rounding, forcing)
        force = forcing.on_force[0, sample]
        zero = undecided(beta, force, error, sample, forcing.samples)
        if not zero.any():
            return status, False
        residual = self.series.residual[1:, sample]
        slope = (self.series.powers(np.array(x))[:-1] * ORDERS[1 : len(residual) + 1]) @ residual
        crosses = np.abs(slope) > ACCURACY.crosses * error
        speeds = one.outputs * beta, one.outputs * (beta - force)
        status, chosen = let_go(status, zero, crosses, speeds, np.abs(one.outputs) * rounding)
        return status, bool(chosen[0])


def _slope(one: Neurons, sample: Index, forcing: Forcing) -> Array:
    """<x_k, D> of one neuron at one sample (1,), on a path of one term (1,)."""
    if one.slots.shape[1]:
        held: Array = pull(one, forcing).slope[0, 0, sample]
        return held
    pulling = one.on * forcing.on_force + one.off * forcing.off_force
    free: Array = pulling[0] @ forcing.samples.gram[:, sample] / -forcing.samples.total
    return free
