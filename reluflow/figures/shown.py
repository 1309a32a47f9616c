"""What figures ask of a run, worked out once a run."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from reluflow.errors import ReluflowError
from reluflow.figures.choices import Clock
from reluflow.flow import DEFAULT_METHOD
from reluflow.flow.base import State
from reluflow.network import Array
from reluflow.observe.history import History
from reluflow.store.run_reader import Run
from reluflow.store.run_record import Curve, RunInMemory, RunRecord
from reluflow.theory.landmarks import Landmarks, landmarks
from reluflow.training.resumption import remains


@lru_cache(maxsize=16)
def history_of(run: RunRecord) -> History:
    """What a run recorded. Raises ReluflowError where that is nothing, or damaged."""
    if isinstance(run, RunInMemory):
        return run.history
    if not run.series:
        raise ReluflowError(f"{run.path}: no trajectory is recorded; expected a run that has begun")
    found = remains(run)
    if found is None:
        raise ReluflowError(_fault(run))
    return found


def whole(curve: Curve) -> Run | RunInMemory | None:
    """A curve as the run that it is of, if that is there."""
    return curve if isinstance(curve, Run | RunInMemory) else None


def series_of(curve: Curve) -> Mapping[str, Array]:
    """Columns (k,) by name. Raises ReluflowError where there are none, or damaged ones."""
    run = whole(curve)
    return curve.series if run is None else history_of(run).series


def _fault(run: RunRecord) -> str:
    """Why what a run recorded cannot be shown."""
    try:
        taken = run.snapshots
        _ = taken.t, taken.weights, taken.output_weights, dict(run.series)
    except ReluflowError as error:
        return str(error)
    return f"{run.path}: its states do not fit its problem; expected them as reluflow wrote them"


@lru_cache(maxsize=16)
def landmarks_of(run: RunRecord) -> Landmarks:
    """What the theory predicts of its loss, from its start."""
    return landmarks(run.problem)


def state_of(run: RunRecord, t: float | None) -> State:
    """The recorded state at or before a flow time (None: the last); ReluflowError beyond the record."""
    history = history_of(run)
    if t is not None:
        require_time(run, t)
    return history.recorded_at(history.end if t is None else t)


def require_time(run: RunRecord, t: float) -> None:
    """ReluflowError where the run has no flow time ``t``."""
    end = history_of(run).end
    if not 0.0 <= t <= end:
        raise ReluflowError(f"{run.path}: found no state at t = {t:g}; expected a time from 0 to {end:.6g}")


def units(run: Curve, clock: Clock) -> tuple[float, str]:
    """What flow times are divided by, and the words below the axis."""
    loss = run.preset.values["solver.loss"]
    if clock == "log" and not np.any(series_of(run)["t"] > 0.0):
        raise ReluflowError(f"{run.path}: nothing is recorded after t = 0; expected --time linear")
    if clock != "scaled":
        return 1.0, f"flow time ({loss})"
    scaled = run.preset.log_scale
    if scaled is None:
        scale = run.preset.values.get("init.scale")
        found = "not drawn by a scale" if scale is None else f"drawn with init.scale = {scale:g}"
        raise ReluflowError(
            f"{run.path}: the first weights are {found}; expected a scale below 1 to divide by its log"
        )
    return scaled, f"flow time / ln(1/scale) ({loss})"


def labels(runs: Sequence[Curve]) -> list[str]:
    """What tells runs apart: the values in which their presets differ, else their directories."""
    values = [run.preset.values for run in runs]
    ids = {id: None for each in values for id in each}
    differing = [id for id in ids if len({repr(each.get(id)) for each in values}) > 1 and "path" not in id]
    few = [id for id in differing if not id.startswith(("stop.", "record."))] or differing
    if not 1 <= len(few) <= 2:
        return [run.path.name for run in runs]
    found = [", ".join(_words(each, few)) for each in values]
    return found if len({*found, ""}) == len(found) + 1 else [run.path.name for run in runs]


def _words(values: Mapping[str, object], ids: Sequence[str]) -> list[str]:
    """What a run was made with, without what it does not need, such as the learning rate of a flow."""
    told = {id: values.get(id) for id in ids}
    if "solver.method" in told:
        told["solver.method"] = told["solver.method"] or DEFAULT_METHOD
    return [f"{_short(id)} {_word(value)}" for id, value in told.items() if value is not None]


def _short(id: str) -> str:
    return id.partition(".")[2].replace("_", " ")


def _word(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def stacked(run: RunRecord) -> tuple[Array, Array, Array]:
    """Times (k,), hidden weights (k, m, d) and output weights (k, m) of the recorded states."""
    history_of(run)
    taken = run.snapshots
    return taken.t, taken.weights, taken.output_weights
