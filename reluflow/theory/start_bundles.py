"""What the bundles of a start do at its own scale: what a limit of vanishing scale leaves out.

While every neuron is small it is taken in closed form (``small_neurons``); from where the first group has a
small share of its full mass, the bundles of all neurons are flowed to their end (``bundled_flow``). That is
the flow but for what neurons of one bundle differ by: it says how far a limit is from being reached.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reluflow.flow.base import State
from reluflow.observe.measured import Measured
from reluflow.observe.recorder import Snapshots
from reluflow.problem import Problem
from reluflow.theory.bundled_flow import Neurons, bundled, follow
from reluflow.theory.effort import TooLongError
from reluflow.theory.forecast import FORECAST, next_groups, require_few
from reluflow.theory.resting import moving
from reluflow.theory.small_neurons import flowed
from reluflow.theory.start_growth import start_growth

#: How far off some limit a run ends; None if it does not show.
Error = Callable[[Measured], float | None]


@dataclass(frozen=True)
class ScaleRules:
    """How it is told whether a limit is reached at the scale of a start."""

    #: share of the first loss at which the data are fitted
    fitted: float = 1e-9
    #: ratio of the ln(1/scale) of the smaller start from which it is told where an error becomes small
    smaller: float = 1.5
    #: pairs of bundle and sample (see ``effort.flow_of_bundles``) that are followed, at most
    pairs: float = 45_000


SCALE: Final = ScaleRules()


#: why too many bundles are not followed
TO_THEIR_END: Final = "are not followed to their end: it would take as long as the run itself"


def start_of_bundles(problem: Problem, most: float = np.inf) -> tuple[Problem, float] | None:
    """The bundles when they are about to be seen, and that half-mse flow time; None if no neuron grows.

    Raises TooManyKinksError, and TooManyBundlesError where their flow would cost more than ``most``.
    """
    start = State(0.0, problem.weights, problem.output_weights)
    field, ends = start_growth(problem)
    groups, waits = next_groups(start, moving(problem, start, problem.pull_at_zero), problem, field, ends)
    some = np.flatnonzero(np.isfinite(waits))
    if not some.size:
        return None
    require_few(len(groups), problem.samples, most, TO_THEIR_END, least=True)
    first = int(some[np.argmin(waits[some])])
    begin = max(float(waits[first]) - np.log(1.0 / FORECAST.seed) / (2.0 * groups[first].rate), 0.0)
    grown = flowed(problem.weights, problem.output_weights, field, begin)
    weights, outputs = bundled(
        Neurons(grown.weights, grown.output_weights, grown.log), problem.inputs, problem.slope
    )
    require_few(outputs.size, problem.samples, most, TO_THEIR_END)
    return replace(problem, weights=weights, output_weights=outputs), begin


def bundles_from_start(problem: Problem) -> Measured | None:
    """The flow of the bundles in the problem's loss and flow time; None if no neuron grows.

    The series begins at t = 0, with the loss that rests until the bundles are seen, and the states there.
    ``status`` as in ``bundled_flow.follow``. Raises TooLongError.
    """
    found = start_of_bundles(problem, SCALE.pairs)
    if found is None:
        return None
    bundles, begin = found
    run = follow(bundles, SCALE.fitted * problem.value(-problem.targets))
    late, states, series = begin / problem.speed, run.snapshots, run.series
    if late > 0.0:
        series = {name: np.concatenate([values[:1], values]) for name, values in series.items()}
        series["t"][1:] += late
    return Measured(
        bundles,
        series,
        Snapshots(states.t + late, states.weights, states.output_weights),
        run.status,
    )


def finite_scale(
    problem: Problem, bundles: Measured, log_scale: float, error: Error, largest: float, what: str
) -> tuple[float, str | None]:
    """How far off a limit the ``bundles`` of a start are, and, if that is too far, why it is not reached.

    ``log_scale``: ln(1/scale) of the start; ``error``: how far off a run ends, None if it does not show;
    ``largest``: up to which the limit is reached; ``what`` is off. When it would be reached is told from the
    bundles of a smaller start: neurons that come too late add a power of the scale.
    """
    off = error(bundles)
    if off is None or off <= largest:
        return off or 0.0, None
    less = float(np.exp(-(SCALE.smaller - 1.0) * log_scale))
    smaller = replace(problem, weights=less * problem.weights, output_weights=less * problem.output_weights)
    second, when = None, "at a far smaller scale"
    with suppress(TooLongError):
        run = bundles_from_start(smaller)
        second = None if run is None else error(run)
    if second is not None and 0.0 < second < off:
        power = np.log(off / second) / ((SCALE.smaller - 1.0) * log_scale)
        when = f"from ln(1/scale) = {log_scale + np.log(off / largest) / power:.3g} on"
    return off, (
        f"the limit is not reached at ln(1/scale) = {log_scale:.3g}: {what} is {off:.2g} off, at most "
        f"{largest:g} is compared; expected {when}"
    )
