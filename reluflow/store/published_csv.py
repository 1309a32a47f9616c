"""A run as a .csv of the form that the code of Chistikov, Englert, Lazic 2023 (arXiv 2306.06479) writes.

Parameters as indented JSON, each line led by "# ", then a table with its names of columns, one row a recorded
state. Losses and rates are those of the flow of mse, and an iteration is 0.01 of its flow time (of descent,
the iteration itself); a loss of labels is no multiple of mse, so that both are its own then. What has no
meaning for a run is null in the JSON and empty in the table.
"""

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from reluflow.data.datasets import Data
from reluflow.data.held_out import held_out
from reluflow.data.kinds.correlated import centre_of, noise_of
from reluflow.errors import RunError
from reluflow.flow.base import State
from reluflow.network import Array
from reluflow.observe.columns import groups, published_columns
from reluflow.observe.quantities import loss_at
from reluflow.problem import Problem
from reluflow.store.files import write_text, writing
from reluflow.store.json_text import plain
from reluflow.store.run_reader import Run

#: flow time of mse of one iteration: their learning rate by default
RATE: Final = 0.01
#: their name: ours, and whether it counts in units of the loss
_COLUMNS: Final = {
    "loss": ("loss", True),
    "min length grad (+)": ("length_rate_plus_min", True),
    "max length grad (+)": ("length_rate_plus_max", True),
    "mean length grad (+)": ("length_rate_plus_mean", True),
    "min length grad (-)": ("length_rate_minus_min", True),
    "max length grad (-)": ("length_rate_minus_max", True),
    "mean length grad (-)": ("length_rate_minus_mean", True),
    "min direction grad norm (+)": ("turn_rate_plus_min", True),
    "max direction grad norm (+)": ("turn_rate_plus_max", True),
    "mean direction grad norm (+)": ("turn_rate_plus_mean", True),
    "min direction grad norm (-)": ("turn_rate_minus_min", True),
    "max direction grad norm (-)": ("turn_rate_minus_max", True),
    "mean direction grad norm (-)": ("turn_rate_minus_mean", True),
    "average angle between positive neurons": ("angle_mean_plus", False),
    "maximum angle between positive neurons": ("angle_max_plus", False),
    "average angle between negative neurons": ("angle_mean_minus", False),
    "maximum angle between negative neurons": ("angle_max_minus", False),
    "norm of combined neuron": ("combined_norm", False),
    "distance to teacher": ("distance_to_teacher", False),
    "angle between combined neuron and early direction target": ("angle_to_gamma", False),
    "angle between combined neuron and teacher neuron": ("angle_to_teacher", False),
    "sum of squared weights": ("parameter_norm_squared", False),
    "nuclear norm": ("nuclear_norm", False),
    "nonzero predictions": ("nonzero_predictions", False),
    "average num of points seen (+)": ("samples_seen_plus", False),
    "val loss": ("test_loss", True),
}


def write_published(run: Run, path: Path) -> None:
    """Write the file. Raises RunError where there is no trajectory yet or it cannot be written."""
    if not run.series:
        raise RunError(f"{run.path}: no trajectory is recorded yet; expected a run that has begun")
    problem, data = run.problem, run.data
    table = io.StringIO()
    rows = list(_rows(run, problem, data))
    writer = csv.DictWriter(table, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    parameters = json.dumps(plain(_parameters(run, problem, data)), indent=4, allow_nan=False)
    header = "".join(f"# {line}\n" for line in parameters.splitlines())
    with writing(path, RunError):
        write_text(path, header + table.getvalue())


def _rows(run: Run, problem: Problem, data: Data) -> Iterator[dict[str, Any]]:
    points = held_out(run.preset.values, data)
    teacher = None if data.teacher is None else data.teacher[0]
    per_mse = _mse_in(problem)
    taken = run.snapshots
    for t, weights, outputs in zip(taken.t, taken.weights, taken.output_weights, strict=True):
        state = State(float(t), weights, outputs)
        found = published_columns(state, problem, teacher, points)
        if problem.held_out is not None:
            found["test_loss"] = loss_at(state, *problem.held_out, problem.loss, problem.slope)
        row = {"iteration": _iteration(run, problem, state.t)}
        for name, (ours, of_loss) in _COLUMNS.items():
            row[name] = found.get(ours, math.nan) * (per_mse if of_loss else 1.0)
        for name in points:
            if name.startswith("outside_"):
                row[f"val loss outside dist {name.removeprefix('outside_')}"] = (
                    found[f"{name}_loss"] * per_mse
                )
        for place in range(1, problem.dimension + 1):
            row[f"difference to target in dim {place}"] = found.get(f"left_{place}", math.nan)
        yield {name: _cell(value) for name, value in row.items()}


def _mse_in(problem: Problem) -> float:
    """How many times the loss mse is, 1 where the loss is one of labels."""
    return 1.0 if problem.of_labels else 2.0 / problem.speed


def _iteration(run: Run, problem: Problem, t: float) -> float:
    """The iteration on mse at a flow time of the run, by a rate of 0.01; of descent, its own."""
    rate = _learning_rate(run, problem)
    mse_time = t / _mse_in(problem)
    return mse_time / RATE if rate is None else float(round(mse_time / rate))


def _learning_rate(run: Run, problem: Problem) -> float | None:
    """That of plain descent, on mse; None for a flow."""
    values = run.preset.values
    rate = values.get("solver.learning_rate") if values.get("solver.method") == "gd" else None
    return None if rate is None else rate / _mse_in(problem)


def _cell(value: float) -> str:
    return repr(value) if math.isfinite(value) else ""


def _parameters(run: Run, problem: Problem, data: Data) -> dict[str, Any]:
    values = run.preset.values
    correlated = values["data.kind"] == "correlated"
    scale = values.get("init.scale")
    unscaled = problem.weights / scale if scale is not None else problem.weights
    both = groups(problem)
    last = run.snapshots
    found: dict[str, Any] = {
        "d": problem.dimension,
        "n": values.get("data.samples", problem.samples),
        "width": problem.width,
        "init scale": scale,
        "initialization hash": hashlib.blake2b(unscaled.tobytes(), digest_size=8).hexdigest(),
        "loaded from": None,
        "learning rate": _learning_rate(run, problem),
        "training points noise scale": noise_of(values.get("data.noise"), values["data.centred"])
        if correlated
        else None,
        "uncentered training points": not values["data.centred"] if correlated else None,
        "two teachers": values["data.teachers"] == 2 if correlated else None,
        "cutoff": _iteration(run, problem, values["stop.time"]) if "stop.time" in values else None,
        "loss target": values["stop.loss"] * _mse_in(problem) if "stop.loss" in values else None,
        **_geometry(problem, data.teacher),
        "eigenvalues": np.linalg.eigvalsh(problem.inputs.T @ problem.inputs),
        "teacher neuron": None if data.teacher is None else data.teacher[0],
        "center": centre_of(values.get("data.seed", 0), data.input_dimension) if correlated else None,
        "always dead": np.max(problem.inputs @ problem.weights.T, axis=0) <= 0.0,
        "positive group": both["plus"],
        "negative group": both["minus"],
    }
    if correlated and values["data.teachers"] == 2 and data.teacher is not None:
        found["teacher neuron 2"] = data.teacher[1]
    return found | {
        "data points": problem.inputs,
        "init weights": unscaled,
        "weights": last.weights[-1],
        "predict weights": last.output_weights[-1:],
    }


def _geometry(problem: Problem, teacher: Array | None) -> Mapping[str, Any]:
    """How far the inputs are from the teacher."""
    if teacher is None:
        return {"maximum angle to teacher": None, "large angle point count": None}
    lengths = np.where(problem.lengths > 0.0, problem.lengths, 1.0)
    products = problem.inputs @ teacher[0] / lengths
    smallest = min(max(float(np.min(products)), -1.0), 1.0)
    return {
        "maximum angle to teacher": math.degrees(math.acos(smallest)),
        "large angle point count": int(np.count_nonzero(products < math.sqrt(0.5))),
    }
