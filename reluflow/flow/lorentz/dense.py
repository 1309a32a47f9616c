"""The inside of the last step: the network at any moment of it, as exact as the step itself.

Where weight decay holds the residual (``balance``) the path of a long step with kinks inside misses it
between the nodes, and neurons make h K times as much of that. Its moments are made as ends of shorter steps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import numpy as np

from reluflow.flow.base import DenseOutput, State
from reluflow.flow.lorentz.clusters import Clusters
from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.motion_record import (
    MotionRecords,
    NeuronStates,
    SweepRecord,
    gradient_squares,
)
from reluflow.flow.lorentz.neuron_events import StallError
from reluflow.flow.lorentz.neurons import Neurons
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.pull import directions
from reluflow.flow.lorentz.rounds import Rounds
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.flow.lorentz.sweep import block_rows
from reluflow.flow.lorentz.taylor import TaylorSeries
from reluflow.flow.lorentz.trial_step import TaylorSegment, TrialStep
from reluflow.network import Array

#: neurons that move, and the clusters that they stand for
Live = tuple[Neurons, Clusters]
#: numbers kept at once: that many moments are looked at together
ROOM = 4_000_000


@dataclass(frozen=True)
class StepMotion:
    """How neurons went through the last step: along a path, or by series (``segments``), all but some.

    record: of the sweep along the path, if it was made. hysteresis, abandoned: see ``Forcing``. beginning:
    makes a step of a share of its length; None where the path is exact inside.
    """

    path: Path | None
    segments: tuple[TaylorSegment, ...]
    record: SweepRecord | None
    samples: Samples
    hysteresis: float
    abandoned: Callable[[], bool]
    beginning: Callable[[float], TrialStep | None] | None = None

    def moments(self, neurons: Neurons, shares: Array) -> NeuronStates:
        """Neurons from the start of the step at shares (k,) of it, in order.

        Raises StallError, and AbandonedError if the step is to be given up.
        """
        assert self.path is not None
        if not self.segments:
            return self._along(neurons, self.path, self.record, shares)
        begins = np.cumsum([0.0] + [segment.length for segment in self.segments])
        times, seen = shares * begins[-1], []
        which = np.minimum(np.searchsorted(begins, times, side="right"), len(self.segments)) - 1
        for i in np.unique(which):
            segment, inside = self.segments[i], times[which == i] - begins[i]
            followed = _by_series(segment.series, inside / segment.series.unit)
            if segment.passing.size:
                others = self._along(segment.before, segment.path, segment.record, inside / segment.length)
                followed.weights[:, segment.passing] = others.weights
                followed.outputs[:, segment.passing] = others.outputs
                followed.squares[:, segment.passing] = others.squares
            seen.append(followed)
        return NeuronStates.joined(seen, 0)

    def _along(self, neurons: Neurons, path: Path, record: SweepRecord | None, shares: Array) -> NeuronStates:
        """Neurons that moved along a path: what was not kept of that is found again."""
        if record is not None:
            return record.at(neurons, self.samples, shares, self.abandoned)
        forcing = Forcing(self.samples, path, self.hysteresis, self.abandoned)
        seen = [self._again(block, forcing, shares) for block in neurons.blocks(block_rows(self.samples))]
        return NeuronStates.joined(seen, 1)

    def _again(self, neurons: Neurons, forcing: Forcing, shares: Array) -> NeuronStates:
        """The same of neurons whose motion is found again; in two parts if the record of it has no room."""
        rounds = Rounds(forcing, MotionRecords(inf) if len(neurons) == 1 else MotionRecords())
        with np.errstate(over="ignore", invalid="ignore"):
            rounds.run([neurons])
        if rounds.record is not None:
            return rounds.record.at(neurons, self.samples, shares, self.abandoned)
        halves = neurons.blocks((len(neurons) + 1) // 2)
        return NeuronStates.joined([self._again(half, forcing, shares) for half in halves], 1)


def _by_series(series: TaylorSeries, x: Array) -> NeuronStates:
    """Neurons moved by series, to x (k,)."""
    samples, count = series.samples, len(series.neurons)
    left = np.repeat(samples.shrunk(x * series.unit), count)
    there = series.neurons_at(x).rebalanced().decayed(left)
    residual = np.repeat(series.powers(x) @ series.residual, count, axis=0)
    return NeuronStates(
        there.true_weights(samples).reshape(x.size, count, -1),
        there.true_outputs().reshape(x.size, count),
        gradient_squares(there, directions(there, samples, residual), samples.weight_decay).reshape(
            x.size, count
        ),
    )


class Dense(DenseOutput):
    """The neurons ``before`` the step moved the way they went; those at its end are ``last``.

    span: the flow times of the step. state: makes one of live neurons at a flow time. networks: makes those
    at flow times (k,) of numbers of neurons with their clusters, and of their weights (k, b, p) and output
    weights (k, b) there. speed: of the problem's loss.
    """

    def __init__(
        self,
        span: tuple[float, float],
        before: Live,
        way: StepMotion,
        last: Live,
        state: Callable[[Live, float], State],
        networks: Callable[[tuple[Index, Clusters], tuple[Array, Array], Array], list[State]],
        speed: float,
    ) -> None:
        super().__init__(*span)
        self._before, self._way, self._last = before, way, last
        self._state, self._networks, self._speed = state, networks, speed
        #: times that were asked for last, and |gradient| there
        self._known: tuple[Array, Array] = np.zeros(0), np.zeros(0)

    def __call__(self, t: float) -> State:
        return self.states(np.array([t]))[0]

    def states(self, times: Array) -> list[State]:
        span = self.end - self.start
        shares = np.maximum((times - self.start) / span, 0.0) if span > 0.0 else np.ones(times.size)
        inside = 0 if self._way.path is None else int(np.count_nonzero(shares < 1.0))
        found: list[State] = []
        norms = np.full(times.size, np.nan)
        neurons = self._before[0]
        piece = max(1, ROOM // max(1, neurons.weights.size + neurons.z.size))
        for first in range(0, inside, piece):
            some = slice(first, min(first + piece, inside))
            found += self._between(times[some], shares[some], norms[some])
        if self._way.beginning is not None:
            found = [
                self._reached(share, there, norms[i : i + 1])
                for i, (share, there) in enumerate(zip(shares[:inside], found, strict=True))
            ]
        self._known = times, norms
        return found + [self._state(self._last, float(t)) for t in times[inside:]]

    def gradient_norms(self, times: Array) -> Array | None:
        if not np.array_equal(times, self._known[0]):
            self.states(times)
        return self._known[1]

    def _between(self, times: Array, shares: Array, norms: Array) -> list[State]:
        """The states at times (k,) inside the step; ``norms`` (k,) become those of the gradient."""
        before, clusters = self._before
        try:
            there = self._way.moments(before, shares)
        except StallError:
            # along this path some activation keeps changing: the nearer end stands for it
            ends = (self._before, self._last)
            pairs = zip(shares, times, strict=True)
            return [self._state(ends[int(share > 0.5)], float(t)) for share, t in pairs]
        norms[:] = self._speed * np.sqrt(there.squares.sum(axis=1))
        return self._networks((before.index, clusters), (there.weights, there.outputs), times)

    def _reached(self, share: float, between: State, norm: Array) -> State:
        """The end of a step over a share of this one, with |gradient| in ``norm`` (1,); else ``between``."""
        assert self._way.beginning is not None
        step = self._way.beginning(share) if share > 0.0 else None
        if step is None or step.end is None:
            return between
        samples, end = self._way.samples, step.end.rebalanced()
        pulls = directions(end, samples, samples.force(step.residual))
        norm[:] = self._speed * np.sqrt(gradient_squares(end, pulls, samples.weight_decay).sum())
        return self._state((end, self._before[1]), between.t)
