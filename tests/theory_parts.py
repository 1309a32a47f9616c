"""What single functions of the theory give for a few numbers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
from problems import balanced, orthogonal, smooth, with_bias
from recording import attempted
from teachers import course_of, family
from theory_problems import PROBLEMS

from reluflow.flow.base import State
from reluflow.network import tangent_kernel
from reluflow.observe.neurons import pulls_of
from reluflow.problem import Problem
from reluflow.theory import all_predictions, circle, orthogonal_formulas
from reluflow.theory.active_flow import in_own_units
from reluflow.theory.alignment import basins, extremal_directions
from reluflow.theory.bundle import excess_rate
from reluflow.theory.bundled_flow import time_to_fall
from reluflow.theory.cones import SphereOracle, activation_patterns, count_cones
from reluflow.theory.decayed_rest import classify_decayed, rests
from reluflow.theory.effort import flow_of_bundles, left_after_junction, left_after_round
from reluflow.theory.escape import classify, escape_rates
from reluflow.theory.frozen_field import Field
from reluflow.theory.jump_process import limit_process, sharp_process
from reluflow.theory.least_loss import without_networks
from reluflow.theory.least_rank import margin, rank_one_kappa
from reluflow.theory.limit_process import general_limit
from reluflow.theory.linearised import linearised
from reluflow.theory.max_margin import max_margin
from reluflow.theory.minimum_norm import minimum_norm
from reluflow.theory.nudges import Nudge, nudged
from reluflow.theory.one_bundle import exact_trajectory, unit_time
from reluflow.theory.orthogonal_fit import fit_probability, seen
from reluflow.theory.pair_law import pair_products, transported
from reluflow.theory.rate_bounds import one_sign_bounds
from reluflow.theory.resting import growth_rate_bound, is_large
from reluflow.theory.small_neurons import final_growth, flowed, pulls
from reluflow.theory.start_bundles import bundles_from_start
from reluflow.theory.symmetric_course import symmetric_course
from reluflow.theory.yardsticks import advanced_cosine

FIVE: Final = with_bias([-1.5, -1.0, 0.0, 0.25, 2.0]), np.array([0.7, -0.3, -0.3, 0.4, 0.2])
NORMAL: Final = np.random.default_rng(7).normal(size=(6, 3))
#: inputs on three lines through the origin, of which one holds three, and an input of zero
SHARED: Final = np.vstack([NORMAL[:3], -NORMAL[:1], 3.0 * NORMAL[:1], 0.0 * NORMAL[:1]])
#: what a person may ask for, and what nobody can be given
NUDGES: Final = (
    *(
        "add 0 1e-3",
        "add 2 0.5 2",
        "add 4 1",
        "add 1 1 9",
        "add 1",
        "add 1 1 0",
        "add 1 1 2 3",
        "add 0 1e-320",
    ),
    *(
        "remove 1",
        "remove",
        "remove 1 2",
        "remove 1234567890123456",
        "flip 0",
        "flip -1",
        "flip 9",
        "",
        "fly 1",
    ),
    *(
        "scale 2 3",
        "scale 1 0",
        "scale 1 x",
        "scale 0 1e150",
        "turn 1 30",
        "turn 0 -400",
        "turn 3 20",
        "turn 1",
    ),
    "turn 1 1e200",
)


def of_circle() -> list[Any]:
    """Where neurons in the plane come to rest, and between which of them the ways part."""
    inputs, targets = FIVE
    flat = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0]]), np.ones(3)
    said: list[Any] = []
    top_on_kink = np.eye(2), np.array([1.0, 0.0])
    for rows, pull in (FIVE, (inputs[:2], targets[:2]), flat, top_on_kink, (np.zeros((2, 2)), targets[:2])):
        for slope in (0.0, 0.3):
            both = [(rows, pull, sign, slope) for sign in (1, -1)]
            said.append([[circle.extremal(*each), circle.basin_edges(*each)] for each in both])
            said.append(circle.growth(np.array([0.3, 2.0, -1.0]), rows, pull, slope))
        said.append(circle.kinks_of(rows))
    return said


def of_nudges() -> dict[str, Any]:
    """Changes of single neurons, each made twice."""
    said: dict[str, Any] = {}
    for rows in (FIVE[0], NORMAL[:4], FIVE[0][:2, :1]):
        problem, where = balanced(rows, np.arange(len(rows)) - 1.5, 3, 0.5), f"in {rows.shape[1]} dimensions"
        start = State(0.0, problem.weights, problem.output_weights)
        for text in NUDGES:
            change = attempted(Nudge.read, text)
            made = change if isinstance(change, str) else attempted(nudged, problem, start, [change, change])
            said[f"{text} {where}"] = [str(change), made]
        alone = State(0.0, np.zeros((1, rows.shape[1])), np.ones(1))
        straight = State(0.0, pulls_of(np.ones(1, np.int8), problem), np.ones(1))
        said[f"straight {where}"] = attempted(nudged, problem, straight, [Nudge("turn", 0, 30.0)])
        changes = [Nudge(verb, 0, 2.0) for verb in ("remove", "turn", "scale")]
        said[f"alone {where}"] = [attempted(nudged, problem, alone, [change]) for change in changes]
        fitted = replace(problem, targets=np.zeros(len(rows)))
        said[f"fitted {where}"] = attempted(nudged, fitted, alone, [Nudge("add", 0, 2.0)])
    return said


def of_ranks() -> list[Any]:
    """Whether rank one has the least norm."""
    data = [family(0.2, 3), family(0.6, 4), (NORMAL[:3], NORMAL[3])]
    return [[rank_one_kappa(*each), margin(*each)] for each in data]


def of_margins() -> list[Any]:
    """The linear classifiers of largest margin."""
    signs = np.sign(NORMAL @ np.array([1.0, 2.0, -1.0]))
    crossed = np.array([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]])
    return [
        max_margin(NORMAL, signs),
        max_margin(1e9 * NORMAL[:2], signs[:2]),
        max_margin(crossed, np.array([1.0, 1.0, -1.0, -1.0])),
        max_margin(np.zeros((2, 2)), np.array([1.0, -1.0])),
    ]


def of_norms() -> list[Any]:
    """Least norms and their bounds: of networks that have them there may be several."""
    y = np.array([1.0, -2.0, 0.5, 0.0, 1.5, -1.0])
    data = [FIVE, (NORMAL[:4], y[:4]), (NORMAL[:, :1], y), (np.eye(2), np.zeros(2)), (1e3 * np.eye(2), y[:2])]
    data += [
        (SHARED, np.array([*y[:3], *rest])) for rest in ((0.0, 3.0, 0.0), (0.5, 3.0, 0.0), (0.0, 3.0, 1.0))
    ]
    data += [(SHARED, np.array([*y[:3], 0.0, 4.0, 0.0]))]
    how: list[dict[str, float]] = [{}, {"slope": 0.3, "weight_decay": 0.05}]
    said = [attempted(minimum_norm, *each, **options) for each in data for options in how]
    said.append(attempted(minimum_norm, *FIVE, weight_decay=0.02))
    return [one if isinstance(one, str) else [one.value, one.lower_bound] for one in said]


def of_cones() -> list[Any]:
    """Activation patterns, and the maxima over their cones."""
    said: list[Any] = [[count_cones(n, rank) for n in range(1, 6) for rank in range(1, 5)]]
    for rows in (NORMAL, NORMAL[:, :2], NORMAL[:, :1], NORMAL[:2], SHARED, FIVE[0], 0.0 * FIVE[0]):
        patterns = activation_patterns(rows).astype(int)
        said.append(sorted("".join(map(str, pattern)) for pattern in patterns))
        for slope in (0.0, 0.3):
            oracle = SphereOracle(rows, slope=slope)
            for nu in (np.cos(np.arange(len(rows))), -np.ones(len(rows))):
                top = oracle.highest(nu)
                said.append([top, [peak.value for peak in oracle.peaks(nu, 0.3 * top.value)]])
    return [*said, attempted(activation_patterns, NORMAL, most=10)]


def of_bounds() -> list[Any]:
    """How fast neurons may grow under any pull, and where they grow."""
    nu = np.cos(2.0 * np.arange(6))
    said: list[Any] = []
    for slope in (0.0, 0.3):
        for pull in (nu, -nu, np.abs(nu), -np.abs(nu), np.zeros(6)):
            said.append([one_sign_bounds(NORMAL, pull, slope), growth_rate_bound(NORMAL, pull, slope)])
            found = extremal_directions(NORMAL, pull, slope=slope)
            said.append([found.exact, [[one.sign, one.rate, one.direction] for one in found.attractors]])
            said.append(escape_rates(NORMAL, pull, slope))
    return said


def of_neurons() -> list[Any]:
    """Neurons that are pulled straight to the origin or away from it, start on a kink, or are of any size."""
    said: list[Any] = []
    for rows in (NORMAL, SHARED, FIVE[0]):
        left = np.cos(2.0 * np.arange(len(rows)))
        straight = np.maximum(rows @ (left @ rows), 0.0) @ rows
        on_kink = rows[0] - rows[1] * (rows[0] @ rows[1]) / (rows[1] @ rows[1])
        weights = np.vstack([straight, -straight, 1e-200 * straight, on_kink, 0.0 * straight, rows, -rows])
        sizes = np.linalg.norm(weights, axis=1)
        outputs = np.where(np.arange(len(sizes)) % 2 == 0, 1.0, -1.0) * sizes
        for share, slope in ((1.0, 0.0), (1.5, 0.0), (0.5, 0.0), (0.0, 0.0), (1.0, 0.3), (0.5, 0.3)):
            given = weights, share * outputs + (share == 1.5) * (sizes == 0.0)
            field = Field(rows, left, slope)
            said.append([final_growth(*given, rows, left, slope=slope), flowed(*given, field, 2.0)])
            slides = [one.on_kink for one in basins(*given, rows, left, slope=slope)]
            said.append([pulls(*given, rows, left, slope), slides])
    return said


def of_courses() -> dict[str, Any]:
    """One bundle under a teacher, and two on symmetric data."""
    problem = PROBLEMS["one-neuron"]()
    course = course_of(problem)
    bundle, times = course.bundle, np.linspace(0.0, 2.0 * course.half_time, 7)
    units = NORMAL[:3] / np.linalg.norm(NORMAL[:3], axis=1)[:, None]
    return {
        "alignment": course.alignment,
        "amplitudes": course.amplitudes,
        "numbers": [course.size, course.aligned, course.half_time, course.final_rate, bundle.join],
        "path": [bundle.vectors(times), bundle.losses(times), course.path[::50]],
        "rates": [excess_rate(problem.span.inputs, course.inner_teacher, v) for v in bundle.vectors(times)],
        "weights": course.final_weights,
        "products": pair_products(problem.weights, problem.output_weights),
        "transported": transported(units, NORMAL[3:]),
        "symmetric": [
            [one.size, one.rate, one.white, one.rates, one.excess(times), one.time_of(0.5), one.rate_at(0.9)]
            for one in (symmetric_course(PROBLEMS[name]()) for name in ("symmetric-white", "symmetric"))
        ],
    }


def of_linearised() -> dict[str, Any]:
    """The network that is linear in its parameters."""
    problem = PROBLEMS["lazy"]()
    path, times = linearised(problem), np.array([0.0, 1e-3, 0.1, 1.0])
    kernel = tangent_kernel(problem.weights, problem.output_weights, problem.inputs, problem.slope)
    return {
        "path": [path, path.condition],
        "losses": [path.losses(times), path.losses_with(1.1 * kernel, times)],
        "weights": [path.weights(time) for time in (0.1, np.inf)],
        "function": [path.function(problem.inputs + 0.1, time)[0] for time in (0.1, np.inf)],
    }


def of_jumps() -> dict[str, Any]:
    """Orthogonal inputs: jumps, and the formulas behind them."""
    said: dict[str, Any] = {}
    formulas, times = orthogonal_formulas, np.array([0.0, 0.5, 3.0, 40.0, 400.0])
    for seed, equal in ((0, True), (1, False)):
        one = orthogonal(seed, 5, 6, 12, 1e-6, equal)
        data, start = (one.inputs, one.targets), (one.weights, one.output_weights)
        limit = limit_process(*data, *start)
        said[f"process {seed}"] = [limit, limit.norm, sharp_process(*data, *start), seen(one)]
        said[f"rates {seed}"] = [formulas.kernel_rate(*start, one.inputs), formulas.block_rates(*data, limit)]
        said[f"norm {seed}"] = [formulas.pulls(*data), formulas.least_norm(*data)]
        said[f"time {seed}"] = unit_time(one.targets[::2], np.arange(1.0, 4.0), 5)
    said["fits"] = [fit_probability(*sizes) for sizes in ((1, 1, 0), (5, 2, 1), (9, 0, 3), (40, 3, 3))]
    said["widths"] = [formulas.enough_neurons(n, failing) for n in (1, 7) for failing in (0.5, 1e-3)]
    said["angles"] = [formulas.least_orthogonal(rows) for rows in (NORMAL, SHARED[[0, 1, 5]])]
    said["exact"] = [exact_trajectory(times, 0.4, 0.7, *of) for of in ((1e-3, 0.2), (0.5, -0.9))]
    return said


def of_limits() -> list[Any]:
    """Of vanishing scale, with the times that escapes last, to which fewer digits are known."""
    one = PROBLEMS["unbalanced-limit"]()
    bundles = bundles_from_start(one)
    assert bundles is not None
    times = bundles.snapshots.t[:2], bundles.series["t"][:2]
    return [general_limit(one.inputs, one.targets, one.weights, one.output_weights), bundles.status, *times]


def of_other_flows() -> list[Any]:
    """Which rows are set aside where there is decay, or a loss of labels, and why."""
    said = []
    for name in ("decay-toy", "labels-moons", "labels-leaky"):
        given: dict[str, list[str]] = {}
        for row in all_predictions(PROBLEMS[name]()):
            given.setdefault(f"{row.applies}: {row.reason}", []).append(row.id)
        said.append(given)
    return said


def of_outputs() -> dict[str, Any]:
    """What no network gives, when a loss is reached, and neurons in units of their own."""
    values, one = np.array([1.0, -2.0, 0.5, 0.3, 1.5, -1.0]), smooth(4, 3, 3, 0.1)
    two_lines = np.vstack([NORMAL[:2], -2.0 * NORMAL[:2], 3.0 * NORMAL[:1], NORMAL[3:4]])
    data = (SHARED, NORMAL, NORMAL[:, :1], np.vstack([NORMAL[:3], -NORMAL[:3]]), two_lines)
    return {
        "beyond": [without_networks(rows, values) for rows in data],
        "times": [time_to_fall(one, loss, 30.0) for loss in (0.1, 1e-3, 0.0)],
        "effort": [attempted(left_after_round, 10.0, neurons, 50) for neurons in (1000, 4000)],
        "effort of": [left_after_junction(100.0, np.arange(3) > 0, NORMAL), flow_of_bundles(7, 50)],
        "cosines": advanced_cosine(np.array([-0.5, 0.2]), np.array([1.0, -2.0]), np.array([0.3, 0.4])),
        "large": [is_large(one.lengths * mass, one) for mass in np.geomspace(1e-3, 1.0, 21)],
        "units": in_own_units(SHARED, np.array([5.0, 0.1, -3.0, 0.0, 1.0, 0.0])),
    }


def of_verdicts() -> list[Any]:
    """States that are taken for rests, with decay and without."""
    five, line = PROBLEMS["decay-five"](), PROBLEMS["line"]()
    torn = Problem([[1.0], [1.0]], [1.0, 0.5], [[1e-3]], [1e-3])
    top = extremal_directions(five.inputs, five.targets).attractors[0]
    lone, none = np.vstack([0.7 * top.direction, np.zeros(2)]), np.zeros((2, 2))
    small = np.vstack([top.direction, 1e-9 * five.weights])
    said: list[Any] = []
    for weights, outputs in (
        (none, np.zeros(2)),
        (none - 10.0, np.ones(2)),
        (lone, np.array([0.7 * top.sign, 0.0])),
        (small, np.array([top.sign, *(1e-9 * five.output_weights)])),
    ):
        state = State(3.0, weights, outputs)
        for decay in (0.01, 0.05, 0.2):
            one = Problem(five.inputs, five.targets, weights, outputs, weight_decay=decay)
            said.append([classify_decayed(one, state, 1e9), rests(one, state, 1e-9, 1e-14)])
        said.append(
            [classify(replace(five, weight_decay=0.0), state), classify(replace(line, loss="mse"), state)]
        )
    for size in (0.0, 0.5, 0.75, 1.0):
        state = State(3.0, np.full((1, 1), np.sqrt(size)), np.full(1, np.sqrt(size)))
        said.append([classify(torn, state), classify(replace(torn, slope=0.2), state)])
    return said


PARTS: Final[dict[str, Callable[[], Any]]] = {
    function.__name__.removeprefix("of_"): function
    for function in (
        *(
            of_circle,
            of_nudges,
            of_ranks,
            of_margins,
            of_norms,
            of_cones,
            of_bounds,
            of_neurons,
            of_courses,
            of_linearised,
        ),
        *(of_jumps, of_limits, of_other_flows, of_outputs, of_verdicts),
    )
}
