"""The velocity of a pre-activation on either side of a kink, where an event of a run has happened.

Residuals are r_k = h(x_k) - y_k; z_jk = <w_j, x_k>.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reluflow.flow.events import Change, Events
from reluflow.network import shares
from reluflow.observe.history import History
from reluflow.observe.roster import Roster
from reluflow.problem import Problem


@dataclass(frozen=True)
class Crossing:
    """How z_jk moved when neuron j met the kink of sample k.

    ``below``: its velocity with the sample off, ``above``: with it on; NaN for an event without a sample.
    """

    below: float
    above: float


def crossing(history: History, problem: Problem, events: Events, row: int) -> Crossing:
    """The velocities of z_jk on either side of an event, from the state at its time.

    dz_jk/dt = a_j <x_k, D_j> with D_j = -(c/n) sum_l A_jl r_l x_l, the sample itself counting by the slope,
    less its part in the span of those that the neuron slides along; with the sample on, on top of that,
    - a_j (c/n) (1 - slope) r_k |x_k|^2.
    """
    neuron, sample = int(events.neuron[row]), int(events.sample[row])
    if sample < 0:
        return Crossing(np.nan, np.nan)
    roster = Roster(history.state_at(float(events.t[row])), problem)
    a, x = float(roster.state.output_weights[neuron]), problem.inputs
    force = problem.force(roster.residual)
    on = roster.some(np.array([neuron]), growth=False).active[0].copy()
    slid = _slid_along(events.take(slice(0, row)), neuron, problem.samples)
    on[sample] = slid[sample] = False
    on &= ~slid
    share, slope = problem.speed / problem.samples, problem.slope
    pull = -share * ((shares(on, slope) * force) @ x)
    if slid.any():
        pull = pull - np.linalg.lstsq(x[slid].T, pull, rcond=None)[0] @ x[slid]
    below = a * float(pull @ x[sample])
    step = (1.0 - slope) * share * a * float(force[sample]) * float(x[sample] @ x[sample])
    return Crossing(below, below - step)


def _slid_along(earlier: Events, neuron: int, samples: int) -> npt.NDArray[np.bool_]:
    """The samples (n,) along which a neuron slides after some events: the last of each says."""
    own = events_of(earlier, neuron=neuron)
    slid = np.zeros(samples, dtype=np.bool_)
    pairs = own.sample >= 0
    slid[own.sample[pairs]] = own.kind[pairs] == Change.SLIDE
    return slid


def events_of(events: Events, *, neuron: int | None = None, sample: int | None = None) -> Events:
    """Those of one neuron, or on one sample."""
    chosen = events.neuron == neuron if neuron is not None else events.sample == sample
    return events.take(chosen)
