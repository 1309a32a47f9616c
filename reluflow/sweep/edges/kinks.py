"""Kinks that push both sides off: boundaries between outcomes on which there is no saddle.

At <w_j, x_k> = 0 neuron j moves at v_on = a_j <x_k, D_on> where it sees sample k and at v_off = a_j <x_k,
D_off> where it does not, D the forcing with and without it. With v_on > 0 >= v_off both sides leave the
kink, or one leaves what rests on the other (orthogonal data, v_off = 0), and the smallest difference
decides. So it does where a neuron that does not see the sample comes to the kink at v_off = 0, and turns
back or goes through. Two solutions part there in no time, while the smooth flow between kinks lets a
difference grow at a few times the rate at most at which a neuron grows (all derived).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.network import Array, row_norms
from reluflow.problem import Problem
from reluflow.sweep.edges.following import Pair, Parting, separations
from reluflow.theory.resting import growth_rate_bound

#: A difference that grows at more than so many times the bound of all rates of growth does so at a kink. One
#: neuron near a direction from which it is pushed off has 1 to 2; kinks 100 and more.
SMOOTH: Final = 10.0
#: A neuron is near a kink if it is not farther off than so many times what the two sides differ by.
NEAR: Final = 10.0


@dataclass(frozen=True)
class Kink:
    """Neuron ``neuron`` at the kink of sample ``sample`` (both counted from 0) at flow time ``t``.

    ``v_on``, ``v_off``: mean velocities of <w_j, x_k> while the two sides part, on the side that sees
    more of the sample and on the other, per unit of the problem's flow time; ``rate`` at which they part
    and ``bound`` of the rate at which any neuron grows.
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

    Of the neuron on which they differ most it is that of the samples near by on which they differ most: kinks
    along which the neuron slides on both sides are nearer still, but the sides do not differ there.
    """
    close, parted = parting.close, parting.parted
    bound = problem.speed * growth_rate_bound(
        problem.inputs, problem.left(close.one.weights, close.one.output_weights), problem.slope
    )
    if parting.rate <= SMOOTH * bound:
        return None
    j = int(np.argmax(separations(close.one, close.other)))
    before, after = (_places(pair, problem, j) for pair in (close, parted))
    size = max(row_norms(each.weights[[j]])[0] for each in (close.one, close.other))
    offs, gaps = (
        np.min(np.abs(before), axis=0) / problem.lengths,
        np.abs(after[0] - after[1]) / problem.lengths,
    )
    near = offs <= NEAR * close.apart * size
    k = int(np.argmax(np.where(near, gaps, -1.0))) if np.any(near) else int(np.argmin(offs))
    passed = max(parted.t - close.t, np.finfo(float).tiny)
    speeds = sorted(((after - before)[:, k] / passed).tolist())
    return Kink(began + close.t, j, k, speeds[1], speeds[0], parting.rate, bound)


def _places(pair: Pair, problem: Problem, neuron: int) -> Array:
    """<w_j, x_k> of a neuron of both networks (2, n)."""
    found: Array = np.stack([each.weights[neuron] @ problem.inputs.T for each in (pair.one, pair.other)])
    return found
