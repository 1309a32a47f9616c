"""What it may cost to follow small neurons through kinks: a budget in rounds, the same on every machine."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.errors import ReluflowError
from reluflow.flow.lorentz.neurons import Mask
from reluflow.network import Array


class TooLongError(ReluflowError):
    """What the theory would follow for longer than a table may take."""


class TooManyKinksError(TooLongError):
    """Neurons meet more kinks than they are followed through."""


@dataclass(frozen=True)
class Effort:
    """What it costs to follow neurons from one event to the next, in units of about a millisecond."""

    #: units for the small neurons of a start, and for those of its limit of vanishing scale
    budget: float = 450.0
    #: pairs of neuron and sample that are looked at in one unit
    pairs: int = 20_000
    #: units for a point where kinks meet: for each pair of these, and for each kink that is slid along there
    met: float = 0.2
    slid: float = 25.0
    #: samples from which on what bundles do to each other is most of what their flow costs
    coupled: int = 100


EFFORT: Final = Effort()


def left_after_round(budget: float, neurons: int, samples: int) -> float:
    """What a round of so many neurons leaves of a budget. Raises TooManyKinksError where that is nothing."""
    return _left(budget, 1.0 + neurons * samples / EFFORT.pairs, samples)


def left_after_junction(budget: float, slides: Mask, inputs: Array) -> float:
    """The same of a point where kinks meet, of which a neuron ``slides`` (t,) along some."""
    cost = EFFORT.met * slides.size**2 + EFFORT.slid * np.count_nonzero(slides)
    return _left(budget, float(cost), len(inputs))


def _left(budget: float, cost: float, samples: int) -> float:
    if cost > budget:
        raise TooManyKinksError(
            f"small neurons meet more kinks of {samples} samples than they are followed through"
        )
    return budget - cost


def flow_of_bundles(bundles: int, samples: int) -> float:
    """What the flow of some bundles costs: pairs of bundle and sample, or more with many samples.

    The residual of each sample is solved for together with all others.
    """
    return bundles * samples * (1.0 + samples / EFFORT.coupled)
