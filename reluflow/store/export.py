"""A run for other tools: flat tables and arrays with names, dimensions and units."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from reluflow.errors import RunError, escaped
from reluflow.flow.base import State
from reluflow.flow.events import Change
from reluflow.network import predictions, variation_norm
from reluflow.observe.kinks import gradient_norms
from reluflow.problem import Problem
from reluflow.store.files import write_bytes, write_npz, writing
from reluflow.store.published_csv import write_published
from reluflow.store.run_reader import Run

#: version 2 of the classic format (64-bit offsets): doubles and 32-bit integers
_NETCDF: Final = 2


@dataclass(frozen=True)
class Variable:
    """An array with the names of its dimensions and what it is."""

    dimensions: tuple[str, ...]
    values: npt.NDArray[Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Flat:
    """All arrays of a run by name, and what is said of the whole.

    Dimensions: ``time`` (recorded states), ``neuron``, ``sample``, ``input`` (coordinates, the bias last),
    ``row`` (rows of the series, more than states), ``event`` and ``held_out``, where there are any.
    """

    variables: Mapping[str, Variable]
    attributes: Mapping[str, str]


def export(run: Run, path: Path) -> None:
    """Write a run to a .csv (see ``published_csv``), .npz or .nc file, in place of one that is there.

    Raises RunError for another ending, a run without a trajectory and a file that cannot be written.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise RunError(f"{path}: found the ending {path.suffix or 'none'}; expected .csv, .npz or .nc")
    write(run, path)


def flat(run: Run) -> Flat:
    """The arrays of a run. Raises RunError where nothing is recorded yet."""
    _require_begun(run)
    problem = run.problem
    time = f"flow time of {problem.loss}"
    variables = _states(run, problem, time) | _data(problem) | _series(run, time) | _events(run, time)
    told = {name: run.summary.get(name) for name in ("status", "reason", "method")}
    attributes = {
        "title": run.preset.title or run.preset.name,
        "source": f"reluflow run {escaped(run.path.name)}",
        "loss": problem.loss,
        "preset": run.preset.to_toml(),
        **{name: str(value) for name, value in told.items() if value is not None},
    }
    return Flat(variables, attributes)


def _require_begun(run: Run) -> None:
    if not run.series:
        raise RunError(f"{run.path}: no trajectory is recorded yet; expected a run that has begun")


def _states(run: Run, problem: Problem, time: str) -> dict[str, Variable]:
    taken = run.snapshots
    states = [State(*each) for each in zip(taken.t, taken.weights, taken.output_weights, strict=True)]
    answers = np.array(
        [predictions(state.weights, state.output_weights, problem.inputs, problem.slope) for state in states]
    )
    losses = [problem.value(answer - problem.targets) for answer in answers]
    norms = [variation_norm(state.weights, state.output_weights) for state in states]

    def named(values: Any, words: str, *dimensions: str, unit: str = "1") -> Variable:
        return Variable(("time", *dimensions), np.asarray(values, float), {"long_name": words, "units": unit})

    return {
        "time": named(taken.t, "flow time of the recorded states", unit=time),
        "loss": named(losses, f"loss ({problem.loss})"),
        "gradient_norm": named(gradient_norms(states, problem), "length of the gradient of the loss"),
        "variation_norm": named(norms, "sum of |a_j| |w_j|"),
        "prediction": named(answers, "prediction h(x_k)", "sample"),
        "weights": named(taken.weights, "hidden weights w_j", "neuron", "input"),
        "output_weights": named(taken.output_weights, "output weights a_j", "neuron"),
    }


def _data(problem: Problem) -> dict[str, Variable]:
    def named(values: Any, words: str, *dimensions: str) -> Variable:
        return Variable(dimensions, values, {"long_name": words, "units": "1"})

    found = {
        "inputs": named(problem.inputs, "inputs x_k", "sample", "input"),
        "targets": named(problem.targets, "targets y_k", "sample"),
    }
    if problem.held_out is not None:
        inputs, targets = problem.held_out
        found["held_out_inputs"] = named(inputs, "held-out inputs", "held_out", "input")
        found["held_out_targets"] = named(targets, "held-out targets", "held_out")
    return found


def _series(run: Run, time: str) -> dict[str, Variable]:
    return {
        f"series_{name}": Variable(
            ("row",), np.asarray(run.series[name], float), {"units": time if name == "t" else "1"}
        )
        for name in run.series
    }


def _events(run: Run, time: str) -> dict[str, Variable]:
    events = run.events
    if not len(events):
        return {}
    meanings = {
        "long_name": "what happened",
        "flag_values": np.array([change.value for change in Change], np.int32),
        "flag_meanings": " ".join(change.name.lower() for change in Change),
    }
    return {
        "event_time": Variable(("event",), events.t, {"long_name": "flow time of the event", "units": time}),
        "event_neuron": Variable(("event",), events.neuron, {"long_name": "neuron, from 0"}),
        "event_sample": Variable(("event",), events.sample, {"long_name": "sample, from 0; -1 for none"}),
        "event_kind": Variable(("event",), events.kind.astype(np.int32), meanings),
    }


def _write_npz(run: Run, path: Path) -> None:
    found = flat(run)
    arrays: dict[str, Any] = {name: each.values for name, each in found.variables.items()}
    with writing(path, RunError):
        write_npz(path, arrays | {"attributes": json.dumps(found.attributes)})


def _write_netcdf(run: Run, path: Path) -> None:
    from scipy.io import netcdf_file

    found, content = flat(run), io.BytesIO()
    file = netcdf_file(content, "w", version=_NETCDF)
    for name, value in found.attributes.items():
        setattr(file, name, value.encode("utf-8"))
    for each in found.variables.values():
        for dimension, size in zip(each.dimensions, each.values.shape, strict=True):
            if dimension not in file.dimensions:
                file.createDimension(dimension, size)
    for name, each in found.variables.items():
        values = _classic(each.values)
        variable = file.createVariable(name, values.dtype, each.dimensions)
        variable[:] = values
        for attribute, value in each.attributes.items():
            setattr(variable, attribute, value.encode("utf-8") if isinstance(value, str) else value)
    file.flush()
    with writing(path, RunError):
        write_bytes(path, content.getvalue())


def _classic(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The values in one of the kinds of the classic format that everything reads."""
    return values.astype(np.int32 if values.dtype.kind in "iub" else np.float64)


_WRITERS: Final[Mapping[str, Callable[[Run, Path], None]]] = {
    ".csv": write_published,
    ".npz": _write_npz,
    ".nc": _write_netcdf,
}


def to_pandas(run: Run) -> Any:
    """The series as a table, one row an observation, by flow time. Raises RunError without pandas."""
    _require_begun(run)
    pandas = _library("pandas", "to_pandas")
    return pandas.DataFrame({name: np.array(run.series[name]) for name in run.series}).set_index("t")


def to_xarray(run: Run) -> Any:
    """All arrays as a data set, as ``export`` writes it to a .nc file. Raises RunError without xarray."""
    found, xarray = flat(run), _library("xarray", "to_xarray")
    arrays = {
        name: (each.dimensions, each.values, dict(each.attributes)) for name, each in found.variables.items()
    }
    return xarray.Dataset(arrays, attrs=dict(found.attributes)).set_coords("time")


def _library(name: str, wanted_by: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        raise RunError(f"{wanted_by} needs {name}, which is not installed: pip install {name}") from None
