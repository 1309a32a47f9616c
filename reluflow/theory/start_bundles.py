"""What the bundles of a start do at its own scale: what a limit of vanishing scale leaves out.

While every neuron is small it is taken in closed form (``small_neurons``); from where the first group has a
small share of its full mass, the bundles of all neurons are flowed to their end (``bundled_flow``). That is
the flow but for what neurons of one bundle differ by: it says how far a limit is from being reached.
"""

from dataclasses import replace

import numpy as np

from reluflow.flow.base import State
from reluflow.network import loss_of
from reluflow.observe.measured import Measured
from reluflow.observe.recorder import Snapshots
from reluflow.problem import Problem
from reluflow.theory.bundled_flow import Neurons, bundled, follow
from reluflow.theory.forecast import SEED, next_groups
from reluflow.theory.resting import moving
from reluflow.theory.small_neurons import Field, flowed

#: Share of the first loss at which the data are fitted.
FITTED = 1e-8


def bundles_from_start(problem: Problem) -> Measured | None:
    """The course of the bundles in the problem's loss and flow time, from the moment that they are seen.

    None if no neuron grows. ``status`` as in ``bundled_flow.follow``.
    """
    start = State(0.0, problem.weights, problem.output_weights)
    field = Field(problem.inputs, problem.targets, problem.slope)
    groups, waits = next_groups(start, moving(problem, start, problem.targets), problem, field)
    some = np.flatnonzero(np.isfinite(waits))
    if not some.size:
        return None
    first = int(some[np.argmin(waits[some])])
    begin = max(float(waits[first]) - np.log(1.0 / SEED) / (2.0 * groups[first].rate), 0.0)
    grown = flowed(problem.weights, problem.output_weights, field, begin)
    weights, outputs = bundled(
        Neurons(grown.weights, grown.output_weights, grown.log), problem.inputs, problem.slope
    )
    bundles = replace(problem, weights=weights, output_weights=outputs)
    run = follow(bundles, FITTED * loss_of(problem.targets, problem.loss))
    late = begin / problem.speed
    states = run.snapshots
    return Measured(
        bundles,
        {**run.series, "t": run.series["t"] + late},
        Snapshots(states.t + late, states.weights, states.output_weights),
        run.status,
    )
