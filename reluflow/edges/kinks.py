"""Kinks that push both sides off: boundaries between outcomes on which there is no saddle.

At <w_j, x_k> = 0 neuron j moves off the kink of sample k at v_on = a_j <x_k, D_on> where it sees the sample
and at v_off = a_j <x_k, D_off> where it does not, D the forcing with and without it. With v_on > 0 >= v_off
both sides leave the kink, or one leaves what rests on the other (orthogonal data, v_off = 0), and the
smallest difference decides. Two solutions part there in no time, while the smooth flow between kinks lets a
difference grow at a few times the rate at most at which a neuron grows (both derived).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.edges.following import Parting, separations
from reluflow.network import residuals, row_norms
from reluflow.observe.kinks import kink_shares
from reluflow.problem import Problem
from reluflow.theory.resting import growth_rate_bound

#: A difference that grows at more than so many times the bound of all rates of growth does so at a kink. One
#: neuron near a direction from which it is pushed off has 1 to 2; kinks 100 and more.
SMOOTH: Final = 10.0


@dataclass(frozen=True)
class Kink:
    """Neuron ``neuron`` at the kink of sample ``sample`` (both counted from 0) at flow time ``t``.

    ``v_on``, ``v_off``: velocities of <w_j, x_k> on both sides, per unit of the problem's flow time; ``rate``
    at which the two sides part and ``bound`` of the rate at which any neuron grows.
    """

    t: float
    neuron: int
    sample: int
    v_on: float
    v_off: float
    rate: float
    bound: float


def parting_kink(parting: Parting, problem: Problem, began: float) -> Kink | None:
    """The kink at which two solutions part, ``began`` being the time of their start; None if it is none.

    It is that which the neuron on which they differ most is nearest to.
    """
    pair = parting.close
    weights, outputs = pair.one.weights, pair.one.output_weights
    inputs, slope = problem.inputs, problem.slope
    residual = -residuals(weights, outputs, inputs, problem.targets, slope)
    bound = problem.speed * growth_rate_bound(inputs, residual, slope)
    if parting.rate <= SMOOTH * bound:
        return None
    j = int(np.argmax(separations(pair.one, pair.other)))
    k = int(np.argmin(np.abs(inputs @ weights[j]) / row_norms(inputs)))
    share = kink_shares(weights[[j]], outputs[[j]], inputs, residual, slope)[0]

    def velocity(seen: float) -> float:
        share[k] = seen
        forcing = (share * residual) @ inputs * (problem.speed / problem.samples)
        return float(outputs[j] * (inputs[k] @ forcing))

    return Kink(began + pair.t, j, k, velocity(1.0), velocity(slope), parting.rate, bound)
