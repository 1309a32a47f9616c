"""What the theory says of tiny runs and problems: figures that are recorded in recorded/theory.json.

    python tests/recorded_theory.py make      list what differs from the record, then record anew
    python tests/recorded_theory.py runs      run the cases by the solvers as they are now, then as make

The runs are kept in recorded/theory_runs.npz, so that what the theory reads off them depends on nothing but
the theory. The record has no opinion of what is right: it notices that something is not as it was.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "tools"))

from record_differences import TOLERANCE
from recording import FOLDER, attempted, make
from teachers import course_of
from theory_parts import PARTS
from theory_problems import ENDS, PROBLEMS, VARIANTS

import reluflow.theory.correlated_readings as readings
from reluflow.flow.base import Options
from reluflow.network import Array
from reluflow.observe.measured import Measured, state_at
from reluflow.problem import Problem
from reluflow.theory import CHAPTERS
from reluflow.theory.bundled_flow import Neurons, bundled
from reluflow.theory.directions import directions
from reluflow.theory.escape import available_rate, classify, escape_rates
from reluflow.theory.forecast import forecast
from reluflow.theory.frozen_field import Field
from reluflow.theory.landmarks import landmarks
from reluflow.theory.origin import at_origin
from reluflow.theory.perturbations import share_below
from reluflow.theory.prediction import Prediction
from reluflow.theory.rate_bounds import one_sign_bounds
from reluflow.theory.readings import sign_flips, tail_rate, time_of_loss
from reluflow.theory.resting import growth_rate_bound, moving
from reluflow.theory.small_neurons import final_growth, flowed, pulls
from reluflow.training.stopping import StopRules
from reluflow.training.training import RecordRules, Training
from reluflow.verification import judge

RUNS: Final = FOLDER / "theory_runs.npz"
#: how much is kept of a run
KEPT: Final = RecordRules(snapshots=40, series=200, resolution=0.2)
#: columns of a series that the theory reads
COLUMNS: Final = ("t", "step", "loss", "loss_low", "margin", "smoothed_margin")
RTOL: Final = 1e-7


def train(name: str) -> dict[str, Array]:
    """Run a case; what is kept of it, to 12 digits, so that rounding decides of no sign."""
    problem = PROBLEMS[name]()
    rules = {"loss": 1e-7 if problem.of_labels else 1e-9, "steps": 1500, "time": 1e9} | ENDS.get(name, {})
    coarse = name.endswith("descent")
    options = Options(RTOL, 0.1) if coarse else Options(RTOL)
    training = Training(problem, "gd" if coarse else None, options, StopRules(**rules), KEPT)
    while training.status == "running":
        training.advance(10.0)
    states, series = training.recorder.snapshots, training.recorder.series
    start = {part: getattr(problem, part) for part in ("inputs", "targets", "weights", "output_weights")}
    rows = {"weights": states.weights, "output_weights": states.output_weights}
    return start | {
        "about": np.array([problem.loss, repr(problem.slope), repr(problem.weight_decay), training.status]),
        "states/t": _shortened(states.t),
        **{f"states/{part}": np.concatenate([row[:1], _shortened(row[1:])]) for part, row in rows.items()},
        **{f"series/{column}": _shortened(series[column]) for column in COLUMNS if column in series},
    }


def _shortened(values: Array) -> Array:
    return np.array([float(f"{value:.11e}") for value in values.flat]).reshape(values.shape)


@cache
def runs() -> dict[str, Measured]:
    """All runs as they were kept, by the names of their cases."""
    kept: dict[str, dict[str, Array]] = {}
    with np.load(RUNS, allow_pickle=False) as file:
        for key in file.files:
            name, _, part = key.partition("/")
            kept.setdefault(name, {})[part] = file[key]
    return {name: _measured(parts) for name, parts in kept.items()}


def _measured(parts: dict[str, Array]) -> Measured:
    loss, slope, decay, status = parts["about"].tolist()
    start = (parts[part] for part in ("inputs", "targets", "weights", "output_weights"))
    problem = Problem(*start, loss=loss, slope=float(slope), weight_decay=float(decay))
    states, series = (
        {key.partition("/")[2]: array for key, array in parts.items() if key.startswith(kind)}
        for kind in ("states/", "series/")
    )
    return Measured(problem, series, SimpleNamespace(**states), status, RTOL)


# ---------------------------------------------------------------- what is said of a run


def _rows(chapter: str, found: Measured) -> dict[str, Any]:
    """Numbers and words of the rows that were judged, or would be, and of all of them why they were not.

    Beside it there is what those that apply read off what is no flow, where little of that is next to zero.
    """
    said: dict[str, Any] = {"of no flow": {}}
    other = astray(found)
    for prediction in CHAPTERS[chapter](found.problem):
        if prediction.applies:
            said["of no flow"][prediction.id.partition("/")[2]] = prediction.measure(other)
        row = judge(prediction, found)
        name = row.id.partition("/")[2]
        if row.applies:
            said[name] = [row.predicted, row.measured, row.tolerance, row.statement, row.source]
        elif row.tolerance:
            said[name] = [row.tolerance]
        said.setdefault(f"{row.state}: {row.reason}", []).append(name)
    return said


def astray(found: Measured) -> Measured:
    """A run with everything a little off, and with one neuron that points the other way at half of it."""
    states, series = vars(found.snapshots), found.series
    shaken = {
        part: rows * (1.0 + 0.01 * np.cos(7.0 * np.arange(rows.size))).reshape(rows.shape)
        for part, rows in {**states, **series}.items()
        if part not in ("t", "step")
    }
    for part in ("weights", "output_weights"):
        shaken[part][len(states["t"]) // 2, 0] *= -1.0
    moved = {part: shaken.get(part, rows) for part, rows in states.items()}
    seen = {column: shaken.get(column, 1.02 * values) for column, values in series.items()}
    return replace(found, snapshots=SimpleNamespace(**moved), series=seen)


def _plateaus(found: Measured) -> Iterator[list[Any]]:
    """What is said in the middle of the first plateaus."""
    for saddle in found.saddles[:2]:
        if saddle.end is not None:
            state = state_at(found.snapshots, 0.5 * (saddle.start + saddle.end))
            yield [saddle, classify(found.problem, state), attempted(forecast, found.problem, state)]


def _neurons(found: Measured) -> dict[str, Any]:
    """All neurons as if they were small, under what is left to fit at the start and halfway."""
    losses = found.series["loss"]
    half = float(found.series["t"][np.argmax(losses < 0.5 * losses[0])])
    return {when: _moved(found, t) for when, t in (("start", 0.0), ("half of the loss", half))}


def _moved(found: Measured, t: float) -> dict[str, Any]:
    problem, state = found.problem, state_at(found.snapshots, t)
    network, inputs, slope = (state.weights, state.output_weights), problem.inputs, problem.slope
    left = problem.left(*network)
    then = flowed(*network, Field(inputs, left, slope), 3.0 / growth_rate_bound(inputs, left, slope))
    return {
        "pulls": pulls(*network, inputs, left, slope),
        "final growth": final_growth(*network, inputs, left, slope=slope),
        "flowed": then,
        "bundled": bundled(Neurons(then.weights, then.output_weights, then.log), inputs, slope),
        "rates": escape_rates(inputs, left, slope),
        "bounds": one_sign_bounds(inputs, left / left.size, slope),
        "available": available_rate(problem, state),
        "moving": moving(problem, state, left),
        "at the origin": at_origin(problem, state, left),
        "below": share_below(problem, state, RTOL),
    }


def _readings(found: Measured) -> dict[str, Any]:
    losses = found.series["loss"]
    return {
        "saddles": found.saddles,
        "tail": [tail_rate(found, allowed) for allowed in (1e-3, 0.1)],
        "time": time_of_loss(found, float(np.sqrt(losses[0] * losses[-1]))),
        "flips": sign_flips(found),
    }


def _teacher(found: Measured) -> list[Any]:
    """What is read off a run of one neuron as teacher, whether rows need it or not."""
    course = course_of(found.problem)
    alone = (readings.fitted, readings.live_count, readings.growth_of_minus, readings.changes_back)
    beside = (
        *(readings.arrived, readings.curve_error, readings.out_of_order, readings.final_rate),
        *(readings.widest_angle, readings.final_nuclear_norm, readings.final_variation_norm),
        readings.final_parameter_norm,
    )
    runs = (found, astray(found))
    return [[*(read(run) for read in alone), *(read(run, course) for read in beside)] for run in runs]


LOOKS: Final[dict[str, Callable[[Measured], Any]]] = {
    **{chapter: partial(_rows, chapter) for chapter in CHAPTERS.rows},
    "landmarks": lambda found: landmarks(found.problem),
    "directions": lambda found: attempted(directions, found.problem),
    "end": lambda found: classify(found.problem, found.final),
    "last-directions": lambda found: attempted(directions, found.problem, found.final),
    "plateaus": lambda found: list(_plateaus(found)),
    "neurons": _neurons,
    "readings": _readings,
    "teacher": _teacher,
}
#: what is asked of each run: what is told as well by another one, in less time, is left out
ASKED: Final = {
    "toy-tiny": "orthogonal minimum-norm landmarks readings limit symmetric",
    "toy-mse": "orthogonal minimum-norm general landmarks plateaus neurons",
    "toy-one": "orthogonal lazy minimum-norm landmarks end",
    "toy-unfitted": "orthogonal end",
    "toy-cut": "orthogonal general landmarks directions end",
    "toy-descent": "orthogonal minimum-norm general readings",
    "orthogonal": "orthogonal landmarks plateaus end",
    "orthogonal-equal": "orthogonal readings neurons",
    "orthogonal-turned": "general last-directions",
    "line-dominated": "minimum-norm general landmarks neurons",
    "line-unbalanced": "general limit neurons",
    "line-leaky": "orthogonal correlated symmetric limit general neurons last-directions",
    "leaky": "minimum-norm general landmarks plateaus",
    "integers": "minimum-norm general limit directions last-directions",
    "integer-starts": "minimum-norm general",
    "plane": "general last-directions plateaus end readings",
    "gauss": "limit general neurons",
    "rank-deficient": "minimum-norm general directions landmarks",
    "opposite": "general",
    "zero-neurons": "general end neurons",
    "one-neuron": "correlated teacher general landmarks",
    "smooth": "correlated general directions neurons",
    "symmetric": "symmetric",
    "symmetric-white": "symmetric directions end",
    "lazy": "lazy",
    "lazy-half": "lazy general",
    "decay-toy": "decay landmarks end plateaus",
    "decay-five": "decay end last-directions",
    "labels-moons": "labels last-directions end",
    "labels-plane": "labels general end readings",
    "labels-separable": "labels general landmarks end",
    "labels-leaky": "labels readings",
    "labels-rank-two": "labels",
    "at-origin": "minimum-norm general limit directions end",
    "unbalanced-limit": "general directions landmarks end",
    "wu": "general readings",
    "line-undecided": "end last-directions",
}
#: what is asked of the first half of a run
ASKED_EARLY: Final = {
    "toy-mse": "orthogonal general",
    "one-neuron": "correlated",
    "symmetric": "symmetric",
    "lazy-half": "lazy",
    "integers": "limit",
    "decay-toy": "decay",
    "labels-leaky": "labels",
    "labels-separable": "labels",
    "labels-rank-two": "labels",
}


def said(name: str) -> dict[str, Any]:
    """What the theory says of a run."""
    return {look: LOOKS[look](runs()[name]) for look in ASKED[name].split()}


def said_early(name: str) -> dict[str, Any]:
    """The same when it had been ended halfway."""
    found = runs()[name]
    states, series = found.snapshots, found.series
    count = len(states.t) // 2
    early = {part: rows[:count] for part, rows in vars(states).items()}
    short = {column: values[series["t"] <= states.t[count - 1]] for column, values in series.items()}
    half = replace(found, snapshots=SimpleNamespace(**early), series=short, status="steps")
    return {look: LOOKS[look](half) for look in ASKED_EARLY[name].split()}


def _late() -> Any:
    """How far neurons have turned to the largest margin at a loss that no other row needs."""
    found = runs()["labels-late"]
    rows = {row.id: row for row in CHAPTERS["labels"](found.problem)}
    return judge(rows["labels/max-margin-angle"], found)


# ---------------------------------------------------------------- what is said of a problem


def _foretold(chapter: str) -> list[dict[str, Any]]:
    """Predictions for problems that nobody runs, and why they apply or do not."""
    return [_numbers(attempted(CHAPTERS[chapter], problem)) for problem in VARIANTS[chapter]()]


def _numbers(rows: list[Prediction]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for row in rows:
        name = row.id.partition("/")[2]
        told = [row.statement, row.needs] if row.applies else []
        given[name] = [row.predicted, row.tolerance, row.absolute, row.one_sided, row.per_rtol, *told]
        given.setdefault(f"{'pending' if row.pending else row.applies}: {row.reason}", []).append(name)
    return given


CASES: Final[dict[str, Callable[[], Any]]] = {
    **{name: partial(said, name) for name in ASKED},
    **{f"{name}, early": partial(said_early, name) for name in ASKED_EARLY},
    "labels-late": _late,
    **{f"variants of {chapter}": partial(_foretold, chapter) for chapter in VARIANTS},
    **PARTS,
}
#: relative differences that other processors make where they are more than 1e-9
LOOSE: Final = {
    "limits": 1e-4,
    "courses": 1e-7,
    "gauss": 1e-7,
    "smooth": 1e-7,
    "lazy": 1e-6,
    "variants of lazy": 1e-5,
}


def closeness(name: str) -> float:
    """How close the figures of a case come on any processor."""
    return LOOSE.get(name, TOLERANCE)


if __name__ == "__main__":
    if sys.argv[1:] not in (["make"], ["runs"]):
        raise SystemExit(__doc__)
    if sys.argv[1] == "runs":
        FOLDER.mkdir(exist_ok=True)
        kept = {name: train(name) for name in PROBLEMS}
        np.savez_compressed(
            RUNS, **{f"{name}/{part}": array for name, parts in kept.items() for part, array in parts.items()}
        )
    make("theory", CASES)
