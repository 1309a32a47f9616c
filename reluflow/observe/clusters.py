"""Neurons that point the same way: the bundles of which the papers speak, found in a state."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from reluflow.flow.base import State
from reluflow.network import Array, row_norms
from reluflow.observe.neurons import unit_rows


@dataclass(frozen=True)
class ClusterRules:
    """How neurons are put together to clusters."""

    #: radians from the heaviest neuron of a cluster within which others of its sign belong to it
    together: float = 0.05
    #: numbers that are compared, at most, while clusters are looked for one by one, the heaviest first
    work: float = 4e7


CLUSTERS: Final = ClusterRules()


Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Clusters:
    """``of`` (m,): the cluster of each neuron, counted from 0 by mass of the lead; -1: not told.

    ``lead`` (c,): the neuron of largest |a_j||w_j| in each cluster, ``size`` (c,): how many it has.
    """

    of: Numbers
    lead: Numbers
    size: Numbers


def find_clusters(state: State) -> Clusters:
    """Greedily: the heaviest neuron without a cluster, and all of its sign that point where it does.

    Neurons without hidden weights point nowhere and are in none. Of very wide networks only the heaviest
    clusters are found; the others are not told.
    """
    units, mass = unit_rows(state.weights), np.abs(state.output_weights) * row_norms(state.weights)
    sign = np.sign(state.output_weights)
    of = np.full(sign.size, -1, dtype=np.intp)
    left = np.any(units != 0.0, axis=1)
    order = np.argsort(-mass, kind="stable")
    leads: list[int] = []
    most = int(CLUSTERS.work // max(units.size, 1)) + 1
    place = 0
    while len(leads) < most:
        while place < order.size and not left[order[place]]:
            place += 1
        if place == order.size:
            break
        lead = int(order[place])
        members = left & (sign == sign[lead]) & _near(units, units[lead])
        members[lead] = True
        of[members], left = len(leads), left & ~members
        leads.append(lead)
    size = np.bincount(of[of >= 0], minlength=len(leads)).astype(np.intp)
    return Clusters(of, np.array(leads, dtype=np.intp), size)


def _near(units: Array, unit: Array) -> npt.NDArray[np.bool_]:
    """Rows (m, d) of length 1 within ``CLUSTERS.together`` of another."""
    near: npt.NDArray[np.bool_] = units @ unit >= np.cos(CLUSTERS.together)
    return near
