"""What it may cost to follow small neurons through kinks: a budget in rounds, the same on every machine."""

from dataclasses import dataclass
from typing import Final

from reluflow.errors import ReluflowError


class TooManyKinksError(ReluflowError):
    """Neurons meet more kinks than they are followed through."""


@dataclass(frozen=True)
class Effort:
    """What it costs to follow neurons from one event to the next, in units of about a millisecond."""

    #: pairs of neuron and sample that are looked at in one unit
    pairs: int = 30_000
    #: units that one round takes at most: with more neurons there are no more rounds
    most: float = 4.5
    #: samples from which on what bundles do to each other is most of what their flow costs
    coupled: int = 100


EFFORT: Final = Effort()


def left_after_round(budget: float, neurons: int, samples: int) -> float:
    """What a round of so many neurons leaves of a budget. Raises TooManyKinksError where that is nothing."""
    left = budget - min(1.0 + neurons * samples / EFFORT.pairs, EFFORT.most)
    if left < 0.0:
        raise TooManyKinksError(
            f"small neurons meet more kinks of {samples} samples than they are followed through"
        )
    return left


def flow_of_bundles(bundles: int, samples: int) -> float:
    """What the flow of some bundles costs: pairs of bundle and sample, or more with many samples.

    The residual of each sample is solved for together with all others.
    """
    return bundles * samples * (1.0 + samples / EFFORT.coupled)
