"""All neurons over one step, for a given path of the residual.

Most neurons change no activation in a step: they are moved through all nodes at once. Those that do are
moved on their own, from event to event, all of them together in rounds; the step is never cut for them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.flow.base import AbandonedError
from reluflow.flow.events import Events, in_order
from reluflow.flow.lorentz.boost import small_boost
from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.motion_record import MOST_KEPT, MotionRecords, SweepRecord
from reluflow.flow.lorentz.neuron_events import StallError
from reluflow.flow.lorentz.neurons import Neurons, hidden_values, join
from reluflow.flow.lorentz.path import Path
from reluflow.flow.lorentz.pull import pull
from reluflow.flow.lorentz.rounds import Rounds
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array

#: elements of the largest arrays of one block: a few of them must fit in the processor's cache
BLOCK = 1 << 17
#: stored sizes and predictions above this have squares that are no numbers; no step is meant to let a neuron
#: grow as far (``LengthSettings.rapidity``), but it may turn to a stronger pull on its way
OUTGROWN: Final = 1e150
NO_KINKS: Final = np.zeros((4, 0))


@dataclass(frozen=True)
class SweepResult:
    """A network moved over a step: predictions (s, q) at the nodes, the neurons at its end, events.

    kinks (4, k): positions of kinks of the residual, in order, the sample, by how much the first or second
    derivative jumps there, in a step of length one, and which of the two.
    whole: whether this is the motion, with all its events; ahead: if not, about where the first kink is.
    least: the smallest change, over the step, of a margin whose pair was released (infinite: none was).
    record: what dense output needs; None of so many neurons that it would be too much. growth (s,): the sum
    of a_j^2 at the nodes, in true numbers.
    """

    predictions: Array
    end: Neurons
    events: Events
    kinks: Array
    whole: bool
    ahead: float
    least: float
    record: SweepRecord | None
    growth: Array

    def joined(self, rows: Index, others: "SweepResult", their_rows: Index) -> "SweepResult":
        """This motion, of ``rows`` of a network, and that of all others along the same path."""
        order = np.argsort(np.concatenate([rows, their_rows]))
        kinks = np.concatenate([self.kinks, others.kinks], axis=1)
        record = None
        if self.record is not None and others.record is not None:
            record = self.record.renumbered(rows).joined(others.record.renumbered(their_rows))
        return SweepResult(
            self.predictions + others.predictions,
            join([self.end, others.end]).take(order),
            in_order([self.events, others.events]),
            kinks[:, np.argsort(kinks[0])],
            self.whole and others.whole,
            min(self.ahead, others.ahead),
            min(self.least, others.least),
            record,
            self.growth + others.growth,
        )


def predictions(neurons: Neurons, samples: Samples) -> Array:
    """h(x_k) of all merged samples (q,)."""
    total = np.zeros(samples.size)
    for block in neurons.blocks(block_rows(samples)):
        total += (block.outputs * block.gain) @ hidden_values(block, block.z[:, None, :], samples)[:, 0]
    return total


def shifted(neurons: Neurons, samples: Samples, change: Array) -> Neurons | None:
    """Neurons at the end of a step whose path, it turns out, differs a little; None if one crosses a kink.

    change (q,): the integral of the difference over the step, in units of time.
    """
    pulled = pull(neurons, Forcing(samples, Path(change[None], 0.0), 0.0))
    w, a, integral = small_boost(pulled.direction[0], neurons.weights, neurons.outputs)
    z = neurons.z + integral[:, None] * pulled.slope[0]
    if (neurons.side * z < 0.0).any() or (neurons.outputs * a < 0.0).any():
        return None
    return neurons.moved(w, a, z)


def block_rows(samples: Samples) -> int:
    """How many neurons are worked on at once."""
    return max(64, BLOCK // max(1, samples.primaries))


def sweep(
    neurons: Neurons,
    samples: Samples,
    path: Path,
    hysteresis: float,
    straight: float | None = None,
    abandoned: Callable[[], bool] = lambda: False,
) -> SweepResult:
    """Move all neurons over the step; ``straight``: as if no activation changed, and find the first kink by a
    neuron with a^2 above it.

    Raises StallError, also where a neuron outgrows what numbers hold, and AbandonedError if ``abandoned``
    says so before all are moved.
    """
    forcing = Forcing(samples, path, hysteresis, abandoned)
    numbers = len(path.terms) * len(neurons) * (samples.primaries + neurons.weights.shape[1])
    rounds = Rounds(forcing, MotionRecords() if numbers <= MOST_KEPT else None)
    blocks, whole, done = neurons.blocks(block_rows(samples)), True, 0
    with np.errstate(over="ignore", invalid="ignore"):
        if straight is None:
            rounds.run(blocks)
        else:
            for block in blocks:
                if abandoned():
                    raise AbandonedError
                whole &= rounds.run_straight(block, done, straight)
                done += len(block)
    total, end, met = rounds.predictions, rounds.neurons, NO_KINKS
    if not (np.abs(total).max(initial=0.0) < OUTGROWN and np.abs(end.outputs).max(initial=0.0) < OUTGROWN):
        raise StallError
    if rounds.kinks:
        met = np.concatenate(rounds.kinks, axis=1)
        met = met[:, np.argsort(met[0])]
    events, record = in_order(rounds.events), rounds.record
    return SweepResult(total, end, events, met, whole, rounds.ahead, rounds.least, record, rounds.growth)
