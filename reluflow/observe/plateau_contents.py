"""What a network has done by the time it rests on a plateau: samples fitted, neurons grown."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from reluflow.flow.base import State
from reluflow.network import Array, residuals, row_norms
from reluflow.observe.plateaus import Saddle
from reluflow.problem import Problem

#: A sample is fitted if its residual is at most this share of the largest target.
FITTED: Final = 0.02
#: A neuron is large if its |a||w| is at least this share of the largest one, and the network is seen at all,
LARGE: Final = 1e-2
#: that is, some output is at least this share of the largest target.
SEEN: Final = 0.02


def contents(saddle: Saddle, states: Sequence[State], problem: Problem) -> dict[str, Any]:
    """Of the recorded state nearest to the last third of the plateau, by whose time things have settled.

    ``fitted``: numbers of the samples that are fitted there (from 0); ``large``: how many neurons are large.
    """
    times = np.array([state.t for state in states])
    end = float(times[-1]) if saddle.end is None else saddle.end
    state = states[int(np.argmin(np.abs(times - (saddle.start + 2.0 * end) / 3.0)))]
    left = residuals(state.weights, state.output_weights, problem.inputs, problem.targets, problem.slope)
    size = float(np.max(np.abs(problem.targets)))
    mass: Array = np.abs(state.output_weights) * row_norms(state.weights)
    seen = float(np.max(np.abs(left + problem.targets))) > SEEN * size
    large = int(np.count_nonzero(mass >= LARGE * np.max(mass))) if seen else 0
    return {"fitted": [int(k) for k in np.flatnonzero(np.abs(left) <= FITTED * size)], "large": large}
