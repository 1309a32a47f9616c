"""How far neurons are on their way through a step, and how far they look ahead."""

from dataclasses import dataclass
from typing import Final

from reluflow.flow.lorentz.samples import Index
from reluflow.network import Array

#: Events that neurons are to meet on the rest of the step, in the mean, from which on they go to their next
#: node only: beyond it they will be on another way. Chosen on moons and on one neuron as teacher.
CROWDED: Final = 12.0


@dataclass(frozen=True)
class Progress:
    """Where b neurons are on their way through the step, ``position`` (b,), and their next node (b,)."""

    position: Array
    node: Index


def crowded(events: Index, position: Array) -> bool:
    """Whether neurons (b,) that have met so many events, and are there in the step, will meet many more."""
    return float(events.sum() * (1.0 - position).mean()) > CROWDED * float(position.sum())
