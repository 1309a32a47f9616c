"""What holds for any data: signs, the conserved imbalance, the first escape, rest.

Rows are in the problem's loss and its flow time.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reluflow.network import BALANCED, loss_of, outweighed, row_norms, variation_norm
from reluflow.observe.measured import Measured
from reluflow.problem import Problem
from reluflow.theory import perturbations, two_pieces
from reluflow.theory.audit import AUDIT, imbalance_drift, pair_drift
from reluflow.theory.bundled_flow import Neurons, bundled
from reluflow.theory.early import early_rows
from reluflow.theory.effort import TooManyKinksError
from reluflow.theory.escape import available_rate, classify
from reluflow.theory.forecast import FirstGroup, Forecast, TooManyBundlesError, first_group, with_rivals
from reluflow.theory.memory import remembered
from reluflow.theory.prediction import Measure, Prediction, not_relu
from reluflow.theory.readings import sign_flips
from reluflow.theory.resting import AT_REST


@dataclass(frozen=True)
class GeneralRows:
    """When the rows that hold for any data apply, and how closely they are compared."""

    #: e-folds of mass between the start and the first escape from which on the start is small
    folds: float = 10.0
    #: bound on the outputs of a small start, as a share of the largest target
    small: float = 1e-2
    #: relative error of the first escape's forecast, and of its reading off a run that is not recorded
    #: closely
    forecast: float = 5e-3
    #: error of the pair law, in units of the solver's tolerance. Neurons that see the same samples are
    #: boosted alike, so that a solver keeps it to 1e-9, but for a step in which one of the two has an event
    #: and goes in parts: then it is an error of the step, in neurons too small to be seen up to 320 of
    #: these units
    per_rtol: float = 500.0
    #: neurons whose pairs are audited, at most: of more too few states are kept to see what happened in
    #: between
    paired: int = 20_000
    #: neurons times samples times samples that are flowed for a forecast, at most: a neuron may cross the
    #: kinks of all samples, and looks at all of them each time
    crossings: int = 400_000_000
    #: neurons of a start that are followed one by one, at most: of more, bundles of those that are alike
    followed: int = 5_000


GENERAL: Final = GeneralRows()


def predictions(problem: Problem) -> list[Prediction]:
    """Rows for any problem."""
    few = _few(problem)
    reason, first = small_start(problem)
    # first of all: what is left of the budget is for the others
    foreseen = _foreseen(few, first, reason)
    return [
        _signs(problem),
        _out_of_reach(problem),
        _conservation(),
        _pairs(problem),
        *early_rows(problem, first, reason),
        _first_escape(*foreseen),
        _rest(problem),
        perturbations.prediction(),
        two_pieces.prediction(few, first, reason),
    ]


def _signs(problem: Problem) -> Prediction:
    below = int(np.count_nonzero(outweighed(problem.weights, problem.output_weights)))
    applies = below == 0
    return Prediction(
        "general/sign-flips",
        "No output weight ever changes its sign.",
        "Boursier et al. 2022 (arXiv 2206.00939)",
        applies,
        "|a_j| >= |w_j| for every neuron"
        if applies
        else f"|a_j| < |w_j| for {below} neuron(s); expected none",
        0.0 if applies else None,
        sign_flips,
        0.0,
        absolute=True,
    )


def _out_of_reach(problem: Problem) -> Prediction:
    """Signs that cannot change divide networks into parts, in some of which not all data can be fitted."""
    reason = not_relu(problem) or _both_signs(problem)
    missing = -1.0 if np.any(problem.output_weights > 0.0) else 1.0
    part = np.maximum(missing * problem.targets, 0.0)
    least = problem.speed * loss_of(part, "half-mse")
    sizes, norms = np.abs(problem.output_weights), row_norms(problem.weights)
    dominated = int(np.count_nonzero(sizes > (1.0 + BALANCED) * norms))

    def measure(run: Measured) -> float:
        return float(1.0 - np.min(run.series["loss_low"]) / least)

    return Prediction(
        "general/out-of-reach",
        "Output weights of one sign only leave (1/2n) sum y^2 (twice that for mse) over the targets of the "
        "other: share of it by which the loss falls below. The networks of given a_j^2 - |w_j|^2 have "
        f"2^{dominated} parts between which none can go.",
        "Nurisso et al. 2024 (arXiv 2410.14837)",
        reason is None,
        reason or "no sign of an output weight can change, and only one is there",
        0.0 if reason is None else None,
        measure,
        1e-9,
        absolute=True,
        one_sided=True,
    )


def _both_signs(problem: Problem) -> str | None:
    """Why no target is out of reach by its sign."""
    below = int(np.count_nonzero(outweighed(problem.weights, problem.output_weights)))
    if below:
        return f"|a_j| < |w_j| for {below} neuron(s), whose signs may change; expected none"
    signs = [bool(np.any(sign * problem.output_weights > 0.0)) for sign in (1.0, -1.0)]
    if all(signs):
        return "output weights of both signs are there; expected one sign only"
    wanted = [bool(np.any(sign * problem.targets > 0.0)) for sign in (1.0, -1.0)]
    if not any(want and not have for want, have in zip(wanted, signs, strict=True)):
        return "no target has the sign that no output weight has; expected some"
    return None


def _conservation() -> Prediction:
    return Prediction(
        "general/conservation",
        "a_j^2 - |w_j|^2 does not change: largest change over the largest a_j^2 + |w_j|^2 of that neuron.",
        "derived",
        True,
        "holds for every gradient flow",
        0.0,
        imbalance_drift,
        1e-4,
        absolute=True,
    )


def _pairs(problem: Problem) -> Prediction:
    applies = problem.width <= GENERAL.paired
    far = f"of {problem.width} neurons too few states are kept to follow pairs; at most {GENERAL.paired} are"
    return Prediction(
        "general/pair-law",
        "a_i a_j - <w_i, w_j> does not change while two neurons see the same samples: largest change between "
        f"two states, over its size or {AUDIT.smallest:g} of |a_i a_j| + |w_i||w_j|, of each neuron with the "
        "longest one of its kind.",
        "derived",
        applies,
        "holds for every gradient flow" if applies else far,
        0.0 if applies else None,
        pair_drift,
        1e-4,
        absolute=True,
        per_rtol=GENERAL.per_rtol,
        needs="two neurons that see the same samples in two states",
    )


def _first_escape(reason: str, found: Forecast | None) -> Prediction:
    measure: Measure = found.measure if found is not None else _never
    level = "" if found is None else f" to {found.loss:.6g}"
    return Prediction(
        "general/first-escape",
        f"The loss has fallen{level}, by 3/4 of what the first neurons to grow take away, at flow time t.",
        "derived",
        found is not None,
        reason,
        found.time if found is not None else None,
        measure,
        GENERAL.forecast,
    )


def first_escape(problem: Problem) -> tuple[str, Forecast | None]:
    """The forecast from the start, and what was checked or why there is none."""
    reason, first = small_start(problem)
    return _foreseen(_few(problem), first, reason)


def _foreseen(problem: Problem, first: FirstGroup | None, reason: str) -> tuple[str, Forecast | None]:
    try:
        return reason, None if first is None else with_rivals(problem, first)
    except (TooManyBundlesError, TooManyKinksError) as error:
        return str(error), None


@remembered
def _few(problem: Problem) -> Problem:
    """The problem, with bundles in place of its neurons where these are too many to be followed one by one.

    Neurons of one sign that see the same samples and point the same way go the same way.
    """
    if problem.width <= GENERAL.followed:
        return problem
    neurons = Neurons(problem.weights, problem.output_weights, np.zeros(problem.width))
    weights, outputs = bundled(neurons, problem.inputs, problem.slope)
    return replace(problem, weights=weights, output_weights=outputs) if outputs.size else problem


def small_start(problem: Problem) -> tuple[str, FirstGroup | None]:
    """The group that grows first from a small start, and what was checked or why it is no such start.

    Of a wide network, the group is one of bundles (``_few``).
    """
    if problem.width * problem.samples**2 > GENERAL.crossings:
        return (
            f"{problem.width} neurons on {problem.samples} samples are too many to be flowed one by one",
            None,
        )
    largest = variation_norm(problem.weights, problem.output_weights) * np.max(row_norms(problem.inputs))
    if largest > GENERAL.small * np.max(np.abs(problem.targets)):
        most = GENERAL.small * np.max(np.abs(problem.targets))
        return f"the start is not small: its outputs may be {largest:.2g}; expected at most {most:.2g}", None
    try:
        first = first_group(_few(problem))
    except TooManyKinksError as error:
        return str(error), None
    if first is None:
        return "no neuron grows from this start", None
    folds = float(np.log(first.mass)) - first.lead.log_mass
    if folds < GENERAL.folds:
        few = f"the first neurons grow by only {folds:.2g} e-folds of mass; expected {GENERAL.folds:g}"
        return f"the start is not small: {few}", None
    return f"the start is small: the first neurons grow by {folds:.3g} e-folds of mass", first


def _never(run: Measured) -> float | None:
    return None


def _rest(problem: Problem) -> Prediction:
    return Prediction(
        "general/rest",
        "Where a run comes to rest no live small neuron can grow: Gamma_available over Gamma_all.",
        "derived",
        True,
        "holds wherever a run comes to rest",
        0.0,
        rest_rate,
        AT_REST.zero,
        absolute=True,
        needs="a run that comes to rest before its loss is small enough to stop",
    )


def rest_rate(run: Measured) -> float | None:
    """Gamma_available / Gamma_all at the end of a stationary run, 0 where nothing is left to fit.

    None for any other run.
    """
    if run.status != "stationary":
        return None
    found = classify(run.problem, run.final)
    if found.kind == "global minimum" or not found.gamma_all.low:
        return 0.0
    return available_rate(run.problem, run.final) / found.gamma_all.low
