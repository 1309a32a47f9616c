"""What a network has done by the time it rests on a plateau: samples fitted, neurons grown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from reluflow.flow.base import State
from reluflow.network import Array, residuals, row_norms
from reluflow.observe.corners import effective_width
from reluflow.observe.plateaus import Saddle
from reluflow.problem import Problem


@dataclass(frozen=True)
class ContentRules:
    """What counts as fitted and as large on a plateau."""

    #: share of the largest target up to which the residual of a fitted sample is
    fitted: float = 0.02
    #: share of the largest |a||w| from which on a neuron is large, if the network is seen at all
    large: float = 1e-2
    #: share of the largest target that some output of a network that is seen exceeds
    seen: float = 0.02


CONTENTS: Final = ContentRules()


def contents(saddle: Saddle, states: Sequence[State], problem: Problem) -> dict[str, Any]:
    """Of the recorded state nearest to the last third of the plateau, by whose time things have settled.

    ``fitted``: numbers of the samples that are fitted there (from 0); ``large``: how many neurons are large;
    ``effective_width``: corners of h between the inputs, None where h is no function of one input.
    """
    times = np.array([state.t for state in states])
    end = float(times[-1]) if saddle.end is None else saddle.end
    state = states[int(np.argmin(np.abs(times - (saddle.start + 2.0 * end) / 3.0)))]
    left = residuals(state.weights, state.output_weights, problem.inputs, problem.targets, problem.slope)
    size, force = float(np.max(np.abs(problem.targets))), np.abs(problem.force(left))
    most = np.max(np.abs(problem.pull_at_zero))
    mass: Array = np.abs(state.output_weights) * row_norms(state.weights)
    seen = float(np.max(np.abs(left + problem.targets))) > CONTENTS.seen * size
    large = int(np.count_nonzero(mass >= CONTENTS.large * np.max(mass))) if seen else 0
    width = effective_width(state, problem)
    return {
        "fitted": [int(k) for k in np.flatnonzero(force <= CONTENTS.fitted * most)],
        "large": large,
        "effective_width": width if seen or width is None else 0,
    }
