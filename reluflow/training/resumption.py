"""Going on with a run that a run directory holds: the very trajectory that it would have had."""

import os

import numpy as np

from reluflow.errors import PresetError, RunError
from reluflow.flow.base import State
from reluflow.flow.events import no_events
from reluflow.observe.history import History
from reluflow.observe.series import COLUMNS, columns_of
from reluflow.store.preset import Preset
from reluflow.store.run_check import contradiction
from reluflow.store.run_reader import PRESET, Run, open_run
from reluflow.store.run_record import RunRecord
from reluflow.store.run_summary import SUMMARY
from reluflow.training.training import Training


def resumed(run: Run, preset: Preset) -> Training:
    """The training of a run as it stands, to go on under ``preset`` (see ``Run.continued``).

    Raises RunError in one sentence if the run cannot be gone on with, and what building its problem raises.
    """
    training = Training.from_preset(preset)
    for name in ("inputs", "targets", "weights", "output_weights"):
        if not np.array_equal(getattr(training.problem, name), getattr(run.problem, name)):
            raise RunError(
                f"{run.path} cannot be resumed: its preset gives other {name} than problem.npz holds; "
                "expected the very same"
            )
    checkpoint = run.checkpoint
    if checkpoint is not None:
        try:
            with np.errstate(all="ignore"):  # what does not fit is found by what it leads to
                training.restore(checkpoint)
        except (KeyError, ValueError, IndexError, TypeError):
            raise RunError(
                f"{run.path} cannot be resumed: its checkpoint is none of its method and network; "
                "expected one written by this version"
            ) from None
    return training


def passed_rule(run: Run, training: Training) -> str:
    """Where a training that goes on with a run stands beyond a stop rule that was changed; else empty."""
    stop, solver = training.stop, training.solver
    for rule, limit, there, where in (
        ("stop.time", stop.time, solver.t, f"t = {solver.t:.10g}"),
        ("stop.steps", stop.steps, solver.steps, f"step {solver.steps}"),
    ):
        if limit is not None and there > limit and limit != run.preset.values.get(rule):
            return f"{rule} is {limit:.10g} and the run stands beyond it, at {where}"
    return ""


def remains(run: RunRecord) -> History | None:
    """What a run recorded, to be looked at where it cannot be gone on with; None if that cannot be read.

    It has no events where those are damaged.
    """
    try:
        events = run.events
    except RunError:
        events = no_events()
    try:
        taken = run.snapshots
        states = [State(*each) for each in zip(taken.t, taken.weights, taken.output_weights, strict=True)]
        names = [name for name in columns_of(True, True, True) if name in run.series or name in COLUMNS]
        series = {name: np.array(run.series[name]) for name in names}
        usable = len(states) > 0 and {state.weights.shape for state in states} == {run.problem.weights.shape}
        usable = usable and not contradiction(run.problem, run.preset, series, taken)
        return History.of_record(states, series, events) if usable else None
    except (RunError, KeyError, ValueError, IndexError, TypeError):
        return None


def stored_run(preset: Preset) -> tuple[Run, Preset] | None:
    """The run that a preset read from a run directory is about, and the preset under which it goes on.

    None for a preset from elsewhere, and for one that was changed so that its run would be another.
    Raises RunError if the directory cannot be read.
    """
    path = preset.path
    if path is None or path.name != PRESET or not os.path.lexists(path.parent / SUMMARY):
        return None
    run = open_run(path.parent)
    try:
        return run, run.continued(preset)
    except (RunError, PresetError):
        return None
